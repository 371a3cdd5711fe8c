"""Deeds on the organization's worker key: made, replaced, and the one before it retired.

The private half is sealed for its row and shown to nobody; the ledger names fingerprints.
"""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config import vault
from config.database import constraint_of
from orgs.access import Access
from orgs.models import WorkerKey


@transaction.atomic
def worker_key_create(*, actor: Access) -> WorkerKey:
    """Make the organization's first key (S4-014, S4-046).

    Raises ValidationError: `made_already`.
    """
    made = _insert(actor)
    _record(Event.WORKER_KEY_CREATED, made, (None, made.fingerprint), actor)
    return made


@transaction.atomic
def worker_key_rotate(*, key: WorkerKey, actor: Access) -> WorkerKey:
    """Put a new key in place of the current one, which works on until it is retired.

    Raises ValidationError: `replaced` when it is not the current one any more, `one_before` while
    an earlier one is not retired yet.
    """
    before = _locked(key)
    if before.replaced_at is not None:
        raise ValidationError("Somebody else has replaced this key already.", code="replaced")
    if key_before(before.organization_id) is not None:
        raise ValidationError(
            "The key before this one still works. Retire it first.", code="one_before"
        )
    before.replaced_at = timezone.now()
    before.save(update_fields=["replaced_at"])
    made = _insert(actor)
    _record(Event.WORKER_KEY_ROTATED, made, (before.fingerprint, made.fingerprint), actor)
    return made


@transaction.atomic
def worker_key_retire(*, key: WorkerKey, actor: Access) -> WorkerKey:
    """End a key that was replaced, and forget its private half. Twice is once.

    Raises ValidationError: `current`.
    """
    retired = _locked(key)
    if retired.retired_at is not None:
        return retired
    if retired.replaced_at is None:
        raise ValidationError("Workers use this key. Replace it first.", code="current")
    retired.retired_at, retired.ciphertext = timezone.now(), b""
    retired.save(update_fields=["retired_at", "ciphertext"])
    _record(Event.WORKER_KEY_RETIRED, retired, (retired.fingerprint, None), actor)
    return retired


def key_before(organization: UUID) -> WorkerKey | None:
    """The key that was replaced and not retired yet, if any."""
    rows = WorkerKey.objects.in_org(organization)
    return rows.filter(replaced_at__isnull=False, retired_at__isnull=True).first()


def worker_key_open(*, key: WorkerKey) -> str:
    """The private half in OpenSSH's form, for what starts the organization's workers; no page
    shows it.

    Raises `vault.CannotOpenError`.
    """
    return vault.unseal(key.ciphertext, place=_place(key))


def _insert(actor: Access) -> WorkerKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    made = WorkerKey(
        organization_id=actor.org.id,
        public=f"{public.decode()} bailiwick-{actor.org.slug}",
        fingerprint=fingerprint_of(public),
        created_by_id=actor.membership_id,
    )
    text = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    made.ciphertext = vault.seal(text, place=_place(made))
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        if constraint_of(error) != "worker_key_one_current":
            raise
        message = "There is a worker key already. Replace it."
        raise ValidationError(message, code="made_already") from error
    return made


def fingerprint_of(public: bytes) -> str:
    """As `ssh-keygen -l` prints it: SHA-256 of the key's own bytes (RFC 4253, 6.6)."""
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _place(key: WorkerKey) -> tuple[str, ...]:
    return ("worker key", str(key.organization_id), str(key.pk))


def _locked(key: WorkerKey) -> WorkerKey:
    rows = WorkerKey.objects.in_org(key.organization_id)
    return rows.select_for_update(of=("self",)).get(pk=key.pk)


def _record(
    event: Event, about: WorkerKey, change: tuple[str | None, str | None], actor: Access
) -> None:
    ledger.record(
        event,
        organization=about.organization_id,
        actor=actor.identity,
        target=Target("worker_key", about.pk, about.fingerprint),
        changes={"fingerprint": change},
    )
