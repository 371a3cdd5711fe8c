"""Reading the log and verifying it are remembered, too. Signing it is in `checkpoints.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from audit import ledger, proof
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from audit.queries import Flaw, first_flaw, newest_sequence

STRETCH = 50_000
"""How many entries one statement verifies: some half a second, and a line of progress."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the chain reached, and the first entry that does not hold, if any."""

    entries: int
    flaw: Flaw | None


@transaction.atomic
def event_verify(
    *,
    organization: UUID,
    target: Target,
    actor: Actor,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Check every entry of the chain against the one before, and its head; record the verdict.

    A verdict against the chain is the outcome *failed* with its reason: the log says of itself
    that it was tampered with.
    """
    newest = newest_sequence(organization)
    flaw, (after, _) = None, proof.base_of(organization)
    while flaw is None and after < newest - STRETCH:
        flaw = first_flaw(organization, after=after, up_to=after + STRETCH)
        after += STRETCH
        if progress:
            progress(after, newest)
    verdict = Verdict(newest, flaw or first_flaw(organization, after=after))
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
