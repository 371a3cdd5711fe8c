"""What an access page shows, the same for a workspace, a project and a resource.

The doors to it, and the deeds, are in sharing.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from config.roles import Permission, Scope
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.team import counted
from projects.actions.shares import AnyPlace
from projects.forms.sharing import VIAS, AccessFilter
from projects.kinds import sharing
from projects.models import Resource
from projects.queries.access import Found, Person, access_page, viewing
from projects.queries.given import Given, given_page, spread
from projects.queries.projects import project_head
from projects.queries.resources import resource_head
from projects.queries.workspaces import workspace_head

HEADS: dict[Scope, Callable[..., dict[str, Any]]] = {
    Scope.WORKSPACE: workspace_head,
    Scope.PROJECT: project_head,
    Scope.RESOURCE: resource_head,
}
_SHARING = {
    Scope.WORKSPACE: Permission.WORKSPACES_MANAGE_MEMBERS,
    Scope.PROJECT: Permission.PROJECTS_MANAGE_MEMBERS,
}


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A role as it was given, and what this reader may do about it."""

    given: Given
    is_mine: bool
    may_change: bool

    @property
    def may_take(self) -> bool:
        return self.is_mine or self.may_change


def listed(access: Access, place: AnyPlace, asked: AccessFilter) -> dict[str, Any]:
    """The list as it was asked for, with its links and what one may do. Two queries."""
    shown: dict[str, Any] = {"access": access, "place": place}
    shown |= {"search": asked.search, "cursor": asked.cursor}
    found = given_page(**shown) if asked.given else access_page(**shown, via=asked.via)
    path = reverse(f"{place.scope.value}_access", args=[access.org.slug, place.pk])
    rows = found.page.rows
    return {
        "asked": asked,
        "place": place,
        "routes": routes(place),
        "rows": [_given_row(access, place, row) for row in rows] if asked.given else rows,
        "newer_url": found.page.newer and asked.url(path, cursor=found.page.newer),
        "older_url": found.page.older and asked.url(path, cursor=found.page.older),
        "span": _span(found),
        "total": counted(found.total),
        "number": found.total,
        "spread": spread(place),
        "permission": viewing(place).value,
        "modes": {
            "people": AccessFilter(search=asked.search).url(path),
            "given": AccessFilter(search=asked.search, given=True).url(path),
        },
        "path": path,
        "vias": _vias(place),
        "inherited": any(_inherits(row) for row in rows),
        "may_share": access.can(sharing_here(place), place),
        "reads_log": access.can(Permission.AUDIT_VIEW),
    }


def routes(place: AnyPlace) -> dict[str, str]:
    """The names of this place's own routes, for templates that serve all three."""
    scope = place.scope.value
    deeds = ("access", "share", "share_change", "unshare")
    return {"view": f"{scope}_view"} | {deed: f"{scope}_{deed}" for deed in deeds}


def sharing_here(place: AnyPlace) -> Permission:
    """What giving a role on this place takes."""
    return sharing(place) if isinstance(place, Resource) else _SHARING[place.scope]


def _given_row(access: Access, place: AnyPlace, given: Given) -> GivenRow:
    is_mine = not given.is_group and given.holder == access.membership_id
    return GivenRow(given, is_mine, not is_mine and may_grant(access, given.role, place))


def _inherits(row: Person | Given) -> bool:
    return isinstance(row, Person) and any(path.is_inherited for path in row.paths)


def _span(found: Found) -> str:
    """Where the page stands; past the first one only how much of all it shows."""
    shown, total = len(found.page.rows), counted(found.total)
    return f"{shown} of {total}" if found.page.newer else f"1 to {shown} of {total}"


def _vias(place: AnyPlace) -> list[tuple[str, str]]:
    """The ways that there are to this place."""
    above = {
        Scope.WORKSPACE: {"workspace", "project"},
        Scope.PROJECT: {"project"},
        Scope.RESOURCE: set[str](),
    }[place.scope]
    if isinstance(place, Resource) and place.project is None:
        above = {"workspace", "project"}
    return [(value, label) for value, label in VIAS.items() if value not in above]
