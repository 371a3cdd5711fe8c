"""How an organization uses the platform, week by week. People are counted, never named.

Read from the counts of each week that triggers keep (`ExecutionWeek`): what is counted does not
depend on how often anything ran. One project and the table of projects: `insights_projects.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from projects.models import Resource
from projects.weeks import Span


@dataclass(frozen=True, slots=True)
class Sums:
    """Runs and conversations, and how many of them succeeded and failed."""

    runs: int = 0
    conversations: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        return self.runs + self.conversations

    @property
    def success(self) -> int | None:
        """Per cent of those that came to an end by themselves."""
        ended = self.succeeded + self.failed
        return round(100 * self.succeeded / ended) if ended else None

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.runs + other.runs,
            self.conversations + other.conversations,
            self.succeeded + other.succeeded,
            self.failed + other.failed,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """One week; `is_now` while it runs, so its numbers are not whole yet."""

    start: datetime.date
    sums: Sums
    people: int
    is_now: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the twelve weeks, and of the twelve before."""

    now: int
    before: int

    @property
    def change(self) -> int | None:
        """Per cent more or less; nothing to say where there was nothing."""
        return round(100 * (self.now - self.before) / self.before) if self.before else None

    @property
    def fewer(self) -> int:
        """The change, said without its sign."""
        return abs(self.change or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformUsage:
    span: Span
    weeks: list[Week]
    total: Sums
    before: Sums
    people: Number
    projects: Number
    used: Number

    @property
    def whole(self) -> list[Week]:
        return self.weeks[:-1]

    @property
    def people_by_week(self) -> list[int]:
        return [week.people for week in self.whole]

    @property
    def running(self) -> Week:
        """The week that is not over."""
        return self.weeks[-1]

    @property
    def all(self) -> Number:
        return Number(self.total.total, self.before.total)

    @property
    def is_empty(self) -> bool:
        return not (self.total.total or self.before.total or self.running.sums.total)


# Read once: by person and week (all weeks to compare with are one), and by what was used.
_USED = """
    WITH counted AS MATERIALIZED (
        SELECT GROUPING(week) = 1 AS by_resource, week, span, started_by_id, project_id,
               resource_id, sum(runs) AS runs, sum(conversations) AS conversations,
               sum(succeeded) AS succeeded, sum(failed) AS failed
        FROM (
            SELECT CASE WHEN week < %(first)s THEN %(before)s ELSE week END AS week,
                   CASE WHEN week >= %(this)s THEN 2 WHEN week >= %(first)s THEN 1 ELSE 0 END
                       AS span,
                   project_id, resource_id, started_by_id, runs, conversations, succeeded, failed
            FROM projects_executionweek
            WHERE organization_id = %(org)s AND week >= %(before)s AND week <= %(this)s
        ) AS used
        GROUP BY GROUPING SETS ((week, started_by_id), (span, project_id, resource_id))
    ), things AS (
        SELECT DISTINCT span, project_id, resource_id FROM counted WHERE by_resource
    )
    SELECT 'week', week, count(started_by_id), sum(runs), sum(conversations), sum(succeeded),
           sum(failed)
    FROM counted WHERE NOT by_resource GROUP BY week
    UNION ALL
    SELECT 'people', NULL, count(DISTINCT started_by_id), 0, 0, 0, 0
    FROM counted WHERE NOT by_resource AND week >= %(first)s AND week < %(this)s
    UNION ALL
    SELECT 'projects', NULL, count(DISTINCT project_id) FILTER (WHERE span = 1),
           count(DISTINCT project_id) FILTER (WHERE span = 0), 0, 0, 0
    FROM things
    UNION ALL
    SELECT 'resources', NULL, count(DISTINCT r.id) FILTER (WHERE span = 1),
           count(DISTINCT r.id) FILTER (WHERE span = 0), 0, 0, 0
    FROM things JOIN projects_resource AS r ON r.id = things.resource_id
    WHERE r.organization_id = %(org)s AND r.kind = ANY(%(kinds)s)
"""


def platform_usage(org: UUID, span: Span) -> PlatformUsage:
    """The organization's twelve whole weeks, and the one that runs. One query."""
    kinds = [Resource.Kind.AGENT.value, Resource.Kind.WORKFLOW.value]
    sums: dict[datetime.date, Sums] = {}
    people: dict[datetime.date, int] = {}
    others: dict[str, Number] = {}
    for what, week, number, *numbers in fetched(_USED, span.params | {"org": org, "kinds": kinds}):
        if what == "week":
            people[week], sums[week] = number, Sums(*numbers)
        else:
            others[what] = Number(number, numbers[0])
    return PlatformUsage(
        span=span,
        weeks=weeks_of(span, sums, people),
        total=summed(said for week, said in sums.items() if span.first <= week < span.this),
        before=sums.get(span.before, Sums()),
        people=Number(others["people"].now, people.get(span.before, 0)),
        projects=others["projects"],
        used=others["resources"],
    )


def weeks_of(
    span: Span, sums: dict[datetime.date, Sums], people: dict[datetime.date, int]
) -> list[Week]:
    """Each week of the span, those without anything too."""
    return [
        Week(
            start=week,
            sums=sums.get(week, Sums()),
            people=people.get(week, 0),
            is_now=week == span.this,
        )
        for week in span.weeks
    ]


def summed(sums: Iterable[Sums]) -> Sums:
    total = Sums()
    for each in sums:
        total += each
    return total


def fetched(statement: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that counts; a sum of whole numbers is a whole number."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [tuple(map(_whole, row)) for row in cursor.fetchall()]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value
