"""Customers, invoices, top-ups and faults at Stripe, against recorded shapes.

As in test_stripe_recorded.py: a stand-in on this machine, written after the fixtures and types of
Stripe's official client.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import override_settings

from billing.gateway import (
    Buyer,
    GatewayError,
    InvoiceStanding,
)
from billing.gateway import account as stripe_account
from tests.billing.gateway.recorded import (
    NOON,
    Recorded,
    a_customer,
    a_line,
    a_method,
    a_subscription,
    an_invoice,
    listed,
)

ORG = uuid4()
SUB, INVOICE = "/v1/subscriptions/sub_1", "/v1/invoices/in_1"


def begin(stripe, *, plan: str = "team", seats: int = 3, key: str = "begin"):
    return stripe.subscribe(organization=ORG, customer="cus_1", plan=plan, seats=seats, key=key)


def with_a_card(recorded: Recorded) -> None:
    recorded.answer("GET /v1/customers/cus_1", a_customer())
    recorded.answer("GET /v1/payment_methods/pm_1", a_method())


# --- Customers, methods, invoices -------------------------------------------------------------


def test_a_tax_id_of_a_country_that_is_not_sent_stays_with_us(recorded: Recorded) -> None:
    recorded.answer("POST /v1/customers", a_customer())
    buyer = Buyer(organization=ORG, name="Acme", country="BR", tax_id="00000000000191")
    recorded.gateway().customer(buyer, ref="", key="k")
    assert not [name for name in recorded.asked[0].form if name.startswith("tax_id")]


def test_a_tax_id_that_stripe_refuses_changes_nothing(recorded: Recorded) -> None:
    recorded.answer(
        "GET /v1/customers/cus_1/tax_ids", listed({"id": "txi_1", "type": "eu_vat", "value": "DE1"})
    )
    recorded.refuse("POST /v1/customers/cus_1/tax_ids", 400, code="tax_id_invalid")
    buyer = Buyer(organization=ORG, name="Acme", country="DE", tax_id="DE999999999")
    with pytest.raises(GatewayError) as refused:
        recorded.gateway().customer(buyer, ref="cus_1", key="k")
    assert refused.value.code == "tax_id_invalid"
    assert [one.method for one in recorded.asked] == ["GET", "POST"]


def test_what_is_empty_is_taken_away_and_the_order_number_is_on_invoices(
    recorded: Recorded,
) -> None:
    recorded.answer("POST /v1/customers/cus_1", a_customer())
    recorded.answer("GET /v1/customers/cus_1/tax_ids", listed())
    stripe = recorded.gateway()
    stripe.customer(
        Buyer(organization=ORG, name="Acme", purchase_order="PO-7"), ref="cus_1", key="a"
    )
    stripe.customer(Buyer(organization=ORG, name="Acme"), ref="cus_1", key="b")
    first, second = recorded.sent("POST /v1/customers/cus_1")
    assert first.form["invoice_settings[custom_fields][0][value]"] == "PO-7"
    assert second.form["invoice_settings[custom_fields]"] == ""
    assert second.form["address[city]"] == ""


@pytest.mark.parametrize(
    ("kind", "what", "label"),
    [
        ("card", {}, "Visa ending in 4242, valid to 12/2031"),
        (
            "sepa_debit",
            {"brand": None, "display_brand": None, "exp_month": None},
            "Sepa debit ending in 4242",
        ),
        ("link", {"brand": None, "display_brand": None, "last4": None, "exp_month": None}, "link"),
    ],
)
def test_a_method_says_what_one_may_show(
    recorded: Recorded, kind: str, what: dict, label: str
) -> None:
    recorded.answer("GET /v1/customers/cus_1", a_customer())
    recorded.answer("GET /v1/payment_methods/pm_1", a_method(kind=kind, **what))
    method = recorded.gateway().payment_method("cus_1")
    assert method is not None
    assert method.label == label


def test_the_subscriptions_own_method_is_the_one_that_is_charged(recorded: Recorded) -> None:
    recorded.answer(f"GET {SUB}", a_subscription(default_payment_method="pm_7"))
    recorded.answer("GET /v1/payment_methods/pm_7", a_method("pm_7", last4="0007"))
    method = recorded.gateway().payment_method("cus_1", subscription="sub_1")
    assert method is not None
    assert method.last4 == "0007"


def test_an_invoice_is_read_to_its_last_line(recorded: Recorded) -> None:
    first = [a_line(f"Line {n}", n) for n in range(1, 11)]
    more = a_line("Line 11", 11)
    recorded.answer(f"GET {INVOICE}", an_invoice(lines=listed(*first, more=True)))
    here = {"url": f"{INVOICE}/lines"}
    recorded.answer(f"GET {INVOICE}/lines", listed(*first, more=True) | here)
    recorded.answer(f"GET {INVOICE}/lines", listed(more) | here)
    invoice = recorded.gateway().invoice("in_1")
    assert [line.amount for line in invoice.lines] == list(range(1, 12))
    assert (invoice.net, invoice.tax, invoice.gross) == (7200, 1440, 8640)
    assert invoice.issued_at == datetime.fromtimestamp(NOON, UTC)
    assert invoice.url.startswith("https://invoice.stripe.com/")


def test_an_address_that_a_page_should_not_link_to_is_left_out(recorded: Recorded) -> None:
    recorded.answer(f"GET {INVOICE}", an_invoice(hosted_invoice_url="javascript:alert(1)"))
    assert recorded.gateway().invoice("in_1").url == ""


@pytest.mark.parametrize("standing", list(InvoiceStanding))
def test_every_state_of_an_invoice_is_known(recorded: Recorded, standing: InvoiceStanding) -> None:
    recorded.answer(f"GET {INVOICE}", an_invoice(status=standing.value))
    assert recorded.gateway().invoice("in_1").standing is standing


# --- Top-ups ----------------------------------------------------------------------------------


def top_up(recorded: Recorded):
    with_a_card(recorded)
    recorded.answer("POST /v1/invoices", an_invoice(status="draft"))
    recorded.answer("POST /v1/invoiceitems", {"id": "ii_1", "object": "invoiceitem"})
    recorded.answer(f"POST {INVOICE}/finalize", an_invoice())
    return recorded.gateway().top_up(
        organization=ORG, customer="cus_1", amount=5000, currency="USD", text="Credit", key="k"
    )


def test_a_top_up_is_an_invoice_of_its_own_paid_at_once(recorded: Recorded) -> None:
    paid = an_invoice(status="paid", amount_paid=8640, metadata={"bailiwick": "top_up"})
    recorded.answer(f"POST {INVOICE}/pay", paid)
    invoice = top_up(recorded)
    assert (invoice.standing, invoice.is_top_up) == (InvoiceStanding.PAID, True)
    made = recorded.sent("POST /v1/invoices")[0].form
    assert made["pending_invoice_items_behavior"] == "exclude"
    assert made["metadata[bailiwick]"] == "top_up"
    item = recorded.sent("POST /v1/invoiceitems")[0].form
    assert (item["amount"], item["currency"], item["invoice"]) == ("5000", "usd", "in_1")
    keys = [one.key for one in recorded.asked if one.method == "POST"]
    assert keys == ["k:draft", "k:line", "k:issue", "k:pay"]


@override_settings(STRIPE_TAX=True)
def test_a_top_up_bears_no_tax_and_charges_what_was_said(recorded: Recorded) -> None:
    """The invoices that it pays bear it: taxed here too, it would be taxed twice."""
    recorded.answer(f"POST {INVOICE}/pay", an_invoice(status="paid"))
    top_up(recorded)
    assert "automatic_tax[enabled]" not in recorded.sent("POST /v1/invoices")[0].form


def test_a_top_up_that_the_card_refuses_leaves_no_debt(recorded: Recorded) -> None:
    recorded.refuse(f"POST {INVOICE}/pay", 402, type="card_error", code="card_declined")
    recorded.answer(f"POST {INVOICE}/void", an_invoice(status="void"))
    with pytest.raises(GatewayError) as refused:
        top_up(recorded)
    assert refused.value.code == "payment_refused"
    assert len(recorded.sent(f"POST {INVOICE}/void")) == 1


def test_a_top_up_that_broke_off_may_be_asked_again(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_account, "RETRIES", 0)
    recorded.answer(f"POST {INVOICE}/pay", {}, status=500)
    with pytest.raises(GatewayError) as refused:
        top_up(recorded)
    assert refused.value.again
    assert not recorded.sent(f"POST {INVOICE}/void")


# --- Faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "code", "again"),
    [
        (402, {"type": "card_error", "code": "card_declined"}, "payment_refused", False),
        (402, {"type": "card_error", "code": "expired_card"}, "payment_refused", False),
        (402, {"type": "card_error", "code": "processing_error"}, "payment_refused", True),
        (
            402,
            {"type": "card_error", "code": "authentication_required"},
            "confirmation_needed",
            False,
        ),
        (
            400,
            {"code": "subscription_payment_intent_requires_action"},
            "confirmation_needed",
            False,
        ),
        (400, {"type": "idempotency_error"}, "asked_otherwise", False),
        (400, {"code": "parameter_missing"}, "refused", False),
        (401, {}, "misconfigured", False),
        (403, {}, "misconfigured", False),
        (404, {"code": "resource_missing"}, "unknown", False),
        (409, {"code": "idempotency_key_in_use"}, "busy", True),
        (429, {"code": "rate_limit"}, "busy", True),
        (500, {"type": "api_error"}, "provider_error", True),
    ],
)
def test_a_refusal_is_said_in_our_words(
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: dict,
    code: str,
    again: bool,
) -> None:
    monkeypatch.setattr(stripe_account, "RETRIES", 0)
    with_a_card(recorded)
    recorded.refuse("POST /v1/subscriptions", status, **error)
    with pytest.raises(GatewayError) as refused:
        begin(recorded.gateway())
    assert (refused.value.code, refused.value.again) == (code, again)
    assert "programmer" not in refused.value.sentence


def test_a_subscription_that_began_unpaid_is_taken_back(recorded: Recorded) -> None:
    with_a_card(recorded)
    recorded.answer("POST /v1/subscriptions", a_subscription(status="incomplete"))
    recorded.answer(f"DELETE {SUB}", a_subscription(status="canceled"))
    with pytest.raises(GatewayError) as refused:
        begin(recorded.gateway())
    assert refused.value.code == "payment_refused"
    assert len(recorded.sent(f"DELETE {SUB}")) == 1


def test_money_that_is_missing_is_said_so(recorded: Recorded) -> None:
    with_a_card(recorded)
    declined = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}
    recorded.refuse("POST /v1/subscriptions", 402, **declined)
    with pytest.raises(GatewayError) as refused:
        begin(recorded.gateway())
    assert "not enough money" in refused.value.sentence


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"id": 7}', b'{"items": []}', b"null"])
def test_an_answer_that_makes_no_sense_is_the_providers_fault(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(stripe_account, "RETRIES", 0)
    recorded.answer(f"GET {SUB}", body)
    with pytest.raises(GatewayError) as refused:
        recorded.gateway().subscription("sub_1")
    assert (refused.value.code, refused.value.again) == ("provider_error", True)


def test_a_provider_that_does_not_answer_is_not_waited_for(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_account, "READ", 0.3)
    monkeypatch.setattr(stripe_account, "RETRIES", 1)
    recorded.delay = 1.5
    began = datetime.now(UTC)
    with pytest.raises(GatewayError) as refused:
        recorded.gateway().subscription("sub_1")
    assert (refused.value.code, refused.value.again) == ("unreachable", True)
    assert datetime.now(UTC) - began < timedelta(seconds=5)
    assert len(recorded.asked) == 2
    assert threading.active_count() < 50
