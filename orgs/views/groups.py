"""Groups: the table, one group's page, making, changing and deleting. HTTP only.

The boxes of the table are in group_roles.py, who is in a group in group_members.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import GROUP_ROLES, Permission
from orgs.actions import groups as actions
from orgs.forms.groups import GroupFilter, GroupForm, words
from orgs.forms.members import ConfirmForm
from orgs.models import Group, Membership
from orgs.operator import sales_link
from orgs.preview import Preview, rehearse
from orgs.queries import groups as queries
from orgs.queries.group_reach import carried_roles, group_shares, roles_above
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, elsewhere, posted, refuse, show, show_preview
from orgs.views.group_at import group_at, may, note_asked_for, page_of
from orgs.views.group_members import (
    group_member_add,
    group_member_change,
    group_member_remove,
)
from orgs.views.group_roles import group_role_toggle, group_role_undo

__all__ = [
    "group_change",
    "group_create",
    "group_delete",
    "group_list",
    "group_member_add",
    "group_member_change",
    "group_member_remove",
    "group_role_toggle",
    "group_role_undo",
    "group_view",
]

DELETE = "orgs/group_delete.html"
# Beyond so many people a deletion is told in numbers alone.
MOST_REHEARSED = 200


@gate(Permission.GROUPS_VIEW)
def group_list(request: OrgRequest, slug: str) -> HttpResponse:
    if request.headers.get("HX-Target") == "found-members":
        return render(request, "orgs/groups.html#found-members", _found(request))
    asked = GroupFilter.read(request.GET)
    groups = queries.group_list(
        access=request.access,
        search=asked.search,
        role=asked.role,
        member=asked.member,
        cursor=asked.cursor,
    )
    context = _table(request, asked, groups) | _found(request)
    part = asks_part(request)
    return render(request, "orgs/groups.html#group-list" if part else "orgs/groups.html", context)


@gate(Permission.GROUPS_VIEW)
def group_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    groups = queries.with_counts(queries.visible_groups(request.access))
    group = get_object_or_404(groups.select_related("parent"), pk=pk)
    page = queries.group_members(group=group, cursor=request.GET.get("page"))
    shares = group_shares(group=group, access=request.access)
    seen = [share for share in shares if share.seen]
    context = {
        "group": group,
        "page": page,
        **page_links(request, page),
        "children": queries.visible_groups(request.access).filter(parent=group)[:50],
        "carried": carried_roles(group),
        "shares": seen,
        # Who adds people is told that there is more, as it binds them; others are told nothing.
        "hidden": len(shares) - len(seen),
        "note": note_asked_for(request),
        "may": may(request),
    }
    return render(request, "orgs/group.html", context)


@gate(Permission.GROUPS_CREATE, records=Event.GROUP_CREATED)
def group_create(request: OrgRequest, slug: str) -> HttpResponse:
    parents = queries.parent_choices(access=request.access, group=None)
    form = GroupForm(posted(request), parents=parents)
    if form.is_valid():
        try:
            group = actions.group_create(**form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, f"{group.name} is a group now", to=page_of(group, slug))
    return show(request, "orgs/group_form.html", form, {"group": None})


@gate(Permission.GROUPS_CHANGE, records=Event.GROUP_CHANGED)
def group_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = group_at(request, pk)
    initial = {
        "name": group.name,
        "description": group.description,
        "parent": group.parent,
        "secret": group.secret,
    }
    parents = queries.parent_choices(access=request.access, group=group)
    form = GroupForm(posted(request), initial=initial, parents=parents)
    if form.is_valid():
        try:
            actions.group_change(group=group, **form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{form.cleaned_data['name']} is changed"
            return elsewhere(request, text, to=page_of(group, slug))
    return show(request, "orgs/group_form.html", form, {"group": group})


@gate(Permission.GROUPS_DELETE, records=Event.GROUP_DELETED)
def group_delete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = group_at(request, pk)
    form = ConfirmForm(posted(request), name=group.name)
    if asks_preview(request):
        preview = _delete_preview(request, group)
        return show_preview(request, DELETE, form, _losses(request, group), preview)
    if form.is_valid():
        try:
            actions.group_delete(group=group, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("group_list", args=[slug])
            return elsewhere(request, f"{group.name} is deleted", to=to)
    return show(request, DELETE, form, _losses(request, group))


def _table(request: OrgRequest, asked: GroupFilter, groups: queries.Groups) -> dict[str, Any]:
    note = note_asked_for(request)
    on_page = note and any(line.group.pk == note.group.pk for line in groups.lines)
    members = Membership.objects.in_org(request.org.id)
    return {
        "groups": groups,
        "page": groups.page,
        **page_links(request, groups.page),
        "blocks": queries.BLOCKS,
        "asked": asked,
        "asked_member": members.filter(pk=asked.member).first() if asked.member else None,
        "back": asked.query(),
        "without": {
            "role": asked.query(role=None),
            "member": asked.query(member=None),
        },
        "with_role": [(role, asked.query(role=role)) for role in GROUP_ROLES],
        "note": note if on_page else None,
        "note_elsewhere": None if on_page else note,
        "may": may(request),
        "sales_link": sales_link("Organization roles", org=request.org.name),
    }


def _found(request: OrgRequest) -> dict[str, Any]:
    """Members of a name that was typed, each with the address that lists their groups."""
    find = words(request.GET.get("find"))
    asked = GroupFilter.read(request.GET)
    found = queries.members_found(access=request.access, search=find) if find else []
    choices = [(member, asked.query(member=member.pk)) for member in found]
    return {"find": find, "found_members": choices}


def _losses(request: OrgRequest, group: Group) -> dict[str, Any]:
    """What goes with the group: in people, roles and shares."""
    counts = queries.seat_counts(group)
    carried = carried_roles(group)
    above = roles_above(request.access, [row.role for row in carried])
    return {
        "group": group,
        "counts": counts,
        "people": counts["live"] + counts["ended"],
        "children": Group.objects.in_org(request.org.id).filter(parent=group).count(),
        "carried": carried,
        "above": above,
        "shares": group_shares(group=group, access=request.access),
        "told_by_name": 0 < counts["live"] <= MOST_REHEARSED,
    }


def _delete_preview(request: OrgRequest, group: Group) -> Preview:
    """Who would lose what, counting what other groups and shares still give them."""
    seats = queries.live_seats().filter(organization=request.org.id, group=group)
    people = list(seats.values_list("membership_id", flat=True)[:MOST_REHEARSED])
    deed = partial(actions.group_delete, group=group, actor=request.access)
    return rehearse(request.access, deed, people=people)
