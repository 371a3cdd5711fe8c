"""Reading the ledger: pages of entries, one entry, the newest, and whether the chain holds.

Every read names its organization; row security holds it to the one that is bound. Nothing here
writes: `audit/ledger.py` does.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, Subquery
from django.utils import timezone

from audit import models
from audit.entries import ERASED, Entry, changes_in, entry_of, parsed
from audit.events import Event
from audit.models import Outcome
from config.keyset import capped_count, keyset_page
from config.moments import format_local, local

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFilter:
    """Which entries are asked for; `until` is the first moment that is left out."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    actor: UUID | None = None
    action: str = ""
    outcome: Outcome | None = None
    target: UUID | None = None

    @property
    def most_counted(self) -> int:
        """How far to count: less far where no one index answers several fields together."""
        fields = (self.actor, self.action, self.outcome, self.target)
        return 1_000 if sum(map(bool, fields)) > 1 else 10_000


@dataclass(frozen=True, slots=True)
class EventPage:
    """Entries, newest first, and the cursors of the pages on either side."""

    rows: list[Entry]
    newer: str | None
    older: str | None


@dataclass(frozen=True, slots=True)
class Someone:
    """An actor to choose as a filter."""

    id: UUID
    label: str


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

    @property
    def number(self) -> str:
        return f"{self.entries:,}"

    @property
    def moment(self) -> str:
        """The time today, or the day."""
        today = local(self.at).date() == timezone.localdate()
        return format_local(self.at, "H:i" if today else "j M Y")


def event_list(
    *, organization: UUID, filters: EventFilter, cursor: str | None = None, size: int = PAGE_SIZE
) -> EventPage:
    """A page of entries, newest first. Two queries, and the same cost at any depth."""
    found, order = _matching(organization, filters), ("-sequence",)
    try:
        page = keyset_page(found, order=order, cursor=cursor, size=size)
    except (TypeError, ValueError):
        # A cursor that was made for another list, or made up.
        page = keyset_page(found, order=order, cursor=None, size=size)
    return EventPage(_entries(organization, page.rows), page.newer, page.older)


def events_about(
    *,
    organization: UUID,
    targets: Sequence[UUID],
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> EventPage:
    """A page of what was done to any of these targets, newest first. Three queries.

    Each target is looked up by itself in the index, so that a page costs the same at any depth.
    """
    backwards, place = _place(cursor)
    with connection.cursor() as query:
        query.execute(
            _NEWER_ABOUT if backwards else _OLDER_ABOUT,
            {
                "organization": organization,
                "targets": list(targets),
                "place": place,
                "size": size + 1,
            },
        )
        found = [sequence for (sequence,) in query.fetchall()]
    kept = sorted(found[:size], reverse=True)
    events = _of(organization).filter(sequence__in=kept).order_by("-sequence")
    more = len(found) > size
    is_first = place is None or (backwards and not more)
    has_older = bool(kept) and (backwards or more)
    return EventPage(
        _entries(organization, events) if kept else [],
        None if is_first or not kept else f"<{kept[0]}",
        f">{kept[-1]}" if has_older else None,
    )


def events_after(*, organization: UUID, sequence: int, size: int) -> list[Entry]:
    """The entries that follow this one, oldest first. Two queries, the same at any depth."""
    found = _of(organization).filter(sequence__gt=sequence).order_by("sequence")[:size]
    return _entries(organization, found)


def acted_since(*, organization: UUID, actor: UUID, action: str, since: datetime.datetime) -> bool:
    """Did this actor do this after that moment?"""
    newest = _of(organization).filter(actor_id=actor, action=action).order_by("-sequence")
    at = newest.values_list("at", flat=True).first()
    return at is not None and at > since


def event_count(*, organization: UUID, filters: EventFilter) -> int:
    """How many entries match, counting no further than one past `filters.most_counted`."""
    return capped_count(_matching(organization, filters), cap=filters.most_counted)


def event_get(*, organization: UUID, sequence: int) -> tuple[Entry, bytes] | None:
    """An entry and the hash that it follows (empty for the first); None when there is none."""
    pair = _of(organization).filter(sequence__in=[sequence, sequence - 1]).order_by("-sequence")
    rows = list(pair)
    if not rows or rows[0].sequence != sequence:
        return None
    before = bytes(rows[1].hash) if len(rows) > 1 else b""
    return _entries(organization, rows[:1])[0], before


def recent(organization: UUID, limit: int) -> list[Entry]:
    """The newest entries, for a dashboard."""
    return _entries(organization, list(_of(organization).order_by("-sequence")[:limit]))


def recent_actors(organization: UUID) -> list[Someone]:
    """The twenty who acted last, under the name of their newest entry, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_RECENT_ACTORS, {"organization": organization})
        rows = cursor.fetchall()
    found = [Someone(actor, str(parsed(words).get("actor") or ERASED)) for actor, words in rows]
    return sorted(found, key=lambda someone: someone.label.casefold())


def last_verified(organization: UUID) -> Verified | None:
    """The newest verification that the ledger itself remembers."""
    verifications = _of(organization).filter(action=Event.AUDIT_VERIFIED.value)
    row = verifications.order_by("-sequence").first()
    if row is None:
        return None
    facts = parsed(row.body)
    pair = changes_in(facts).get("entries")
    entries = pair[1] if isinstance(pair, list) and len(pair) == 2 else 0
    flaw = str(facts.get("reason") or "") if row.outcome != Outcome.DONE else ""
    return Verified(row.at, entries if isinstance(entries, int) else 0, flaw)


def newest_sequence(organization: UUID) -> int:
    """The number of the newest entry, as the chain's head names it; 0 without a chain."""
    heads = models.Head.objects.filter(organization_id=organization)
    return heads.values_list("sequence", flat=True).first() or 0


def first_flaw(organization: UUID, *, after: int = 0, up_to: int | None = None) -> Flaw | None:
    """Check the entries after one up to another; without an end, the chain's head as well."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, reason FROM ledger_verify(%s, %s, %s)", [organization, after, up_to]
        )
        row = cursor.fetchone()
    return Flaw(*row) if row else None


_RECENT_ACTORS = """
    SELECT a.actor_id, p.words
    FROM (
        SELECT actor_id, max(sequence) AS sequence
        FROM (
            SELECT actor_id, sequence FROM audit_event
            WHERE organization_id = %(organization)s ORDER BY sequence DESC LIMIT 1000
        ) AS newest
        WHERE actor_id IS NOT NULL
        GROUP BY actor_id ORDER BY max(sequence) DESC LIMIT 20
    ) AS a
    JOIN audit_particulars p
      ON p.organization_id = %(organization)s AND p.sequence = a.sequence
"""


_ABOUT = """
    SELECT found.sequence
    FROM unnest(%(targets)s::uuid[]) AS t (id)
    CROSS JOIN LATERAL (
        SELECT e.sequence FROM audit_event e
        WHERE e.organization_id = %(organization)s AND e.target_id = t.id AND {place}
        ORDER BY e.sequence {order} LIMIT %(size)s
    ) AS found
    ORDER BY found.sequence {order} LIMIT %(size)s
"""
_OLDER_ABOUT = _ABOUT.format(
    place="e.sequence < coalesce(%(place)s, 9223372036854775807)", order="DESC"
)
_NEWER_ABOUT = _ABOUT.format(place="e.sequence > %(place)s", order="ASC")


def _place(cursor: str | None) -> tuple[bool, int | None]:
    """Is it a cursor backwards, and the entry it stands at; a bad one counts as none."""
    direction, number = (cursor or "")[:1], (cursor or "")[1:]
    if direction not in ("<", ">") or not (number.isascii() and number.isdigit()):
        return False, None
    return (direction == "<", int(number)) if len(number) < 19 else (False, None)


def _of(organization: UUID) -> QuerySet[models.Event]:
    return models.Event.objects.filter(organization_id=organization)


def _matching(organization: UUID, filters: EventFilter) -> QuerySet[models.Event]:
    events = _of(organization)
    # Time never runs back along a chain: a moment is a place in it, found once in an index, and
    # the page then costs the same at any depth.
    if filters.since:
        first = _of(organization).filter(at__gte=filters.since).order_by("at", "sequence")
        events = events.filter(sequence__gte=Subquery(first.values("sequence")[:1]))
    if filters.until:
        last = _of(organization).filter(at__lt=filters.until).order_by("-at", "-sequence")
        events = events.filter(sequence__lte=Subquery(last.values("sequence")[:1]))
    if filters.actor:
        events = events.filter(actor_id=filters.actor)
    if filters.action:
        events = events.filter(action=filters.action)
    if filters.outcome:
        events = events.filter(outcome=filters.outcome)
    if filters.target:
        events = events.filter(target_id=filters.target)
    return events


def _entries(organization: UUID, rows: Iterable[models.Event]) -> list[Entry]:
    """The rows with their words, which take one more query."""
    rows = list(rows)
    particulars = models.Particulars.objects.filter(
        organization_id=organization, sequence__in=[row.sequence for row in rows]
    )
    words = dict(particulars.values_list("sequence", "words")) if rows else {}
    return [entry_of(row, words.get(row.sequence)) for row in rows]
