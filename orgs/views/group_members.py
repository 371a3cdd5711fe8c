"""Who is in a group: adding, changing when a place ends, removing. HTTP only."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import groups as actions
from orgs.forms.groups import SeatAddForm, SeatChangeForm, words
from orgs.models import Group, GroupMembership, Membership
from orgs.preview import Preview, rehearse
from orgs.queries import groups as queries
from orgs.queries.group_reach import (
    carried_roles,
    group_shares,
    needs_owner,
    roles_above,
    seat_refusal,
)
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, elsewhere, posted, refuse, show, show_preview
from orgs.views.group_at import group_at, page_of

ADD, CHANGE = "orgs/group_member_add.html", "orgs/group_member_change.html"


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_ADDED)
def group_member_add(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = group_at(request, pk)
    form = SeatAddForm(posted(request))
    if request.headers.get("HX-Target") == "addable":
        return render(request, f"{ADD}#addable", _addable(request, group))
    if asks_preview(request):
        preview = _add_preview(request, group, form)
        return show_preview(request, ADD, form, _addable(request, group), preview)
    chosen = _member(request) if form.is_bound else None
    if chosen and form.is_valid():
        try:
            _add(request, group, chosen, form)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{chosen.name} is in {group.name}"
            return elsewhere(request, text, to=page_of(group, slug))
    return show(request, ADD, form, _addable(request, group) | {"chosen": chosen})


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_CHANGED)
def group_member_change(request: OrgRequest, slug: str, pk: UUID, seat: UUID) -> HttpResponse:
    group = group_at(request, pk)
    taken = _seat(request, group, seat)
    form = _change_form(request, taken)
    context = {"group": group, "seat": taken, "carried": carried_roles(group)}
    if asks_preview(request):
        preview = _change_preview(request, taken, form)
        return show_preview(request, CHANGE, form, context, preview)
    if form.is_valid():
        try:
            actions.group_member_change(seat=taken, actor=request.access, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"The place of {taken.membership.name} in {group.name} is changed"
            return elsewhere(request, text, to=page_of(group, slug))
    return show(request, CHANGE, form, context)


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_REMOVED)
@require_POST
def group_member_remove(request: OrgRequest, slug: str, pk: UUID, seat: UUID) -> HttpResponse:
    group = group_at(request, pk)
    taken = _seat(request, group, seat)
    actions.group_member_remove(seat=taken, actor=request.access)
    text = f"{taken.membership.name} is no longer in {group.name}"
    return elsewhere(request, text, to=page_of(group, slug))


def _addable(request: OrgRequest, group: Group) -> dict[str, Any]:
    """Who may still be added, what it would give them, and who may not be added by this person."""
    search = words(request.POST.get("q") or request.GET.get("q"))
    found = queries.group_addable(group=group, search=search)
    carried = [row.role for row in carried_roles(group)]
    me = next((one for one in found if one.pk == request.access.membership_id), None)
    refused_me = me and seat_refusal(access=request.access, group=group, membership=me, roles=[])
    return {
        "group": group,
        "q": search,
        "found": found,
        "carried": carried,
        "above": (above := roles_above(request.access, carried)),
        "closed": bool(above) or needs_owner(request.access, group),
        "shares": len(group_shares(group=group, access=request.access)),
        "refused_me": me.pk if me and refused_me else None,
    }


def _add(request: OrgRequest, group: Group, member: Membership, form: SeatAddForm) -> None:
    said = form.cleaned_data
    actions.group_member_add(
        group=group,
        membership=member,
        maintainer=said["maintainer"],
        until=said["until"],
        reason=said["reason"],
        actor=request.access,
    )


def _add_preview(request: OrgRequest, group: Group, form: SeatAddForm) -> Preview | None:
    if not form.is_valid():
        return None
    member = _member(request)
    return rehearse(request.access, partial(_add, request, group, member, form), people=[member.pk])


def _change_form(request: OrgRequest, seat: GroupMembership) -> SeatChangeForm:
    """What is not sent stays as it is: the menu of a row sets the maintainer alone."""
    until = timezone.localdate(seat.expires_at) if seat.expires_at else None
    initial = {"until": until, "maintainer": seat.is_maintainer, "reason": ""}
    form = SeatChangeForm(posted(request), initial=initial)
    if form.is_bound and form.is_valid():
        unsaid = "until" not in form.data
        if unsaid or _same_day(form.cleaned_data["until"], seat):
            form.cleaned_data["until"] = seat.expires_at
    return form


def _same_day(until: Any, seat: GroupMembership) -> bool:
    """The form shows days: sent back as it was, it is no other end."""
    if until is None or seat.expires_at is None:
        return False
    return timezone.localdate(until) == timezone.localdate(seat.expires_at)


def _change_preview(
    request: OrgRequest, seat: GroupMembership, form: SeatChangeForm
) -> Preview | None:
    if not form.is_valid():
        return None
    deed = partial(
        actions.group_member_change, seat=seat, actor=request.access, **form.cleaned_data
    )
    return rehearse(request.access, deed, people=[seat.membership_id])


def _member(request: OrgRequest) -> Membership:
    """Whom the form names; anybody who is not of this organization is not there."""
    try:
        wanted = UUID(request.POST.get("membership", ""))
    except ValueError:
        wanted = UUID(int=0)
    return get_object_or_404(Membership.objects.in_org(request.org.id), pk=wanted)


def _seat(request: OrgRequest, group: Group, pk: UUID) -> GroupMembership:
    seats = GroupMembership.objects.in_org(request.org.id)
    return get_object_or_404(seats.select_related("group", "membership"), group=group, pk=pk)
