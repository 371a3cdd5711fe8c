"""What keys used: the request log of the last days, counted by day, by key and by model.

Bounded in time, one query for all the sums. Rollups that reach further back are billing's.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString

from config.charts import Column, columns
from orgs.access import Access
from projects.models import Key
from projects.queries.calls import uuid_floor

SPANS = (7, 30)
SHOWN = 12
LABEL_EVERY = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageFilter:
    """How many days, today included, and of which key."""

    days: int = SPANS[0]
    key: UUID | None = None

    @classmethod
    def read(cls, query: QueryDict) -> UsageFilter:
        """Of an address; what cannot be read counts as not asked for."""
        days = next((span for span in SPANS if str(span) == query.get("days")), SPANS[0])
        try:
            key = UUID(query.get("key", ""))
        except ValueError:
            key = None
        return cls(days=days, key=key)


@dataclass(frozen=True, slots=True)
class Sums:
    """Calls that were asked for, those refused, and what was reported and paid for."""

    calls: int = 0
    refused: int = 0
    tokens: int = 0
    cost: int = 0

    @property
    def allowed(self) -> int:
        return self.calls - self.refused

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.calls + other.calls,
            self.refused + other.refused,
            self.tokens + other.tokens,
            self.cost + other.cost,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one key or one model has of the whole; `id` is None for a name alone."""

    name: str
    sums: Sums
    id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    total: Sums
    days: list[tuple[datetime.date, Sums]]
    keys: list[Share]
    models: list[Share]
    key: Key | None

    @property
    def newest_first(self) -> list[tuple[datetime.date, Sums]]:
        return self.days[::-1]

    @property
    def chart(self) -> SafeString:
        """A column a day, today the last: allowed below, refused above."""
        last = len(self.days) - 1
        every = LABEL_EVERY if last > LABEL_EVERY else 1
        drawn = [
            Column(
                label=_label(day, place, last, every),
                title=f"{_words(day)}: {sums.allowed:,} allowed, {sums.refused:,} refused",
                parts=(sums.allowed, sums.refused),
                is_now=place == last,
            )
            for place, (day, sums) in enumerate(self.days)
        ]
        said = f"Calls on each of the last {len(self.days)} days: {self.total.calls:,} in all"
        return columns(drawn, f"{said}, {self.total.refused:,} of them refused")


_COUNTED = """
    SELECT GROUPING(day, key_id, model), day, key_id, model,
           count(*) FILTER (WHERE asked), count(*) FILTER (WHERE NOT allowed),
           coalesce(sum(tokens), 0)::bigint, coalesce(sum(cost), 0)::bigint
    FROM (
        SELECT (c.at AT TIME ZONE %(zone)s)::date AS day, c.key_id, c.model, c.allowed, c.cost,
               c.endpoint = '/v1/keys/verify' AS asked,
               CASE WHEN c.endpoint = '/v1/usage' THEN (
                   SELECT sum(u.value::numeric) FROM jsonb_each(c.units) AS u
                   WHERE u.key LIKE '%%token%%' AND jsonb_typeof(u.value) = 'number')
               END AS tokens
        FROM projects_call c
        WHERE c.organization_id = %(organization)s AND c.id >= %(floor)s AND c.at >= %(since)s
          AND (%(key)s::uuid IS NULL OR c.key_id = %(key)s)
          AND c.endpoint IN ('/v1/keys/verify', '/v1/usage')
    ) AS recent
    GROUP BY GROUPING SETS ((day), (key_id), (model), ())
"""
_BY_DAY, _BY_KEY, _BY_MODEL, _WHOLE = 0b011, 0b101, 0b110, 0b111


def call_usage(access: Access, asked: UsageFilter) -> Usage:
    """The last days, today included. One query that counts, and one for the names of keys."""
    today = timezone.localdate()
    first = today - datetime.timedelta(days=asked.days - 1)
    counted = _counted(access.org.id, first, asked.key)
    days = [first + datetime.timedelta(days=n) for n in range(asked.days)]
    ids = {key for key in counted[_BY_KEY] if key} | ({asked.key} if asked.key else set())
    known = Key.objects.in_org(access.org.id).in_bulk(ids)

    def named(key: UUID | None) -> str:
        found = known.get(key) if key else None
        return found.name if found else "A deleted key" if key else "Unknown keys"

    return Usage(
        total=counted[_WHOLE].get(None, Sums()),
        days=[(day, counted[_BY_DAY].get(day, Sums())) for day in days],
        keys=_shares(counted[_BY_KEY], named, known),
        models=_shares(counted[_BY_MODEL], lambda model: model or "No model named", {}),
        key=known.get(asked.key) if asked.key else None,
    )


def _counted(
    organization: UUID, first: datetime.date, key: UUID | None
) -> dict[int, dict[Any, Sums]]:
    zone = timezone.get_current_timezone()
    since = datetime.datetime.combine(first, datetime.time.min, zone)
    found: dict[int, dict[Any, Sums]] = {kind: {} for kind in (_BY_DAY, _BY_KEY, _BY_MODEL, _WHOLE)}
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTED,
            {
                "zone": str(zone),
                "organization": organization,
                "since": since,
                "floor": uuid_floor(since - datetime.timedelta(minutes=1)),
                "key": key,
            },
        )
        for grouping, *what, calls, refused, tokens, cost in cursor.fetchall():
            place = {_BY_DAY: 0, _BY_KEY: 1, _BY_MODEL: 2}.get(grouping)
            name = None if place is None else what[place]
            found[grouping][name] = Sums(calls, refused, tokens, cost)
    return found


def _shares(
    counted: dict[Any, Sums], named: Callable[[Any], str], known: dict[UUID, Key]
) -> list[Share]:
    """The largest by cost and then by calls, then one line for all the rest."""
    largest = sorted(counted.items(), key=lambda pair: (-pair[1].cost, -pair[1].calls))
    shares = [
        Share(id=one if one in known else None, name=named(one), sums=sums)
        for one, sums in largest[:SHOWN]
    ]
    rest = largest[SHOWN:]
    if rest:
        others = sum((sums for _, sums in rest), Sums())
        shares.append(Share(name=f"{len(rest):,} others", sums=others))
    return shares


def _label(day: datetime.date, place: int, last: int, every: int) -> str:
    if place == last:
        return "Today"
    return _words(day) if place % every == 0 and (every == 1 or last - place > 2) else ""


def _words(day: datetime.date) -> str:
    return f"{day.day} {day:%b}"
