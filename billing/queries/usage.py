"""Usage as pages show it: one stretch of days, what it is split by, and what is expected of it.

The statements are in `usage_rows.py`, names in `usage_names.py`; `metering.py` has the sums that
other pages and invoices need.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from billing.forecast import WEEKS, Comparison, Forecast, forecast
from billing.forms.usage import Dimension, UsageAsked
from billing.models import UsageDay
from billing.periods import DAY
from billing.queries.rollup import Counted, counted
from billing.queries.usage_names import WORDS, Known, known
from billing.queries.usage_rows import (
    Source,
    Subject,
    Sums,
    days_of,
    embedded,
    subjects,
    totals_by_day,
)
from orgs.access import Access
from projects.models import Project

LARGEST = 3
NOWHERE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, kw_only=True, slots=True)
class UsagePage:
    """What was found. `rest` is what is left once the largest are taken off."""

    asked: UsageAsked
    total: Sums
    days: dict[datetime.date, Sums]
    largest: list[tuple[Subject, dict[datetime.date, Sums]]]
    rest: Sums
    lines: list[Subject]
    more: str | None
    count: int
    forecast: Forecast | None
    comparison: Comparison
    was_ever: bool
    counted: Counted
    names: dict[Dimension, str] = field(default_factory=dict)

    @property
    def others(self) -> int:
        """How many lines the chart shows together."""
        return self.count - len(self.largest)


def usage_page(access: Access, asked: UsageAsked, *, project: Project | None = None) -> UsagePage:
    """At most six queries, however much there is: names of filters, lines, days, the mark."""
    names, filters = _named_filters(access, asked, project)
    source = Source(access=access, filters=filters, project=project)
    period, measure = asked.period, asked.measure
    lines, more, count = subjects(
        source, asked.by, period.start, period.end, sort=asked.sort, cursor=asked.cursor
    )
    largest = _largest(source, asked, lines)
    first = min(period.before.start, period.today - WEEKS * 7 * DAY, period.start)
    every = totals_by_day(source, first, period.end)
    days = {day: sums for day, sums in every.items() if day >= period.start}
    total = sum(days.values(), Sums())
    before = sum((every.get(day, Sums()) for day in period.before.days), Sums())
    return UsagePage(
        asked=asked,
        total=total,
        days=days,
        largest=largest,
        rest=total - sum((subject.sums for subject, _ in largest), Sums()),
        lines=lines,
        more=more,
        count=count,
        forecast=forecast({day: sums.of(measure) for day, sums in every.items()}, period),
        comparison=Comparison(total.of(measure), before.of(measure), period.before_words),
        was_ever=bool(every),
        counted=counted(),
        names=names,
    )


def _largest(
    source: Source, asked: UsageAsked, lines: list[Subject]
) -> list[tuple[Subject, dict[datetime.date, Sums]]]:
    """The three largest that the reader may know by name, with their days.

    They stand on the page's own lines where these are ordered in the same way.
    """
    by, period, measure = asked.by, asked.period, asked.measure
    if asked.sort != measure or asked.cursor:
        # One more, since one line may be all that the reader does not see.
        lines, _, _ = subjects(source, by, period.start, period.end, sort=measure, size=LARGEST + 1)
    named = [one for one in lines if one.standing != "unseen" and one.sums.of(measure) > 0]
    return days_of(source, by, period.start, period.end, named[:LARGEST])


def _named_filters(
    access: Access, asked: UsageAsked, project: Project | None
) -> tuple[dict[Dimension, str], dict[Dimension, str]]:
    """The filters in words, and as they are asked of the database. At most one query.

    What the reader may not see counts as what is not there: nothing is found under it, so that
    an id tells as little as one that was made up.
    """
    wanted = {
        dimension: (subject, rows)
        for dimension, subject in asked.filters.items()
        if subject and (rows := known(access, dimension, at=project)) is not None
    }
    found = _found(wanted) if wanted else {}
    names, filters = {}, dict(asked.filters)
    for dimension, subject in asked.filters.items():
        if dimension not in wanted:
            names[dimension] = subject or WORDS[dimension].nothing
            continue
        name, seen = found.get(dimension, ("", True))
        names[dimension] = name if seen and name else WORDS[dimension].gone
        if not seen:
            filters[dimension] = NOWHERE
    return names, filters


def _found(wanted: Mapping[Dimension, tuple[str, Known]]) -> dict[Dimension, tuple[str, bool]]:
    parts: list[str] = []
    said: dict[str, Any] = {}
    for dimension, (subject, rows) in wanted.items():
        every, more = embedded(rows.every.filter(pk=subject).values("id", "name"), dimension.value)
        said |= more
        seen = "true"
        if rows.seen is not None:
            inner, more = embedded(rows.seen.values("pk"), f"{dimension.value}_seen")
            said |= more
            seen = f"e.id IN ({inner})"
        said[f"is_{dimension.value}"] = dimension.value
        word = f"%(is_{dimension.value})s"
        parts.append(f"SELECT {word}, e.name, {seen} FROM ({every}) AS e (id, name)")  # noqa: S608  as in usage_rows.py
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), said)
        return {UsageDay.Dimension(row[0]): (row[1], row[2]) for row in cursor.fetchall()}
