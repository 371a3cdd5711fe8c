"""The ceiling: what an actor may hand out. Every path that gives a role asks `may_grant`."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    Permission,
    Role,
    Scope,
    permissions_of,
)
from orgs.access import Access

# Which permission lets a role of this scope be handed out on an object of it.
_SHARES = {
    Scope.WORKSPACE: Permission.WORKSPACES_MANAGE_MEMBERS,
    Scope.PROJECT: Permission.PROJECTS_MANAGE_MEMBERS,
}
_SHARES_RESOURCE = {
    "runner": Permission.RUNNERS_SHARE,
    "automation": Permission.AUTOMATIONS_SHARE,
}


def sharing_permission(role: Role, obj: Any) -> Permission:
    """What handing out this role, there, takes."""
    if role in GROUP_ROLES:
        return Permission.GROUPS_ASSIGN_ROLES
    if role.scope is Scope.RESOURCE:
        return _SHARES_RESOURCE.get(obj.kind, Permission.PROJECTS_MANAGE_MEMBERS)
    return _SHARES[role.scope]


def may_grant(access: Access, role: Role, obj: Any = None) -> bool:
    """The ceiling: may this actor hand out `role`, on this object where it sits on one?

    Who may change roles may hand out any organization role. Who may only invite hands out roles
    that hold strictly less than their own, so nobody reaches beyond themselves (X-02, C3-3).
    A role on a workspace, project or resource, and one that a group carries, takes the
    permission for it there.
    """
    if role.scope is Scope.PLATFORM:
        return False
    if role not in ORGANIZATION_ROLES:
        if role not in GROUP_ROLES and getattr(obj, "scope", None) is not role.scope:
            return False
        return access.can(sharing_permission(role, obj), None if role in GROUP_ROLES else obj)
    if access.can(Permission.MEMBERS_CHANGE_ROLE, obj):
        return True
    if not access.can(Permission.MEMBERS_INVITE, obj):
        return False
    given = _in_organization(permissions_of(frozenset({role}), access.policies))
    return given < _in_organization(access.permissions)


def require_grant(access: Access, role: Role, obj: Any = None) -> None:
    """Raises ValidationError with the code `ceiling` when `role` lies above the ceiling."""
    if not may_grant(access, role, obj):
        raise ValidationError(
            "You may not give the role %(role)s. Owners may.",
            code="ceiling",
            params={"role": role.label},
        )


def _in_organization(permissions: frozenset[Permission]) -> frozenset[Permission]:
    return frozenset(p for p in permissions if p.scope is Scope.ORGANIZATION)
