"""The head that the pages of a project share, and the projects to delete for good.

Lists are in `project_list.py`, the facts of one in `project_facts.py`, who may access it in
`access.py`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse

from config.prepared import prepared_row
from config.roles import PROJECT_ROLES, WORKSPACE_ROLES, Permission, Scope
from orgs.access import Access
from orgs.models import Entitlement
from projects.models import Key, Project

COUNTED = 1_000

_COUNTS = """
    SELECT
        (SELECT count(*) FROM (
            SELECT 1 FROM projects_resource
            WHERE organization_id = %s AND project_id = %s LIMIT %s
        ) AS found),
        (SELECT count(*)
         FROM access_people(%s::uuid[], %s::text[], '', '', false, NULL, NULL, %s)),
        EXISTS (SELECT FROM projects_projectinsights
                WHERE organization_id = %s AND project_id = %s)
"""
_ROLES = [role.value for role in (*PROJECT_ROLES, *WORKSPACE_ROLES)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """One page of a project or of a workspace."""

    label: str
    url: str
    route: str
    count: str = ""
    current: bool = False


# The pages of a project that this person may open; the count that stands behind a name.
_TABS = (
    ("Overview", "project_view", None),
    ("Resources", "project_resources", Permission.PROJECTS_VIEW),
    ("Access", "project_access", Permission.PROJECTS_VIEW),
    ("Keys", "project_keys", Permission.PROJECTS_VIEW),
    ("Audit", "project_audit", Permission.PROJECTS_VIEW_AUDIT),
    ("Usage", "project_usage", Permission.PROJECTS_VIEW_USAGE),
    ("Insights", "project_insights", None),
    ("Costs", "project_costs", Permission.PROJECTS_VIEW_COSTS),
    ("Settings", "project_settings", Permission.PROJECTS_CHANGE),
)
_MAY = {
    "view": Permission.PROJECTS_VIEW,
    "change": Permission.PROJECTS_CHANGE,
    "set_policies": Permission.PROJECTS_SET_POLICIES,
    "share": Permission.PROJECTS_MANAGE_MEMBERS,
    "delete": Permission.PROJECTS_DELETE,
    "secrets": Permission.PROJECTS_MANAGE_SECRETS,
    "environments": Permission.PROJECTS_CONFIGURE_ENVIRONMENTS,
    "prebuilds": Permission.PROJECTS_MANAGE_PREBUILDS,
    "audit": Permission.PROJECTS_VIEW_AUDIT,
    "usage": Permission.PROJECTS_VIEW_USAGE,
    "costs": Permission.PROJECTS_VIEW_COSTS,
}


def project_head(access: Access, project: Project, *, current: str = "") -> dict[str, Any]:
    """What `_project_head.html` reads as `head`: the project, its tabs and what one may do there.

    One query for the counts. `current` is the route of a tab, for pages that belong to one.
    """
    *numbers, has_insights = _counts(project)
    counts = dict(zip(("project_resources", "project_access"), numbers, strict=True))
    return {
        "project": project,
        "tabs": [
            Tab(
                label=label,
                url=reverse(route, args=[access.org.slug, project.pk]),
                route=route,
                count=counted(counts[route]) if route in counts else "",
                current=route == current,
            )
            for label, route, permission in _TABS
            if permission is None or access.can(permission, project)
            if route != "project_keys" or has_keys_to_see(access, project)
            if route != "project_insights" or (has_insights and _views_insights(access))
        ],
        "may": {word: access.can(permission, project) for word, permission in _MAY.items()},
        "workspace": _open_workspace(access, project),
    }


def has_keys_to_see(access: Access, project: Project) -> bool:
    """Whoever manages its keys, may have one of their own, or still has one from before."""
    here = {Permission.PROJECTS_CREATE_KEYS, Permission.WORKFLOWS_EXECUTE, Permission.AGENTS_CHAT}
    held = access.permissions_on(project)
    if access.can(Permission.KEYS_SET_POLICIES) or here & held:
        return True
    own = Key.objects.in_org(access.org.id).filter(project=project, creator=access.membership_id)
    return own.exists()


def counted(number: int) -> str:
    """A number as tabs say it: past the cap nobody counts on."""
    return f"{COUNTED:,}+" if number > COUNTED else f"{number:,}"


def _views_insights(access: Access) -> bool:
    """Of the whole organization: what was counted is read there, in whatever state a project is."""
    return access.can(Permission.INSIGHTS_VIEW) and access.includes(Entitlement.INSIGHTS)


def _counts(project: Project) -> tuple[int, int, bool]:
    """How many resources it holds, how many people hold a role on it or its workspace, and
    whether its insights are on."""
    row = prepared_row(
        _COUNTS,
        [
            project.organization_id,
            project.pk,
            COUNTED + 1,
            project.places,
            _ROLES,
            COUNTED + 1,
            project.organization_id,
            project.pk,
        ],
    )
    return (row[0], row[1], row[2]) if row else (0, 0, False)


def _open_workspace(access: Access, project: Project) -> dict[str, Any] | None:
    """The workspace, with its address for who may open it: its name is on every project page.

    The roles on a project hold those on its workspace, so nothing more is asked.
    """
    if project.workspace_id is None:
        return None
    through = any(role.scope is Scope.WORKSPACE for role in access.roles_on(project))
    may = through or access.can(Permission.WORKSPACES_VIEW_ALL)
    place: UUID = project.workspace_id
    return {
        "name": project.workspace.name,
        "url": reverse("workspace_view", args=[access.org.slug, place]) if may else "",
    }


@dataclass(frozen=True, slots=True)
class Due:
    """A deleted project whose days of grace are over."""

    organization: UUID
    id: UUID
    name: str
    slug: str
    deletes_at: datetime.datetime


def projects_due(*, now: datetime.datetime) -> list[Due]:
    """The projects to delete for good, oldest first: for the command that does it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM projects_due(%s)", [now])
        return [Due(*row) for row in cursor.fetchall()]
