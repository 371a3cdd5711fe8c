"""Service accounts and where their keys work. HTTP only: get, ask, act, show.

Their tokens are in `service_tokens.py`.
"""

from __future__ import annotations

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
from config.roles import Permission
from orgs.forms.members import ConfirmForm, ReasonForm
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import service_accounts as actions
from projects.doors import ServiceAccountRequest, service_account_at
from projects.forms.projects import search_of
from projects.forms.service_accounts import PlaceForm, ServiceAccountForm
from projects.models import Project, ServiceAccountProject
from projects.queries import service_accounts as queries


@gate(Permission.KEYS_CREATE)
def service_account_list(request: OrgRequest, slug: str) -> HttpResponse:
    search = search_of(request.GET)
    page = queries.account_page(request.access, search=search, cursor=request.GET.get("page"))
    context = {"page": page, **page_links(request, page), "q": search}
    part = "#list" if asks_part(request) else ""
    return render(request, f"projects/service_account_list.html{part}", context)


@gate(Permission.KEYS_CREATE, records=Event.SERVICE_ACCOUNT_CREATED)
def service_account_create(request: OrgRequest, slug: str) -> HttpResponse:
    form = ServiceAccountForm(posted(request))
    if form.is_valid():
        try:
            account = actions.service_account_create(**form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("service_account_view", args=[slug, account.pk])
            return elsewhere(request, f"{account.name} is a service account now", to=to)
    return show(request, "projects/service_account_form.html", form, _form(request))


@gate(Permission.KEYS_CREATE, on=service_account_at)
def service_account_view(request: ServiceAccountRequest, slug: str, pk: UUID) -> HttpResponse:
    context = {
        "account": request.target,
        **queries.account_facts(request.access, request.target),
    }
    return render(request, "projects/service_account.html", context)


@gate(Permission.KEYS_CREATE, records=Event.SERVICE_ACCOUNT_CHANGED, on=service_account_at)
def service_account_change(request: ServiceAccountRequest, slug: str, pk: UUID) -> HttpResponse:
    account = request.target
    initial = {name: getattr(account, name) for name in ("name", "description", "role")}
    form = ServiceAccountForm(posted(request), initial=initial)
    if form.is_valid():
        try:
            changed = actions.service_account_change(
                account=account, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, f"{changed.name} is changed", to=_page(request))
    context = _form(request) | {"account": account}
    return show(request, "projects/service_account_form.html", form, context)


@gate(Permission.KEYS_CREATE, records=Event.SERVICE_ACCOUNT_CHANGED, on=service_account_at)
def service_account_suspend(request: ServiceAccountRequest, slug: str, pk: UUID) -> HttpResponse:
    """Suspends one that is active, and lets a suspended one go on: the form says which."""
    account, form = request.target, ReasonForm(posted(request))
    if form.is_valid():
        wanted = request.POST.get("suspended") == "on"
        try:
            changed = actions.service_account_suspend(
                account=account, suspended=wanted, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            now = "is suspended: all of it has stopped" if wanted else "works again"
            return elsewhere(request, f"{changed.name} {now}", to=_page(request))
    context = {"account": account, "effects": queries.effects(account)}
    return show(request, "projects/service_account_suspend.html", form, context)


@gate(
    Permission.KEYS_CREATE,
    records=Event.SERVICE_ACCOUNT_DELETED,
    fresh=True,
    on=service_account_at,
)
def service_account_delete(request: ServiceAccountRequest, slug: str, pk: UUID) -> HttpResponse:
    account = request.target
    form = ConfirmForm(posted(request), name=account.name)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            actions.service_account_delete(account=account, reason=reason, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("service_account_list", args=[slug])
            return elsewhere(request, f"{account.name} is deleted", to=to)
    context = {"account": account, "effects": queries.effects(account)}
    return show(request, "projects/service_account_delete.html", form, context)


@gate(Permission.KEYS_CREATE, records=Event.SERVICE_ACCOUNT_PLACED, on=service_account_at)
def service_account_place(request: ServiceAccountRequest, slug: str, pk: UUID) -> HttpResponse:
    account, access, search = request.target, request.access, search_of(request.GET)
    form = PlaceForm(posted(request), projects=access.visible(Project.objects.kept()))
    if form.is_valid():
        project = form.cleaned_data["project"]
        try:
            actions.service_account_place(account=account, **form.cleaned_data, actor=access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{account.name} may work in {project.name} now"
            return elsewhere(request, text, to=_page(request))
    found = queries.projects_to_place(access, account, search)
    context = {"account": account, "found": found, "q": search, "form": form}
    context["effects"] = queries.effects(account)
    if request.headers.get("HX-Target") == "placeable":
        return render(request, "projects/service_account_place.html#placeable", context)
    return show(request, "projects/service_account_place.html", form, context)


@gate(Permission.KEYS_CREATE, records=Event.SERVICE_ACCOUNT_WITHDRAWN, on=service_account_at)
def service_account_withdraw(
    request: ServiceAccountRequest, slug: str, pk: UUID, project: UUID
) -> HttpResponse:
    account = request.target
    place = _place(request, project)
    form = ReasonForm(posted(request))
    if form.is_valid():
        try:
            actions.service_account_withdraw(
                account=account, project=place, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{account.name} works no more in {place.name}"
            return elsewhere(request, text, to=_page(request))
    stops = queries.live_keys_there(account, place)
    context = {"account": account, "project": place, "stops": stops}
    return show(request, "projects/service_account_withdraw.html", form, context)


def _place(request: ServiceAccountRequest, pk: UUID) -> Project:
    """A project in which it works, if this person sees it; else a page that is not there."""
    rows = ServiceAccountProject.objects.in_org(request.org.id).filter(account=request.target)
    visible = request.access.visible(Project.objects).filter(pk__in=rows.values("project"))
    found: Project = get_object_or_404(visible, pk=pk)
    return found


def _form(request: OrgRequest) -> dict[str, Any]:
    return {"account": None, "may_member": queries.may_give_member(request.access)}


def _page(request: ServiceAccountRequest) -> str:
    return reverse("service_account_view", args=[request.org.slug, request.target.pk])
