"""What ends and what has ended. HTTP only: get, ask, act, show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission, Role
from orgs.access import Access
from orgs.actions import expiry as actions
from orgs.forms.members import MemberExpiryForm
from orgs.models import Membership
from orgs.queries.team import team_around
from orgs.team import team_facts, team_tabs
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.queries.expiry import ENDED, SOON, Ending, endings


@dataclass(frozen=True, kw_only=True)
class EndingRow:
    """A line of the list, with the pages of its deeds; empty where there is none."""

    ending: Ending
    is_me: bool
    page: str
    extend: str = ""
    remove: str = ""
    posts: bool = False  # Taking away asks nothing first.


@gate(Permission.MEMBERS_CHANGE_ROLE)
def expiry_list(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    ended = request.GET.get("state") == "ended"
    page = endings(ended=ended, cursor=request.GET.get("page"))
    part = asks_part(request)
    context: dict[str, Any] = {
        "rows": [_row(access, ending) for ending in page.rows],
        "ended": ended,
        "days": (ENDED if ended else SOON).days,
        "span": f"{len(page.rows)} {'ended' if ended else 'ending'}",
        **page_links(request, page),
    }
    if not part:
        around = team_around(access)
        context |= {
            "facts": team_facts(access, keys=around.live_keys),
            "tabs": team_tabs(access, current="expiry_list", pending=around.pending),
        }
    response = render(
        request, "projects/expiry.html#list" if part else "projects/expiry.html", context
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.MEMBER_EXPIRY_CHANGED)
def member_extend(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    member = get_object_or_404(Membership.objects.in_org(request.org.id), pk=pk)
    form = MemberExpiryForm(posted(request), initial={"until": member.last_day})
    if form.is_valid():
        try:
            member = actions.member_extend(
                membership=member, actor=request.access, **form.cleaned_data
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, _now(member), to=_from(request, member))
    context: dict[str, Any] = {
        "member": member,
        "is_me": member.pk == request.access.membership_id,
        "is_owner": member.role == Role.OWNER,
    }
    return show(request, "projects/member_extend.html", form, context)


def _now(member: Membership) -> str:
    if member.last_day is None:
        return f"The membership of {member.name} has no end"
    return f"The membership of {member.name} ends on {member.last_day:%-d %b %Y}"


def _from(request: OrgRequest, member: Membership) -> str:
    """Back to the list of ends where it was asked from there, else to the member."""
    ends = reverse("expiry_list", args=[request.org.slug])
    came = request.htmx.current_url_abs_path or "" if request.htmx else ""
    if came.partition("?")[0] == ends:
        return came
    return reverse("member_view", args=[request.org.slug, member.pk])


def _row(access: Access, ending: Ending) -> EndingRow:
    slug = access.org.slug
    is_me = ending.membership_id is not None and ending.membership_id == access.membership_id
    if ending.kind == "membership":
        member = [slug, ending.membership_id]
        return EndingRow(
            ending=ending,
            is_me=is_me,
            page=reverse("member_view", args=member),
            extend="" if is_me else reverse("member_extend", args=member),
            remove="" if is_me else reverse("member_remove", args=member),
        )
    if ending.kind == "seat" and access.can(Permission.GROUPS_MANAGE_MEMBERS):
        seat = [slug, ending.group_id, ending.id]
        return EndingRow(
            ending=ending,
            is_me=is_me,
            page=reverse("group_view", args=seat[:2]),
            extend=reverse("group_member_change", args=seat),
            remove=reverse("group_member_remove", args=seat),
            posts=True,
        )
    if ending.kind == "share":
        share = [slug, ending.place_id, ending.id]
        return EndingRow(
            ending=ending,
            is_me=is_me,
            page=reverse(f"{ending.scope}_access", args=share[:2]),
            extend="" if is_me else reverse(f"{ending.scope}_share_change", args=share),
            remove=reverse(f"{ending.scope}_unshare", args=share),
        )
    group = reverse("group_view", args=[slug, ending.group_id])
    return EndingRow(ending=ending, is_me=is_me, page=group)
