"""What the Billing page shows, part by part, to who may see each; the template has the words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse

from billing.charges import Charge
from billing.forms.usage import UsageAsked
from billing.gateway import gateway
from billing.models import BillingDetails
from billing.offers import sells
from billing.periods import month_after, today_here
from billing.plans import plan_of
from billing.queries.invoices import invoices_of, upcoming
from billing.queries.subscriptions import Standing, standing
from billing.queries.usage import usage_page
from billing.usage_lines import Shown
from config.moments import format_money
from config.roles import Permission
from orgs.access import Access
from orgs.queries.organizations import owner_names
from orgs.seats import seats

INVOICES_SHOWN = 5
USAGE = "usage"
METHODS = {"transfer": "Bank transfer", "stripe": "Stripe"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of what the month comes to."""

    kind: str
    text: str
    note: str
    net: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Readers:
    """Who may change billing, for who may only read it: the Owner who is longest here, others."""

    first: str
    others: int

    @property
    def words(self) -> str:
        """ "Alice Marlow and one other Owner may change it."."""
        if not self.first:
            return "Owners may change it."
        if not self.others:
            return f"{self.first} may change it."
        number = "one" if self.others == 1 else f"{self.others:,}"
        return (
            f"{self.first} and {number} other Owner{'' if self.others == 1 else 's'} may change it."
        )


def overview(access: Access) -> dict[str, Any]:
    stands, may = standing(access.org.id), _may(access)
    details = BillingDetails.objects.in_org(access.org.id).first()
    return {
        "stands": stands,
        "plan": plan_of(access.org.plan),
        "sells": sells(),
        "today": today_here(),
        "days_left": (month_after(today_here()) - today_here()).days - 1,
        "currency": stands.now.currency if stands.now else settings.CURRENCY,
        "taken": seats(access.org),
        "may": may,
        "changes_nothing": not any(may[deed] for deed in ("plan", "details", "method", "credits")),
        "owners": _owners(access) if not may["plan"] else None,
        "details": details,
        "address": details.address if details else [],
        "method": METHODS.get(details.method if details else "transfer", ""),
        "credit": _credit(access, details),
        "has_pages": gateway().has_pages,
        "due_days": settings.INVOICE_DUE_DAYS,
        **_next_invoice(access, stands, may),
        **_usage(access, stands, may),
        **_invoices(access, may),
    }


def _may(access: Access) -> dict[str, bool]:
    return {
        "plan": access.can(Permission.BILLING_CHANGE_PLAN),
        "details": access.can(Permission.BILLING_EDIT_DETAILS),
        "method": access.can(Permission.BILLING_MANAGE_PAYMENT_METHODS),
        "credits": access.can(Permission.BILLING_BUY_CREDITS),
        "invoices": access.can(Permission.BILLING_VIEW_INVOICES),
        "usage": access.can(Permission.BILLING_VIEW_USAGE),
        "costs": access.can(Permission.BILLING_VIEW_COSTS),
    }


def _owners(access: Access) -> Readers:
    names = owner_names(access.org.id, most=1)
    return Readers(first=names[0] if names else "", others=max(0, access.org.owner_count - 1))


def _credit(access: Access, details: BillingDetails | None) -> str:
    return format_money(details.credit if details else 0, settings.CURRENCY)


def _next_invoice(access: Access, stands: Standing, may: dict[str, bool]) -> dict[str, Any]:
    """What the running month comes to. What usage costs only some may see; plan and seats all."""
    coming = upcoming(access.org.id, today_here(), subscription=stands.subscription)
    if coming is None:
        return {"coming": None}
    lines = [_line(charge) for charge in coming.lines]
    if may["costs"]:
        return {"coming": coming, "coming_lines": lines}
    fixed = sum(charge.net for charge in coming.lines if charge.kind != USAGE)
    seen = replace(coming, so_far=fixed, forecast=0, expected=fixed)
    return {"coming": seen, "coming_lines": [line for line in lines if line.kind != USAGE]}


def _line(charge: Charge) -> Line:
    """Short enough for a card: the days are said where they are not the whole month."""
    if charge.kind == USAGE:
        return Line(kind=USAGE, text="Usage", note="", net=charge.net)
    label, what, when = [*charge.text.split(", ", 2), "", ""][:3]
    text = label if charge.kind == "base" else what
    note = when.partition(" (")[2].removesuffix(")")
    return Line(kind=charge.kind, text=text, note=note, net=charge.net)


def _usage(access: Access, stands: Standing, may: dict[str, bool]) -> dict[str, Any]:
    """The chart of the month, as the page of usage begins."""
    if not may["usage"]:
        return {"usage": None}
    asked = UsageAsked.read(QueryDict(), today=today_here(), costs=may["costs"])
    page = usage_page(access, asked)
    if not page.total and not page.forecast:
        return {"usage": None}
    shown = Shown(access, page, reverse("usage", args=[access.org.slug]), costs=may["costs"])
    # Beside the invoice its parts are told apart; of a month that began before, they are not its.
    begun = stands.subscription is not None and stands.subscription.started_on <= asked.period.start
    return {"usage": shown, "usage_parts": shown.legend if begun and may["costs"] else []}


def _invoices(access: Access, may: dict[str, bool]) -> dict[str, Any]:
    if not may["invoices"]:
        return {"invoices": []}
    rows = invoices_of(access.org.id).select_related("corrects")
    return {"invoices": list(rows.order_by("-issued_on", "-id")[:INVOICES_SHOWN])}
