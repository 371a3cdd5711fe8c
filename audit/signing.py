"""The platform's signature under what its logs say: Ed25519, by a key that is in no table.

What is signed is text that anybody can put together (`checkpoint_text`, `export_text`), and
`verify_ledger.py` does. When something is signed, and where it is kept, is not here.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core import checks

SCHEMA = "bailiwick.checkpoint/1"
EXPORT_SCHEMA = "bailiwick.export/1"
KEYS_SCHEMA = "bailiwick.checkpoint-keys/1"
SHORTEST_KEY = 32
_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of this platform; the first of them signs today."""

    raw: bytes
    signs: bool

    @property
    def id(self) -> str:
        """The start of its fingerprint, as every checkpoint names it."""
        return self.fingerprint[:16]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def base64(self) -> str:
        return base64.b64encode(self.raw).decode()


@dataclass(frozen=True, slots=True)
class Signed:
    key: str
    signature: bytes


def public_keys() -> list[PublicKey]:
    """Every key whose signatures count, the one that signs first."""
    current = [_raw(text) for text in settings.CHECKPOINT_KEYS]
    retired = [base64.b64decode(text) for text in settings.CHECKPOINT_OLD_KEYS]
    found = dict.fromkeys([*current, *retired])
    return [PublicKey(raw, signs=place == 0) for place, raw in enumerate(found)]


def keys_document() -> dict[str, Any]:
    """The list that is published, and that `verify_ledger.py` reads."""
    return {
        "schema": KEYS_SCHEMA,
        "keys": [
            {
                "id": key.id,
                "algorithm": "Ed25519",
                "public": key.base64,
                "fingerprint": f"sha256:{key.fingerprint}",
                "signs": key.signs,
            }
            for key in public_keys()
        ],
    }


def checkpoint_text(organization: UUID, sequence: int, digest: bytes, at: str) -> bytes:
    """The bytes under a checkpoint's signature."""
    return f"{SCHEMA}\n{organization}\n{sequence}\n{digest.hex()}\n{at}".encode()


def export_text(organization: UUID, entries: int, digest: str) -> bytes:
    """The bytes under an export's signature; `digest` is of every byte before its last line."""
    return f"{EXPORT_SCHEMA}\n{organization}\n{entries}\n{digest}".encode()


def written(at: datetime.datetime) -> str:
    """A moment as signed texts and the ledger write it: UTC, to the microsecond."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sign(text: bytes) -> Signed:
    key = _private(settings.CHECKPOINT_KEYS[0])
    return Signed(PublicKey(_raw(settings.CHECKPOINT_KEYS[0]), signs=True).id, key.sign(text))


def holds(text: bytes, *, key: str, signature: bytes) -> bool:
    """Did one of this platform's keys, the one of this id, sign these bytes?"""
    for public in public_keys():
        if public.id == key:
            try:
                Ed25519PublicKey.from_public_bytes(public.raw).verify(signature, text)
            except InvalidSignature:
                return False
            return True
    return False


def sealed_end(*, organization: UUID, entries: int, digest: str) -> dict[str, Any]:
    """The last line of an export that no byte of can be changed unnoticed.

    `digest` is the hex SHA-256 of every byte before this line.
    """
    signed = sign(export_text(organization, entries, digest))
    return {
        "end": True,
        "entries": entries,
        "sha256": digest,
        "key": signed.key,
        "signature": base64.b64encode(signed.signature).decode(),
    }


def keys_are_there(**_: Any) -> list[checks.CheckMessage]:
    """Whoever brings a database brings a key: a proof must outlive this machine."""
    hint = "Set CHECKPOINT_KEYS to the output of `openssl rand -base64 32`, and keep a copy of it."
    if settings.CHECKPOINT_KEYS == [settings.SECRET_KEY]:
        text = "CHECKPOINT_KEYS is not set: SECRET_KEY signs checkpoints, and cannot change alone."
        return [checks.Warning(text, hint=hint, id="checkpoints.W001")]
    found: list[checks.CheckMessage] = [
        checks.Error(
            f"Key {n} of CHECKPOINT_KEYS is shorter than {SHORTEST_KEY} characters.",
            hint=hint,
            id="checkpoints.E001",
        )
        for n, key in enumerate(settings.CHECKPOINT_KEYS, 1)
        if len(key) < SHORTEST_KEY
    ]
    return found + [
        checks.Error(
            f"Key {n} of CHECKPOINT_OLD_KEYS is no public Ed25519 key.",
            hint="Copy it from /.well-known/bailiwick-checkpoint-keys.json as it is.",
            id="checkpoints.E002",
        )
        for n, key in enumerate(settings.CHECKPOINT_OLD_KEYS, 1)
        if not _is_public(key)
    ]


def _is_public(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _LENGTH
    except ValueError:
        return False


@cache
def _private(text: str) -> Ed25519PrivateKey:
    seed = HKDF(SHA256(), length=_LENGTH, salt=None, info=b"bailiwick checkpoints")
    return Ed25519PrivateKey.from_private_bytes(seed.derive(text.encode()))


@cache
def _raw(text: str) -> bytes:
    return _private(text).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
