"""Signing a chain up to its newest entry, and bringing what was signed out of this database."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from audit import destination, ledger, proof, signing
from audit.actions import entries
from audit.actions.entries import Verdict, record_verdict
from audit.binding import bound
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Head
from audit.proof import Signed
from audit.queries import Flaw, first_flaw, last_verified
from audit.telling import tell_of_flaw

log = logging.getLogger(__name__)

UNSIGNED = "the newest checkpoint bears no signature of this platform"
FILES_AT_ONCE = 1_000
"""How many checkpoints are brought to the file in one go."""


@dataclass(frozen=True, slots=True)
class Made:
    """The checkpoint that stands now, whether it is new, and what kept one from being made."""

    checkpoint: Signed | None
    is_new: bool = False
    flaw: Flaw | None = None


@transaction.atomic
def checkpoint_create(
    *,
    organization: UUID,
    target: Target,
    actor: Actor,
    every: datetime.timedelta = datetime.timedelta(0),
    progress: Callable[[int, int], None] | None = None,
) -> Made:
    """Verify what was written since the last checkpoint, and sign the chain's newest entry.

    Nothing new is signed where only checkpoints were written since, nor within `every` of the
    last. A flaw is recorded and told, and nothing is signed from then on.
    """
    _only_one(organization)
    last = proof.newest_checkpoint(organization)
    head = Head.objects.filter(organization_id=organization).first()
    if head is None or not _has_moved(organization, last, every):
        return Made(last)
    flaw = _flaw_since(organization, last, head.sequence, progress)
    if flaw is not None:
        _report(flaw, head.sequence, organization=organization, target=target, actor=actor)
        return Made(last, flaw=flaw)
    made = _keep(organization, head, last)
    _record(made, organization=organization, target=target, actor=actor)
    transaction.on_commit(partial(checkpoints_deliver, organization=organization))
    return Made(made, is_new=True)


def checkpoints_deliver(*, organization: UUID) -> bool:
    """Bring every checkpoint that is not outside yet to its file; say since when that fails.

    A line may be brought twice, where the process ended in between. Never raises: a checkpoint
    that is made stays made.
    """
    try:
        with bound(organization):
            _deliver(organization)
    except (OSError, destination.NowhereError) as error:
        where = isinstance(error, destination.NowhereError)
        _note_failure(organization, "No folder is set." if where else str(error))
        return False
    except DatabaseError:
        log.exception("The checkpoints of %s were not delivered", organization)
        return False
    return True


def _deliver(organization: UUID) -> None:
    keeping = proof.keeping_of(organization)
    waiting = list(proof.checkpoint_lines(organization, after=keeping.delivered_sequence))
    for start in range(0, len(waiting), FILES_AT_ONCE):
        destination.append(organization, waiting[start : start + FILES_AT_ONCE])
    if waiting:
        _delivered(organization, waiting[-1]["sequence"], "")


def _note_failure(organization: UUID, failure: str) -> None:
    log.warning("The checkpoints of %s were not delivered: %s", organization, failure)
    try:
        with bound(organization):
            _delivered(organization, 0, failure)
    except DatabaseError:
        log.exception("That, too, could not be written down")


def _delivered(organization: UUID, sequence: int, failure: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT checkpoint_delivered(%s, %s, %s)", [organization, sequence, failure])


def _only_one(organization: UUID) -> None:
    """Two who ask at the same moment make one checkpoint: the second finds the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"checkpoint {organization}"]
        )


def _has_moved(organization: UUID, last: Signed | None, every: datetime.timedelta) -> bool:
    if last is None:
        return True
    if entries.is_within(every, last.at):
        return False
    return proof.has_moved(organization, since=last.sequence)


def _flaw_since(
    organization: UUID,
    last: Signed | None,
    newest: int,
    progress: Callable[[int, int], None] | None,
) -> Flaw | None:
    """The first flaw from the entry of the last checkpoint on, which must be what was signed."""
    base, _ = proof.base_of(organization)
    if last is not None and not last.holds:
        return Flaw(last.sequence, UNSIGNED)
    after = max(last.sequence - 1, base) if last else base
    while after < newest - entries.STRETCH:
        flaw = first_flaw(organization, after=after, up_to=after + entries.STRETCH)
        if flaw is not None:
            return flaw
        after += entries.STRETCH
        if progress:
            progress(after, newest)
    return first_flaw(organization, after=after)


def _keep(organization: UUID, head: Head, last: Signed | None) -> Signed:
    """Its time never goes back along the chain, whatever the clock does."""
    at = max(timezone.now(), head.at, *([last.at] if last else []))
    digest = bytes(head.hash)
    text = signing.checkpoint_text(organization, head.sequence, digest, signing.written(at))
    signed = signing.sign(text)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT checkpoint_keep(%s, %s, %s, %s, %s, %s)",
            [organization, head.sequence, digest, at, signed.key, signed.signature],
        )
    return Signed(head.sequence, at, digest, signed.key, signed.signature, holds=True)


def _record(made: Signed, *, organization: UUID, target: Target, actor: Actor) -> None:
    line = proof.line_of(organization, made)
    ledger.record(
        Event.AUDIT_CHECKPOINTED,
        organization=organization,
        actor=actor,
        target=target,
        changes={
            "sequence": (None, made.sequence),
            "hash": (None, line["hash"]),
            "signed_at": (None, line["at"]),
            "key": (None, made.key),
            "signature": (None, line["signature"]),
        },
    )


def _report(flaw: Flaw, newest: int, *, organization: UUID, target: Target, actor: Actor) -> None:
    """On record and told once for each flaw: an hour later it is still the same one."""
    known = last_verified(organization)
    if known is not None and known.flaw == str(flaw):
        return
    try:
        with transaction.atomic():
            verdict = Verdict(newest, flaw)
            record_verdict(verdict, organization=organization, target=target, actor=actor)
    except IntegrityError:
        # A chain whose head was turned back takes no entry; people are told all the same.
        log.error("The log of %s takes no entry: %s", organization, flaw)
    tell_of_flaw(organization=organization, sequence=flaw.sequence, sentence=str(flaw))
