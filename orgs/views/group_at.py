"""What the views of groups share: the group of an address, the pages around it, the note on a row.

The views themselves are in groups.py, group_roles.py and group_members.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse

from config.roles import GROUP_ROLES, Permission, Role
from orgs.actions.group_roles import read_undo, stands
from orgs.forms.groups import GroupFilter
from orgs.models import Entitlement, Group
from orgs.queries import groups as queries
from orgs.queries.group_effect import Effect, role_effect
from orgs.tenancy import OrgRequest

ON_GROUP_PAGE = "group"


@dataclass(frozen=True, kw_only=True)
class Note:
    """What has just become of a group's roles; with `undo` it can be taken back.

    `undone` is the role whose box takes the focus that the button Undo had.
    """

    group: Group
    text: str
    effect: Effect | None = None
    undo: str = ""
    undone: Role | None = None

    @property
    def role(self) -> Role | None:
        return self.effect.role if self.effect else None


def group_at(request: OrgRequest, pk: UUID) -> Group:
    """The group, if this person may see it; a secret one and a missing one are the same 404."""
    groups = queries.visible_groups(request.access).select_related("parent")
    return get_object_or_404(groups, pk=pk)


def role_at(code: str) -> Role:
    if code not in set(GROUP_ROLES):
        raise Http404
    return Role(code)


def page_of(group: Group, slug: str) -> str:
    return reverse("group_view", args=[slug, group.pk])


def back_to(request: OrgRequest, group: Group, *, undo: str = "") -> str:
    """The page a form without JavaScript came from, with the undo of what it did."""
    back = request.POST.get("back", "")[:2000]
    query = QueryDict(mutable=True)
    if back == ON_GROUP_PAGE:
        address = page_of(group, request.org.slug)
    else:
        address = reverse("group_list", args=[request.org.slug])
        query = QueryDict(GroupFilter.read(QueryDict(back)).query(), mutable=True)
    if undo:
        query["undo"] = undo
    return f"{address}?{query.urlencode()}" if query else address


def may(request: OrgRequest) -> dict[str, bool]:
    """What this person may do with groups, for templates."""
    can = request.access.can
    return {
        "seat": can(Permission.GROUPS_MANAGE_MEMBERS),
        "create": can(Permission.GROUPS_CREATE),
        "change": can(Permission.GROUPS_CHANGE),
        "delete": can(Permission.GROUPS_DELETE),
        "assign": can(Permission.GROUPS_ASSIGN_ROLES),
        "view_members": can(Permission.MEMBERS_VIEW),
        "settings": can(Permission.ORG_ACCESS_SETTINGS),
        "plan": request.org.includes(Entitlement.GROUP_ROLES),
    }


def note_asked_for(request: OrgRequest) -> Note | None:
    """The note of the change that the address names, as long as its undo is good for anything."""
    token = request.GET.get("undo", "")
    if not token:
        return None
    try:
        undo = read_undo(token, actor=request.access)
    except ValidationError:
        return None
    group = queries.visible_groups(request.access).filter(pk=undo.group).first()
    if group is None or not stands(undo):
        return None
    effect = role_effect(
        access=request.access, group=group, role=undo.role, given=undo.now is not None
    )
    return Note(group=group, text=effect.sentence, effect=effect, undo=token)
