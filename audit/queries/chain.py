"""Whether a chain holds: the first entry that does not, and what was last verified."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audit.entries import changes_in, parsed
from audit.events import Event
from audit.models import AT_THE_DOOR, Outcome
from audit.queries.entries import entries_of
from config.moments import format_local, local


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first entry that does not follow from the one before, and what is wrong with it."""

    sequence: int
    reason: str

    def __str__(self) -> str:
        return f"Entry #{self.sequence:,} does not hold: {self.reason}."


@dataclass(frozen=True, slots=True)
class Verified:
    """The newest verification on record: when, up to which entry, and what was wrong, if any."""

    at: datetime.datetime
    entries: int
    flaw: str
    checkpoint: bool = False

    @property
    def number(self) -> str:
        return f"{self.entries:,}"

    @property
    def moment(self) -> str:
        """The time today, or the day."""
        today = local(self.at).date() == timezone.localdate()
        return format_local(self.at, "H:i" if today else "j M Y")


def last_verified(organization: UUID) -> Verified | None:
    """The newest verification that the ledger itself remembers."""
    verifications = entries_of(organization).filter(action=Event.AUDIT_VERIFIED.value)
    # Whoever was not let in to verify has found nothing.
    verdicts = verifications.exclude(target_kind__in=AT_THE_DOOR)
    row = verdicts.order_by("-sequence").first()
    if row is None:
        return None
    facts = parsed(row.body)
    pair = changes_in(facts).get("entries")
    entries = pair[1] if isinstance(pair, list) and len(pair) == 2 else 0
    flaw = str(facts.get("reason") or "") if row.outcome != Outcome.DONE else ""
    return Verified(row.at, entries if isinstance(entries, int) else 0, flaw)


def first_flaw(organization: UUID, *, after: int = 0, up_to: int | None = None) -> Flaw | None:
    """Check the entries after one up to another; without an end, the chain's head as well."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, reason FROM ledger_verify(%s, %s, %s)", [organization, after, up_to]
        )
        row = cursor.fetchone()
    return Flaw(*row) if row else None
