"""What the dialogs of sharing hold: their forms, whom and what they offer, what would change.

The doors to them are in sharing.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from config.roles import (
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Role,
    Scope,
    permissions_of,
)
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.models import Group, GroupMembership, Membership
from orgs.preview import UNSAID, Preview, rehearse
from orgs.queries.groups import visible_groups
from orgs.tenancy import OrgRequest
from orgs.views.dialog import posted
from projects.actions.share_rules import needs_approval, project_of
from projects.actions.shares import AnyGrant, AnyPlace, Grantee
from projects.forms.projects import search_of
from projects.forms.sharing import ShareForm, TermsForm, named
from projects.kinds import kind_of
from projects.models import Resource
from projects.policies import LONGEST_SHARE_DAYS, ProjectPolicy
from projects.queries.given import groups_offered, people_offered
from projects.views.access_lists import routes

ROLES: dict[Scope, tuple[Role, ...]] = {
    Scope.WORKSPACE: WORKSPACE_ROLES,
    Scope.PROJECT: PROJECT_ROLES,
    Scope.RESOURCE: RESOURCE_ROLES,
}


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role of this kind of place, for a card in a form."""

    role: Role
    may: bool
    permissions: int
    current: bool = False


def share_form(request: OrgRequest, place: AnyPlace) -> ShareForm:
    """The form that gives a role; what the address names is chosen already."""
    access, asked = request.access, request.GET
    initial = {key: asked[key] for key in ("to", "role", "until", "reason") if key in asked}
    for kind in ("member", "group"):
        if kind in asked:
            initial["to"] = f"{kind}:{asked[kind]}"
    return ShareForm(
        posted(request),
        initial=initial,
        roles=_grantable(access, place),
        people=Membership.objects.in_org(access.org.id),
        groups=visible_groups(access),
    )


def change_form(request: OrgRequest, place: AnyPlace, grant: AnyGrant) -> TermsForm:
    until = timezone.localdate(grant.expires_at) if grant.expires_at else None
    return TermsForm(
        posted(request),
        initial={"role": request.GET.get("role", grant.role.value), "until": until},
        roles=_grantable(request.access, place),
    )


def about(access: Access, place: AnyPlace, *, current: Role | None = None) -> dict[str, Any]:
    """What every dialog says about the place and the rules on it."""
    project = project_of(place)
    has = project.has_policy if project else lambda policy: False
    return {
        "place": place,
        "routes": routes(place),
        "icon_name": kind_of(place).icon if isinstance(place, Resource) else place.icon,
        "asks_approval": needs_approval(place, access),
        "needs_reason": has(ProjectPolicy.SHARES_NEED_REASON),
        "ends_after": LONGEST_SHARE_DAYS if has(ProjectPolicy.SHARES_END) else 0,
        "choices": [
            RoleChoice(
                role,
                may_grant(access, role, place),
                len(permissions_of({role}, access.policies)),
                role is current,
            )
            for role in ROLES[place.scope]
        ],
        "today": timezone.localdate(),
    }


def offers(request: OrgRequest, place: AnyPlace, form: ShareForm) -> dict[str, Any]:
    """Whom the list of the dialog shows: who was chosen, then the first that match."""
    said = request.POST if request.method == "POST" else request.GET
    search = search_of(said)
    chosen_text = said.get("to") or form.initial.get("to", "")
    chosen = named(str(chosen_text), people=form.people, groups=form.groups)
    return {
        "q": search,
        "chosen": chosen,
        "chosen_is_group": isinstance(chosen, Group),
        "people": _without(chosen, people_offered(request.access, place, search)),
        "groups": _without(chosen, groups_offered(request.access, place, search)),
    }


def rehearsed(
    request: OrgRequest, form: TermsForm, deed: Callable[..., object], to: Grantee | None = None
) -> Preview | None:
    """What the form as it stands would change; None while it does not say enough.

    Where an Owner has to approve, it shows what the approval would do.
    """
    form.is_valid()
    said = form.cleaned_data
    whom = to or said.get("to")
    if "role" not in said or whom is None:
        return None
    terms = said | {"until": said.get("until"), "reason": said.get("reason") or UNSAID}
    return rehearse(request.access, lambda: deed(**terms), people=reached(whom))


def reached(to: Grantee) -> list[UUID]:
    """The memberships that a role of this person or group reaches."""
    if isinstance(to, Membership):
        return [to.pk]
    seats = GroupMembership.objects.in_org(to.organization_id).filter(group=to)
    return list(seats.values_list("membership_id", flat=True))


def _grantable(access: Access, place: AnyPlace) -> list[Role]:
    return [role for role in ROLES[place.scope] if may_grant(access, role, place)]


def _without(chosen: Grantee | None, found: list[Any]) -> list[Any]:
    return [one for one in found if chosen is None or one.pk != chosen.pk]
