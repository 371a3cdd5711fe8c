"""Plan, seats, next invoice and invoices on one page. HTTP only: get, ask, act, show."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.overview import overview
from config.gate import gate
from config.roles import Permission
from orgs.tenancy import OrgRequest


@gate(Permission.BILLING_VIEW)
@require_safe
def billing_overview(request: OrgRequest, slug: str) -> HttpResponse:
    return render(request, "billing/billing_overview.html", overview(request.access))
