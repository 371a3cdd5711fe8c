"""Which permissions make sense to ask about where, for the choices of a form."""

from __future__ import annotations

from config.roles import AREAS, Permission, Scope, permissions_in
from projects.doors import seeing
from projects.explain.standing import AnyPlace
from projects.kinds import kind_of
from projects.models import Resource

_OF_PROJECTS = tuple(p for p in Permission if p.scope is Scope.PROJECT)
_OF_WORKSPACES = tuple(p for p in Permission if p.scope is Scope.WORKSPACE)
_OF_ORGANIZATIONS = tuple(p for p in Permission if p.scope is not Scope.PLATFORM)


def asked_at(place: AnyPlace | None) -> tuple[Permission, ...]:
    """In the order of the book; at a resource those that its kind uses."""
    if place is None:
        return _OF_ORGANIZATIONS
    if not isinstance(place, Resource):
        return _OF_PROJECTS if place.scope is Scope.PROJECT else _OF_WORKSPACES
    kind = kind_of(place)
    asked = {seeing(place), kind.change, kind.delete, kind.share, kind.history}
    if kind.use:
        asked |= {kind.use, Permission.HUB_PUBLISH, Permission.HUB_REQUEST_PUBLISH}
    return tuple(permission for permission in Permission if permission in asked)


def first_asked(place: AnyPlace | None) -> Permission:
    """What is asked when nothing is chosen: what seeing the place takes."""
    if isinstance(place, Resource):
        return seeing(place)
    if place is None:
        return Permission.ORG_VIEW_DASHBOARD
    is_project = place.scope is Scope.PROJECT
    return Permission.PROJECTS_VIEW if is_project else Permission.WORKSPACES_VIEW


def by_area(permissions: tuple[Permission, ...]) -> list[tuple[str, list[Permission]]]:
    """Under the headings of their areas."""
    return [
        (label, found)
        for area, label in AREAS.items()
        if (found := [p for p in permissions_in(area) if p in permissions])
    ]
