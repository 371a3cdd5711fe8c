"""A key gets a new secret, or another holder. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django_htmx.http import HttpResponseClientRedirect

from audit.events import Event
from config.gate import gate, reason_code
from config.keyset import page_links
from config.roles import Permission
from orgs.models import Membership
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import key_rotation as actions
from projects.doors import KeyRequest, changing_key, managed_key_at, managing
from projects.forms.key_rotation import OverlapForm, ReownForm, RetireForm, RotateForm
from projects.forms.projects import search_of
from projects.models import ServiceAccount
from projects.queries import key_rotation as queries
from projects.queries import leaving


@sensitive_variables("text")
@gate(changing_key, records=Event.KEY_ROTATED, on=managed_key_at)
def key_rotate(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    """The four steps; the new secret is in the answer that makes it, and nowhere else."""
    if request.htmx and request.method == "GET":
        return _use(request)
    form, text = RotateForm(posted(request)), ""
    if form.is_valid():
        try:
            key, text = actions.key_rotate(
                key=request.target, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            request.target, form = key, RotateForm()
    status = 422 if form.is_bound else 200
    context = _steps(request) | {"form": form, "text": text}
    response = render(request, "projects/key_rotate.html", context, status=status)
    if form.is_bound:
        response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


@gate(changing_key, records=Event.KEY_OVERLAP_CHANGED, on=managed_key_at)
def key_change_overlap(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    form = OverlapForm(posted(request))
    if form.is_valid():
        try:
            old = actions.key_change_overlap(
                key=request.target, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"The old secret {old.shown} works until {queries.moment(old.ends_at)}"
            return elsewhere(request, text, to=_page(request, "key_rotate"))
    return show(request, "projects/key_change_overlap.html", form, _steps(request))


@gate(changing_key, records=Event.KEY_RETIRED, on=managed_key_at)
def key_retire(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    form = RetireForm(posted(request))
    if form.is_valid():
        try:
            old = actions.key_retire(key=request.target, **form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"The old secret {old.shown} works nowhere any more"
            return elsewhere(request, text, to=_page(request, "key_view"))
    return show(request, "projects/key_retire.html", form, _steps(request))


@gate(managing, records=Event.KEY_REOWNED, on=managed_key_at)
def key_reown(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    access, key = request.access, request.target
    back, form = _back(request), ReownForm(posted(request), accounts=queries.accounts_for(access))
    if form.is_valid():
        try:
            actions.key_reown(key=key, **form.cleaned_data, actor=access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, _given(request, form.cleaned_data["account"]), to=back)
    context = _holders(request) | {"back": back}
    return show(request, "projects/key_reown.html", form, context)


@gate(Permission.KEYS_CREATE)
def member_keys(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """The live keys of one member, to be given away before they leave."""
    member = get_object_or_404(Membership.objects.in_org(request.org.id), pk=pk)
    page, rows = leaving.member_keys(request.access, member, request.GET.get("page"))
    context = {
        "member": member,
        "is_me": member.pk == request.access.membership_id,
        "rows": rows,
        **page_links(request, page),
        "may_remove": request.access.can(Permission.MEMBERS_REMOVE),
    }
    return render(request, "projects/member_keys.html", context)


def _use(request: KeyRequest) -> HttpResponse:
    """The part that keeps itself up to date; the whole is a page, and no dialog."""
    if request.htmx.target != "use":
        return HttpResponseClientRedirect(request.path)
    return render(request, "projects/key_rotate.html#use", _steps(request) | {"polled": True})


def _steps(request: KeyRequest) -> dict[str, Any]:
    key = request.target
    return {
        "key": key,
        "rotation": queries.rotation_of(key),
        "most": actions.LONGEST_OVERLAP,
        "latest": actions.latest_now(key),
        "refusal": actions.refusal_to_rotate(key, request.access),
        "back": _page(request, "key_view"),
        "sees_settings": request.access.can(Permission.KEYS_CREATE),
    }


def _holders(request: KeyRequest) -> dict[str, Any]:
    """Who could hold the key, as far as this person may give it away."""
    access, key, search = request.access, request.target, search_of(request.GET)
    return {
        "key": key,
        "q": search,
        "takers": queries.takers(access, key, search),
        "most": queries.OFFERED,
        "may_place": queries.may_place(access, key.project),
    }


def _given(request: KeyRequest, account: ServiceAccount) -> str:
    key = request.target
    if queries.works_on(key, account):
        return f"{key.name} acts for {account.name} now"
    where = key.project.name if key.project else request.org.name
    return f"{key.name} acts for {account.name} now, and is refused until that may work in {where}"


def _page(request: KeyRequest, route: str) -> str:
    return reverse(route, args=[request.org.slug, request.target.pk])


def _back(request: KeyRequest) -> str:
    """The key's page, or the list of a member's keys if that is where one came from."""
    creator = request.target.creator_id
    if "leaving" in request.GET and creator and request.access.can(Permission.KEYS_CREATE):
        return reverse("member_keys", args=[request.org.slug, creator])
    return _page(request, "key_view")
