"""Sealing what is never shown again: values of secrets, tokens of integrations.

Text in, bytes out, and back only for the row it was sealed for. Who may seal and who may open is
not asked here, and nothing is stored.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core import checks
from django.views.decorators.debug import sensitive_variables

SHORTEST_KEY = 32
_SEAL = 32


class CannotOpenError(Exception):
    """No key opens it, or it was sealed for another row. Says nothing of what is inside."""


@sensitive_variables("text")
def seal(text: str, *, place: tuple[str | UUID, ...]) -> bytes:
    """The text for this place and no other: `place` names the kind of row and all its ids."""
    return _cipher(tuple(settings.SECRETS_KEYS)).encrypt(_digest(place) + text.encode())


@sensitive_variables("inside")
def unseal(sealed: bytes | memoryview, *, place: tuple[str | UUID, ...]) -> str:
    """The text that was sealed for this place. Raises CannotOpenError."""
    try:
        inside = _cipher(tuple(settings.SECRETS_KEYS)).decrypt(bytes(sealed))
    except InvalidToken:
        raise CannotOpenError("None of the keys in SECRETS_KEYS opens it.") from None
    # A ciphertext that was copied to another row is whole, and still not that row's.
    if inside[:_SEAL] != _digest(place):
        raise CannotOpenError("It was sealed for another row.")
    return inside[_SEAL:].decode()


def _digest(place: tuple[str | UUID, ...]) -> bytes:
    return hashlib.sha256("\0".join(map(str, place)).encode()).digest()


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    """The first key seals, every one of them opens."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_stretched(key))) for key in keys])


def _stretched(key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"bailiwick vault").derive(key.encode())


def secrets_have_a_key(**_: Any) -> list[checks.CheckMessage]:
    """Whoever brings a database brings a key: one that is made up would be lost with the disk."""
    hint = "Set SECRETS_KEYS to the output of `openssl rand -base64 32`, and keep a copy of it."
    if settings.SECRETS_KEYS == [settings.SECRET_KEY]:
        text = "SECRETS_KEYS is not set: SECRET_KEY seals the secrets, and cannot change alone."
        return [checks.Warning(text, hint=hint, id="vault.W001")]
    if not settings.SECRETS_KEYS:
        text = "SECRETS_KEYS is not set: secrets of projects cannot be stored."
        return [checks.Error(text, hint=hint, id="vault.E001")]
    short = [n for n, key in enumerate(settings.SECRETS_KEYS, 1) if len(key) < SHORTEST_KEY]
    return [
        checks.Error(
            f"Key {n} of SECRETS_KEYS is shorter than {SHORTEST_KEY} characters.",
            hint=hint,
            id="vault.E002",
        )
        for n in short
    ]
