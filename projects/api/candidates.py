"""Who could do something somewhere, and where somebody could: what a search decides on.

Never fewer than those who may, in the order of their ids, so that a page begins behind an id.
Bound to the organization.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from config.prepared import prepared_rows
from config.roles import Permission, Policy, Role, Scope, permissions_of, roles_with
from projects.api.facts import KEY, SUBJECTS, USER, Facts
from projects.held import own_projects, own_resources, own_workspaces
from projects.keys import ACTIONS
from projects.models import Key, Project, Resource, Workspace

_PEOPLE = """
    SELECT DISTINCT membership_id FROM access_paths(%s::uuid[], %s::text[], NULL)
    WHERE %s::uuid IS NULL OR membership_id > %s::uuid ORDER BY 1 LIMIT %s
"""

After = Callable[[str | None, int], list[str]]
"""So many ids behind this one, in order."""


def subjects(facts: Facts, subject_type: str, permission: Permission | None) -> After | None:
    """The people or keys that could; None where there can be none."""
    if facts.place_id is None or permission is None:
        return None
    kind = SUBJECTS.get(subject_type)
    if kind == USER:
        return _people(facts, permission)
    if kind == KEY and permission in ACTIONS:
        return _rows(_keys(facts))
    return None


def resources(facts: Facts, place_type: str, permission: Permission | None) -> After | None:
    """The places of this type where the subject could; None where there can be none."""
    if permission is None or not facts.known or (facts.is_key and permission not in ACTIONS):
        return None
    if place_type == Scope.ORGANIZATION:
        return _only(facts.org.id)
    model = _PLACES.get(place_type)
    if model is None:
        return None
    rows: QuerySet[Any] = model.objects.in_org(facts.org.id)
    if facts.key_project is not None:
        rows = rows.filter(_of_project(place_type, facts.key_project))
    everywhere = permissions_of(facts.roles - {Role.END_USER}, frozenset(Policy))
    if permission not in everywhere:
        rows = rows.filter(_held(facts, place_type))
    return _rows(rows)


_PLACES: dict[str, Any] = {
    Scope.WORKSPACE: Workspace,
    Scope.PROJECT: Project,
    Scope.RESOURCE: Resource,
}


def _held(facts: Facts, place_type: str) -> Q:
    """The places of this type on which the subject holds a role, there or above."""
    if facts.account_id is not None:
        at = {Scope.PROJECT: "", Scope.RESOURCE: "project__"}.get(Scope(place_type))
        none = Q(pk__in=[])
        return none if at is None else Q(**{f"{at}service_accounts__account": facts.account_id})
    if place_type == Scope.WORKSPACE:
        return Q(pk__in=own_workspaces(facts.access))
    if place_type == Scope.PROJECT:
        return Q(pk__in=own_projects(facts.access))
    shared = Q(pk__in=own_resources(facts.access))
    return Q(project__in=own_projects(facts.access)) | shared


def _of_project(place_type: str, project: UUID) -> Q:
    """What the key of one project reaches: the project and what it holds."""
    if place_type == Scope.PROJECT:
        return Q(pk=project)
    return Q(project=project) if place_type == Scope.RESOURCE else Q(pk__in=[])


def _keys(facts: Facts) -> QuerySet[Any]:
    """Those that are not revoked and are not another project's."""
    at = Q(project__isnull=True) | Q(project=facts.place_project)
    return Key.objects.in_org(facts.org.id).filter(at, revoked_at__isnull=True)


def _people(facts: Facts, permission: Permission) -> After:
    """Whoever holds a role that gives it, on the place, above it or in the organization."""
    roles = [
        role.value
        for role in roles_with(permission, facts.org.policies)
        if facts.scope is Scope.ORGANIZATION or role is not Role.END_USER
    ]

    def after(last: str | None, size: int) -> list[str]:
        rows = prepared_rows(_PEOPLE, [_places(facts), roles, last, last, size])
        return [str(row[0]) for row in rows]

    return after


def _places(facts: Facts) -> list[UUID]:
    """The place, and those that stand above it."""
    places = {facts.place_id, facts.place_project, facts.org.id}
    if facts.place_project is not None:
        above = Project.objects.in_org(facts.org.id).filter(pk=facts.place_project)
        places |= set(above.values_list("workspace", flat=True))
    return [place for place in places if place is not None]


def _rows(rows: QuerySet[Any]) -> After:
    def after(last: str | None, size: int) -> list[str]:
        later = rows.filter(pk__gt=last) if last else rows
        return [str(pk) for pk in later.order_by("pk").values_list("pk", flat=True)[:size]]

    return after


def _only(pk: UUID) -> After:
    return lambda last, size: [] if last else [str(pk)]
