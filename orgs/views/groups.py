"""Groups and who is in them. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.roles import Permission
from orgs.actions import groups as actions
from orgs.forms.groups import GroupForm
from orgs.forms.members import ConfirmForm
from orgs.models import Group, GroupMembership, Membership
from orgs.queries import groups as queries
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show

LONGEST_SEARCH = 100


@gate(Permission.GROUPS_VIEW)
def group_list(request: OrgRequest, slug: str) -> HttpResponse:
    search = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    page = queries.group_list(access=request.access, search=search, cursor=request.GET.get("page"))
    context = {
        "page": page,
        **page_links(request, page),
        "q": search,
        "may": {
            "seat": request.access.can(Permission.GROUPS_MANAGE_MEMBERS),
            "create": request.access.can(Permission.GROUPS_CREATE),
            "change": request.access.can(Permission.GROUPS_CHANGE),
            "delete": request.access.can(Permission.GROUPS_DELETE),
        },
    }
    template = "orgs/groups.html#group-list" if request.htmx else "orgs/groups.html"
    return render(request, template, context)


@gate(Permission.GROUPS_VIEW)
def group_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = _group(request, pk)
    page = queries.group_members(group=group, cursor=request.GET.get("page"))
    context = {
        "group": group,
        "page": page,
        **page_links(request, page),
        "children": queries.visible_groups(request.access).filter(parent=group)[:50],
        "may": {
            "change": request.access.can(Permission.GROUPS_CHANGE),
            "delete": request.access.can(Permission.GROUPS_DELETE),
            "seat": request.access.can(Permission.GROUPS_MANAGE_MEMBERS),
            "view_members": request.access.can(Permission.MEMBERS_VIEW),
        },
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
            return elsewhere(request, f"{group.name} is a group now", to=_page_of(group, slug))
    return show(request, "orgs/group_form.html", form, {"group": None})


@gate(Permission.GROUPS_CHANGE, records=Event.GROUP_CHANGED)
def group_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = _group(request, pk)
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
            return elsewhere(request, text, to=_page_of(group, slug))
    return show(request, "orgs/group_form.html", form, {"group": group})


@gate(Permission.GROUPS_DELETE, records=Event.GROUP_DELETED)
def group_delete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = _group(request, pk)
    form = ConfirmForm(posted(request), name=group.name)
    if form.is_valid():
        actions.group_delete(group=group, actor=request.access)
        return elsewhere(request, f"{group.name} is deleted", to=reverse("group_list", args=[slug]))
    seats = GroupMembership.objects.in_org(request.org.id).filter(group=group)
    context = {
        "group": group,
        "people": seats.count(),
        "children": Group.objects.in_org(request.org.id).filter(parent=group).count(),
    }
    return show(request, "orgs/group_delete.html", form, context)


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_ADDED)
def group_member_add(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    group = _group(request, pk)
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    refusal = ""
    if request.method == "POST":
        membership = _membership(request, request.POST.get("membership", ""))
        maintainer = request.POST.get("maintainer") == "on"
        try:
            actions.group_member_add(
                group=group, membership=membership, maintainer=maintainer, actor=request.access
            )
        except ValidationError as error:
            refusal = error.messages[0]
        else:
            text = f"{membership.name} is in {group.name}"
            return elsewhere(request, text, to=_page_of(group, slug))
    found = queries.group_addable(group=group, search=search)
    context = {"group": group, "q": search, "found": found, "refusal": refusal}
    if request.headers.get("HX-Target") == "addable":
        return render(request, "orgs/group_member_add.html#addable", context)
    response = show(request, "orgs/group_member_add.html", None, context)
    if refusal:
        response.status_code = 422
    return response


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_CHANGED)
@require_POST
def group_member_change(request: OrgRequest, slug: str, pk: UUID, seat: UUID) -> HttpResponse:
    group = _group(request, pk)
    maintainer = request.POST.get("maintainer") == "on"
    actions.group_member_change(
        seat=_seat(request, group, seat), maintainer=maintainer, actor=request.access
    )
    return redirect(_page_of(group, slug))


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_REMOVED)
@require_POST
def group_member_remove(request: OrgRequest, slug: str, pk: UUID, seat: UUID) -> HttpResponse:
    group = _group(request, pk)
    taken = _seat(request, group, seat)
    actions.group_member_remove(seat=taken, actor=request.access)
    text = f"{taken.membership.name} is no longer in {group.name}"
    return elsewhere(request, text, to=_page_of(group, slug))


def _group(request: OrgRequest, pk: UUID) -> Group:
    groups = queries.visible_groups(request.access).select_related("parent")
    return get_object_or_404(groups, pk=pk)


def _membership(request: OrgRequest, pk: str) -> Membership:
    try:
        wanted = UUID(pk)
    except ValueError:
        wanted = UUID(int=0)
    return get_object_or_404(Membership.objects.in_org(request.org.id), pk=wanted)


def _seat(request: OrgRequest, group: Group, pk: UUID) -> GroupMembership:
    seats = GroupMembership.objects.in_org(request.org.id).select_related("membership")
    return get_object_or_404(seats, group=group, pk=pk)


def _page_of(group: Group, slug: str) -> str:
    return reverse("group_view", args=[slug, group.pk])
