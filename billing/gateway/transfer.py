"""Invoice by bank transfer: complete without any network.

Subscribing holds at once, invoices are issued by Bailiwick, and the operator records what came in.
There is nobody to ask: what a subscription is stands in our own rows, and is handed in.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.utils import timezone

from billing.gateway.facts import (
    Buyer,
    GatewayError,
    InvoiceFacts,
    MethodFacts,
    ProviderEvent,
    Standing,
    SubscriptionFacts,
    UsageLine,
)
from billing.periods import day_of, midnight, month_after


class BankTransfer:
    code = "transfer"
    label = "Bank transfer"
    issues_invoices = False
    has_pages = False

    def customer(self, buyer: Buyer, *, ref: str, key: str) -> str:
        return ""

    def subscribe(
        self, *, organization: UUID, customer: str, plan: str, seats: int, key: str
    ) -> SubscriptionFacts:
        now = timezone.now()
        return SubscriptionFacts(
            ref="",
            customer="",
            standing=Standing.ACTIVE,
            plan=plan,
            seats=seats,
            period_start=now,
            period_end=next_month(now),
        )

    def change(
        self, held: SubscriptionFacts, *, plan: str, seats: int, key: str, prorate: bool = True
    ) -> SubscriptionFacts:
        return replace(held, plan=plan, seats=seats)

    def cancel(self, held: SubscriptionFacts, *, key: str, now: bool = False) -> SubscriptionFacts:
        if not now:
            return replace(held, ends_at=held.period_end)
        return replace(held, standing=Standing.ENDED, ended_at=timezone.now())

    def resume(self, held: SubscriptionFacts, *, key: str) -> SubscriptionFacts:
        refuse_to_resume(held)
        return replace(held, ends_at=None)

    def subscription(self, ref: str) -> SubscriptionFacts:
        _has_none("subscriptions to read")

    def invoice(self, ref: str) -> InvoiceFacts:
        _has_none("invoices to read")

    def invoices(self, customer: str) -> tuple[InvoiceFacts, ...]:
        return ()

    def usage_add(self, *, customer: str, lines: tuple[UsageLine, ...], invoice: str = "") -> None:
        _has_none("drafts: usage goes onto the invoice that is issued here")

    def payment_method(self, customer: str, *, subscription: str = "") -> MethodFacts | None:
        return None

    def checkout_url(
        self, *, organization: UUID, customer: str, currency: str, back: str, key: str
    ) -> str:
        _has_none("page to pay on")

    def checkout_finish(self, ref: str) -> None:
        _has_none("page to pay on")

    def portal_url(self, *, customer: str, back: str) -> str:
        _has_none("page of its own")

    def top_up(
        self, *, organization: UUID, customer: str, amount: int, currency: str, text: str, key: str
    ) -> InvoiceFacts:
        _has_none("charge: credit is added when its invoice is paid")

    def credit_keep(self, *, customer: str, amount: int, currency: str, invoice: str) -> None:
        return None

    def event(self, payload: bytes, signature: str) -> ProviderEvent:
        _has_none("events")


def refuse_to_resume(held: SubscriptionFacts) -> None:
    """What has ended is over: a new subscription is another one."""
    if held.standing is Standing.ENDED:
        raise GatewayError("ended", "This subscription has ended. Subscribe anew.")


def next_month(moment: datetime) -> datetime:
    """The first moment of the next calendar month in the issuer's time zone."""
    return midnight(month_after(day_of(moment)))


def _has_none(what: str) -> NoReturn:
    raise GatewayError("not_offered", f"Paying by bank transfer has no {what}.")
