"""Reads of one project: what it holds, who answers for it, and who works on both sides of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from config.prepared import prepared_row
from config.roles import Permission
from orgs.access import Access
from projects.kinds import KINDS, Kind
from projects.models import Project
from projects.policies import ProjectPolicy

NAMED = 5
COMPARED = 200
E = Project.Environment
OTHER_SIDE = {E.PRODUCTION.value: E.DEVELOPMENT.value, E.DEVELOPMENT.value: E.PRODUCTION.value}

# Words of a name that say which environment it is for, not what it is.
_MARKS = frozenset(
    "production prod live prd development develop dev sandbox staging stage stg test".split()
)

_HOLDS = """
    SELECT
        (SELECT count(*) FROM projects_projectgrant WHERE organization_id = %s
            AND content_object_id = %s AND (expires_at IS NULL OR expires_at > now())),
        (SELECT count(*) FROM projects_projectgroupgrant WHERE organization_id = %s
            AND content_object_id = %s AND (expires_at IS NULL OR expires_at > now())),
        (SELECT count(*) FROM projects_secret WHERE organization_id = %s AND project_id = %s),
        (SELECT count(*) FROM projects_key AS k
            LEFT JOIN orgs_membership AS c ON c.id = k.creator_id
            WHERE k.organization_id = %s AND k.project_id = %s AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > now())
            AND (c.expires_at IS NULL OR c.expires_at > now())),
        (SELECT jsonb_object_agg(kind, n)::text FROM (
            SELECT kind, count(*) AS n FROM projects_resource
            WHERE organization_id = %s AND project_id = %s GROUP BY kind
        ) AS kinds),
        (SELECT jsonb_agg(jsonb_build_array(pk, name, group_name))::text FROM (
            SELECT DISTINCT ON (m.sort_name, m.id) m.id AS pk, m.name,
                CASE WHEN g.secret THEN '' ELSE p.group_name END AS group_name
            FROM access_paths(ARRAY[%s]::uuid[], ARRAY['project_owner'], NULL) AS p
            JOIN orgs_membership AS m ON m.id = p.membership_id
            LEFT JOIN orgs_group AS g ON g.id = p.group_id
            ORDER BY m.sort_name, m.id, p.group_name NULLS FIRST LIMIT %s
        ) AS answering)
"""
# Who is on both sides: people first, by name. A secret group is named to who sees it.
_ON_BOTH = """
    SELECT g.content_object_id, m.name, false
    FROM projects_projectgrant AS g
    JOIN orgs_membership AS m
        ON m.organization_id = g.organization_id AND m.person_id = g.user_id
    WHERE g.organization_id = %(org)s AND g.content_object_id = ANY (%(others)s)
        AND (g.expires_at IS NULL OR g.expires_at > now())
        AND (m.expires_at IS NULL OR m.expires_at > now())
        AND g.user_id IN (
            SELECT h.user_id FROM projects_projectgrant AS h
            WHERE h.organization_id = %(org)s AND h.content_object_id = %(project)s
                AND (h.expires_at IS NULL OR h.expires_at > now()))
    UNION ALL
    SELECT g.content_object_id, t.name, true
    FROM projects_projectgroupgrant AS g
    JOIN orgs_group AS t ON t.id = g.group_id
    WHERE g.organization_id = %(org)s AND g.content_object_id = ANY (%(others)s)
        AND (g.expires_at IS NULL OR g.expires_at > now())
        AND g.group_id IN (
            SELECT h.group_id FROM projects_projectgroupgrant AS h
            WHERE h.organization_id = %(org)s AND h.content_object_id = %(project)s
                AND (h.expires_at IS NULL OR h.expires_at > now()))
        AND (NOT t.secret OR %(all)s OR EXISTS (
            SELECT FROM orgs_groupmembership AS s
            WHERE s.group_id = t.id AND s.membership_id = %(me)s))
    ORDER BY 3, 2
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Somebody who holds the role Project Owner here; `group` is what gives it, "" a secret one."""

    pk: str
    name: str
    group: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Holds:
    """What a project holds, in numbers: those with a role of their own, groups, things."""

    people: int
    groups: int
    secrets: int
    keys: int
    resources: list[tuple[Kind, int]]
    owners: list[Owner]
    more_owners: bool

    @property
    def resource_count(self) -> int:
        return sum(number for _, number in self.resources)


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """A project for the other environment that shares people or groups with this one (S2-165)."""

    project: Project
    people: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    @property
    def who(self) -> list[str]:
        return [*self.people[:NAMED], *(f"the group {name}" for name in self.groups[:NAMED])]

    @property
    def sentence(self) -> str:
        """Who it is, and the verb that goes with it: Mia and the group DevOps have."""
        more = len(self.people) + len(self.groups) - len(self.who)
        names = [*self.who, f"{more} more"] if more else self.who
        if len(names) == 1:
            return f"{names[0]} has"
        return f"{', '.join(names[:-1])} and {names[-1]} have"


def project_holds(project: Project) -> Holds:
    """One query. One more owner is read than is named, to know that there are others."""
    key = [project.organization_id, project.pk]
    row = prepared_row(_HOLDS, [*key * 5, project.pk, NAMED + 1])
    people, groups, secrets, keys, kinds, answering = row or (0, 0, 0, 0, None, None)
    counted = json.loads(kinds or "{}")
    owners = [
        Owner(pk=pk, name=name, group=group) for pk, name, group in json.loads(answering or "[]")
    ]
    return Holds(
        people=people,
        groups=groups,
        secrets=secrets,
        keys=keys,
        resources=[(kind, counted[kind.value]) for kind in KINDS.values() if kind.value in counted],
        owners=owners[:NAMED],
        more_owners=len(owners) > NAMED,
    )


def policies_in_force(project: Project) -> list[ProjectPolicy]:
    return [policy for policy in ProjectPolicy if project.has_policy(policy)]


def stem_of(name: str) -> str:
    """What a name says once its environment is left out: "Order intake (dev)" is order intake."""
    words = re.findall(r"[^\W_]+", name.lower())
    return " ".join(word for word in words if word not in _MARKS)


def overlaps(access: Access, project: Project) -> list[Overlap]:
    """Production beside development of the same thing, with the same people on both (S2-165).

    The same thing is the same stem of a name, or the same workspace. Only projects that this
    person may see. At most two queries; none for a project of neither label.
    """
    if project.environment not in OTHER_SIDE or project.state != Project.State.ACTIVE:
        return []
    others = [one for one in _other_side(access, project) if _belongs(one, project)]
    if not others:
        return []
    both = _on_both(access, project, others)
    found = [
        Overlap(
            project=one,
            people=[name for place, name, is_group in both if place == one.pk and not is_group],
            groups=[name for place, name, is_group in both if place == one.pk and is_group],
        )
        for one in others
    ]
    return [overlap for overlap in found if overlap.who]


def _other_side(access: Access, project: Project) -> QuerySet[Project]:
    rows: QuerySet[Project] = access.visible(Project.objects).filter(
        environment=OTHER_SIDE[project.environment], state=Project.State.ACTIVE
    )
    longest = max(stem_of(project.sort_name).split(), key=len, default="")
    alike = Q(sort_name__contains=longest) if longest else Q(pk=None)
    if project.workspace_id:
        alike |= Q(workspace=project.workspace_id)
    return rows.filter(alike).order_by("sort_name", "id")[:COMPARED]


def _belongs(one: Project, project: Project) -> bool:
    if project.workspace_id is not None and one.workspace_id == project.workspace_id:
        return True
    stem = stem_of(project.sort_name)
    return bool(stem) and stem_of(one.sort_name) == stem


def _on_both(
    access: Access, project: Project, others: list[Project]
) -> list[tuple[UUID, str, bool]]:
    said: dict[str, Any] = {
        "org": project.organization_id,
        "project": project.pk,
        "others": [one.pk for one in others],
        "all": access.can(Permission.GROUPS_MANAGE_MEMBERS),
        "me": access.membership_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ON_BOTH, said)
        return list(cursor.fetchall())
