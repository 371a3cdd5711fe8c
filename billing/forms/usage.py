"""What is asked of usage in an address: days, what it is split by, measure, order and filters.

Parsing only. What cannot be read is said and counts as not asked for; the rest stays in force.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.http import QueryDict

from billing.models import UsageDay
from billing.periods import DAY, Period, month_before, month_of

Dimension = UsageDay.Dimension

MOST_DAYS = 400
LONGEST = 200
NONE = "(none)"
"""How an address says that there is no project, no model and so on."""

DIMENSIONS = (
    Dimension.PROJECT,
    Dimension.GROUP,
    Dimension.PERSON,
    Dimension.KEY,
    Dimension.MODEL,
    Dimension.TASK,
)
BY_ID = (Dimension.PROJECT, Dimension.GROUP, Dimension.PERSON, Dimension.KEY)
LABELS = dict(Dimension.choices) | {Dimension.GROUP: "Cost centre"}

MEASURES = {"cost": "Money", "calls": "Calls", "tokens": "Tokens"}
SORTS = ("cost", "calls", "tokens", "name")

MONTH, LAST = "month", "last"
SPANS = {"7": 7, "30": 30, "90": 90}
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageAsked:
    """What is shown. `query` is how an address says it, without what goes without saying."""

    period: Period
    by: Dimension
    measure: str
    sort: str
    filters: dict[Dimension, str]
    query: dict[str, str]
    cursor: str | None = None
    misread: list[str] = field(default_factory=list)

    @classmethod
    def read(
        cls,
        query: QueryDict,
        *,
        today: datetime.date,
        costs: bool,
        leaving_out: Collection[Dimension] = (),
        most_days: int = MOST_DAYS,
    ) -> UsageAsked:
        """Of an address. `leaving_out` are dimensions that the page itself decides.

        Who may not see `costs` is not shown an order by them either.
        """
        reading = _Reading(query, today, most_days)
        dimensions = [one for one in DIMENSIONS if one not in leaving_out]
        measures = [one for one in MEASURES if costs or one != "cost"]
        sorts = [one for one in SORTS if costs or one != "cost"]
        period = reading.period()
        filters = reading.filters(dimensions)
        by = reading.one_of("by", "What it is split by", [one.value for one in dimensions])
        measure = reading.one_of("measure", "Measure", measures)
        sort = reading.one_of("sort", "Order", sorts)
        return cls(
            period=period,
            by=Dimension(by) if by else _first_of(dimensions, filters),
            measure=measure or measures[0],
            sort=sort or measure or measures[0],
            filters=filters,
            query=reading.said,
            cursor=query.get("page"),
            misread=reading.misread,
        )

    @property
    def span(self) -> str:
        """The choice that the days came from; empty for days from one to another."""
        return "" if "since" in self.query else self.query.get("period", MONTH)


class _Reading:
    def __init__(self, query: QueryDict, today: datetime.date, most_days: int) -> None:
        self.query, self.today, self.most_days = query, today, most_days
        self.said: dict[str, str] = {}
        self.misread: list[str] = []

    def one_of(self, name: str, label: str, choices: list[str]) -> str:
        value = self.query.get(name, "")
        if value in choices:
            self.said[name] = value
            return value
        if value:
            self.misread.append(f"{label}: there is no such choice here.")
        return ""

    def period(self) -> Period:
        today = self.today
        if self.query.get("since") or self.query.get("until"):
            found = self._between()
            if found is not None:
                return found
        value = self.query.get("period", "")
        if value in (MONTH, LAST, *SPANS):
            self.said["period"] = value
        if value == LAST:
            return Period.month(month_before(today), today)
        if value in SPANS:
            return Period.latest(SPANS[value], today)
        if _MONTH.fullmatch(value):
            month = datetime.date(int(value[:4]), int(value[5:]), 1)
            if month <= today:
                self.said["period"] = value
                return Period.month(month, today)
            self.misread.append("Period: this month has not begun.")
        elif value not in ("", MONTH):
            self.misread.append("Period: write a month like 2026-10.")
        return Period.month(today, today)

    def _between(self) -> Period | None:
        """From the first to the last day, both included; one left out is the other, or today."""
        since, until = self._day("since", "From"), self._day("until", "To")
        if since is None and until is None:
            return None
        first = since or month_of(until or self.today)
        last = until or max(self.today, first)
        if first > last:
            self.misread.append("From lies after To. Show an earlier first day.")
            return None
        if (last - first).days >= self.most_days:
            self.misread.append(
                f"At most {self.most_days} days are shown. Choose fewer, or export."
            )
            return None
        self.said |= {"since": first.isoformat(), "until": last.isoformat()}
        return Period(start=first, end=last + DAY, today=self.today)

    def _day(self, name: str, label: str) -> datetime.date | None:
        value = self.query.get(name, "").strip()
        if not value:
            return None
        try:
            if _DAY.fullmatch(value):
                return datetime.date.fromisoformat(value)
        except ValueError:
            pass
        self.misread.append(f"{label}: write a day like {self.today.isoformat()}.")
        return None

    def filters(self, dimensions: Collection[Dimension]) -> dict[Dimension, str]:
        found = {}
        for dimension in dimensions:
            value = self.query.get(dimension.value, "")
            if not value:
                continue
            subject = self._subject(dimension, value)
            if subject is None:
                self.misread.append(f"{LABELS[dimension]}: this names none.")
            else:
                found[dimension] = subject
                self.said[dimension.value] = subject or NONE
        return found

    def _subject(self, dimension: Dimension, value: str) -> str | None:
        if value == NONE:
            return ""
        if dimension not in BY_ID:
            return value if len(value) <= LONGEST and "\0" not in value else None
        try:
            return str(UUID(value))
        except ValueError:
            return None


def _first_of(dimensions: Sequence[Dimension], filters: Collection[Dimension]) -> Dimension:
    """The first that is not narrowed to one line already, while there is such a one."""
    return next((one for one in dimensions if one not in filters), dimensions[0])


def months_to_choose(today: datetime.date, number: int = 12) -> list[datetime.date]:
    """The months before the last one, newest first."""
    months = [month_before(month_before(today))]
    while len(months) < number:
        months.append(month_before(months[-1]))
    return months
