"""What an actor may do in the bound organization: computed once a request, answered from memory.

`may_grant` is the ceiling, the one function on every path that hands out a role.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from audit.ledger import Actor
from config.roles import (
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_of,
    roles_with,
)
from orgs.models import Membership


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """The organization of this request, as `bind_request` returned it: no further query."""

    id: UUID
    name: str
    slug: str
    state: str
    state_reason: str
    closes_at: datetime.datetime | None
    policies: frozenset[Policy]
    plan: str
    seats: int | None
    owner_count: int
    member_count: int
    group_count: int
    seats_used: int

    @property
    def plan_label(self) -> str:
        return self.plan.capitalize()

    @property
    def pk(self) -> UUID:
        return self.id


@dataclass(frozen=True, kw_only=True)
class Access:
    """The answer to "what may this actor do here"; `identity` is who the ledger names.

    `organization` is None in the portal, whose superadmin stands in no organization.
    """

    organization: Bound | None
    roles: frozenset[Role]
    identity: Actor
    membership_id: UUID | None = None

    @property
    def org(self) -> Bound:
        if self.organization is None:
            raise LookupError("The portal stands in no organization.")
        return self.organization

    @cached_property
    def policies(self) -> frozenset[Policy]:
        return self.organization.policies if self.organization else frozenset()

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        return permissions_of(self.roles, self.policies)

    @cached_property
    def role(self) -> Role | None:
        """The organization role of the membership; None for an actor who has none."""
        return next((role for role in ORGANIZATION_ROLES if role in self.roles), None)

    def can(self, permission: Permission, obj: Any = None) -> bool:
        """May this actor do it, on this object? An object of another organization: never."""
        if permission not in self.permissions:
            return False
        owner = getattr(obj, "organization_id", None)
        return owner is None or (self.organization is not None and owner == self.organization.id)

    def refusal(self, permission: Permission) -> str:
        """One sentence for a notice: what is refused, who may do it, and whom to ask."""
        what = permission.label[0].lower() + permission.label[1:]
        may = [role for role in roles_with(permission, self.policies) if role is not Role.OWNER]
        names = ["Owners", *(f"{role.label}s" for role in may if role in ORGANIZATION_ROLES)]
        sentence = f"You may not {what}. {_list(names, 'and')} may"
        asked = self._owner_names()
        return f"{sentence}; ask {_list(asked, 'or')}." if asked else f"{sentence}."

    def landing_url(self) -> str:
        """Where a refused person is at home: the dashboard, or the Hub for an End User."""
        if self.organization is None:
            return reverse("home")
        page = "dashboard" if self.can(Permission.ORG_VIEW_DASHBOARD) else "hub"
        return reverse(page, args=[self.organization.slug])

    def _owner_names(self) -> list[str]:
        if self.organization is None:
            return []
        owners = Membership.objects.in_org(self.organization.id).filter(
            role=Role.OWNER, person__isnull=False
        )
        return list(owners.order_by("joined_at").values_list("name", flat=True)[:2])


def may_grant(access: Access, role: Role, obj: Any = None) -> bool:
    """The ceiling: may this actor hand out `role`?

    Who may change roles may hand out any organization role. Who may only invite hands out roles
    that hold strictly less than their own, so nobody reaches beyond themselves (X-02, C3-3).
    """
    if access.can(Permission.MEMBERS_CHANGE_ROLE, obj):
        return True
    if not access.can(Permission.MEMBERS_INVITE, obj):
        return False
    given = _in_organization(permissions_of(frozenset({role}), access.policies))
    return given < _in_organization(access.permissions)


def require(access: Access, permission: Permission, obj: Any = None) -> None:
    """For actions that several doors lead to. Raises ValidationError with the code `forbidden`."""
    if not access.can(permission, obj):
        raise ValidationError(access.refusal(permission), code="forbidden")


def require_grant(access: Access, role: Role) -> None:
    """Raises ValidationError with the code `ceiling` when `role` lies above the ceiling."""
    if not may_grant(access, role):
        raise ValidationError(
            "You may not give the role %(role)s. Owners may.",
            code="ceiling",
            params={"role": role.label},
        )


def grantable_roles(access: Access) -> tuple[Role, ...]:
    """The organization roles under the ceiling, for the choices of a form."""
    return tuple(role for role in ORGANIZATION_ROLES if may_grant(access, role))


class AccessBackend(BaseBackend):
    """Django's own `user.has_perm` goes through the access of the request, and nowhere else."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        access: Access | None = getattr(user_obj, "access", None)
        try:
            permission = Permission(perm)
        except ValueError:
            raise PermissionDenied from None
        if access is None or not access.can(permission, obj):
            raise PermissionDenied
        return True

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        raise PermissionDenied


def _in_organization(permissions: frozenset[Permission]) -> frozenset[Permission]:
    return frozenset(p for p in permissions if p.scope is Scope.ORGANIZATION)


def _list(words: list[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
