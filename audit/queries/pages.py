"""Pages of entries, newest first, the same cost at any depth: by an index, or by a search.

One index answers one field and a time. Words and combinations are looked for by `log_find`, which
goes no further than a bound; a page that ended there says how far it looked, and leads on.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection

from audit import models
from audit.entries import Entry
from audit.queries.entries import entries_of, newest_sequence, with_words
from audit.queries.filters import EventFilter, matching, terms_of
from config.keyset import capped_count, keyset_page, page_of, read_cursor

PAGE_SIZE = 50
NEVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class EventPage:
    """Entries, newest first, and the cursors of the pages on either side.

    `looked_to` is how far a search looked that ended at its bound, before its page was full.
    """

    rows: list[Entry]
    newer: str | None
    older: str | None
    looked_to: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page starts: past this entry, towards the newer or the older ones."""

    sequence: int | None
    newer: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Entries by number, as they were met. `reached` is the last one looked at, where a bound
    ended the search before its end.
    """

    sequences: list[int]
    reached: int | None = None


def event_list(
    *, organization: UUID, filters: EventFilter, cursor: str | None = None, size: int = PAGE_SIZE
) -> EventPage:
    """A page of entries, newest first. Two or three queries, the same cost at any depth."""
    if filters.is_search:
        return page_by(
            organization, lambda place, most: searched(filters, place, most), cursor, size
        )
    if filters.area or filters.key:
        return page_by(
            organization,
            lambda place, most: Found(_merged(organization, filters, place, most)),
            cursor,
            size,
        )
    found, order = matching(organization=organization, filters=filters), ("-sequence",)
    try:
        page = keyset_page(found, order=order, cursor=cursor, size=size)
    except (TypeError, ValueError):
        # A cursor that was made for another list, or made up.
        page = keyset_page(found, order=order, cursor=None, size=size)
    return EventPage(with_words(organization, page.rows), page.newer, page.older)


def event_count(*, organization: UUID, filters: EventFilter) -> int:
    """How many entries match, counting no further than one past `filters.most_counted`.

    A search is not counted; its pages say as much as is known.
    """
    if filters.area or filters.key:
        most = filters.most_counted + 1
        return len(_merged(organization, filters, Place(None), most))
    found = matching(organization=organization, filters=filters)
    return capped_count(found, cap=filters.most_counted)


def events_newer(
    *, organization: UUID, filters: EventFilter, sequence: int, size: int
) -> tuple[list[Entry], int]:
    """What has come since this entry and matches, newest first, and how far was looked."""
    place, newest = Place(sequence, newer=True), newest_sequence(organization)
    if filters.is_search:
        found = searched(filters, place, size)
    elif filters.area or filters.key:
        found = Found(_merged(organization, filters, place, size))
    else:
        rows = matching(organization=organization, filters=filters).filter(sequence__gt=sequence)
        found = Found(list(rows.order_by("sequence").values_list("sequence", flat=True)[:size]))
    rows = entries_of(organization).filter(sequence__in=found.sequences).order_by("-sequence")
    entries = with_words(organization, rows) if found.sequences else []
    is_all = len(found.sequences) < size and found.reached is None
    reached = newest if is_all else found.reached or 0
    return entries, max([sequence, reached, *found.sequences])


def page_by(
    organization: UUID, find: Callable[[Place, int], Found], cursor: str | None, size: int
) -> EventPage:
    """The page at a cursor of whatever `find` meets from a place on."""
    place = _place(cursor)
    found = find(place, size + 1)
    rows = [models.Event(sequence=sequence) for sequence in found.sequences]
    page = page_of(
        rows, ["sequence"], size=size, backwards=place.newer, first=place.sequence is None
    )
    shown = [row.sequence for row in page.rows]
    events = entries_of(organization).filter(sequence__in=shown).order_by("-sequence")
    entries = with_words(organization, events) if shown else []
    newer = page.newer
    if not shown and place.sequence is not None and not place.newer:
        newer = cursor_at("<", place.sequence - 1)
    whole = EventPage(entries, newer, page.older)
    if len(rows) > size or found.reached is None:
        return whole
    return _led_on(organization, whole, place, found.reached)


def searched(filters: EventFilter, place: Place, most: int) -> Found:
    """What a search meets, from a place on. One query."""
    terms = terms_of(filters)
    with connection.cursor() as cursor:
        cursor.execute(
            _SEARCH,
            [
                *(terms.text, terms.all, terms.any, terms.none, terms.begins),
                *(filters.since, filters.until, place.sequence, place.newer, most),
            ],
        )
        sequences, reached, finished = cursor.fetchone()
    return Found(sequences, None if finished else reached)


def cursor_at(direction: str, sequence: int) -> str | None:
    """The cursor that keyset pages have for a place, too."""
    rows = [models.Event(sequence=sequence)]
    page = page_of(rows * 2, ["sequence"], size=1, backwards=direction == "<", first=False)
    return page.newer if direction == "<" else page.older


_SEARCH = (
    "SELECT sequences, reached, finished FROM log_find(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)

BOUNDS = """
    e.sequence >= coalesce((
        SELECT f.sequence FROM audit_event f
        WHERE f.organization_id = %(organization)s AND f.at >= %(since)s::timestamptz
        ORDER BY f.at, f.sequence LIMIT 1), %(first)s)
    AND e.sequence <= coalesce((
        SELECT f.sequence FROM audit_event f
        WHERE f.organization_id = %(organization)s AND f.at < %(until)s::timestamptz
        ORDER BY f.at DESC, f.sequence DESC LIMIT 1), %(last)s)
"""


def bounds(organization: UUID, filters: EventFilter, place: Place, most: int) -> dict[str, Any]:
    """What `BOUNDS` takes, and how many from which place on."""
    return {
        "organization": organization,
        "since": filters.since,
        "until": filters.until,
        # A time after the newest entry, or before the oldest one, leaves nothing.
        "first": NEVER if filters.since else 0,
        "last": 0 if filters.until else NEVER,
        "place": NEVER if place.sequence is None else place.sequence,
        "size": most,
    }


# Each action of an area, and a key in either part, is looked up by itself in its index.
_MERGED = """
    SELECT DISTINCT found.sequence FROM unnest(%(values)s::{type}[]) AS t (value)
    CROSS JOIN LATERAL ({lookups}) AS found
    ORDER BY found.sequence {order} LIMIT %(size)s
"""
_LOOKUP = """
    (SELECT e.sequence FROM audit_event e
     WHERE e.organization_id = %(organization)s AND e.{column} = t.value AND {place} AND {bounds}
     ORDER BY e.sequence {order} LIMIT %(size)s)
"""


def _merged(organization: UUID, filters: EventFilter, place: Place, most: int) -> list[int]:
    columns = ("action",) if filters.area else ("actor_id", "target_id")
    order = "ASC" if place.newer else "DESC"
    past = f"e.sequence {'>' if place.newer else '<'} %(place)s"
    lookups = " UNION ALL ".join(
        _LOOKUP.format(column=column, place=past, bounds=BOUNDS, order=order) for column in columns
    )
    statement = _MERGED.format(
        type="text" if filters.area else "uuid", lookups=lookups, order=order
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            bounds(organization, filters, place, most)
            | {"values": filters.actions if filters.area else [filters.key]},
        )
        return [sequence for (sequence,) in cursor.fetchall()]


def _led_on(organization: UUID, page: EventPage, place: Place, reached: int) -> EventPage:
    """The same page with the way past the bound, on the side that was not looked through."""
    at = entries_of(organization).filter(sequence=reached).values_list("at", flat=True).first()
    if place.newer:
        older = page.older or cursor_at(">", reached + 1)
        return replace(page, newer=cursor_at("<", reached), older=older, looked_to=at)
    return replace(page, older=cursor_at(">", reached), looked_to=at)


def _place(cursor: str | None) -> Place:
    backwards, values = read_cursor(cursor, 1)
    value = values[0] if values else None
    if type(value) is not int or not 0 <= value < NEVER:
        return Place(None)
    return Place(value, backwards)
