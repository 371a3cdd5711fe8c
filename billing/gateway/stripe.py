"""Stripe, by its own client: customers, subscriptions with seats, and Stripe's own pages.

Prices are the operator's: `STRIPE_PRICES` names the price of a seat for each plan ("team"), and
where a plan has one, of its base ("enterprise_base"). An id that does not begin with "price_" is
taken for one of the older plans, which Stripe still sells.
Periods are calendar months of the issuer, as everywhere here: the anchor is the next one's first
moment, and Stripe charges the days until then by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import stripe

from billing.gateway import sent, shapes
from billing.gateway.account import once, plain
from billing.gateway.facts import Buyer, GatewayError, ProviderEvent, Standing, SubscriptionFacts
from billing.gateway.refusals import asking
from billing.gateway.stripe_invoices import StripeInvoices
from billing.gateway.transfer import refuse_to_resume
from billing.gateway.webhooks import read_event


class Stripe(StripeInvoices):
    code = "stripe"
    label = "Stripe"
    issues_invoices = True
    has_pages = True

    def __init__(
        self, key: str, *, webhook_secret: str, base: str = "", prices: Mapping[str, str]
    ) -> None:
        super().__init__(key, base=base)
        self.secret, self.prices = webhook_secret, dict(prices)

    # --- Customers ----------------------------------------------------------------------------

    def customer(self, buyer: Buyer, *, ref: str, key: str) -> str:
        params: Any = sent.named(buyer, anew=not ref)
        with asking("customer"):
            if not ref:
                return self.api.customers.create(params, once(key)).id
            # The part that may be refused comes first: then nothing is changed.
            self._tax_id(buyer, ref, key)
            self.api.customers.update(ref, params, once(key))
        return ref

    def _tax_id(self, buyer: Buyer, ref: str, key: str) -> None:
        """Stripe keeps tax ids apart and changes none: the old goes once the new is there."""
        tax_ids, kind = self.api.customers.tax_ids, sent.tax_id_kind(buyer)
        held = [plain(one) for one in tax_ids.list(ref).data]
        old = [one for one in held if not sent.is_same_tax_id(one, buyer)]
        if kind and len(old) == len(held):
            wanted: Any = {"type": kind, "value": buyer.tax_id}
            tax_ids.create(ref, wanted, once(key, "tax"))
        for one in old:
            tax_ids.delete(ref, one["id"])

    # --- Subscriptions ------------------------------------------------------------------------

    def subscribe(
        self, *, organization: UUID, customer: str, plan: str, seats: int, key: str
    ) -> SubscriptionFacts:
        params: Any = {
            "customer": customer,
            "items": sent.items(self.prices, plan, seats),
            "billing_cycle_anchor": sent.anchor(),
            "metadata": {"organization": str(organization)},
            # A refused card leaves no half subscription behind.
            "payment_behavior": "error_if_incomplete",
            **sent.taxed(),
        }
        self.method_needed(customer)
        with asking("subscription"):
            held = self._facts(self.api.subscriptions.create(params, once(key)))
            if held.standing is not Standing.PENDING:
                return held
            self.api.subscriptions.cancel(held.ref)
        raise GatewayError("payment_refused", "The payment method was refused.")

    def change(
        self, held: SubscriptionFacts, *, plan: str, seats: int, key: str, prorate: bool = True
    ) -> SubscriptionFacts:
        wanted = sent.items(self.prices, plan, seats)
        with asking("subscription"):
            said = plain(self.api.subscriptions.retrieve(held.ref))
            params: Any = sent.instead(said, self.prices, wanted)
            if not prorate:
                params["proration_behavior"] = "none"
            return self._facts(self.api.subscriptions.update(held.ref, params, once(key)))

    def cancel(self, held: SubscriptionFacts, *, key: str, now: bool = False) -> SubscriptionFacts:
        with asking("subscription"):
            if now:
                return self._facts(self.api.subscriptions.cancel(held.ref))
            return self._ends(held, key, with_period=True)

    def resume(self, held: SubscriptionFacts, *, key: str) -> SubscriptionFacts:
        refuse_to_resume(held)
        with asking("subscription"):
            return self._ends(held, key, with_period=False)

    def _ends(self, held: SubscriptionFacts, key: str, *, with_period: bool) -> SubscriptionFacts:
        params: Any = {"cancel_at_period_end": with_period}
        return self._facts(self.api.subscriptions.update(held.ref, params, once(key)))

    def subscription(self, ref: str) -> SubscriptionFacts:
        with asking("subscription"):
            return self._facts(self.api.subscriptions.retrieve(ref))

    def _facts(self, subscription: stripe.Subscription) -> SubscriptionFacts:
        return shapes.subscription_facts(plain(subscription), prices=self.prices)

    # --- Stripe's own pages -------------------------------------------------------------------

    def checkout_url(
        self, *, organization: UUID, customer: str, currency: str, back: str, key: str
    ) -> str:
        params: Any = {
            "mode": "setup",
            "customer": customer,
            "client_reference_id": str(organization),
            "currency": currency.lower(),
            "success_url": f"{back}?checkout=done",
            "cancel_url": back,
        }
        with asking("page"):
            return _page(plain(self.api.checkout.sessions.create(params, once(key))))

    def checkout_finish(self, ref: str) -> None:
        with asking("page"):
            said = plain(self.api.checkout.sessions.retrieve(ref, {"expand": ["setup_intent"]}))
            method = shapes.id_of((said.get("setup_intent") or {}).get("payment_method"))
            if said.get("mode") == "setup" and method:
                params: Any = {"invoice_settings": {"default_payment_method": method}}
                customer = shapes.id_of(said["customer"])
                self.api.customers.update(customer, params, once(f"default:{ref}"))

    def portal_url(self, *, customer: str, back: str) -> str:
        params: Any = {"customer": customer, "return_url": back}
        with asking("page"):
            return _page(plain(self.api.billing_portal.sessions.create(params)))

    # --- Events -------------------------------------------------------------------------------

    def event(self, payload: bytes, signature: str) -> ProviderEvent:
        return read_event(payload, signature, secret=self.secret)


def _page(session: Mapping[str, Any]) -> str:
    """Where to send the person; nowhere but to https."""
    address = shapes.web_address(session.get("url"))
    if not address:
        raise GatewayError("provider_error", "The payment provider gave no page.", again=True)
    return address
