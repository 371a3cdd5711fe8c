"""Who uses what, as numbers: shares of a team, groups, and the time to a first success.

No name of a person leaves this module, and none of a group that the viewer may not see.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.moments import human_span
from config.roles import PROJECT_ROLES, Permission, permissions_of
from orgs.access import Access
from orgs.grants import permission_id
from projects.queries.insights import Sums, fetched
from projects.weeks import Span

SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupShare:
    """What the people of one group did; without a name where it may not be told.

    `size` is how many are in it; 0 for those in no group, and for groups that stay unnamed.
    """

    kind: str
    id: UUID | None
    name: str
    size: int
    people: int
    sums: Sums

    @property
    def percent(self) -> int | None:
        return round(100 * self.people / self.size) if self.size else None


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstSuccess:
    """How long people took to their first success in a project, and how many they were."""

    people: int
    median: datetime.timedelta

    @property
    def words(self) -> str:
        return human_span(self.median)


# The people of the weeks, with what they did; `of` narrows them to a project.
_BY_GROUP = """
    WITH used AS MATERIALIZED (
        SELECT started_by_id, sum(runs) AS runs, sum(conversations) AS conversations,
               sum(succeeded) AS succeeded, sum(failed) AS failed
        FROM projects_executionweek
        WHERE organization_id = %(org)s AND week >= %(first)s AND week < %(this)s
          AND started_by_id IS NOT NULL AND (%(project)s::uuid IS NULL OR project_id = %(project)s)
        GROUP BY started_by_id
    ), seats AS MATERIALIZED (
        SELECT s.group_id, s.membership_id, g.secret AND NOT %(sees_all)s AND NOT EXISTS (
                   SELECT FROM orgs_groupmembership AS own
                   WHERE own.group_id = g.id AND own.membership_id = %(viewer)s
                     AND (own.expires_at IS NULL OR own.expires_at > now())) AS hidden
        FROM orgs_groupmembership AS s JOIN orgs_group AS g ON g.id = s.group_id
        WHERE s.organization_id = %(org)s AND g.organization_id = %(org)s
          AND (s.expires_at IS NULL OR s.expires_at > now())
    ), paired AS (
        SELECT DISTINCT
               CASE WHEN seats.group_id IS NULL THEN 'none' WHEN hidden THEN 'unseen'
                    ELSE 'group' END AS kind,
               CASE WHEN NOT hidden THEN seats.group_id END AS group_id, used.*
        FROM used LEFT JOIN seats ON seats.membership_id = used.started_by_id
    ), counted AS (
        SELECT kind, group_id, count(*) AS people, sum(runs) AS runs,
               sum(conversations) AS conversations, sum(succeeded) AS succeeded,
               sum(failed) AS failed
        FROM paired GROUP BY kind, group_id
    ), shown AS (
        (SELECT * FROM counted WHERE kind = 'group' ORDER BY people DESC, group_id
         LIMIT %(shown)s)
        UNION ALL
        SELECT * FROM counted WHERE kind <> 'group'
    )
    SELECT shown.kind, shown.group_id, coalesce(g.name, ''),
           (SELECT count(*) FROM seats WHERE seats.group_id = shown.group_id),
           shown.people, shown.runs, shown.conversations, shown.succeeded, shown.failed
    FROM shown LEFT JOIN orgs_group AS g ON g.id = shown.group_id
    ORDER BY array_position(ARRAY['group', 'unseen', 'none'], shown.kind), shown.people DESC,
             g.sort_name, shown.group_id
"""


def group_shares(access: Access, span: Span, project: UUID | None = None) -> list[GroupShare]:
    """The groups with most people at work, then groups that may not be named, then who is in none.

    Empty for who may not view groups. One query.
    """
    if not access.can(Permission.GROUPS_VIEW):
        return []
    params = span.params | {
        "org": access.org.id,
        "project": project,
        "sees_all": access.can(Permission.GROUPS_MANAGE_MEMBERS),
        "viewer": access.membership_id,
        "shown": SHOWN,
    }
    return [
        GroupShare(kind=kind, id=pk, name=name, size=size, people=people, sums=Sums(*numbers))
        for kind, pk, name, size, people, *numbers in fetched(_BY_GROUP, params)
    ]


# Those whose role in the project lets them chat and run: their own, or a group's.
TEAM = """
    SELECT g.content_object_id AS project_id, m.id AS person_id
    FROM projects_projectgrant AS g
    JOIN orgs_membership AS m ON m.person_id = g.user_id AND m.organization_id = %(org)s
    WHERE g.organization_id = %(org)s AND g.content_object_id = ANY(%(projects)s)
      AND g.permission_id = ANY(%(roles)s) AND (g.expires_at IS NULL OR g.expires_at > now())
      AND (m.expires_at IS NULL OR m.expires_at > now())
    UNION
    SELECT g.content_object_id, m.id
    FROM projects_projectgroupgrant AS g
    JOIN orgs_groupmembership AS s ON s.group_id = g.group_id
    JOIN orgs_membership AS m ON m.id = s.membership_id AND m.organization_id = %(org)s
    WHERE g.organization_id = %(org)s AND g.content_object_id = ANY(%(projects)s)
      AND g.permission_id = ANY(%(roles)s) AND (g.expires_at IS NULL OR g.expires_at > now())
      AND (s.expires_at IS NULL OR s.expires_at > now())
      AND (m.expires_at IS NULL OR m.expires_at > now())
"""


def team_roles() -> list[int]:
    """The roles on a project with which people use it, as grants keep them."""
    using = {Permission.AGENTS_CHAT, Permission.WORKFLOWS_EXECUTE}
    return [
        permission_id(role)
        for role in PROJECT_ROLES
        if using & permissions_of(frozenset({role}), frozenset())
    ]


# Who succeeded for the first time in these weeks: from the day they were given a role in the
# project, or their first run where that came earlier, to the end of the first that succeeded.
_FIRST = """
    WITH lately AS MATERIALIZED (
        SELECT project_id, started_by_id, min(week) AS week
        FROM projects_executionweek
        WHERE organization_id = %(org)s AND project_id = ANY(%(projects)s)
          AND started_by_id IS NOT NULL AND succeeded > 0
          AND week >= %(first)s AND week < %(this)s
        GROUP BY project_id, started_by_id
    ), fresh AS MATERIALIZED (
        SELECT * FROM lately WHERE NOT EXISTS (
            SELECT FROM projects_executionweek AS e
            WHERE e.organization_id = %(org)s AND e.project_id = lately.project_id
              AND e.started_by_id = lately.started_by_id AND e.week < %(first)s AND e.succeeded > 0)
    ), given AS MATERIALIZED (
        SELECT project_id, person_id, min(at) AS at FROM (
            SELECT g.content_object_id AS project_id, m.id AS person_id, g.granted_at AS at
            FROM projects_projectgrant AS g
            JOIN orgs_membership AS m ON m.person_id = g.user_id AND m.organization_id = %(org)s
            WHERE g.organization_id = %(org)s AND g.content_object_id = ANY(%(projects)s)
            UNION ALL
            SELECT g.content_object_id, s.membership_id, greatest(g.granted_at, s.added_at)
            FROM projects_projectgroupgrant AS g
            JOIN orgs_groupmembership AS s ON s.group_id = g.group_id
            WHERE g.organization_id = %(org)s AND g.content_object_id = ANY(%(projects)s)
        ) AS roles GROUP BY project_id, person_id
    ), told AS (
        SELECT fresh.project_id, given.at AS given,
               (SELECT x.started_at FROM projects_execution AS x
                WHERE x.organization_id = %(org)s AND x.project_id = fresh.project_id
                  AND x.started_by_id = fresh.started_by_id AND x.kind IN ('run', 'conversation')
                ORDER BY x.started_at LIMIT 1) AS began,
               (SELECT coalesce(x.finished_at, x.started_at) FROM projects_execution AS x
                WHERE x.organization_id = %(org)s AND x.project_id = fresh.project_id
                  AND x.started_by_id = fresh.started_by_id AND x.kind IN ('run', 'conversation')
                  AND x.state = 'succeeded'
                  AND x.started_at >= fresh.week::timestamp AT TIME ZONE %(zone)s
                ORDER BY x.started_at LIMIT 1) AS succeeded
        FROM fresh LEFT JOIN given
          ON given.project_id = fresh.project_id AND given.person_id = fresh.started_by_id
    )
    SELECT project_id, count(*),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY succeeded - least(began, given))
    FROM told GROUP BY project_id
"""


def first_successes(org: UUID, span: Span, projects: Sequence[UUID]) -> dict[UUID, FirstSuccess]:
    """By project, where anybody succeeded for the first time in these weeks. One query."""
    if not projects:
        return {}
    params: dict[str, Any] = span.params | {"org": org, "projects": list(projects)}
    return {
        project: FirstSuccess(people=people, median=median)
        for project, people, median in fetched(_FIRST, params)
    }
