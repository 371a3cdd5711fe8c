"""The door that Stripe knocks at: who is listened to, and that each event counts once."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import BillingDetails, Subscription
from billing.views.webhooks import LARGEST
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.gateway.recorded import Recorded
from tests.billing.gateway.webhooks import Told, post, signature
from tests.factories import Cast, make_organization, make_person
from tests.races import together

pytestmark = pytest.mark.usefixtures("with_stripe")


def test_without_stripe_there_is_no_such_door(settings: Any, db: None) -> None:
    settings.STRIPE_API_KEY = ""
    assert post({}).status_code == 404


def test_without_a_secret_nothing_is_taken_and_stripe_tells_again(
    settings: Any, told: Told
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert told.tell("customer.subscription.updated").status_code == 503


def test_a_forged_event_changes_nothing(
    told: Told, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    told.subscription()
    said = told.event("customer.subscription.updated")
    body = json.dumps(said).encode()
    with caplog.at_level(logging.WARNING):
        for header in ("", "t=1,v1=00", signature(body, secret="whsec_guessed"), signature(b"{}")):
            assert post(None, body=body, header=header).status_code == 400
    assert "forged" in caplog.text
    assert (told.held(), told.events(), recorded.sent(f"GET /v1/subscriptions/{told.sub}")) == (
        [],
        0,
        [],
    )


def test_an_event_of_long_ago_is_refused(told: Told) -> None:
    body = json.dumps(told.event("customer.subscription.updated")).encode()
    header = signature(body, at=int(time.time()) - 301)
    assert post(None, body=body, header=header).status_code == 400


def test_a_replayed_event_counts_once(told: Told, recorded: Recorded) -> None:
    told.subscription()
    said = told.event("customer.subscription.created")
    assert [post(said).content for _ in range(3)] == [
        b"Taken.\n",
        b"Nothing to do.\n",
        b"Nothing to do.\n",
    ]
    assert len(told.held()) == 1
    assert told.deeds() == ["subscription.started"]
    assert len(recorded.sent(f"GET /v1/subscriptions/{told.sub}")) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 50_000, b"\xff\xfe"])
def test_what_is_no_event_is_refused(told: Told, body: bytes) -> None:
    assert post(None, body=body).status_code == 400


def test_a_body_that_is_too_large_is_not_even_read(told: Told) -> None:
    body = json.dumps(told.event("invoice.paid") | {"more": "x" * LARGEST}).encode()
    assert post(None, body=body).status_code == 413
    small = json.dumps(told.event("one.of.next.year") | {"more": "x" * (LARGEST // 2)}).encode()
    assert post(None, body=small).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
def test_only_a_post_is_answered(db: None, method: str) -> None:
    assert getattr(Client(), method)(reverse("stripe_webhook")).status_code == 405


def test_an_event_of_another_kind_is_taken_and_has_no_effect(told: Told) -> None:
    for kind in ("charge.refunded", "one.of.next.year", "invoice.upcoming"):
        answer = told.tell(kind)
        assert (answer.status_code, answer.content) == (200, b"Nothing to do.\n")
    assert told.events() == 0


def test_a_customer_of_nobody_here_is_no_fault(told: Told, recorded: Recorded) -> None:
    """The account may serve other programs: a refusal would have Stripe tell for days."""
    said = told.event("customer.subscription.updated")
    for customer in ("cus_of_another_program", None, ""):
        said["data"]["object"]["customer"] = customer
        answer = post(said)
        assert (answer.status_code, answer.content) == (200, b"Nothing to do.\n")
    assert recorded.asked == []


def test_another_organizations_subscription_is_not_taken_over(
    told: Told, cast: Cast, recorded: Recorded
) -> None:
    other = Told(cast.umbrella, recorded)
    other.subscription()
    ref = other.invoice()
    said = told.event("customer.subscription.updated", other.sub)
    assert post(said).status_code == 200
    assert told.tell("invoice.paid", ref).status_code == 200
    assert (told.held(), told.invoices()) == ([], [])
    assert (other.held(), other.invoices()) == ([], [])


def test_while_stripe_cannot_be_asked_it_is_to_tell_again(told: Told, recorded: Recorded) -> None:
    path = ("GET", f"/v1/subscriptions/{told.sub}")
    recorded.answers[path] = [(500, {})]
    said = told.event("customer.subscription.created")
    assert post(said).status_code == 503
    assert told.events() == 0
    told.subscription()
    assert post(said).content == b"Taken.\n"
    assert len(told.held()) == 1


def test_what_is_gone_at_stripe_is_left_as_it_is(told: Told) -> None:
    said = told.event("customer.subscription.updated", "sub_that_was_deleted")
    assert post(said).status_code == 200
    assert told.held() == []


@pytest.mark.parametrize("state", ["suspended", "closing"])
def test_money_is_followed_while_an_organization_is_closed(
    told: Told, cast: Cast, state: str
) -> None:
    with bound(cast.acme.pk):
        Organization.objects.filter(pk=cast.acme.pk).update(state=state, closes_at=timezone.now())
    told.subscription()
    assert told.tell("customer.subscription.created").content == b"Taken.\n"
    assert len(told.held()) == 1


@pytest.mark.race
def test_eight_of_the_same_at_once_have_one_effect(
    committed: None, recorded: Recorded, django_db_blocker: Any
) -> None:
    org = make_organization(make_person("Olga Race"), "Racing")
    told = Told(org, recorded)
    told.subscription(seats=4)
    ref = told.invoice(status="paid", amount_paid=8640)
    began = told.event("customer.subscription.created")
    paid = told.event("invoice.paid", ref)
    for said in (began, paid):
        answers = together(*[lambda said=said: post(said)] * 8)
        assert [answer.status_code for answer in answers] == [200] * 8
        assert sorted(answer.content for answer in answers).count(b"Taken.\n") == 1
    assert (len(told.held()), len(told.invoices())) == (1, 1)
    assert told.invoices()[0].paid == 8640
    assert told.events() == 2


@pytest.mark.race
def test_eight_different_ones_about_the_same_at_once_have_one_effect(
    committed: None, recorded: Recorded
) -> None:
    org = make_organization(make_person("Olga Race"), "Racing")
    told = Told(org, recorded)
    told.subscription(seats=4)
    ref = told.invoice(status="paid", amount_paid=8640)
    said = [told.event("invoice.paid", ref) for _ in range(4)]
    said += [told.event("customer.subscription.updated") for _ in range(4)]
    answers = together(*[lambda one=one: post(one) for one in said])
    assert [answer.status_code for answer in answers] == [200] * 8
    assert (len(told.held()), len(told.invoices())) == (1, 1)
    assert sorted(told.deeds()) == [
        "invoice.issued",
        "invoice.payment_recorded",
        "subscription.started",
    ]


@pytest.mark.race
def test_nobody_here_waits_while_stripe_is_asked(committed: None, recorded: Recorded) -> None:
    """A slow provider holds up its own events, and no row that a person works on."""
    org = make_organization(make_person("Olga Race"), "Racing")
    told = Told(org, recorded)
    told.subscription(seats=4)
    told.invoice(status="paid", amount_paid=8640)
    told.tell("customer.subscription.created")
    recorded.delay = 1.0
    waited: list[float] = []

    def change_something() -> None:
        time.sleep(0.4)
        began = time.monotonic()
        with bound(org.pk):
            Organization.objects.select_for_update().get(pk=org.pk)
            BillingDetails.objects.in_org(org).select_for_update().get()
            Subscription.objects.in_org(org).select_for_update().get()
        waited.append(time.monotonic() - began)

    answer, done = together(
        lambda: told.tell("invoice.paid", f"in_{told.number}"), change_something
    )
    assert (answer.status_code, done) == (200, None)
    assert waited[0] < 0.8
    assert told.invoices()[0].state == "paid"
