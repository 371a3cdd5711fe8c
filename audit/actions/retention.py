"""How long a log is kept, the hold that stops its shortening, and dropping what is old enough.

What may go is decided in the database (audit 0004): these deeds only ask, and record.
"""

from __future__ import annotations

import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from audit import ledger, proof
from audit.events import Event
from audit.ledger import Actor, Target
from audit.queries import first_flaw

SHORTEST, LONGEST = 12, 240
"""Months: a year at least, twenty at most; longer is for ever."""

GRACE = datetime.timedelta(days=7)
"""How long a shorter rule stands before it drops anything, so that it can be seen and stopped."""

MOST_AT_ONCE = 50_000
"""How many entries one transaction drops: some seconds of work."""


@transaction.atomic
def audit_retention_change(
    *, organization: UUID, months: int | None, target: Target, actor: Actor
) -> bool:
    """Keep the log for so many months, or for ever (None). False where that is so already.

    Raises ValidationError: `months`.
    """
    if months is not None and not SHORTEST <= months <= LONGEST:
        raise ValidationError(
            "A log is kept for %(least)s to %(most)s months, or for ever.",
            code="months",
            params={"least": SHORTEST, "most": LONGEST},
        )
    old = proof.keeping_of(organization).months
    if old == months:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT keeping_retain(%s, %s)", [organization, months])
    ledger.record(
        Event.AUDIT_RETENTION_CHANGED,
        organization=organization,
        actor=actor,
        target=target,
        changes={"kept": (kept_words(old), kept_words(months))},
    )
    return True


@transaction.atomic
def audit_hold_place(*, organization: UUID, reason: str, target: Target, actor: Actor) -> bool:
    """From now on nothing of the log is dropped or erased. False where a hold stands already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT keeping_hold(%s, %s, %s, %s)", [organization, actor.id, actor.label, reason]
        )
        row = cursor.fetchone()
    if not (row and row[0]):
        return False
    ledger.record(
        Event.AUDIT_HOLD_PLACED,
        organization=organization,
        actor=actor,
        target=target,
        reason=reason,
    )
    return True


@transaction.atomic
def audit_hold_lift(*, organization: UUID, reason: str, target: Target, actor: Actor) -> bool:
    """What is set about keeping and erasing holds again. False where no hold stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT keeping_release(%s)", [organization])
        row = cursor.fetchone()
    if not (row and row[0]):
        return False
    ledger.record(
        Event.AUDIT_HOLD_LIFTED,
        organization=organization,
        actor=actor,
        target=target,
        reason=reason,
    )
    return True


@transaction.atomic
def ledger_retain(
    *, organization: UUID, now: datetime.datetime, target: Target, actor: Actor
) -> int:
    """Drop some of the oldest entries that the rule no longer keeps; 0 when none are left to go.

    Only whole stretches that a checkpoint outside the database closes, and that hold: what was
    tampered with stays as it is, for whoever looks into it.
    """
    keeping = proof.keeping_of(organization)
    if keeping.months is None or keeping.held_at is not None:
        return 0
    up_to = proof.checkpoint_to_drop(keeping, now=now, most=MOST_AT_ONCE)
    if up_to is None or not _is_sound(organization, keeping.base_sequence, up_to):
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_drop(%s, %s)", [organization, up_to])
        row = cursor.fetchone()
    dropped = int(row[0]) if row else 0
    sequence, digest = proof.base_of(organization)
    ledger.record(
        Event.AUDIT_RETAINED,
        organization=organization,
        actor=actor,
        target=target,
        changes={
            "dropped": (None, dropped),
            "sequence": (None, sequence),
            "hash": (None, digest.hex()),
        },
    )
    return dropped


def kept_words(months: int | None) -> str:
    """ "for ever", "24 months" """
    return "for ever" if months is None else f"{months} months"


def _is_sound(organization: UUID, base: int, up_to: int) -> bool:
    signed = proof.checkpoint_at(organization, up_to)
    holds = signed is not None and signed.holds
    return holds and first_flaw(organization, after=base, up_to=up_to) is None
