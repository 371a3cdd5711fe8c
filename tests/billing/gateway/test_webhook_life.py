"""A subscription's whole life with real commits, told by Stripe in and out of order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from audit import ledger
from audit.events import Event
from audit.ledger import SYSTEM, Target
from billing.actions.mirror_invoice import invoice_mirror
from billing.actions.mirror_subscription import subscription_mirror
from billing.gateway import Buyer, gateway_of
from billing.models import BillingDetails
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.gateway.localstripe_client import KEY, PLANS, Elsewhere
from tests.billing.gateway.recorded import NOON, PRICES, Recorded
from tests.billing.gateway.webhooks import SECRET, Told, post
from tests.factories import make_organization, make_person


def with_stripe(settings: Any, *, base: str, prices: dict[str, str]) -> None:
    settings.STRIPE_API_KEY = KEY
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    settings.STRIPE_API_BASE = base
    settings.STRIPE_PRICES = prices
    settings.CURRENCY = "USD"


@pytest.mark.race
@pytest.mark.requirement("S1-057")
def test_each_event_is_committed_with_its_entry(
    committed: None, recorded: Recorded, settings: Any
) -> None:
    """Every change of a table leaves an entry, or the database refuses the commit."""
    with_stripe(settings, base=recorded.base, prices=PRICES)
    told = Told(make_organization(make_person("Lena Life"), "Living"), recorded)
    told.subscription()
    told.tell("customer.subscription.created")
    told.tell("customer.subscription.created")
    told.tell("payment_method.attached", "pm_1")
    told.tell("payment_method.attached", "pm_1")
    ref = told.invoice(status="draft", number=None)
    told.tell("invoice.created", ref)
    told.invoice()
    told.tell("invoice.finalized", ref)
    told.subscription(status="past_due", seats=6)
    told.tell("invoice.payment_failed", ref)
    told.invoice(status="paid", amount_paid=8640)
    told.subscription(seats=6, cancel_at_period_end=True)
    told.tell("invoice.paid", ref)
    told.subscription(seats=6, status="canceled", ended_at=NOON + 86400 * 60)
    assert told.tell("customer.subscription.deleted").status_code == 200
    assert told.living() is None
    assert [(one.state, one.paid) for one in told.invoices()] == [("paid", 8640)]
    assert told.deeds() == [
        "subscription.started",
        "payment_method.changed",
        "invoice.issued",
        "subscription.changed",
        "subscription.state_changed",
        "invoice.payment_recorded",
        "subscription.canceled",
        "subscription.state_changed",
        "subscription.ended",
    ]


def customer_at(elsewhere: Elsewhere, org: Organization) -> str:
    stripe = gateway_of("stripe")
    buyer = Buyer(organization=org.pk, name=org.name, email="books@acme.example")
    customer = stripe.customer(buyer, ref="", key=f"customer {org.pk}")
    elsewhere.card(customer)
    with bound(org.pk):
        BillingDetails.objects.create(organization=org, provider_customer=customer)
        ledger.record(
            Event.PAYMENT_METHOD_CHANGED,
            organization=org.pk,
            actor=SYSTEM,
            target=Target("organization", org.pk, org.name),
            changes={"method": (None, "Stripe")},
        )
    return customer


@pytest.mark.race
@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_order_the_end_is_the_same(
    committed: None, elsewhere: Elsewhere, settings: Any, seed: int
) -> None:
    """A server like Stripe's makes the events; they come shuffled, and some of them twice."""
    with_stripe(settings, base=elsewhere.base, prices=PLANS)
    org = make_organization(make_person("Lena Life"), "Living")
    customer, stripe = customer_at(elsewhere, org), gateway_of("stripe")
    held = stripe.subscribe(
        organization=org.pk, customer=customer, plan="team", seats=3, key=f"begin {org.pk}"
    )
    held = stripe.change(held, plan="enterprise", seats=12, key="more")
    held = stripe.cancel(held, key="end")
    ours = elsewhere.events(customer)
    said = ours + ours[: len(ours) // 2]
    random.Random(seed).shuffle(said)
    assert len(ours) >= 4
    assert {post(one).status_code for one in said} == {200}
    with bound(org.pk):
        subscription = subscription_mirror(organization=org.pk, facts=held, actor=SYSTEM)
        invoice = invoice_mirror(
            organization=org.pk, facts=stripe.invoices(customer)[0], actor=SYSTEM
        )
        details = BillingDetails.objects.in_org(org).get()
    assert subscription is not None
    assert (subscription.plan, subscription.seats) == ("enterprise", 12)
    assert subscription.ends_on is not None
    assert invoice is not None
    assert (invoice.state, invoice.gross, invoice.paid) == ("paid", 7200, 7200)
    assert details.method_label == "Visa ending in 4242, valid to 12/2031"
