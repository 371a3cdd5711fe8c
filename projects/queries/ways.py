"""The ways of giving what was asked for: a role on a place, a group, another organization role.

Only what the one who answers may hand out; the smallest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.roles import GROUP_ROLES, ORGANIZATION_ROLES, Permission, Role, Scope, permissions_of
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.grants import permission_id
from orgs.models import Group, GroupRole, Membership
from projects.actions.shares import AnyPlace
from projects.models import Request, Resource

MOST_GROUPS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to give it: a role on a place, a seat in a group, or an organization role."""

    role: Role
    place: AnyPlace | None = None
    group: Group | None = None

    @property
    def value(self) -> str:
        """As a form sends it back; read against the same list, never by itself."""
        if self.place is not None:
            return f"{self.role.value}@{self.place.pk}"
        return f"group@{self.group.pk}" if self.group else self.role.value

    @property
    def label(self) -> str:
        if self.place is not None:
            return f"{self.role.label} on {self.place.name}"
        if self.group is not None:
            return f"The group {self.group.name}, which carries {self.role.label}"
        return f"Organization role {self.role.label}"


def ways(access: Access, request: Request) -> list[Way]:
    """How this actor may give what an access or production request asks for, smallest first."""
    if request.place is None:
        return _of_the_organization(access, request)
    whom = request.for_member
    places: list[AnyPlace] = [request.place]
    if isinstance(request.place, Resource) and request.place.project:
        places.append(request.place.project)
    found = [
        Way(role=role, place=place)
        for place in places
        for role in _by_reach(role for role in Role if role.scope is place.scope)
        if _gives(role, request, access) and may_grant(access, role, place)
        # A person of the Hub holds nothing but what is shared with them piece by piece.
        if place.scope is Scope.RESOURCE or whom is None or whom.role != Role.END_USER
    ]
    # What no role there holds, a role of the whole organization may.
    return _asked_first(found, request) or _of_the_organization(access, request)


def _of_the_organization(access: Access, request: Request) -> list[Way]:
    whom = request.for_member or request.requested_by
    roles = [role for role in ORGANIZATION_ROLES if role not in (Role.OWNER, whom.role)]
    found = [
        Way(role=role)
        for role in _by_reach(roles)
        if _gives(role, request, access) and may_grant(access, role)
    ]
    return _asked_first(_groups(access, request, whom) + found, request)


def _groups(access: Access, request: Request, whom: Membership) -> list[Way]:
    """Groups that carry it. Who may not fill such a group is not shown it."""
    may = access.can(Permission.GROUPS_MANAGE_MEMBERS)
    wanted = [r for r in GROUP_ROLES if _gives(r, request, access) and may_grant(access, r)]
    if not (wanted and may):
        return []
    carried = GroupRole.objects.in_org(access.org.id).live().select_related("group")
    carried = carried.filter(permission_id__in=[permission_id(role) for role in wanted])
    carried = carried.exclude(group__seats__membership=whom).order_by("group__sort_name")
    first: dict[object, Way] = {}
    for row in carried[:MOST_GROUPS]:
        first.setdefault(row.group_id, Way(role=row.role, group=row.group))
    return list(first.values())


def _gives(role: Role, request: Request, access: Access) -> bool:
    """The role asked for, or another one that holds what the asker was refused."""
    permission = request.asked_permission
    if permission is not None:
        return permission in permissions_of({role}, access.policies)
    asked = request.asked_role
    if asked is None or asked.scope is not Scope.ORGANIZATION:
        return True
    return role is asked


def _by_reach(roles: Iterable[Role]) -> list[Role]:
    return sorted(roles, key=lambda role: len(permissions_of({role}, ())))


def _asked_first(found: list[Way], request: Request) -> list[Way]:
    return sorted(found, key=lambda way: way.role is not request.asked_role)
