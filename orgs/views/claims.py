"""Owner recovery: claiming, confirming, proving, canceling, completing. HTTP only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.events import Event
from config.gate import gate
from config.roles import Permission, Role
from orgs.actions import claim_ends, claims
from orgs.domains import CHALLENGE, answer_of
from orgs.forms.claims import ClaimForm
from orgs.models import OwnerClaim
from orgs.queries.claims import claim_list, proved_domains, running_claims
from orgs.queries.organizations import owner_names
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show

HANDLE = Permission.ORG_HANDLE_SUPPORT
State = OwnerClaim.State


@gate(HANDLE)
@require_safe
def owner_claim_list(request: OrgRequest, slug: str) -> HttpResponse:
    org = request.org.id
    past = claim_list(org, cursor=request.GET.get("page"))
    running = running_claims(org)
    context = {
        "running": running,
        "past": past,
        "older_url": f"?page={past.older}" if past.older else None,
        "newer_url": f"?page={past.newer}" if past.newer else None,
        "owners": owner_names(org),
        "domains": proved_domains(org),
        "may_claim": _may_claim(request)
        and not any(_stands_in_the_way(claim, request) for claim in running),
    }
    return render(request, "orgs/owner_claims.html", context)


@gate(HANDLE, records=Event.OWNER_CLAIM_CREATED, fresh=True)
def owner_claim_create(request: OrgRequest, slug: str) -> HttpResponse:
    domains = proved_domains(request.org.id)
    form = ClaimForm(posted(request), domains=domains)
    if form.is_valid():
        try:
            claim = claims.claim_create(actor=request.access, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("owner_claim_view", args=[slug, claim.pk])
            return elsewhere(request, "Your claim is made. It needs one more thing", to=to)
    context = {"domains": domains, "may_claim": _may_claim(request)}
    return show(request, "orgs/owner_claim_create.html", form, context)


@gate(HANDLE)
@require_safe
def owner_claim_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    return _page(request, _claim(request, pk))


@gate(HANDLE, records=Event.OWNER_CLAIM_CONFIRMED, fresh=True)
def owner_claim_confirm(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    text = "The 72 hours have begun. Every owner and admin was told"
    return _turned(request, pk, claims.claim_confirm, text)


@gate(HANDLE, records=Event.OWNER_CLAIM_PROVED, fresh=True)
def owner_claim_prove(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    text = "The domain is proved, and the 72 hours have begun"
    return _turned(request, pk, claims.claim_prove, text)


@gate(HANDLE, records=Event.OWNER_CLAIM_CANCELED)
def owner_claim_cancel(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    return _turned(request, pk, claim_ends.claim_cancel, "The claim is canceled")


@gate(HANDLE, records=Event.OWNER_CLAIM_COMPLETED, fresh=True)
def owner_claim_complete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    text = f"You are now an owner of {request.org.name}"
    return _turned(request, pk, claims.claim_complete, text, to="member_list")


def _turned(
    request: OrgRequest,
    pk: UUID,
    act: Callable[..., OwnerClaim],
    text: str,
    *,
    to: str = "",
) -> HttpResponse:
    """A deed that is one button of the claim's page: done, or the page again with why not."""
    slug, claim = request.org.slug, _claim(request, pk)
    if request.method != "POST":
        return redirect("owner_claim_view", slug, pk)
    try:
        act(claim=claim, actor=request.access)
    except ValidationError as error:
        return _page(request, _claim(request, pk), error)
    place = reverse(to, args=[slug]) if to else reverse("owner_claim_view", args=[slug, pk])
    return elsewhere(request, text, to=place)


def _page(
    request: OrgRequest, claim: OwnerClaim, error: ValidationError | None = None
) -> HttpResponse:
    context = {"claim": claim, "may": _may(request, claim)}
    if claim.token:
        context |= {
            "record": f"{CHALLENGE}.{claim.domain_name}",
            "answer": answer_of(claim.token),
        }
    if error is None:
        return render(request, "orgs/owner_claim.html", context)
    context["refusal"] = " ".join(error.messages)
    response = render(request, "orgs/owner_claim.html", context, status=422)
    response.reason_code = error.code  # type: ignore[attr-defined]
    return response


def _may(request: OrgRequest, claim: OwnerClaim) -> dict[str, Any]:
    access = request.access
    is_mine = access.membership_id is not None and claim.claimant_id == access.membership_id
    asked, is_admin = claim.state == State.ASKED and not claim.has_lapsed, _may_claim(request)
    by_domain = claim.method == OwnerClaim.Method.DOMAIN
    return {
        "confirm": asked and is_admin and not is_mine and claim.method == OwnerClaim.Method.ADMINS,
        "prove": asked and is_admin and is_mine and by_domain,
        "complete": is_mine and is_admin and claim.is_ripe and not claim.has_lapsed,
        "cancel": claim.is_running and claim_ends.may_cancel(claim, access),
        "is_mine": is_mine,
        "by_domain": by_domain,
    }


def _stands_in_the_way(claim: OwnerClaim, request: OrgRequest) -> bool:
    """Does this one keep the person from another: any that is announced, or their own?"""
    return claim.is_open or claim.claimant_id == request.access.membership_id


def _may_claim(request: OrgRequest) -> bool:
    return request.access.role is Role.ADMIN and not request.access.is_support


def _claim(request: OrgRequest, pk: UUID) -> OwnerClaim:
    return get_object_or_404(OwnerClaim.objects.in_org(request.org.id), pk=pk)
