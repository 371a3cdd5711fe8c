"""The deeds of an owner where Stripe collects: nothing of ours changes unless Stripe's does.

Against localstripe, which keeps state, and a stand-in where idempotency keys or faults matter.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from billing.actions.subscriptions import (
    subscription_cancel,
    subscription_change,
    subscription_resume,
    subscription_start,
)
from billing.gateway import account as stripe_account
from billing.gateway import gateway_of
from billing.models import BillingDetails, Subscription
from orgs.models import Organization
from tests.billing.gateway.localstripe_client import ATTACHES_ONLY, KEY, PLANS, Elsewhere
from tests.billing.gateway.recorded import PRICES, Recorded, a_customer, a_method, a_subscription
from tests.factories import Cast

SEATS = 9


@pytest.fixture(autouse=True)
def _with_stripe(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_account, "RETRIES", 0)
    settings.STRIPE_API_KEY = KEY
    settings.CURRENCY = "USD"
    settings.ISSUER = settings.ISSUER | {"name": "Bailiwick Works"}


@pytest.fixture
def at_stripe(settings: Any, elsewhere: Elsewhere) -> Elsewhere:
    settings.STRIPE_API_BASE, settings.STRIPE_PRICES = elsewhere.base, PLANS
    return elsewhere


@pytest.fixture
def at_recorded(settings: Any, recorded: Recorded) -> Recorded:
    settings.STRIPE_API_BASE, settings.STRIPE_PRICES = recorded.base, PRICES
    return recorded


def customer_of(cast: Cast, elsewhere: Elsewhere) -> str:
    """Whom the console made at Stripe, and who has been on Stripe's page since."""
    customer = elsewhere.post("/v1/customers", name="Acme Robotics")["id"]
    BillingDetails.objects.update_or_create(
        organization=cast.acme, defaults={"provider_customer": customer}
    )
    return str(customer)


def refusal(*, seats: int = SEATS, actor: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        subscription_start(plan="team", seats=seats, actor=actor, attempt=uuid4().hex)
    return str(refused.value.code)


def untouched(cast: Cast) -> bool:
    org = Organization.objects.get(pk=cast.acme.pk)
    return not Subscription.objects.in_org(org).exists() and org.plan == cast.acme.plan


def test_without_a_card_it_is_said_and_nothing_changes(cast: Cast, at_stripe: Elsewhere) -> None:
    actor = cast.access(cast.alice)
    assert refusal(actor=actor) == "payment_method_needed"
    assert untouched(cast)


def test_a_card_that_is_refused_changes_nothing(cast: Cast, at_stripe: Elsewhere) -> None:
    actor = cast.access(cast.alice)
    customer = customer_of(cast, at_stripe)
    at_stripe.card(customer, ATTACHES_ONLY)
    assert refusal(actor=actor) == "payment_refused"
    assert untouched(cast)
    assert at_stripe.get("/v1/subscriptions", customer=customer)["data"] == []


def test_subscribed_changed_cancelled_and_resumed_at_both(cast: Cast, at_stripe: Elsewhere) -> None:
    actor = cast.access(cast.alice)
    at_stripe.card(customer_of(cast, at_stripe))
    begun = subscription_start(plan="team", seats=SEATS, actor=actor, attempt="1")
    stripe = gateway_of("stripe")
    assert (begun.provider, stripe.subscription(begun.provider_ref).seats) == ("stripe", SEATS)
    subscription_change(plan="team", seats=SEATS + 3, actor=actor, attempt="2")
    assert stripe.subscription(begun.provider_ref).seats == SEATS + 3
    ending = subscription_cancel(actor=actor, attempt="3")
    said = stripe.subscription(begun.provider_ref)
    assert said.ends_at is not None
    assert ending.ends_on is not None
    subscription_resume(actor=actor, attempt="4")
    assert stripe.subscription(begun.provider_ref).ends_at is None
    living = Subscription.objects.in_org(cast.acme).get()
    assert (living.seats, living.ends_on) == (SEATS + 3, None)


@pytest.mark.parametrize("deed", ["change", "cancel"])
def test_while_stripe_is_down_nothing_changes_here(
    cast: Cast, at_stripe: Elsewhere, settings: Any, deed: str
) -> None:
    actor = cast.access(cast.alice)
    at_stripe.card(customer_of(cast, at_stripe))
    begun = subscription_start(plan="team", seats=SEATS, actor=actor, attempt="1")
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(ValidationError) as refused:
        if deed == "change":
            subscription_change(plan="team", seats=SEATS + 1, actor=actor, attempt="2")
        else:
            subscription_cancel(actor=actor, attempt="2")
    assert refused.value.code == "unreachable"
    settings.STRIPE_API_BASE = at_stripe.base
    living = Subscription.objects.in_org(cast.acme).get()
    assert (living.seats, living.ends_on) == (SEATS, None)
    assert gateway_of("stripe").subscription(begun.provider_ref).seats == SEATS


def test_a_form_that_is_sent_twice_asks_with_one_key(cast: Cast, at_recorded: Recorded) -> None:
    actor = cast.access(cast.alice)
    BillingDetails.objects.create(organization=cast.acme, provider_customer="cus_1")
    at_recorded.answer("GET /v1/customers/cus_1", a_customer())
    at_recorded.answer("GET /v1/payment_methods/pm_1", a_method())
    at_recorded.refuse("POST /v1/subscriptions", 500, type="api_error")
    at_recorded.answer("POST /v1/subscriptions", a_subscription())
    with pytest.raises(ValidationError):
        subscription_start(plan="team", seats=SEATS, actor=actor, attempt="one form")
    subscription_start(plan="team", seats=SEATS, actor=actor, attempt="one form")
    first, second = at_recorded.sent("POST /v1/subscriptions")
    assert first.key == second.key
    assert first.form == second.form
    with pytest.raises(ValidationError) as refused:
        subscription_start(plan="team", seats=SEATS, actor=actor, attempt="another form")
    assert refused.value.code == "subscribed"
    assert len(at_recorded.sent("POST /v1/subscriptions")) == 2
