"""What was done to some targets, for a log that tells of a part of the organization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import connection

from audit.entries import Entry
from audit.queries.entries import with_words
from audit.queries.filters import EventFilter, matching
from audit.queries.pages import BOUNDS, PAGE_SIZE, EventPage, Found, Place, bounds, page_by

LOOKED_THROUGH = 1_000
"""How many entries about the targets are looked at for a page, where a filter stands."""

Keep = Callable[[Sequence[Entry]], list[Entry]]


def events_about(
    *,
    organization: UUID,
    targets: Sequence[UUID],
    filters: EventFilter | None = None,
    keep: Keep | None = None,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> EventPage:
    """A page of what was done to any of these targets, newest first. Five queries at most.

    Each target is looked up by itself in the index, so that a page costs the same at any depth.
    `keep` is asked which of the entries count, where that is not for the database to say.
    """
    filters = filters or EventFilter()

    def find(place: Place, most: int) -> Found:
        if not filters.fields and keep is None:
            return Found(_about(organization, targets, filters, place, most))
        looked = _about(organization, targets, filters, place, LOOKED_THROUGH)
        found = _kept(organization, looked, filters, keep)
        if place.newer:
            found.reverse()
        end = None if len(looked) < LOOKED_THROUGH else looked[-1]
        return Found(found[:most], end)

    return page_by(organization, find, cursor, size)


def _kept(
    organization: UUID, looked: list[int], filters: EventFilter, keep: Keep | None
) -> list[int]:
    """Those of the entries that match, newest first."""
    rows = matching(organization=organization, filters=filters).filter(sequence__in=looked)
    rows = rows.order_by("-sequence")
    if keep is None:
        return list(rows.values_list("sequence", flat=True))
    return [entry.sequence for entry in keep(with_words(organization, rows))]


_ABOUT = """
    SELECT found.sequence
    FROM unnest(%(targets)s::uuid[]) AS t (id)
    CROSS JOIN LATERAL (
        SELECT e.sequence FROM audit_event e
        WHERE e.organization_id = %(organization)s AND e.target_id = t.id AND {place} AND {bounds}
        ORDER BY e.sequence {order} LIMIT %(size)s
    ) AS found
    ORDER BY found.sequence {order} LIMIT %(size)s
"""
_OLDER_ABOUT = _ABOUT.format(place="e.sequence < %(place)s", order="DESC", bounds=BOUNDS)
_NEWER_ABOUT = _ABOUT.format(place="e.sequence > %(place)s", order="ASC", bounds=BOUNDS)


def _about(
    organization: UUID, targets: Sequence[UUID], filters: EventFilter, place: Place, most: int
) -> list[int]:
    with connection.cursor() as query:
        query.execute(
            _NEWER_ABOUT if place.newer else _OLDER_ABOUT,
            bounds(organization, filters, place, most) | {"targets": list(targets)},
        )
        return [sequence for (sequence,) in query.fetchall()]
