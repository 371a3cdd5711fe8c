"""The log in its order, for whoever is sent it entry by entry: what comes after a place in it.

What an entry looks like when it is sent is in `audit/exports/`; who is sent it, in `orgs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, Func, Value

from audit import models
from audit.exports import reading
from audit.exports.reading import Row
from audit.forms import area_choices
from audit.proof import base_of
from audit.queries import newest_sequence

AREAS = dict(area_choices())
"""The nouns of the catalogue, each with its label."""

LOOKED_THROUGH = 2_000
"""How many entries are looked at for some that match: one step, however few there are."""


def entries_to_send(
    *, organization: UUID, after: int, areas: Sequence[str], size: int
) -> tuple[list[Row], int]:
    """The next entries of these areas (none: of all), oldest first, and how far that looked.

    Entries commit in the order of their numbers, so that nothing turns up later behind the place
    that was reached. Five queries at most, and the same at any depth.
    """
    newest = newest_sequence(organization)
    until = min(newest, after + LOOKED_THROUGH)
    events = models.Event.objects.filter(
        organization_id=organization, sequence__gt=after, sequence__lte=until
    )
    if areas:
        noun: Any = Func(
            F("action"), Value("."), Value(1), function="split_part", output_field=CharField()
        )
        events = events.annotate(noun=noun).filter(noun__in=list(areas))
    found = list(events.order_by("sequence")[:size])
    if not found:
        # Past what retention dropped in one step, however much that was.
        return [], max(until, after, base_of(organization)[0])
    reached = found[-1].sequence if len(found) == size else until
    return reading.rows_of(organization, found), reached
