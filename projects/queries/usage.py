"""How much a project was used: its recorded executions of the last thirty days, counted."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from orgs.models import Membership
from projects.kinds import kind_of
from projects.models import Execution, Project, Resource

DAYS = 30
SHOWN = 6
LATEST = 10


@dataclass(frozen=True, slots=True)
class Count:
    """How many executions, and how many of them succeeded and failed; others run or were
    stopped."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def others(self) -> int:
        return self.total - self.succeeded - self.failed

    @property
    def success(self) -> int | None:
        """Per cent of those that came to an end by themselves."""
        ended = self.succeeded + self.failed
        return round(100 * self.succeeded / ended) if ended else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one resource or one person has of the whole; no id for all the rest together."""

    id: UUID | None
    name: str
    count: Count
    icon: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    total: Count
    days: list[tuple[datetime.date, Count]]
    resources: list[Share]
    people: list[Share]

    @property
    def active_days(self) -> int:
        return sum(count.total > 0 for _, count in self.days)


_COUNTED = """
    SELECT GROUPING(day, resource_id, started_by_id), day, resource_id, started_by_id,
           count(*),
           count(*) FILTER (WHERE state = 'succeeded'),
           count(*) FILTER (WHERE state = 'failed')
    FROM (
        SELECT (started_at AT TIME ZONE %(zone)s)::date AS day, resource_id, started_by_id, state
        FROM projects_execution
        WHERE organization_id = %(organization)s AND project_id = %(project)s
          AND started_at >= %(since)s AND kind <> 'log'
    ) AS recent
    GROUP BY GROUPING SETS ((day), (resource_id), (started_by_id), ())
"""
_BY_DAY, _BY_RESOURCE, _BY_PERSON, _WHOLE = 0b011, 0b101, 0b110, 0b111


def project_usage(project: Project) -> Usage:
    """The last thirty days, today included. One query that counts, and two for names."""
    today = timezone.localdate()
    first = today - datetime.timedelta(days=DAYS - 1)
    counted = _counted(project, first)
    by_day = counted[_BY_DAY]
    days = [first + datetime.timedelta(days=n) for n in range(DAYS)]
    org = project.organization_id
    return Usage(
        total=counted[_WHOLE].get(None, Count()),
        days=[(day, by_day.get(day, Count())) for day in days],
        resources=_shares(counted[_BY_RESOURCE], Resource.objects.in_org(org), "Deleted"),
        people=_shares(counted[_BY_PERSON], Membership.objects.in_org(org), "The platform"),
    )


def latest_executions(project: Project) -> list[Execution]:
    """The newest runs and conversations of a project. One query."""
    rows = Execution.objects.in_org(project.organization_id).filter(project=project)
    rows = rows.exclude(kind=Execution.Kind.LOG).select_related("resource", "started_by")
    return list(rows.order_by("-started_at", "-id")[:LATEST])


def _counted(project: Project, first: datetime.date) -> dict[int, dict[Any, Count]]:
    zone = timezone.get_current_timezone()
    since = datetime.datetime.combine(first, datetime.time.min, zone)
    found: dict[int, dict[Any, Count]] = {
        kind: {} for kind in (_BY_DAY, _BY_RESOURCE, _BY_PERSON, _WHOLE)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTED,
            {
                "zone": str(zone),
                "organization": project.organization_id,
                "project": project.pk,
                "since": since,
            },
        )
        for grouping, day, resource, person, *numbers in cursor.fetchall():
            found[grouping][day or resource or person] = Count(*numbers)
    return found


def _shares(counts: Mapping[UUID | None, Count], rows: QuerySet[Any], nobody: str) -> list[Share]:
    """The largest by name, then one line for all the rest."""
    largest = sorted(counts.items(), key=lambda pair: -pair[1].total)
    shown, rest = largest[:SHOWN], largest[SHOWN:]
    known = rows.in_bulk([key for key, _ in shown if key]) if shown else {}
    shares = [
        Share(
            id=key if key in known else None,
            name=str(known[key].name) if key in known else nobody,
            icon=_icon(known.get(cast("UUID", key))),
            count=count,
        )
        for key, count in shown
    ]
    if rest:
        others = _sum(count for _, count in rest)
        shares.append(Share(id=None, name=f"{len(rest):,} others", count=others))
    return shares


def _icon(row: Any) -> str:
    """The icon of a resource's kind; a person has a face."""
    return kind_of(row).icon if isinstance(row, Resource) else ""


def _sum(counts: Iterable[Count]) -> Count:
    total = succeeded = failed = 0
    for count in counts:
        total, succeeded = total + count.total, succeeded + count.succeeded
        failed += count.failed
    return Count(total, succeeded, failed)
