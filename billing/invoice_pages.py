"""What the pages of invoices show, part by part; markup and sentences are the templates'."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import QueryDict

from billing.charges import days_in_words
from billing.countries import country_name
from billing.models import BillingDetails, Invoice
from billing.periods import DAY, today_here
from billing.queries.invoices import (
    STATES,
    invoice_opened,
    invoice_page,
    invoice_years,
    upcoming,
)
from config.keyset import page_links
from config.money import money
from config.roles import Permission
from orgs.access import Access
from orgs.tenancy import OrgRequest


def list_context(request: OrgRequest) -> dict[str, Any]:
    """The list under the filters of its address, and the invoice that comes next."""
    org, years = request.org.id, invoice_years(request.org.id)
    year, state = asked(request.GET, years)
    page = invoice_page(org, year=year, state=state, cursor=request.GET.get("page"))
    is_first = not request.GET.get("page") and not state and year in (None, today_here().year)
    return {
        "invoices": page.rows,
        "years": years,
        "year": year,
        "state": state,
        "states": STATES,
        "is_narrowed": bool(state or year),
        "export_year": year or (years[0] if years else None),
        "coming": _coming(request.access) if is_first else None,
        "recipients": _recipients(request.access),
        **page_links(request, page),
    }


def asked(query: QueryDict, years: list[int]) -> tuple[int | None, str]:
    """Year and state of an address; what is none of them narrows nothing."""
    said = query.get("year", "")
    year = next((one for one in years if str(one) == said), None)
    state = query.get("state", "")
    return year, state if state in STATES else ""


def page_context(invoice: Invoice, access: Access) -> dict[str, Any]:
    opened = invoice_opened(invoice, access)
    return {
        "invoice": invoice,
        "opened": opened,
        "parties": [
            ("From", party(invoice.seller, name="name")),
            ("To", party(invoice.buyer, name="legal_name")),
        ],
        "taxes": [tax_line(part) for part in invoice.taxes],
        "period": _period(invoice),
        "usage": money(sum(nano for _, _, nano in opened.parts), exact=True),
        "most": sum(nano for _, _, nano in opened.parts),
        "days_late": (today_here() - invoice.due_on).days if invoice.due_on else 0,
        "iban": _in_fours(invoice.seller.get("iban", "")),
        "may_fix": "buyer" in " ".join(opened.broken)
        and access.can(Permission.BILLING_EDIT_DETAILS),
    }


def tax_line(part: dict[str, Any]) -> dict[str, Any]:
    """ "Tax, 19 %"; a category without tax says why."""
    rate = f"{Decimal(part['rate']).normalize():f}"
    words = f"Tax, {rate} %" if part["tax"] or not part.get("reason") else "Tax"
    return {"words": words, "amount": part["tax"], "reason": part.get("reason", "")}


def party(said: dict[str, str], *, name: str) -> dict[str, Any]:
    """Seller or buyer with the lines of the address that say something."""
    town = " ".join(filter(None, (said.get("postcode"), said.get("city"))))
    lines = (said.get("street"), said.get("street_2"), town, said.get("region"))
    country = said.get("country", "")
    return {
        "name": said.get(name, ""),
        "lines": [line for line in (*lines, country_name(country) if country else "") if line],
        "tax_id": said.get("tax_id", ""),
    }


def _period(invoice: Invoice) -> str:
    start: date | None = invoice.period_start
    end: date | None = invoice.period_end
    return days_in_words(start, end - DAY) if start and end else ""


def _coming(access: Access) -> Any:
    """Usage is money that only some may see."""
    if not access.can(Permission.BILLING_VIEW_COSTS):
        return None
    return upcoming(access.org.id, today_here())


def _recipients(access: Access) -> list[str]:
    rows = BillingDetails.objects.in_org(access.org.id).values_list("recipients", flat=True)
    return list(rows.first() or [])


def _in_fours(iban: str) -> str:
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
