"""What the address of a request names: a permission, a role, a place, a group and a member.

Whatever its reader may not see does not exist, as everywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from config.roles import GROUP_ROLES, Permission, Role
from orgs.models import Group, Membership
from orgs.queries.groups import visible_groups
from orgs.tenancy import OrgRequest
from projects.actions.shares import AnyPlace
from projects.doors import project_at, resource_at, workspace_at
from projects.models import Request

_PLACES: dict[str, Any] = {
    "workspace": workspace_at,
    "project": project_at,
    "resource": resource_at,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked for; `member` only where it is asked for somebody else."""

    permission: Permission | None
    role: Role | None
    place: AnyPlace | None
    group: Group | None
    member: Membership | None

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles to choose from, where the address names neither a role nor a permission."""
        if self.permission or self.role or self.group:
            return ()
        if self.place is None:
            return GROUP_ROLES
        return tuple(role for role in Role if role.scope is self.place.scope)

    def draft(self, request: OrgRequest) -> Request:
        """The request as it would be made, unsaved: for its words and for who would decide it."""
        at = {self.place.scope.value: self.place} if self.place is not None else {}
        return Request(
            organization_id=request.org.id,
            requested_by_id=cast(UUID, request.access.membership_id),
            kind=Request.Kind.GROUP if self.group else Request.Kind.ACCESS,
            permission=self.permission or "",
            role=self.role or (self.roles[0] if self.roles else ""),
            group=self.group,
            for_member=self.member,
            **at,
        )


def asked_in(request: OrgRequest) -> Asked:
    """What this address asks for. Raises Http404 for what it may not name."""
    said = {name: request.GET.get(name, "") for name in ("permission", "role", "place")}
    place = _place(request, said["place"]) if said["place"] else None
    group = _group(request) if "group" in request.GET else None
    return Asked(
        permission=_one_of(Permission, said["permission"]),
        role=_one_of(Role, said["role"]),
        place=place,
        group=group,
        member=_member(request) if group and "member" in request.GET else None,
    )


def _one_of(names: Any, said: str) -> Any:
    if not said:
        return None
    try:
        return names(said)
    except ValueError:
        raise Http404 from None


def _place(request: OrgRequest, said: str) -> AnyPlace:
    scope, _, pk = said.partition(":")
    if scope not in _PLACES:
        raise Http404
    place: AnyPlace = _PLACES[scope](request, pk=_uuid(pk))
    return place


def _group(request: OrgRequest) -> Group:
    if not request.access.can(Permission.GROUPS_VIEW):
        raise Http404
    return get_object_or_404(visible_groups(request.access), pk=_uuid(request.GET["group"]))


def _member(request: OrgRequest) -> Membership | None:
    member = get_object_or_404(
        Membership.objects.in_org(request.org.id), pk=_uuid(request.GET["member"])
    )
    if member.pk == request.access.membership_id:
        return None
    if not request.access.can(Permission.GROUPS_MANAGE_MEMBERS):
        raise Http404
    return member


def _uuid(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        raise Http404 from None
