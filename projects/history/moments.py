"""A moment of the past, and the newest entry of the ledger then: all that follows is as of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Subquery

from audit.models import Effect, Event


@dataclass(frozen=True, slots=True)
class Moment:
    """`sequence` is the newest entry then; 0 before the first. Ends are judged by `at`."""

    at: datetime.datetime
    sequence: int
    written_at: datetime.datetime | None = None

    @property
    def number(self) -> str:
        return f"{self.sequence:,}"


def moment_of(organization: UUID, at: datetime.datetime) -> Moment:
    """The newest entry at or before this time; time never runs back along a chain."""
    before = Event.objects.filter(organization_id=organization, at__lte=at)
    row = before.order_by("-at", "-sequence").values_list("sequence", "at").first()
    return Moment(at, *row) if row else Moment(at, 0)


def first_stated(organization: UUID) -> Moment | None:
    """The first entry that says who holds what; before it the log cannot answer.

    Where the oldest entries were let go, what stood then was kept: it answers from the first one
    that is left.
    """
    stated = Effect.objects.filter(organization_id=organization, sequence__isnull=False)
    first = stated.order_by("sequence").values("sequence")[:1]
    left = Event.objects.filter(organization_id=organization, sequence__gte=Subquery(first))
    row = left.order_by("sequence").values_list("at", "sequence").first()
    return Moment(row[0], row[1], row[0]) if row else None
