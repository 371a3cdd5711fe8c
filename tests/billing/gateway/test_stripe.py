"""What Stripe does with what the gateway sends, against localstripe.

localstripe is a separate server that keeps state as Stripe does: customers, cards, subscriptions
with seats, invoices. It has no Prices, no Checkout and no portal, ignores idempotency keys, knows
no period of an invoice item and lets a subscription begin unpaid: those are in test_stripe_recorded.py, against recorded shapes.
"""

from __future__ import annotations

import socket
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from billing.gateway import Buyer, GatewayError, InvoiceStanding, Standing, deed_key
from billing.gateway import account as stripe_account
from billing.gateway.stripe import Stripe
from tests.billing.gateway.localstripe_client import (
    ATTACHES_ONLY,
    DECLINED,
    KEY,
    SECRET,
    Elsewhere,
)

ORG = uuid4()


def a_buyer(**changed: str) -> Buyer:
    said = {"name": "Acme GmbH", "email": "books@acme.example", "city": "Bremen", "country": "DE"}
    return Buyer(organization=ORG, **(said | changed))


@pytest.fixture
def stripe(elsewhere: Elsewhere) -> Stripe:
    return elsewhere.gateway()


@pytest.fixture
def customer(stripe: Stripe) -> str:
    return stripe.customer(a_buyer(), ref="", key=deed_key("customer", uuid4()))


@pytest.fixture
def payer(elsewhere: Elsewhere, customer: str) -> str:
    elsewhere.card(customer)
    return customer


def begin(stripe: Stripe, customer: str, seats: int = 3):
    return stripe.subscribe(
        organization=ORG, customer=customer, plan="team", seats=seats, key=deed_key("sub", uuid4())
    )


def test_a_customer_is_made_as_invoices_name_them(stripe: Stripe, elsewhere: Elsewhere) -> None:
    ref = stripe.customer(a_buyer(tax_id="DE136695976"), ref="", key="k1")
    said = elsewhere.get(f"/v1/customers/{ref}")
    assert (said["name"], said["email"]) == ("Acme GmbH", "books@acme.example")
    assert said["address"] == {"city": "Bremen", "country": "DE"}
    assert said["metadata"] == {"organization": str(ORG)}
    assert [one["value"] for one in said["tax_ids"]["data"]] == ["DE136695976"]


def test_a_customer_is_brought_up_to_date(stripe: Stripe, elsewhere: Elsewhere) -> None:
    ref = stripe.customer(a_buyer(tax_id="DE136695976"), ref="", key="k1")
    changed = a_buyer(name="Acme SE", city="Köln", tax_id="DE129274202")
    assert stripe.customer(changed, ref=ref, key="k2") == ref
    said = elsewhere.get(f"/v1/customers/{ref}")
    assert (said["name"], said["address"]["city"]) == ("Acme SE", "Köln")
    kept = elsewhere.get(f"/v1/customers/{ref}/tax_ids")["data"]
    assert [one["value"] for one in kept] == ["DE129274202"]


def test_a_customer_that_is_not_there_is_said_so(stripe: Stripe) -> None:
    with pytest.raises(GatewayError) as refused:
        stripe.customer(a_buyer(), ref="cus_of_somebody_else", key="k")
    assert (refused.value.code, refused.value.again) == ("unknown", False)


def test_the_card_is_shown_as_far_as_one_may(stripe: Stripe, payer: str) -> None:
    method = stripe.payment_method(payer)
    assert method is not None
    assert method.label == "Visa ending in 4242, valid to 12/2031"


def test_whoever_entered_no_card_has_none(stripe: Stripe, customer: str) -> None:
    assert stripe.payment_method(customer) is None


def test_subscribing_buys_seats_and_is_paid_at_once(stripe: Stripe, payer: str) -> None:
    held = begin(stripe, payer, seats=3)
    assert (held.standing, held.plan, held.seats) == (Standing.ACTIVE, "team", 3)
    assert held.customer == payer
    assert held.period_start < timezone.now() < held.period_end
    (invoice,) = stripe.invoices(payer)
    assert (invoice.gross, invoice.paid, invoice.currency) == (7200, 7200, "USD")
    assert invoice.standing is InvoiceStanding.PAID
    assert invoice.subscription == held.ref
    assert stripe.invoice(invoice.ref) == invoice


def test_subscribing_without_a_card_asks_for_one(
    stripe: Stripe, elsewhere: Elsewhere, customer: str
) -> None:
    with pytest.raises(GatewayError) as refused:
        begin(stripe, customer)
    assert refused.value.code == "payment_method_needed"
    assert elsewhere.get("/v1/subscriptions", customer=customer)["data"] == []


def test_a_card_that_is_refused_leaves_no_subscription(
    stripe: Stripe, elsewhere: Elsewhere, customer: str
) -> None:
    elsewhere.card(customer, ATTACHES_ONLY)
    with pytest.raises(GatewayError) as refused:
        begin(stripe, customer)
    assert refused.value.code == "payment_refused"
    # Stripe itself makes none; localstripe makes one that waits, and the gateway takes it back.
    everything = elsewhere.get("/v1/subscriptions", customer=customer, status="all")["data"]
    assert [one["status"] for one in everything] == ["canceled"]


def test_a_card_that_cannot_be_added_is_not_the_gateways(
    elsewhere: Elsewhere, stripe: Stripe, customer: str
) -> None:
    with pytest.raises(Exception, match="402"):
        elsewhere.card(customer, DECLINED)
    assert stripe.payment_method(customer) is None


def test_a_plan_without_a_price_is_not_sold(stripe: Stripe, payer: str) -> None:
    with pytest.raises(GatewayError) as refused:
        stripe.subscribe(organization=ORG, customer=payer, plan="free", seats=1, key="k")
    assert refused.value.code == "no_price"


def test_seats_and_plan_change(stripe: Stripe, payer: str) -> None:
    held = begin(stripe, payer)
    more = stripe.change(held, plan="team", seats=5, key="c1")
    assert (more.ref, more.plan, more.seats) == (held.ref, "team", 5)
    larger = stripe.change(more, plan="enterprise", seats=10, key="c2")
    assert (larger.plan, larger.seats) == ("enterprise", 10)
    assert stripe.subscription(held.ref) == larger


def test_cancelled_it_lasts_until_the_period_ends(stripe: Stripe, payer: str) -> None:
    held = begin(stripe, payer)
    ending = stripe.cancel(held, key="e1")
    assert (ending.standing, ending.ends_at) == (Standing.ACTIVE, held.period_end)
    resumed = stripe.resume(ending, key="e2")
    assert (resumed.standing, resumed.ends_at) == (Standing.ACTIVE, None)


def test_cancelled_now_it_has_ended_and_is_not_resumed(stripe: Stripe, payer: str) -> None:
    ended = stripe.cancel(begin(stripe, payer), key="e1", now=True)
    assert ended.standing is Standing.ENDED
    assert ended.ended_at is not None
    with pytest.raises(GatewayError) as refused:
        stripe.resume(ended, key="e2")
    assert refused.value.code == "ended"


def test_invoices_are_the_customers_own(stripe: Stripe, payer: str, elsewhere: Elsewhere) -> None:
    begin(stripe, payer)
    other = stripe.customer(a_buyer(name="Umbrella"), ref="", key="k9")
    assert len(stripe.invoices(payer)) == 1
    assert stripe.invoices(other) == ()


def test_an_unpaid_invoice_that_is_voided_is_void(stripe: Stripe, elsewhere: Elsewhere) -> None:
    customer = stripe.customer(a_buyer(), ref="", key="k")
    elsewhere.card(customer)
    held = begin(stripe, customer)
    elsewhere.card(customer, ATTACHES_ONLY)
    made = elsewhere.post("/v1/invoices", customer=customer, subscription=held.ref)
    elsewhere.post(f"/v1/invoices/{made['id']}/pay")
    assert stripe.invoice(made["id"]).standing is InvoiceStanding.OPEN
    elsewhere.post(f"/v1/invoices/{made['id']}/void")
    assert stripe.invoice(made["id"]).standing is InvoiceStanding.VOID


def test_a_wrong_key_is_the_operators_matter(elsewhere: Elsewhere) -> None:
    stranger = Stripe("nobody", webhook_secret=SECRET, base=elsewhere.base, prices={})
    with pytest.raises(GatewayError) as refused:
        stranger.subscription("sub_1")
    assert (refused.value.code, refused.value.again) == ("misconfigured", False)


def test_a_provider_that_is_down_is_said_so_and_changes_nothing(
    stripe: Stripe, payer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = begin(stripe, payer)
    monkeypatch.setattr(stripe_account, "RETRIES", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = Stripe(KEY, webhook_secret=SECRET, base=f"http://127.0.0.1:{port}", prices=stripe.prices)
    with pytest.raises(GatewayError) as refused:
        away.change(held, plan="team", seats=9, key="c")
    assert (refused.value.code, refused.value.again) == ("unreachable", True)
    assert stripe.subscription(held.ref) == held


@pytest.mark.parametrize(
    "base",
    [
        "https://api.evil.example",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://",
        "x",
    ],
)
def test_the_secret_key_goes_to_no_server_of_somebody_else(base: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        Stripe(KEY, webhook_secret=SECRET, base=base, prices={})
