"""Credit that is paid ahead. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.events import Event
from billing.actions.credit import credit_buy as buy
from billing.actions.credit import credit_charge
from billing.forms.credit import CreditForm
from billing.gateway import gateway
from billing.issuer import issues_invoices
from billing.models import Invoice
from billing.queries.credit import balance_of, credit_page
from config.gate import gate
from config.keyset import page_links
from config.moments import format_money
from config.roles import Permission
from orgs.queries.organizations import owner_names
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, elsewhere, posted, refuse, show


@gate(Permission.BILLING_VIEW)
@require_safe
def credit_list(request: OrgRequest, slug: str) -> HttpResponse:
    page = credit_page(request.org.id, str(request.GET.get("page", ""))[:1000] or None)
    context: dict[str, Any] = {
        "entries": page.rows,
        "currency": settings.CURRENCY,
        "opens_invoices": request.access.can(Permission.BILLING_VIEW_INVOICES),
        **page_links(request, page),
    }
    if request.htmx:
        return render(request, "billing/credit_list.html#list", context)
    context |= {
        "balance": balance_of(request.org.id),
        "may_buy": request.access.can(Permission.BILLING_BUY_CREDITS),
        "is_sold": _is_sold(),
        "owners": owner_names(request.org.id),
    }
    return render(request, "billing/credit_list.html", context)


@gate(Permission.BILLING_BUY_CREDITS, records=Event.INVOICE_ISSUED, fresh=True)
def credit_buy(request: OrgRequest, slug: str) -> HttpResponse:
    form = CreditForm(posted(request))
    charged = gateway().issues_invoices
    context = {
        "balance": balance_of(request.org.id).credit,
        "currency": settings.CURRENCY,
        "is_sold": _is_sold(),
        "charged": charged,
        "due_days": settings.INVOICE_DUE_DAYS,
        "back": reverse("credit_list", args=[slug]),
    }
    if asks_preview(request):
        form.is_valid()
        name = "billing/_credit_preview.html" if request.htmx else "billing/credit_buy.html"
        return render(request, name, context | {"form": form, "asked": True})
    if not form.is_valid():
        return show(request, "billing/credit_buy.html", form, context)
    try:
        text, to = _bought(request, form, charged)
    except ValidationError as error:
        refuse(form, error)
        return show(request, "billing/credit_buy.html", form, context)
    return elsewhere(request, text, to=to)


def _bought(request: OrgRequest, form: CreditForm, charged: bool) -> tuple[str, str]:
    """What is true now, and the page that shows it."""
    amount, token = form.cleaned_data["amount"], str(form.cleaned_data["once"])
    shown = format_money(amount, settings.CURRENCY)
    deed = credit_charge if charged else buy
    invoice = deed(amount=amount, actor=request.access, token=token)
    page = reverse("invoice_view", args=[request.org.slug, invoice.pk])
    if invoice.state == Invoice.State.PAID:
        return f"{shown} is paid and counts as credit", page
    return f"{invoice} over {shown} is issued. It counts as credit once it is paid", page


def _is_sold() -> bool:
    return gateway().issues_invoices or issues_invoices()
