"""Offering ownership and taking it up. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import ownership as actions
from orgs.forms.members import OwnershipOfferForm
from orgs.models import Membership, OwnershipOffer
from orgs.tenancy import OrgRequest
from orgs.views.dialog import posted, refuse, show


@gate(Permission.ORG_TRANSFER_OWNERSHIP, records=Event.OWNERSHIP_OFFERED, fresh=True)
def ownership_offer(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    member = get_object_or_404(Membership.objects.in_org(request.org.id), pk=pk)
    here = reverse("member_list", args=[slug])
    form = OwnershipOfferForm(posted(request))
    if form.is_valid():
        try:
            actions.ownership_offer(
                membership=member,
                steps_down=form.cleaned_data["steps_down"],
                actor=request.access,
                page=request.build_absolute_uri(here),
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, f"{member.name} has a week to accept ownership")
            return redirect(here)
    return show(request, "orgs/ownership_offer.html", form, {"member": member})


@gate(Permission.ORG_VIEW, records=Event.OWNERSHIP_ACCEPTED)
def ownership_accept(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    offer = _offer_to_me(request, pk)
    if request.method != "POST":
        return _answer_page(request, offer)
    try:
        actions.ownership_accept(offer=offer, actor=request.access)
    except ValidationError as error:
        return _answer_page(request, offer, error)
    messages.success(request, f"You are now an owner of {request.org.name}")
    return redirect("member_list", slug)


@gate(Permission.ORG_VIEW, records=Event.OWNERSHIP_DECLINED)
def ownership_decline(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    offer = _offer_to_me(request, pk)
    if request.method != "POST":
        return _answer_page(request, offer)
    try:
        actions.ownership_decline(offer=offer, actor=request.access)
    except ValidationError as error:
        return _answer_page(request, offer, error)
    messages.success(request, f"You declined ownership of {request.org.name}")
    return redirect(request.access.landing_url())


@gate(Permission.ORG_TRANSFER_OWNERSHIP, records=Event.OWNERSHIP_WITHDRAWN)
def ownership_withdraw(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    offers = OwnershipOffer.objects.in_org(request.org.id).select_related("offered_to")
    offer = get_object_or_404(offers, pk=pk)
    if request.method == "POST":
        try:
            actions.ownership_withdraw(offer=offer, actor=request.access)
        except ValidationError as error:
            return _refused(request, offer, error, template="orgs/ownership_withdraw.html")
        messages.success(request, f"{offer.offered_to.name} may not take up ownership any more")
        return redirect("member_list", slug)
    return render(request, "orgs/ownership_withdraw.html", {"offer": offer})


def _offer_to_me(request: OrgRequest, pk: UUID) -> OwnershipOffer:
    """An offer to somebody else is a page that is not there."""
    offers = OwnershipOffer.objects.in_org(request.org.id).select_related("offered_by")
    return get_object_or_404(offers, pk=pk, offered_to=request.access.membership_id)


def _answer_page(
    request: OrgRequest, offer: OwnershipOffer, error: ValidationError | None = None
) -> HttpResponse:
    if error is not None:
        return _refused(request, offer, error, template="orgs/ownership_accept.html")
    return render(request, "orgs/ownership_accept.html", {"offer": offer})


def _refused(
    request: OrgRequest, offer: OwnershipOffer, error: ValidationError, *, template: str
) -> HttpResponse:
    context = {"offer": offer, "refusal": " ".join(error.messages)}
    response = render(request, template, context, status=422)
    response.reason_code = error.code  # type: ignore[attr-defined]
    return response
