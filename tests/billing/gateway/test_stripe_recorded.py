"""What localstripe has not: Prices, Checkout, the portal, idempotency keys, and faults.

Against a stand-in on this machine that answers recorded shapes (`recorded.py`): they are written
after the fixtures and types of Stripe's official client, not taken from a live account. So these
tests show that the gateway sends what the client's types ask for and reads what they promise; what
Stripe then does with it, test_stripe.py shows as far as localstripe goes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import timezone

from billing.gateway import (
    Buyer,
    GatewayError,
    Standing,
    UsageLine,
    deed_key,
)
from tests.billing.gateway.recorded import (
    Recorded,
    a_customer,
    a_method,
    a_subscription,
    an_item,
    listed,
)

ORG = uuid4()
SUB, INVOICE = "/v1/subscriptions/sub_1", "/v1/invoices/in_1"


def begin(stripe, *, plan: str = "team", seats: int = 3, key: str = "begin"):
    return stripe.subscribe(organization=ORG, customer="cus_1", plan=plan, seats=seats, key=key)


def with_a_card(recorded: Recorded) -> None:
    recorded.answer("GET /v1/customers/cus_1", a_customer())
    recorded.answer("GET /v1/payment_methods/pm_1", a_method())


# --- Prices -----------------------------------------------------------------------------------


def test_a_price_is_sent_as_a_price_and_an_older_plan_as_a_plan(recorded: Recorded) -> None:
    with_a_card(recorded)
    recorded.answer("POST /v1/subscriptions", a_subscription())
    begin(recorded.gateway())
    begin(recorded.gateway(prices={"team": "team-monthly"}))
    new, old = recorded.sent("POST /v1/subscriptions")
    assert (new.form["items[0][price]"], new.form["items[0][quantity]"]) == ("price_team", "3")
    assert old.form["items[0][plan]"] == "team-monthly"
    assert new.form["payment_behavior"] == "error_if_incomplete"


def test_a_plan_with_a_base_is_two_prices(recorded: Recorded) -> None:
    with_a_card(recorded)
    two = (an_item("price_enterprise_base", 1, "si_9"), an_item("price_enterprise", 12))
    recorded.answer("POST /v1/subscriptions", a_subscription(*two))
    held = begin(recorded.gateway(), plan="enterprise", seats=12)
    (asked,) = recorded.sent("POST /v1/subscriptions")
    assert asked.form["items[0][quantity]"] == "12"
    assert asked.form["items[1][price]"] == "price_enterprise_base"
    assert asked.form["items[1][quantity]"] == "1"
    assert (held.plan, held.seats) == ("enterprise", 12)


def test_a_base_comes_and_goes_with_the_plan(recorded: Recorded) -> None:
    stripe = recorded.gateway()
    two = (an_item("price_enterprise", 12), an_item("price_enterprise_base", 1, "si_9"))
    recorded.answer(f"GET {SUB}", a_subscription())
    recorded.answer(f"GET {SUB}", a_subscription(*two))
    recorded.answer(f"POST {SUB}", a_subscription(*two))
    recorded.answer(f"POST {SUB}", a_subscription(an_item("price_team", 12)))
    held = stripe.subscription("sub_1")
    recorded.answers["GET", SUB].insert(0, (200, a_subscription()))
    up = stripe.change(held, plan="enterprise", seats=12, key="up")
    down = stripe.change(up, plan="team", seats=12, key="down", prorate=False)
    first, second = recorded.sent(f"POST {SUB}")
    assert first.form["items[0][id]"] == "si_1"
    assert first.form["items[1][price]"] == "price_enterprise_base"
    assert "items[1][id]" not in first.form
    assert "proration_behavior" not in first.form
    assert (second.form["items[1][id]"], second.form["items[1][deleted]"]) == ("si_9", "true")
    assert second.form["proration_behavior"] == "none"
    assert (down.plan, down.seats) == ("team", 12)


def test_the_period_begins_with_the_issuers_month(recorded: Recorded) -> None:
    with_a_card(recorded)
    recorded.answer("POST /v1/subscriptions", a_subscription())
    with override_settings(TIME_ZONE="Pacific/Auckland"):
        begin(recorded.gateway())
        (asked,) = recorded.sent("POST /v1/subscriptions")
        zone = timezone.get_default_timezone()
        anchor = datetime.fromtimestamp(int(asked.form["billing_cycle_anchor"]), zone)
    assert (anchor.day, anchor.hour, anchor.minute) == (1, 0, 0)
    assert timedelta(0) < anchor - datetime.now(UTC) <= timedelta(days=32)


def test_a_price_that_only_stripe_knows_leaves_the_plan_open(recorded: Recorded) -> None:
    recorded.answer(f"GET {SUB}", a_subscription(an_item("price_of_another_year", 4)))
    held = recorded.gateway().subscription("sub_1")
    assert (held.plan, held.seats) == ("", 4)


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ("incomplete", Standing.PENDING),
        ("trialing", Standing.ACTIVE),
        ("active", Standing.ACTIVE),
        ("past_due", Standing.PAST_DUE),
        ("unpaid", Standing.PAST_DUE),
        ("paused", Standing.PAST_DUE),
        ("canceled", Standing.ENDED),
        ("incomplete_expired", Standing.ENDED),
        ("one_of_next_year", Standing.PAST_DUE),
    ],
)
def test_every_status_is_one_of_ours(recorded: Recorded, said: str, standing: Standing) -> None:
    recorded.answer(f"GET {SUB}", a_subscription(status=said))
    assert recorded.gateway().subscription("sub_1").standing is standing


# --- Idempotency ------------------------------------------------------------------------------


def test_the_same_ids_make_the_same_key() -> None:
    row, form = uuid4(), uuid4()
    assert deed_key("subscribe", row, form) == deed_key("subscribe", row, form)
    assert deed_key("subscribe", row, form) != deed_key("subscribe", row, uuid4())
    assert deed_key("subscribe", row, form) != deed_key("change", row, form)
    assert deed_key("a", "bc", "d") != deed_key("a", "b", "cd")
    assert len(deed_key("subscribe", row, form)) < 200


def test_every_call_that_changes_something_carries_a_key_of_ours(recorded: Recorded) -> None:
    stripe = recorded.gateway()
    with_a_card(recorded)
    recorded.answer("POST /v1/customers", a_customer())
    recorded.answer("POST /v1/customers/cus_1", a_customer())
    recorded.answer("GET /v1/customers/cus_1/tax_ids", listed())
    recorded.answer("POST /v1/customers/cus_1/tax_ids", {"id": "txi_1", "object": "tax_id"})
    recorded.answer("POST /v1/subscriptions", a_subscription())
    recorded.answer(f"GET {SUB}", a_subscription())
    recorded.answer(f"POST {SUB}", a_subscription())
    buyer = Buyer(organization=ORG, name="Acme", country="GB", tax_id="GB980780684")
    stripe.customer(buyer, ref="", key="made")
    stripe.customer(buyer, ref="cus_1", key="named")
    held = begin(stripe, key="begun")
    stripe.change(held, plan="team", seats=4, key="changed")
    stripe.cancel(held, key="ended")
    stripe.resume(held, key="resumed")
    keys = {(one.path, one.key) for one in recorded.asked if one.method == "POST"}
    assert keys == {
        ("/v1/customers", "made"),
        ("/v1/customers/cus_1", "named"),
        ("/v1/customers/cus_1/tax_ids", "named:tax"),
        ("/v1/subscriptions", "begun"),
        (SUB, "changed"),
        (SUB, "ended"),
        (SUB, "resumed"),
    }


def test_each_line_of_usage_has_a_key_of_its_own(recorded: Recorded) -> None:
    recorded.answer("POST /v1/invoiceitems", {"id": "ii_1", "object": "invoiceitem"})
    start = datetime(2026, 10, 1, tzinfo=UTC)
    lines = tuple(
        UsageLine(
            ref=ref,
            text="Usage",
            amount=amount,
            currency="USD",
            starts_at=start,
            ends_at=start + timedelta(days=31),
        )
        for ref, amount in (("2026-10:a", 120), ("2026-10:b", 80))
    )
    recorded.gateway().usage_add(customer="cus_1", lines=lines, invoice="in_1")
    first, second = recorded.sent("POST /v1/invoiceitems")
    assert (first.key, second.key) == ("usage:2026-10:a", "usage:2026-10:b")
    assert (first.form["amount"], first.form["currency"]) == ("120", "usd")
    assert first.form["invoice"] == "in_1"
    assert first.form["period[end]"] == str(int((start + timedelta(days=31)).timestamp()))


def test_a_try_that_broke_off_is_repeated_with_the_same_key(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.answer(f"POST {SUB}", {}, status=503)
    recorded.answer(f"POST {SUB}", a_subscription(cancel_at_period_end=True))
    recorded.answer(f"GET {SUB}", a_subscription())
    stripe = recorded.gateway()
    held = stripe.cancel(stripe.subscription("sub_1"), key="ended")
    assert [one.key for one in recorded.sent(f"POST {SUB}")] == ["ended", "ended"]
    assert held.ends_at == held.period_end


# --- Checkout and the portal ------------------------------------------------------------------


def test_adding_a_card_on_stripes_page_makes_it_the_one_that_is_charged(recorded: Recorded) -> None:
    stripe = recorded.gateway()
    url = "https://checkout.stripe.com/c/pay/cs_test_2"
    recorded.answer(
        "POST /v1/checkout/sessions", {"id": "cs_2", "object": "checkout.session", "url": url}
    )
    found = stripe.checkout_url(
        organization=ORG, customer="cus_1", currency="EUR", back="https://c.example/", key="k"
    )
    assert found == url
    (asked,) = recorded.sent("POST /v1/checkout/sessions")
    assert asked.key == "k"
    assert (asked.form["mode"], asked.form["currency"]) == ("setup", "eur")
    assert asked.form["client_reference_id"] == str(ORG)
    assert asked.form["success_url"].startswith("https://c.example/")
    session = {"id": "cs_2", "object": "checkout.session", "mode": "setup", "customer": "cus_1"}
    session |= {
        "setup_intent": {"id": "seti_1", "object": "setup_intent", "payment_method": "pm_2"}
    }
    recorded.answer("GET /v1/checkout/sessions/cs_2", session)
    recorded.answer("POST /v1/customers/cus_1", a_customer(method="pm_2"))
    stripe.checkout_finish("cs_2")
    (chosen,) = recorded.sent("POST /v1/customers/cus_1")
    assert chosen.form == {"invoice_settings[default_payment_method]": "pm_2"}


def test_the_portal(recorded: Recorded) -> None:
    url = "https://billing.stripe.com/p/session/test_1"
    recorded.answer(
        "POST /v1/billing_portal/sessions",
        {"id": "bps_1", "object": "billing_portal.session", "url": url},
    )
    assert recorded.gateway().portal_url(customer="cus_1", back="https://c.example/") == url
    (asked,) = recorded.sent("POST /v1/billing_portal/sessions")
    assert asked.form == {"customer": "cus_1", "return_url": "https://c.example/"}


@pytest.mark.parametrize("url", [None, "", "http://stripe.example/", "javascript:alert(1)", 7])
def test_nobody_is_sent_to_a_page_without_https(recorded: Recorded, url: object) -> None:
    recorded.answer("POST /v1/billing_portal/sessions", {"id": "bps_1", "url": url})
    with pytest.raises(GatewayError) as refused:
        recorded.gateway().portal_url(customer="cus_1", back="https://c.example/")
    assert refused.value.code == "provider_error"


@override_settings(STRIPE_TAX=True)
def test_stripe_computes_the_tax_where_the_operator_says_so(recorded: Recorded) -> None:
    with_a_card(recorded)
    recorded.answer("POST /v1/subscriptions", a_subscription())
    begin(recorded.gateway())
    assert recorded.sent("POST /v1/subscriptions")[0].form["automatic_tax[enabled]"] == "true"
