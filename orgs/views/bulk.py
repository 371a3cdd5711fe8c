"""Deeds on several members at once. HTTP only: who was ticked, ask, act, show what became of each.

The first POST brings the ticked rows and asks; the second, with `apply`, acts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from audit.events import Event
from config.gate import gate
from config.roles import Permission, Role
from orgs.access import Access
from orgs.actions.members import Result, member_change_role, member_remove
from orgs.actions.members import member_bulk_change_role as change_roles
from orgs.actions.members import member_bulk_remove as remove_members
from orgs.forms.members import ChangeRoleForm, ConfirmForm, picked
from orgs.leaving import losses
from orgs.models import Membership
from orgs.preview import UNSAID, Preview, rehearse
from orgs.queries.roles import role_choices
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, show, show_preview

SHOWN = 5  # Of those who were ticked, by name.


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.MEMBER_ROLE_CHANGED)
def member_bulk_change_role(request: OrgRequest, slug: str) -> HttpResponse:
    members = _ticked(request)
    if not members:
        return _nobody(request, slug)
    applies = "apply" in request.POST or asks_preview(request)
    form = ChangeRoleForm(request.POST if applies else None)
    choices = role_choices(request.access, Role.END_USER, policies=request.access.policies)
    context = {"members": members, "choices": choices}
    template = "orgs/member_bulk_change_role.html"
    if asks_preview(request):
        context["others"] = max(0, len(members) - SHOWN)
        preview = role_preview(request.access, form, members)
        return show_preview(request, template, form, context, preview)
    if form.is_valid():
        results = change_roles(memberships=members, actor=request.access, **form.cleaned_data)
        label = form.cleaned_data["role"].label
        return _results(request, results, done="changed", became=f"{label} now")
    return _ask(request, template, form, context)


@gate(Permission.MEMBERS_REMOVE, records=Event.MEMBER_REMOVED, fresh=True)
def member_bulk_remove(request: OrgRequest, slug: str) -> HttpResponse:
    members = _ticked(request)
    if not members:
        return _nobody(request, slug)
    form = ConfirmForm(request.POST if "apply" in request.POST else None, name=request.org.name)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        results = remove_members(memberships=members, reason=reason, actor=request.access)
        return _results(request, results, done="removed", became="Removed")
    context = {
        "members": members,
        "preview": removal_preview(request.access, members),
        "stops": losses(request.access, [member.pk for member in members]),
    }
    return _ask(request, "orgs/member_bulk_remove.html", form, context)


def role_preview(access: Access, form: Form, members: list[Membership]) -> Preview | None:
    """What the role that is chosen would change; None while none is."""
    form.is_valid()
    role = form.cleaned_data.get("role")
    if role is None:
        return None
    return _rehearsed(
        access,
        members,
        partial(change_roles, role=role, reason=UNSAID),
        partial(member_change_role, role=role, reason=UNSAID),
    )


def removal_preview(access: Access, members: list[Membership]) -> Preview:
    """What these people would lose."""
    return _rehearsed(
        access, members, partial(remove_members, reason=""), partial(member_remove, reason="")
    )


def _rehearsed(
    access: Access,
    members: list[Membership],
    of_many: Callable[..., object],
    of_one: Callable[..., object],
) -> Preview:
    """Of one person the refusal is said; of many the others go on, as they will in earnest."""
    if len(members) == 1:
        deed = partial(of_one, membership=members[0], actor=access)
    else:
        deed = partial(of_many, memberships=members, actor=access)
    return rehearse(access, deed, people=[member.pk for member in members])


def _ticked(request: OrgRequest) -> list[Membership]:
    """The ticked members of this organization; none of them is a page that is not there."""
    ids = picked(request.POST.getlist("member"))
    members = Membership.objects.in_org(request.org.id).filter(pk__in=ids)
    found = list(members.order_by("sort_name", "id"))
    if ids and not found:
        raise Http404
    return found


def _nobody(request: OrgRequest, slug: str) -> HttpResponse:
    if request.method == "POST":
        messages.info(request, "Nobody was selected.")
    return redirect("member_list", slug)


def _ask(request: OrgRequest, template: str, form: Form, context: dict[str, Any]) -> HttpResponse:
    context["others"] = max(0, len(context["members"]) - SHOWN)
    return show(request, template, form, context)


def _results(request: OrgRequest, results: list[Result], *, done: str, became: str) -> HttpResponse:
    changed = sum(result.changed for result in results)
    refused = sum(bool(result.refused) for result in results)
    same = len(results) - changed - refused
    parts = [f"{changed} {done}"]
    parts += [f"{same} had it already"] if same else []
    parts += [f"{refused} refused"] if refused else []
    context = {"results": results, "summary": ", ".join(parts), "became": became}
    response = render(
        request, "orgs/member_bulk_result.html", context, status=200 if changed or same else 422
    )
    if not changed:
        response.reason_code = "refused"  # type: ignore[attr-defined]
    return response
