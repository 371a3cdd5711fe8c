"""Whom invoices are for, and how they are paid. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from audit.events import Event
from billing.actions.details import details_change
from billing.actions.payment_methods import payment_page_open
from billing.forms.details import DetailsForm, initial_of
from billing.forms.subscriptions import DeedForm
from billing.gateway import gateway
from billing.models import BillingDetails
from config.gate import gate
from config.roles import Permission
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show

FORM = "billing/billing_details_change.html"
METHOD = "billing/payment_method_change.html"


@gate(Permission.BILLING_EDIT_DETAILS, records=Event.BILLING_DETAILS_CHANGED)
def billing_details_change(request: OrgRequest, slug: str) -> HttpResponse:
    form = DetailsForm(posted(request), initial=initial_of(_details(request)))
    if form.is_valid():
        said, seen = form.cleaned_data, form.cleaned_data["seen"]
        try:
            details_change(said=said, actor=request.access, seen=seen)
        except ValidationError as error:
            refuse(form, error)
            response = show(request, FORM, form, _around(request))
            response.status_code = 409 if error.code == "changed" else 422
            return response
        text = f"The billing details of {request.org.name} are as you said"
        return elsewhere(request, text, to=_billing(request))
    return show(request, FORM, form, _around(request))


@gate(Permission.BILLING_MANAGE_PAYMENT_METHODS, records=Event.PAYMENT_METHOD_CHANGED, fresh=True)
def payment_method_change(request: OrgRequest, slug: str) -> HttpResponse:
    asked, form = gateway(), DeedForm(posted(request))
    context: dict[str, Any] = {
        "asked": asked,
        "issuer": settings.ISSUER,
        "due_days": settings.INVOICE_DUE_DAYS,
        "details": _details(request),
        "attempt": uuid4().hex,
        "back": _billing(request),
    }
    if form.is_valid():
        back = request.build_absolute_uri(_billing(request))
        try:
            page = payment_page_open(
                back=back, actor=request.access, attempt=form.cleaned_data["attempt"]
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            # A form that was sent may not lead away from here (form-action): a link may.
            if request.htmx:
                return HttpResponseClientRedirect(page)
            context["page"] = page
    return show(request, METHOD, form, context)


def _details(request: OrgRequest) -> BillingDetails | None:
    return BillingDetails.objects.in_org(request.org.id).first()


def _around(request: OrgRequest) -> dict[str, Any]:
    return {"back": _billing(request), "mark": (_details(request) or BillingDetails()).mark}


def _billing(request: OrgRequest) -> str:
    return reverse("billing_overview", args=[request.org.slug])
