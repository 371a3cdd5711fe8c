"""The team page and deeds on members. HTTP only: get, ask, act, show.

Deeds on several members at once are in bulk.py, ownership in ownership.py.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from audit.events import Event
from config.gate import gate
from config.requests import asks_part
from config.roles import ORGANIZATION_ROLES, Permission, Role
from orgs.access import Access
from orgs.actions import members as actions
from orgs.forms.members import ORDERS, STATUSES, ChangeRoleForm, ConfirmForm, MemberFilter
from orgs.keys import active_keys
from orgs.leaving import losses
from orgs.models import Membership, OwnerClaim
from orgs.queries.claims import open_claim
from orgs.queries.members import live_sessions, members_filtered
from orgs.queries.roles import areas_of, role_choices, role_counts
from orgs.queries.team import (
    Team,
    groups_of,
    my_groups,
    rows_of,
    team_around,
    team_page,
    with_offers,
)
from orgs.team import counted, team_facts, team_tabs
from orgs.tenancy import OrgRequest
from orgs.usage import footprint
from orgs.views.bulk import (
    member_bulk_change_role,
    member_bulk_remove,
    removal_preview,
    role_preview,
)
from orgs.views.dialog import asks_preview, done, elsewhere, posted, refuse, show, show_preview

__all__ = [
    "access_state",
    "member_bulk_change_role",
    "member_bulk_remove",
    "member_change_role",
    "member_leave",
    "member_list",
    "member_remove",
    "member_view",
]


@gate(Permission.MEMBERS_VIEW)
def member_list(request: OrgRequest, slug: str) -> HttpResponse:
    asked = MemberFilter.read(request.GET)
    team = _team(request.access, asked)
    part = asks_part(request)
    context = _list_context(request.access, asked, team or Team())
    response = render(
        request,
        "orgs/members.html#member-list" if part else "orgs/members.html",
        context | {"failed": team is None, "out_of_band": part},
        status=503 if team is None else 200,
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@gate(Permission.MEMBERS_VIEW)
def member_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    access = request.access
    members = Membership.objects.in_org(request.org.id).filter(pk=pk)
    member = get_object_or_404(with_offers(access, members))
    row = rows_of(access, [member])[0]
    areas = areas_of({Role(member.role)}, access.policies)
    context = {
        "row": row,
        "member": member,
        "role": Role(member.role),
        "areas": areas,
        "held": sum(len(area.permissions) for area in areas),
        "may": _may(access) | {"set_end": _may_set_end(access, member)},
        "sees_groups": access.can(Permission.GROUPS_VIEW),
        # Who may read the log reads the reason there as well.
        "sees_reason": row.is_me or access.can(Permission.AUDIT_VIEW),
        "reads_log": access.can(Permission.AUDIT_VIEW),
    }
    return render(request, "orgs/member.html", context)


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.MEMBER_ROLE_CHANGED)
def member_change_role(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    access, member = request.access, _member(request, pk)
    form = ChangeRoleForm(posted(request), initial={"role": member.role})
    choices = role_choices(access, Role(member.role), policies=access.policies)
    context = {"member": member, "choices": choices, "is_me": member.pk == access.membership_id}
    template = "orgs/member_change_role.html"
    if asks_preview(request):
        return show_preview(request, template, form, context, role_preview(access, form, [member]))
    if form.is_valid():
        role = form.cleaned_data["role"]
        try:
            member = actions.member_change_role(
                membership=member, actor=access, **form.cleaned_data
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _changed(request, member, role)
    return show(request, template, form, context)


@gate(Permission.MEMBERS_REMOVE, records=Event.MEMBER_REMOVED, fresh=True)
def member_remove(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    access, member = request.access, _member(request, pk)
    form = ConfirmForm(posted(request), name=member.name)
    if form.is_valid():
        try:
            actions.member_remove(
                membership=member, reason=form.cleaned_data["reason"], actor=access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{member.name} is no longer in {request.org.name}"
            context = {"gone": member, "count": counted(request.org.member_count - 1)}
            to = reverse("member_list", args=[slug])
            partial = "orgs/members.html#member-gone"
            return done(request, text, to=to, partial=partial, context=context)
    context = {
        "member": member,
        "groups": groups_of(access, [member])[member.pk],
        "preview": removal_preview(access, [member]),
        "stops": losses(access, [member.pk]),
    }
    return show(request, "orgs/member_remove.html", form, context)


@gate(Permission.ORG_VIEW, records=Event.MEMBER_LEFT, way_out=True)
def member_leave(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    form = ConfirmForm(posted(request), name=request.org.name)
    if form.is_valid():
        try:
            actions.member_leave(actor=access, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            refuse(form, error)
        else:
            return _left(request)
    last_owner = access.role is Role.OWNER and request.org.owner_count == 1
    context = {
        "groups": my_groups(access),
        "last_owner": last_owner,
        "stops": losses(access, [access.membership_id] if access.membership_id else []),
    }
    return show(request, "orgs/member_leave.html", form, context)


@gate(Permission.ORG_VIEW)
def access_state(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    around = team_around(access)
    context = {
        "areas": areas_of(access.roles, access.policies),
        "held": len(access.permissions),
        "groups": my_groups(access),
        "sees_groups": access.can(Permission.GROUPS_VIEW),
        "sessions": live_sessions(request.user.pk),
        "own_keys": active_keys(access.org.id, creator=access.membership_id),
        "used": footprint(access),
        "around": around,
        "facts": team_facts(access, keys=around.live_keys),
        "tabs": team_tabs(access, current="access_state", pending=around.pending),
        "roles": role_counts(access.policies),
    }
    return render(request, "orgs/access_state.html", context)


def _member(request: OrgRequest, pk: UUID) -> Membership:
    return get_object_or_404(Membership.objects.in_org(request.org.id), pk=pk)


def _team(access: Access, asked: MemberFilter) -> Team | None:
    """The page of the list; None when the database did not answer, for the page to say so."""
    try:
        with transaction.atomic():
            members = members_filtered(
                org=access.org.id, search=asked.search, role=asked.role, status=asked.status
            )
            return team_page(
                access=access,
                members=members,
                filtered=asked.is_set,
                sort=asked.sort,
                cursor=asked.cursor,
                size=asked.size,
            )
    except DatabaseError:
        return None


def _list_context(access: Access, asked: MemberFilter, team: Team) -> dict[str, Any]:
    return {
        "asked": asked,
        "team": team,
        "links": _links(asked, team),
        "may": _may(access),
        "people": _people(team.total),
        "facts": team_facts(access, keys=team.around.live_keys),
        "tabs": team_tabs(access, current="member_list", pending=team.around.pending),
        "roles": role_counts(access.policies),
        "claim": _claim(access),
    }


def _claim(access: Access) -> OwnerClaim | None:
    """The claim of ownership that runs: asked for only where the binding says there is one."""
    concerned = access.can(Permission.ORG_HANDLE_SUPPORT) and access.standing.claim_ripe_at
    return open_claim(access.org.id) if concerned else None


def _changed(request: OrgRequest, member: Membership, role: Role) -> HttpResponse:
    if member.pk == request.access.membership_id:
        to = reverse("access_state", args=[request.org.slug])
        return elsewhere(request, f"You are now {_a(role)}", to=to)
    text = f"{member.name} is now {_a(role)}"
    access = request.access
    listed = with_offers(access, Membership.objects.in_org(request.org.id).filter(pk=member.pk))
    context = {"row": rows_of(access, list(listed))[0], "may": _may(access)}
    to = reverse("member_view", args=[request.org.slug, member.pk])
    partial = "orgs/members.html#member-row"
    return done(request, text, to=to, partial=partial, context=context)


def _left(request: OrgRequest) -> HttpResponse:
    """Away from an organization that is not theirs any more.

    With the last membership the database ended the session: a new, empty one carries on.
    """
    if not request.session.exists(request.session.session_key or ""):
        request.session.flush()
    return elsewhere(request, f"You left {request.org.name}", to=reverse("home"))


def _may(access: Access) -> dict[str, bool]:
    """What this person may do to others, for the templates to show no more than that."""
    return {
        "invite": access.can(Permission.MEMBERS_INVITE),
        "change_role": access.can(Permission.MEMBERS_CHANGE_ROLE),
        "remove": access.can(Permission.MEMBERS_REMOVE),
        "offer": access.can(Permission.ORG_TRANSFER_OWNERSHIP),
        "end_support": access.can(Permission.ORG_HANDLE_SUPPORT),
        "recover": access.can(Permission.ORG_HANDLE_SUPPORT) and not access.is_support,
        "pick": access.can(Permission.MEMBERS_CHANGE_ROLE) or access.can(Permission.MEMBERS_REMOVE),
    }


def _may_set_end(access: Access, member: Membership) -> bool:
    """Nobody decides on their own end, an owner has none, and support’s is its window’s."""
    is_owner_or_support = member.role == Role.OWNER or member.is_support
    is_other = member.pk != access.membership_id and not is_owner_or_support
    return is_other and access.can(Permission.MEMBERS_CHANGE_ROLE)


def _links(asked: MemberFilter, team: Team) -> dict[str, Any]:
    """Addresses of the same list, asked otherwise."""
    order = asked.sort.lstrip("-")
    sorts = {
        key: {
            "url": asked.url(sort=f"-{key}" if asked.sort == key else key),
            "order": ("descending" if asked.sort.startswith("-") else "ascending")
            if order == key
            else "",
        }
        for key in ("name", "role", "joined")
    }
    return {
        "sorts": sorts,
        "order": ORDERS.get(asked.sort, "Role"),
        "orders": [(label, asked.url(sort=sort)) for sort, label in ORDERS.items()],
        "roles": [(role.label, asked.url(role=role)) for role in ORGANIZATION_ROLES],
        "statuses": [(label, asked.url(status=code)) for code, label in STATUSES.items()],
        "status": STATUSES.get(asked.status, ""),
        "without_role": asked.url(role=None),
        "without_status": asked.url(status=""),
        "span": _span(team),
        "newer": asked.url(cursor=team.newer) if team.newer else None,
        "older": asked.url(cursor=team.older) if team.older else None,
    }


def _span(team: Team) -> str:
    """Where the page stands; past the first one only how much of all it shows."""
    shown, total = len(team.rows), counted(team.total)
    return f"{shown} of {total}" if team.newer else f"1 to {shown} of {total}"


def _people(total: int) -> str:
    return f"{counted(total)} {'person' if total == 1 else 'people'}"


def _a(role: Role) -> str:
    return f"{'an' if role.label[0] in 'AEIOU' else 'a'} {role.label}"
