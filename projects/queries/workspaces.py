"""Reads of workspaces: the head that their pages share, the list, and the facts of one.

Who may access one is in `access.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from config.keyset import Page, capped_count, keyset_page
from config.prepared import prepared_row
from config.roles import WORKSPACE_ROLES, Permission, Scope
from orgs.access import Access
from orgs.models import Membership
from orgs.preview import rehearse
from projects.models import Project, Workspace
from projects.queries.projects import COUNTED, Tab, counted
from projects.queries.standing import Standing, named, with_standing, workspace_standing

PAGE_SIZE = 50
MEASURED = 200

_COUNTS = """
    SELECT
        (SELECT count(*) FROM (
            SELECT 1 FROM projects_project
            WHERE organization_id = %s AND workspace_id = %s AND state <> 'deleted' LIMIT %s
        ) AS found),
        (SELECT count(*)
         FROM access_people(%s::uuid[], %s::text[], '', '', false, NULL, NULL, %s))
"""
_LEAVING = """
    SELECT
        (SELECT count(*) FROM projects_workspacegroupgrant WHERE organization_id = %s
            AND content_object_id = %s AND (expires_at IS NULL OR expires_at > now())),
        ARRAY(SELECT id FROM projects_project WHERE organization_id = %s
            AND workspace_id = %s AND state <> 'deleted' LIMIT %s),
        ARRAY(SELECT id FROM access_people(%s::uuid[], %s::text[], '', '', false, NULL, NULL, %s))
"""
_ROLES = [role.value for role in WORKSPACE_ROLES]
_MAY = {
    "assign": Permission.WORKSPACES_ASSIGN_PROJECTS,
    "share": Permission.WORKSPACES_MANAGE_MEMBERS,
    "change": Permission.WORKSPACES_MANAGE_MEMBERS,
    "delete": Permission.WORKSPACES_DELETE,
}


def workspace_head(access: Access, workspace: Workspace, *, current: str = "") -> dict[str, Any]:
    """What `_workspace_head.html` reads as `head`. One query for the counts."""
    projects, people = _counts(workspace)
    tabs = (("Projects", "workspace_view", projects), ("Access", "workspace_access", people))
    return {
        "workspace": workspace,
        "tabs": [
            Tab(
                label=label,
                url=reverse(route, args=[access.org.slug, workspace.pk]),
                route=route,
                count=counted(count),
                current=route == current,
            )
            for label, route, count in tabs
        ],
        "may": {word: access.can(permission, workspace) for word, permission in _MAY.items()},
        "projects": projects,
        "people": people,
    }


def _counts(workspace: Workspace) -> tuple[int, int]:
    """How many projects it holds, and how many people hold a role on it."""
    row = prepared_row(
        _COUNTS,
        [
            workspace.organization_id,
            workspace.pk,
            COUNTED + 1,
            workspace.places,
            _ROLES,
            COUNTED + 1,
        ],
    )
    return (row[0], row[1]) if row else (0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkspaceRow:
    """A workspace in a list, with one's own role there."""

    workspace: Workspace
    mine: Standing
    projects: int
    people: int
    groups: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """What goes with a workspace: who holds a role on it, and the projects that stay behind."""

    holders: list[UUID]
    groups: int
    projects: list[UUID]


def workspace_page(
    access: Access, *, search: str, cursor: str | None
) -> tuple[Page[Workspace], list[WorkspaceRow]]:
    """A page by name. One query, with one's own role in each row."""
    rows = with_standing(workspaces_seen(access, search), Scope.WORKSPACE, access)
    rows = rows.annotate(projects_in=_projects_in())
    page = keyset_page(rows, order=("sort_name", "id"), cursor=cursor, size=PAGE_SIZE)
    return page, [
        WorkspaceRow(
            workspace=row,
            mine=workspace_standing(row, access),
            projects=row.projects_in,
            people=row.people,
            groups=row.groups,
        )
        for row in page.rows
    ]


def workspaces_seen(access: Access, search: str = "") -> QuerySet[Workspace]:
    workspaces: QuerySet[Workspace] = access.visible(Workspace.objects)
    return workspaces.filter(named(search)) if search else workspaces


def workspace_count(access: Access, search: str = "") -> int:
    return capped_count(workspaces_seen(access, search))


def leaving_with(workspace: Workspace) -> Leaving:
    """What a deletion takes: one query."""
    row = prepared_row(
        _LEAVING,
        [
            *(workspace.organization_id, workspace.pk) * 2,
            *(COUNTED + 1, workspace.places, _ROLES, COUNTED + 1),
        ],
    )
    groups, projects, holders = row or (0, [], [])
    return Leaving(holders=holders, groups=groups, projects=projects)


def losing_sight(
    access: Access, deed: Callable[[], object], *, people: list[UUID], projects: list[UUID]
) -> list[str] | None:
    """The names of those who would no longer see one of these projects, by name.

    None where there are more people or projects than anybody reads about: they are only counted.
    """
    if max(len(people), len(projects)) > MEASURED:
        return None
    found = rehearse(access, deed, people=people, places=projects).difference
    seen, places = Permission.PROJECTS_VIEW, set(projects)
    lost = {who for (who, place), (_, gone) in found.items() if place in places and seen in gone}
    members = Membership.objects.in_org(access.org.id).filter(pk__in=lost)
    return list(members.order_by("sort_name", "id").values_list("name", flat=True)) if lost else []


def _projects_in() -> Coalesce:
    inside = Project.objects.filter(workspace=OuterRef("pk")).kept().order_by()
    counted = inside.values("workspace").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
