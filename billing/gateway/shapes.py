"""Stripe's answers, read into our own facts. No calls here, and nothing of Stripe's leaves.

Field names: https://docs.stripe.com/api. Where a field has moved between versions of the interface
both places are read, since an account's events and a test server may be of another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from billing.gateway.facts import (
    InvoiceFacts,
    InvoiceStanding,
    LineFacts,
    MethodFacts,
    Standing,
    SubscriptionFacts,
)

Said = Mapping[str, Any]

TOP_UP = "top_up"
BASE = "_base"

# An unpaid or paused one is still there, and holds nothing back but money.
_STANDINGS = {
    "incomplete": Standing.PENDING,
    "trialing": Standing.ACTIVE,
    "active": Standing.ACTIVE,
    "past_due": Standing.PAST_DUE,
    "unpaid": Standing.PAST_DUE,
    "paused": Standing.PAST_DUE,
    "canceled": Standing.ENDED,
    "incomplete_expired": Standing.ENDED,
}


def subscription_facts(said: Said, *, prices: Mapping[str, str]) -> SubscriptionFacts:
    """`prices` is plan → price, as set by the operator; the item of the seats names the plan.

    A price that is not among them leaves the plan empty: the operator changed it at Stripe.
    """
    seats = seat_item(said, prices=prices)
    period_end = _moment(seats.get("current_period_end") or said["current_period_end"])
    return SubscriptionFacts(
        ref=said["id"],
        customer=id_of(said["customer"]),
        standing=_STANDINGS.get(said["status"], Standing.PAST_DUE),
        plan=_plan_of(price_of(seats), prices),
        seats=int(seats.get("quantity") or 1),
        period_start=_moment(seats.get("current_period_start") or said["current_period_start"]),
        period_end=period_end,
        ends_at=_maybe(said.get("cancel_at"))
        or (period_end if said.get("cancel_at_period_end") else None),
        ended_at=_maybe(said.get("ended_at")),
    )


def items_of(said: Said) -> list[Said]:
    return list(said["items"]["data"])


def seat_item(said: Said, *, prices: Mapping[str, str]) -> Said:
    """The item whose quantity is the seats: not the one of a plan's base price."""
    bases = {price for plan, price in prices.items() if plan.endswith(BASE)}
    items = items_of(said)
    return next((item for item in items if price_of(item) not in bases), items[0])


def price_of(item: Said) -> str:
    price = item.get("price") or item.get("plan") or {}
    return id_of(price)


def _plan_of(price: str, prices: Mapping[str, str]) -> str:
    return next((plan for plan, known in prices.items() if known == price), "").removesuffix(BASE)


def invoice_facts(said: Said, lines: Iterable[Said] | None = None) -> InvoiceFacts:
    """`lines` are all of them, where the invoice itself carries only the first."""
    turns: Said = said.get("status_transitions") or {}
    gross, tax = int(said["total"]), _tax(said)
    made = _moment(said.get("created") or said.get("date"))
    return InvoiceFacts(
        ref=said["id"] or "",
        customer=id_of(said["customer"]),
        subscription=_subscription_of(said),
        number=said.get("number") or "",
        standing=InvoiceStanding(said.get("status") or "draft"),
        currency=str(said["currency"]).upper(),
        net=gross - tax,
        tax=tax,
        gross=gross,
        paid=int(said.get("amount_paid") or 0),
        credit_used=_credit_used(said),
        made_at=made,
        issued_at=_maybe(turns.get("finalized_at")),
        due_at=_maybe(said.get("due_date")),
        settled_at=_maybe(
            turns.get("paid_at") or turns.get("voided_at") or turns.get("marked_uncollectible_at")
        ),
        period_start=_maybe(said.get("period_start")) or made,
        period_end=_maybe(said.get("period_end")) or made,
        url=web_address(said.get("hosted_invoice_url")),
        is_top_up=(said.get("metadata") or {}).get("bailiwick") == TOP_UP,
        is_renewal=said.get("billing_reason") == "subscription_cycle",
        lines=tuple(_line(line) for line in (lines or said["lines"]["data"])),
    )


def _line(said: Said) -> LineFacts:
    return LineFacts(
        text=(said.get("description") or "").strip(),
        amount=int(said["amount"]),
        quantity=int(said.get("quantity") or 1),
        starts_at=_moment(said["period"]["start"]),
        ends_at=_moment(said["period"]["end"]),
        ref=str((said.get("metadata") or {}).get("bailiwick") or ""),
    )


def _credit_used(said: Said) -> int:
    """What a customer has at Stripe stands below zero, and rises as it is used."""
    if said.get("ending_balance") is None:
        return 0
    return max(0, int(said["ending_balance"]) - int(said.get("starting_balance") or 0))


def _tax(said: Said) -> int:
    taxes = said.get("total_taxes") or said.get("total_tax_amounts") or []
    return sum(int(tax["amount"]) for tax in taxes) or int(said.get("tax") or 0)


def _subscription_of(said: Said) -> str:
    parent: Said = said.get("parent") or {}
    details: Said = parent.get("subscription_details") or {}
    return id_of(details.get("subscription") or said.get("subscription"))


def method_facts(said: Said) -> MethodFacts:
    """A card, a direct debit or whatever else Stripe takes; only what one may show."""
    # An old card is an object of its own, with its facts on top.
    kind = said.get("type") or said.get("object") or ""
    what: Said = said.get(kind) or said
    return MethodFacts(
        ref=said["id"],
        kind=kind,
        brand=str(what.get("display_brand") or what.get("brand") or what.get("bank_name") or ""),
        last4=str(what.get("last4") or ""),
        month=what.get("exp_month"),
        year=what.get("exp_year"),
    )


def id_of(value: Any) -> str:
    """The id of what may be expanded, or be missing."""
    return str(value["id"] if isinstance(value, Mapping) else value or "")


def web_address(value: object) -> str:
    """An address that a page may link to: none but https."""
    return value if isinstance(value, str) and value.startswith("https://") else ""


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _maybe(seconds: Any) -> datetime | None:
    return _moment(seconds) if seconds else None
