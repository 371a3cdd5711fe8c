"""The one place that speaks to a payment provider, and the words in which it answers.

How it is called, so that no row of the database waits for a network: a deed first asks what may
be asked without a lock, then calls the gateway with a key made of its own ids (`deed_key`), and
only then locks its row, looks whether it is still what it was, and writes what the provider
answered. Sent twice, both calls carry one key and have one effect; broken off in between, the
provider's event tells what came of it. A call takes at most three tries of ten seconds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol
from uuid import UUID

from django.conf import settings

from billing.gateway.facts import (
    Buyer,
    GatewayError,
    InvoiceFacts,
    InvoiceStanding,
    LineFacts,
    MethodFacts,
    ProviderEvent,
    Standing,
    SubscriptionFacts,
    Topic,
    UsageLine,
    deed_key,
)
from billing.gateway.transfer import BankTransfer

__all__ = [
    "Buyer",
    "Gateway",
    "GatewayError",
    "InvoiceFacts",
    "InvoiceStanding",
    "LineFacts",
    "MethodFacts",
    "ProviderEvent",
    "Standing",
    "SubscriptionFacts",
    "Topic",
    "UsageLine",
    "deed_key",
    "gateway",
    "gateway_of",
]


class Gateway(Protocol):
    """What Bailiwick asks of a provider. Every method may raise GatewayError."""

    @property
    def code(self) -> str:
        """As `provider` on our rows: “transfer” or “stripe”."""

    @property
    def label(self) -> str: ...

    @property
    def issues_invoices(self) -> bool:
        """Does the provider issue them, and we only mirror? Otherwise we do."""

    @property
    def has_pages(self) -> bool:
        """Are there pages of its own, to pay and to change how one pays?"""

    def customer(self, buyer: Buyer, *, ref: str, key: str) -> str:
        """Make the customer, or with `ref` bring them up to date; returns their ref."""

    def subscribe(
        self, *, organization: UUID, customer: str, plan: str, seats: int, key: str
    ) -> SubscriptionFacts:
        """Begin, paid by the customer's method at once; what is refused leaves nothing behind."""

    def change(
        self, held: SubscriptionFacts, *, plan: str, seats: int, key: str, prorate: bool = True
    ) -> SubscriptionFacts:
        """Another plan or number of seats from now on."""

    def cancel(self, held: SubscriptionFacts, *, key: str, now: bool = False) -> SubscriptionFacts:
        """End with the period that is paid for, or now."""

    def resume(self, held: SubscriptionFacts, *, key: str) -> SubscriptionFacts:
        """Take a cancellation back while the period lasts."""

    def subscription(self, ref: str) -> SubscriptionFacts: ...

    def invoice(self, ref: str) -> InvoiceFacts: ...

    def invoices(self, customer: str) -> tuple[InvoiceFacts, ...]:
        """The customer's hundred newest, newest first."""

    def usage_add(self, *, customer: str, lines: tuple[UsageLine, ...], invoice: str = "") -> None:
        """Put metered usage on an invoice that is still a draft, or on the next one."""

    def payment_method(self, customer: str, *, subscription: str = "") -> MethodFacts | None: ...

    def checkout_url(
        self, *, organization: UUID, customer: str, currency: str, back: str, key: str
    ) -> str:
        """The provider's page on which to add a method."""

    def checkout_finish(self, ref: str) -> None:
        """Make the method that was added there the one that is charged."""

    def portal_url(self, *, customer: str, back: str) -> str:
        """The provider's page on which to change how one pays, and to see what was paid."""

    def top_up(
        self, *, organization: UUID, customer: str, amount: int, currency: str, text: str, key: str
    ) -> InvoiceFacts:
        """Charge prepaid credit to the customer's method now; it counts from `credit_keep` on."""

    def credit_keep(self, *, customer: str, amount: int, currency: str, invoice: str) -> None:
        """What this paid top-up bought counts for the customer's next invoices; once for each."""

    def event(self, payload: bytes, signature: str) -> ProviderEvent:
        """Read an event, once its signature shows that the provider made it within 5 minutes."""


def gateway() -> Gateway:
    """The gateway of new subscriptions: Stripe where a key is set, bank transfer otherwise."""
    return gateway_of("stripe" if settings.STRIPE_API_KEY else "transfer")


def gateway_of(code: str) -> Gateway:
    """The gateway of a row that names its provider.

    Raises GatewayError where it is one that this installation no longer speaks to.
    """
    if code == "transfer":
        return BankTransfer()
    if code == "stripe" and settings.STRIPE_API_KEY:
        return _stripe(
            settings.STRIPE_API_KEY,
            settings.STRIPE_WEBHOOK_SECRET,
            settings.STRIPE_API_BASE,
            tuple(sorted(settings.STRIPE_PRICES.items())),
        )
    raise GatewayError(
        "no_provider",
        "This installation does not speak to that payment provider. Ask who runs it.",
    )


@lru_cache(maxsize=8)
def _stripe(key: str, secret: str, base: str, prices: tuple[tuple[str, str], ...]) -> Gateway:
    # Its library is large: an installation without it neither loads nor pays for it.
    from billing.gateway.stripe import Stripe

    return Stripe(key, webhook_secret=secret, base=base, prices=dict(prices))
