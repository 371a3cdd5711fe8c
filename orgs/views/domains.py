"""Domains that an organization proves as its own. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import domains as actions
from orgs.domains import CHALLENGE, answer_of
from orgs.forms.domains import DomainForm
from orgs.models import OrganizationDomain
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show

MANAGE = Permission.ORG_MANAGE_SETTINGS


@gate(MANAGE)
@require_safe
def domain_list(request: OrgRequest, slug: str) -> HttpResponse:
    return _page(request)


@gate(MANAGE, records=Event.DOMAIN_ADDED)
def domain_add(request: OrgRequest, slug: str) -> HttpResponse:
    form = DomainForm(posted(request))
    if form.is_valid():
        try:
            added = actions.domain_add(domain=form.cleaned_data["domain"], actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{added.domain} is added. Prove it by its DNS"
            return elsewhere(request, text, to=reverse("domain_list", args=[slug]))
    return show(request, "orgs/domain_add.html", form, {})


@gate(MANAGE, records=Event.DOMAIN_VERIFIED)
def domain_verify(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    domain = _domain(request, pk)
    if request.method != "POST":
        return redirect("domain_list", slug)
    try:
        actions.domain_verify(domain=domain, actor=request.access)
    except ValidationError as error:
        response = _page(request, refusal=" ".join(error.messages), about=domain, status=422)
        response.reason_code = error.code  # type: ignore[attr-defined]
        return response
    text = f"{domain.domain} is proved"
    return elsewhere(request, text, to=reverse("domain_list", args=[slug]))


@gate(MANAGE, records=Event.DOMAIN_REMOVED)
def domain_remove(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    domain = _domain(request, pk)
    if request.method == "POST":
        actions.domain_remove(domain=domain, actor=request.access)
        text = f"{domain.domain} is removed"
        return elsewhere(request, text, to=reverse("domain_list", args=[slug]))
    return show(request, "orgs/domain_remove.html", None, {"domain": domain})


def _page(
    request: OrgRequest,
    *,
    refusal: str = "",
    about: OrganizationDomain | None = None,
    status: int = 200,
) -> HttpResponse:
    domains = OrganizationDomain.objects.in_org(request.org.id).order_by("domain")
    context = {
        "domains": [(one, f"{CHALLENGE}.{one.domain}", answer_of(one.token)) for one in domains],
        "refusal": refusal,
        "about": about,
    }
    return render(request, "orgs/domains.html", context, status=status)


def _domain(request: OrgRequest, pk: UUID) -> OrganizationDomain:
    return get_object_or_404(OrganizationDomain.objects.in_org(request.org.id), pk=pk)
