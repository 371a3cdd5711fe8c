"""Reading the log and verifying it are remembered, too. Signing it is in `checkpoints.py`."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import ledger, proof
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from audit.queries import Flaw, first_flaw, last_verified, newest_sequence

AT_MOST_EVERY = datetime.timedelta(minutes=1)
"""How often a page lets one ledger be verified or signed: it is work for the database."""

STRETCH = 50_000
"""How many entries one statement verifies: some half a second, and a line of progress."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the chain reached, the first entry that does not hold, if any, and the last one
    that was dropped before it began."""

    entries: int
    flaw: Flaw | None
    base: int = 0

    @property
    def checked(self) -> int:
        return self.entries - self.base


@transaction.atomic
def event_verify(
    *,
    organization: UUID,
    target: Target,
    actor: Actor,
    every: datetime.timedelta = datetime.timedelta(0),
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Check every entry of the chain against the one before, and its head; record the verdict.

    A verdict against the chain is the outcome *failed* with its reason: the log says of itself
    that it was tampered with. Raises ValidationError: `too_soon`, within `every` of the last time
    or while somebody else verifies it.
    """
    if every:
        _not_too_soon(organization, every)
    newest = newest_sequence(organization)
    flaw, (base, _) = None, proof.base_of(organization)
    after = base
    while flaw is None and after < newest - STRETCH:
        flaw = first_flaw(organization, after=after, up_to=after + STRETCH)
        after += STRETCH
        if progress:
            progress(after, newest)
    verdict = Verdict(newest, flaw or first_flaw(organization, after=after), base)
    try:
        with transaction.atomic():
            record_verdict(verdict, organization=organization, target=target, actor=actor)
    except IntegrityError:
        # A chain whose head was turned back takes no entry. The verdict must come out all the same.
        if not verdict.flaw:
            raise
    return verdict


@transaction.atomic
def event_read(*, organization: UUID, target: Target, actor: Actor, reason: str = "") -> None:
    """Write down that the log was read. `reason` says what was asked for."""
    ledger.record(
        Event.AUDIT_READ, organization=organization, actor=actor, target=target, reason=reason
    )


def record_verdict(verdict: Verdict, *, organization: UUID, target: Target, actor: Actor) -> None:
    ledger.record(
        Event.AUDIT_VERIFIED,
        organization=organization,
        actor=actor,
        target=target,
        changes={"entries": (None, verdict.entries)},
        reason=str(verdict.flaw) if verdict.flaw else "",
        outcome=Outcome.FAILED if verdict.flaw else Outcome.DONE,
    )


@transaction.atomic
def project_read(*, organization: UUID, target: Target, actor: Actor) -> None:
    """Write down that the log of one project was read."""
    ledger.record(Event.AUDIT_PROJECT_READ, organization=organization, actor=actor, target=target)


def is_within(every: datetime.timedelta, at: datetime.datetime) -> bool:
    """Is that so short a time ago? What lies ahead of a clock that was put back is not."""
    return datetime.timedelta(0) <= timezone.now() - at < every


def _not_too_soon(organization: UUID, every: datetime.timedelta) -> None:
    """Nobody waits for the one who verifies: a line of them would keep every connection busy."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"verify {organization}"]
        )
        (is_alone,) = cursor.fetchone()
    said = last_verified(organization)
    if not is_alone or (said is not None and is_within(every, said.at)):
        raise ValidationError(
            "This log is being verified, or was within the last minute. Wait a minute, then verify"
            " it again.",
            code="too_soon",
        )
