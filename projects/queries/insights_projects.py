"""Projects with insights: the table of them, and one of them.

Whoever may view insights sees the name and the numbers of each of these (S3-010), whether or not
they see the project; what it holds is named only to who sees it.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from config.keyset import Page, keyset_page
from config.moments import human_span
from config.roles import Permission
from orgs.access import Access
from projects.kinds import KINDS
from projects.models import Project
from projects.queries.insights import Number, Sums, Week, fetched, summed, weeks_of
from projects.queries.insights_people import (
    TEAM,
    FirstSuccess,
    GroupShare,
    first_successes,
    group_shares,
    team_roles,
)
from projects.weeks import WEEKS, Span

ORDER = ("sort_name", "id")
PAGE_SIZE = 20
SHOWN = 8
LATEST = 1_000
"""Of how many executions the median duration is told."""


@dataclass(kw_only=True, slots=True)
class ProjectNumbers:
    """The weeks of one project, its people and its team."""

    project: Project
    weeks: list[Week] = field(default_factory=list)
    people: int = 0
    team: int = 0
    team_active: int = 0
    first_success: FirstSuccess | None = None

    @property
    def whole(self) -> list[Week]:
        return self.weeks[:-1]

    @property
    def people_by_week(self) -> list[int]:
        return [week.people for week in self.whole]

    @property
    def spark_label(self) -> str:
        first, last = self.whole[0], self.whole[-1]
        return f"Active people by week: {first.people:,} in the first, {last.people:,} in the last"

    @property
    def running(self) -> Week:
        return self.weeks[-1]

    @property
    def total(self) -> Sums:
        return summed(week.sums for week in self.whole)

    @property
    def people_a_week(self) -> float:
        """On average, over the whole weeks."""
        return sum(week.people for week in self.whole) / WEEKS

    @property
    def percent(self) -> int | None:
        return round(100 * self.team_active / self.team) if self.team else None

    @property
    def others(self) -> int:
        """People who used it and are not of the team: from the Hub, or before they left it."""
        return self.people - self.team_active

    @property
    def is_empty(self) -> bool:
        return not (self.total.total or self.running.sums.total)


def enabled_projects(org: UUID) -> QuerySet[Project]:
    """Archived ones too; a deleted one is gone from here as from everywhere."""
    return Project.objects.in_org(org).kept().filter(insights__isnull=False)


def enabled_page(org: UUID, cursor: str | None) -> Page[Project]:
    """Projects with insights, by name. One query."""
    return keyset_page(enabled_projects(org), order=ORDER, cursor=cursor, size=PAGE_SIZE)


_NUMBERS = f"""
    WITH used AS MATERIALIZED (
        SELECT project_id, week, started_by_id, sum(runs) AS runs,
               sum(conversations) AS conversations, sum(succeeded) AS succeeded,
               sum(failed) AS failed
        FROM projects_executionweek
        WHERE organization_id = %(org)s AND project_id = ANY(%(projects)s)
          AND week >= %(first)s AND week <= %(this)s
        GROUP BY project_id, week, started_by_id
    ), team AS MATERIALIZED ({TEAM})
    SELECT 'week', project_id, week, count(started_by_id), sum(runs), sum(conversations),
           sum(succeeded), sum(failed)
    FROM used GROUP BY project_id, week
    UNION ALL
    SELECT 'people', found.project_id, NULL, count(*), count(team.person_id), 0, 0, 0
    FROM (SELECT DISTINCT project_id, started_by_id FROM used
          WHERE week < %(this)s AND started_by_id IS NOT NULL) AS found
    LEFT JOIN team ON team.project_id = found.project_id AND team.person_id = found.started_by_id
    GROUP BY found.project_id
    UNION ALL
    SELECT 'team', project_id, NULL, count(*), 0, 0, 0, 0 FROM team GROUP BY project_id
"""  # noqa: S608  # a part of the same statement


def numbers_of(org: UUID, projects: list[Project], span: Span) -> list[ProjectNumbers]:
    """The numbers of these projects, in their order. Two queries, however many they are."""
    rows = {project.pk: ProjectNumbers(project=project) for project in projects}
    if not rows:
        return []
    sums: dict[UUID, dict[datetime.date, Sums]] = {pk: {} for pk in rows}
    people: dict[UUID, dict[datetime.date, int]] = {pk: {} for pk in rows}
    params = span.params | {"org": org, "projects": list(rows), "roles": team_roles()}
    for what, pk, week, number, *numbers in fetched(_NUMBERS, params):
        if what == "week":
            people[pk][week], sums[pk][week] = number, Sums(*numbers)
        elif what == "people":
            rows[pk].people, rows[pk].team_active = number, numbers[0]
        else:
            rows[pk].team = number
    first = first_successes(org, span, list(rows))
    for pk, row in rows.items():
        row.weeks = weeks_of(span, sums[pk], people[pk])
        row.first_success = first.get(pk)
    return list(rows.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceShare:
    """What people did with one agent or workflow, or with all of a kind where none is named."""

    name: str
    icon: str
    people: int
    sums: Sums


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectPage:
    """Velocity and AI adoption of one project."""

    span: Span
    numbers: ProjectNumbers
    before: Sums
    people: Number
    groups: list[GroupShare]
    resources: list[ResourceShare]
    duration: datetime.timedelta | None
    measured: int

    @property
    def takes(self) -> str:
        """In words; nothing where nothing has ended."""
        return human_span(self.duration) if self.duration is not None else ""

    @property
    def all(self) -> Number:
        return Number(self.numbers.total.total, self.before.total)


def project_page(access: Access, project: Project, span: Span) -> ProjectPage:
    """Five queries."""
    [numbers] = numbers_of(access.org.id, [project], span)
    people_before, sums_before, duration, measured = _before(access.org.id, project, span)
    return ProjectPage(
        span=span,
        numbers=numbers,
        before=sums_before,
        people=Number(numbers.people, people_before),
        groups=group_shares(access, span, project.pk),
        resources=_resources(access, project, span),
        duration=duration,
        measured=measured,
    )


_BEFORE = """
    WITH latest AS (
        SELECT finished_at - started_at AS taken FROM projects_execution
        WHERE organization_id = %(org)s AND project_id = %(project)s
          AND kind IN ('run', 'conversation') AND finished_at IS NOT NULL
          AND started_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
        ORDER BY started_at DESC, id DESC LIMIT %(latest)s
    )
    SELECT count(DISTINCT started_by_id), coalesce(sum(runs), 0), coalesce(sum(conversations), 0),
           coalesce(sum(succeeded), 0), coalesce(sum(failed), 0),
           (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY taken) FROM latest),
           (SELECT count(*) FROM latest)
    FROM projects_executionweek
    WHERE organization_id = %(org)s AND project_id = %(project)s
      AND week >= %(before)s AND week < %(first)s
"""


def _before(
    org: UUID, project: Project, span: Span
) -> tuple[int, Sums, datetime.timedelta | None, int]:
    """People and sums of the weeks to compare with; how long one takes lately, and of how many."""
    params = span.params | {"org": org, "project": project.pk, "latest": LATEST}
    [[people, *numbers, duration, measured]] = fetched(_BEFORE, params)
    return people, Sums(*numbers), duration, measured


_BY_RESOURCE = """
    WITH used AS MATERIALIZED (
        SELECT CASE WHEN %(named)s THEN r.id END AS resource, coalesce(r.kind, '') AS kind,
               CASE WHEN %(named)s THEN r.name END AS name, e.started_by_id,
               sum(e.runs) AS runs, sum(e.conversations) AS conversations,
               sum(e.succeeded) AS succeeded, sum(e.failed) AS failed
        FROM projects_executionweek AS e
        LEFT JOIN projects_resource AS r
          ON r.id = e.resource_id AND r.organization_id = %(org)s
        WHERE e.organization_id = %(org)s AND e.project_id = %(project)s
          AND e.week >= %(first)s AND e.week < %(this)s
        GROUP BY 1, 2, 3, 4
    )
    SELECT kind, name, count(started_by_id) AS people, sum(runs), sum(conversations),
           sum(succeeded), sum(failed)
    FROM used
    GROUP BY resource, kind, name
    ORDER BY people DESC, sum(runs + conversations) DESC, resource
    LIMIT %(shown)s
"""


def _resources(access: Access, project: Project, span: Span) -> list[ResourceShare]:
    """The most used, by name for who sees the project and by kind for everyone else."""
    params: dict[str, Any] = span.params | {
        "org": access.org.id,
        "project": project.pk,
        "named": access.can(Permission.PROJECTS_VIEW, project),
        "shown": SHOWN,
    }
    return [
        ResourceShare(
            name=name or _of_kind(kind), icon=_icon(kind), people=people, sums=Sums(*numbers)
        )
        for kind, name, people, *numbers in fetched(_BY_RESOURCE, params)
    ]


def _of_kind(kind: str) -> str:
    return KINDS[kind].plural if kind in KINDS else "Deleted, or not said"


def _icon(kind: str) -> str:
    return KINDS[kind].icon if kind in KINDS else "cube"
