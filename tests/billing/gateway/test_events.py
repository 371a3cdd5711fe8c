"""Stripe's events: signed by Stripe, not long ago, and of its form; nothing else is read."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from billing.gateway import GatewayError, Topic
from billing.gateway.webhooks import read_event
from tests.billing.gateway.localstripe_client import Elsewhere

SECRET = "whsec_of_nobody"


def an_event(kind: str = "invoice.paid", **told: Any) -> dict[str, Any]:
    said = {"id": "in_1", "object": "invoice", "customer": "cus_1"} | told
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": 1_794_052_800,
        "livemode": False,
        "data": {"object": said},
    }


def signed(body: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    """As Stripe signs: the moment, a full stop and the body, by HMAC-SHA256."""
    moment = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


def refusal(body: bytes, signature: str, *, secret: str = SECRET) -> str:
    with pytest.raises(GatewayError) as refused:
        read_event(body, signature, secret=secret)
    return refused.value.code


def read(said: Any):
    body = json.dumps(said).encode()
    return read_event(body, signed(body), secret=SECRET)


BODY = json.dumps(an_event()).encode()


def test_a_signed_event_says_what_to_look_at() -> None:
    event = read(an_event("customer.subscription.updated", id="sub_1", object="subscription"))
    assert (event.id, event.topic) == ("evt_1", Topic.SUBSCRIPTION)
    assert (event.object, event.customer) == ("sub_1", "cus_1")
    assert event.made_at.year == 2026


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "v1=00",
        "t=1",
        "t=x,v1=00",
        "t=1,v0=00",
        ",,,",
        "=",
        "t=1,v1=é",
        "t=9999999999999999999999,v1=00",
        f"t=NOW,v1={'0' * 64}",
    ],
)
def test_a_signature_that_is_none_is_forged(signature: str) -> None:
    assert refusal(BODY, signature.replace("NOW", str(int(time.time())))) == "forged"


def test_another_secret_another_body_and_another_moment_are_forged() -> None:
    assert refusal(BODY, signed(BODY, secret="whsec_of_another")) == "forged"
    assert refusal(BODY.replace(b"cus_1", b"cus_2"), signed(BODY)) == "forged"
    then = signed(BODY, at=int(time.time()) - 4000).split(",")[1]
    assert refusal(BODY, f"t={int(time.time())},{then}") == "forged"


def test_bytes_that_are_no_text_are_forged() -> None:
    body = b"\xff\xfe{}"
    assert refusal(body, signed(body)) == "forged"


def test_an_event_is_taken_for_five_minutes() -> None:
    now = int(time.time())
    assert read_event(BODY, signed(BODY, at=now - 290), secret=SECRET).id == "evt_1"
    assert refusal(BODY, signed(BODY, at=now - 310)) == "old"


def test_while_the_secret_is_changed_either_signature_counts() -> None:
    both = f"{signed(BODY, secret='whsec_next')},{signed(BODY).split(',')[1]}"
    assert read_event(BODY, both, secret=SECRET).id == "evt_1"


@pytest.mark.parametrize("secret", ["", "  "])
def test_without_a_secret_nothing_is_taken(secret: str) -> None:
    assert refusal(BODY, signed(BODY, secret=""), secret=secret) == "no_secret"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'"evt_1"',
        b"[" * 100_000,
        json.dumps(an_event() | {"id": None}).encode(),
        json.dumps(an_event() | {"id": "x" * 256}).encode(),
        json.dumps(an_event() | {"id": "evt\0"}).encode(),
        json.dumps(an_event() | {"created": "yesterday"}).encode(),
        json.dumps(an_event() | {"created": 10**30}).encode(),
        json.dumps(an_event() | {"data": []}).encode(),
        json.dumps(an_event() | {"object": "v2.core.event"}).encode(),
        json.dumps(an_event(customer=["cus_1"])).encode(),
        json.dumps(an_event(customer="cus_1\n")).encode(),
    ],
)
def test_what_is_signed_and_makes_no_sense_is_malformed(body: bytes) -> None:
    assert refusal(body, signed(body)) == "malformed"


@pytest.mark.parametrize(
    ("kind", "told", "topic", "customer"),
    [
        ("customer.subscription.deleted", {"object": "subscription"}, Topic.SUBSCRIPTION, "cus_1"),
        ("invoice.payment_failed", {}, Topic.INVOICE, "cus_1"),
        ("invoice.upcoming", {"id": None}, Topic.OTHER, "cus_1"),
        (
            "customer.updated",
            {"object": "customer", "id": "cus_9", "customer": None},
            Topic.PAYMENT_METHOD,
            "cus_9",
        ),
        ("payment_method.attached", {"object": "payment_method"}, Topic.PAYMENT_METHOD, "cus_1"),
        ("checkout.session.completed", {"object": "checkout.session"}, Topic.CHECKOUT, "cus_1"),
        (
            "charge.refunded",
            {"object": "charge", "customer": {"id": "cus_1"}},
            Topic.OTHER,
            "cus_1",
        ),
        ("one.of.next.year", {"object": "thing", "customer": None}, Topic.OTHER, ""),
    ],
)
def test_an_event_is_sorted_by_what_to_read_anew(
    kind: str, told: dict, topic: Topic, customer: str
) -> None:
    event = read(an_event(kind, **told))
    assert (event.topic, event.customer) == (topic, customer)


def test_a_method_that_was_taken_away_still_names_its_customer() -> None:
    said = an_event("payment_method.detached", object="payment_method", customer=None)
    said["data"]["previous_attributes"] = {"customer": "cus_1"}
    assert read(said).customer == "cus_1"


def test_what_a_server_like_stripes_makes_is_read(elsewhere: Elsewhere) -> None:
    customer = elsewhere.post("/v1/customers", name="Acme")["id"]
    elsewhere.card(customer)
    elsewhere.post("/v1/subscriptions", **{"customer": customer, "items[0][plan]": "team-monthly"})
    events = [read(said) for said in elsewhere.events(customer)]
    about = {(event.topic, event.customer) for event in events}
    assert (Topic.SUBSCRIPTION, customer) in about
    assert (Topic.INVOICE, customer) in about
