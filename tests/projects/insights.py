"""Insights counted by hand: plain loops over the executions themselves, week by week."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from orgs.models import Organization
from orgs.tenancy import bound
from projects.models import Execution, ExecutionWeek, Project, ProjectInsights, Resource
from projects.queries.insights import Sums
from projects.weeks import Span
from tests.factories import TEST

K, S = Execution.Kind, Execution.State


def turn_on(*projects: Project) -> None:
    """Insights that are simply on, with their ledger entries."""
    for project in projects:
        with bound(project.organization_id):
            ProjectInsights.objects.create(organization_id=project.organization_id, project=project)
            ledger.record(
                Event.INSIGHTS_ENABLED,
                organization=project.organization_id,
                actor=TEST,
                target=Target("project", project.pk, project.name),
                changes={"state": ("off", "on")},
            )


def used(
    project: Project | None,
    resource: Resource | None = None,
    *,
    at: datetime.datetime,
    by: Any = None,
    organization: Organization | None = None,
    **fields: Any,
) -> Execution:
    """An execution at this moment."""
    org = project.organization_id if project else organization.pk  # type: ignore[union-attr]
    with bound(org):
        return Execution.objects.create(
            organization_id=org,
            project=project,
            resource=resource,
            started_by=by,
            started_at=at,
            **({"kind": K.RUN, "state": S.SUCCEEDED} | fields),
        )


def noon(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(12), datetime.UTC)


def monday_of(moment: datetime.datetime) -> datetime.date:
    day = moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return day - datetime.timedelta(days=day.weekday())


def executions_of(org: UUID) -> list[Execution]:
    """What insights count at all."""
    with bound(org):
        rows = list(Execution.objects.in_org(org).select_related("resource"))
    return [row for row in rows if row.kind in (K.RUN, K.CONVERSATION)]


def within(rows: Iterable[Execution], first: datetime.date, last: datetime.date) -> list[Execution]:
    """Those of the weeks from `first` up to, without, `last`."""
    return [row for row in rows if first <= monday_of(row.started_at) < last]


def sums_of(rows: Iterable[Execution]) -> Sums:
    rows = list(rows)
    return Sums(
        sum(row.kind == K.RUN for row in rows),
        sum(row.kind == K.CONVERSATION for row in rows),
        sum(row.state == S.SUCCEEDED for row in rows),
        sum(row.state == S.FAILED for row in rows),
    )


def people_of(rows: Iterable[Execution]) -> set[UUID]:
    return {row.started_by_id for row in rows if row.started_by_id}


def weeks_by_hand(rows: list[Execution], span: Span) -> list[tuple[Sums, int]]:
    """The sums and the people of each week, the one that runs included."""
    by_week = [[row for row in rows if monday_of(row.started_at) == week] for week in span.weeks]
    return [(sums_of(week), len(people_of(week))) for week in by_week]


def first_success_by_hand(
    rows: list[Execution], span: Span, given: dict[UUID, datetime.datetime]
) -> tuple[int, datetime.timedelta] | None:
    """Of one project's executions: how many succeeded for the first time, and their median."""
    taken = []
    for person in people_of(rows):
        mine = sorted((r for r in rows if r.started_by_id == person), key=lambda r: r.started_at)
        succeeded = [row for row in mine if row.state == S.SUCCEEDED]
        if succeeded and within(succeeded[:1], span.first, span.this):
            began = min(filter(None, (mine[0].started_at, given.get(person))))
            ended = succeeded[0].finished_at or succeeded[0].started_at
            taken.append((ended - began) // datetime.timedelta(microseconds=1))
    if not taken:
        return None
    return len(taken), datetime.timedelta(microseconds=median(taken))


def kept_weeks(org: UUID) -> dict[tuple[Any, ...], Sums]:
    """What the triggers have counted."""
    with bound(org):
        rows = ExecutionWeek.objects.in_org(org)
        return {
            (row.week, row.project_id, row.resource_id, row.started_by_id): Sums(
                row.runs, row.conversations, row.succeeded, row.failed
            )
            for row in rows
        }


def counted_weeks(org: UUID) -> dict[tuple[Any, ...], Sums]:
    """What they have to have counted."""
    found: dict[tuple[Any, ...], list[Execution]] = {}
    for row in executions_of(org):
        key = (monday_of(row.started_at), row.project_id, row.resource_id, row.started_by_id)
        found.setdefault(key, []).append(row)
    return {key: sums_of(rows) for key, rows in found.items()}
