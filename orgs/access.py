"""What an actor may do in the bound organization: computed once a request, answered from memory.

What they may hand out is in `ceiling.py`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.ledger import Actor
from config.moments import format_local
from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_of,
    roles_with,
)
from orgs.models import Entitlement, Membership
from orgs.standing import OUTLASTING, QUIET, Standing, withheld_by_window


class Place(Protocol):
    """What a role can sit on below the organization: a workspace, a project, a resource."""

    @property
    def pk(self) -> Any: ...
    @property
    def name(self) -> Any: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def kind_label(self) -> str: ...

    def roles_held_by(self, access: Access) -> frozenset[Role]:
        """The roles that this actor holds on it, by whatever path. One round trip."""

    def leaves(self, permission: Permission) -> bool:
        """Does the state it is in leave this permission in force? An archived one is only read."""


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
    entitlements: frozenset[str] = frozenset()

    def includes(self, entitlement: str) -> bool:
        """The second gate, after permission: does the plan include it?"""
        return entitlement in self.entitlements

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
    `window_ends` is set for support alone: until then it has been let in.
    """

    organization: Bound | None
    roles: frozenset[Role]
    identity: Actor
    membership_id: UUID | None = None
    person_id: UUID | None = None
    unread: int = 0
    window_ends: datetime.datetime | None = None
    standing: Standing = QUIET
    _held: dict[UUID, frozenset[Role]] = field(default_factory=dict, repr=False, compare=False)

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
        return permissions_of(self.roles, self.policies) - self.withheld

    @cached_property
    def withheld(self) -> frozenset[Permission]:
        """What its roles would give, and a window of support does not."""
        return withheld_by_window(self.role) if self.is_support else frozenset()

    @property
    def is_support(self) -> bool:
        return self.window_ends is not None

    @property
    def reads_only(self) -> bool:
        """Is this support that was let in to read? Its window is the role Viewer."""
        return self.is_support and self.role is Role.VIEWER

    def reading_refusal(self) -> str:
        """Why nothing is changed or taken away through a window that is open to read."""
        until = format_local(self.window_ends, "H:i") if self.window_ends else ""
        return (
            f"You are inside {self.org.name} as support, to read only, until {until}."
            " An Owner may let you in to change things."
        )

    @cached_property
    def role(self) -> Role | None:
        """The organization role of the membership; None for an actor who has none."""
        return next((role for role in ORGANIZATION_ROLES if role in self.roles), None)

    def can(self, permission: Permission, obj: Any = None) -> bool:
        """May this actor do it, on this object? An object of another organization: never.

        On a workspace, a project or a resource the roles held there count as well: the first
        question about one is a round trip, each further one is answered from memory.
        """
        owner = getattr(obj, "organization_id", None)
        if owner is not None and (self.organization is None or owner != self.organization.id):
            return False
        if not hasattr(obj, "roles_held_by"):
            return permission in self.permissions
        return permission in self.permissions_on(obj) and obj.leaves(permission)

    def includes(self, entitlement: str) -> bool:
        """The second gate, after permission: does the organization's plan include it?"""
        return self.organization is not None and self.organization.includes(entitlement)

    def plan_refusal(self, entitlement: str) -> str:
        """One sentence that names the gate which closed: the plan, not the role."""
        what = Entitlement(entitlement).label
        return (
            f"Your role allows it; the {self.org.plan_label} plan does not include it"
            f" ({what[0].lower()}{what[1:]}). An Owner may change the plan under Billing."
        )

    def roles_on(self, place: Place) -> frozenset[Role]:
        """The roles held on this place beyond those of the whole organization."""
        if place.pk not in self._held:
            self._held[place.pk] = place.roles_held_by(self)
        return self._held[place.pk]

    def permissions_on(self, place: Place) -> frozenset[Permission]:
        """What the roles of the organization and those held here give together, before its state.

        An End User's leave to chat and run is for what is shared with them, so it needs a role
        here (the notes on `agents.chat` and `workflows.execute`).
        """
        held = permissions_of((self.roles - {Role.END_USER}) | self.roles_on(place), self.policies)
        return held - self.withheld

    def visible(self, queryset: Any) -> Any:
        """The rows of workspaces, projects or resources that this actor may see. No round trip."""
        return queryset.in_org(self.org.id).visible_to(self)

    def refusal(self, permission: Permission, obj: Any = None) -> str:
        """One sentence for a notice: what is refused, who may do it, and whom to ask."""
        if permission in self.withheld:
            return self._withheld_refusal(permission)
        scope = getattr(obj, "scope", Scope.ORGANIZATION)
        sentence = refused(permission, scope, self.policies)
        asked = self._owner_names()
        return f"{sentence}; ask {_list(asked, 'or')}." if asked else f"{sentence}."

    def _withheld_refusal(self, permission: Permission) -> str:
        if permission not in OUTLASTING:
            return self.reading_refusal()
        what = permission.label[0].lower() + permission.label[1:]
        return f"Support may not {what}: its window ends, and what it leaves behind would not."

    def request_url(self, permission: Permission, obj: Any = None) -> str:
        """Where to ask for what was refused; empty where no role that is handed out would give it.

        Nobody asks to become an Owner, and no role opens what is archived.
        """
        if self.organization is None or self.is_support or permission in self._held_at(obj):
            return ""
        place = obj if isinstance(getattr(obj, "scope", None), Scope) else None
        if not any(
            self._is_handed_out(role, place) for role in roles_with(permission, self.policies)
        ):
            return ""
        asked = {"permission": permission.value}
        if place is not None:
            asked["place"] = f"{place.scope.value}:{place.pk}"
        page = reverse("request_create", args=[self.organization.slug])
        return f"{page}?{urlencode(asked)}"

    def landing_url(self) -> str:
        """Where a refused person is at home: the dashboard, or the Hub for an End User."""
        if self.organization is None:
            return reverse("home")
        page = "dashboard" if self.can(Permission.ORG_VIEW_DASHBOARD) else "hub"
        return reverse(page, args=[self.organization.slug])

    def _held_at(self, obj: Any) -> frozenset[Permission]:
        """What is held there, whatever the state it is in."""
        return self.permissions_on(obj) if hasattr(obj, "roles_held_by") else self.permissions

    def _is_handed_out(self, role: Role, place: Place | None) -> bool:
        """Could somebody here be given this role, as an answer to a request about this place?"""
        if role is Role.OWNER:
            return False
        if role in GROUP_ROLES:
            return self.org.includes(Entitlement.GROUP_ROLES)
        scopes = {Scope.ORGANIZATION}
        if place is not None:
            inside = (Scope.RESOURCE, Scope.PROJECT)
            scopes |= set(inside) if place.scope is Scope.RESOURCE else {place.scope}
        return role.scope in scopes

    def _owner_names(self) -> list[str]:
        if self.organization is None:
            return []
        owners = Membership.objects.in_org(self.organization.id).filter(
            role=Role.OWNER, person__isnull=False
        )
        return list(owners.order_by("joined_at").values_list("name", flat=True)[:2])


def refused(permission: Permission, scope: Scope, policies: frozenset[Policy]) -> str:
    """What is refused at this scope and who may do it, without its full stop and without names."""
    what = permission.label[0].lower() + permission.label[1:]
    may = [role for role in roles_with(permission, policies) if role is not Role.OWNER]
    scopes = {Scope.ORGANIZATION, scope}
    here = [role for role in may if role.scope in scopes and role not in GROUP_ROLES]
    names = ["Owners", *(f"{role.label}s" for role in here)]
    return f"You may not {what}. {_list(names, 'and')} may"


def require(access: Access, permission: Permission, obj: Any = None) -> None:
    """For actions that several doors lead to. Raises ValidationError with the code `forbidden`."""
    if not access.can(permission, obj):
        raise ValidationError(access.refusal(permission, obj), code="forbidden")


def _list(words: list[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
