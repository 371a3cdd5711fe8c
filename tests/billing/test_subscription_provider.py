"""Deeds where a provider is asked: before anything is locked, and with nothing kept if it refuses."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from billing.actions.subscriptions import (
    subscription_cancel,
    subscription_change,
    subscription_resume,
    subscription_start,
)
from billing.gateway import Buyer, GatewayError, Standing, SubscriptionFacts
from billing.models import BillingDetails
from orgs.tenancy import bound
from tests.billing.bills import make_subscription
from tests.billing.plans import DECEMBER, NOVEMBER, entries, living, on, row, subscribe
from tests.factories import Cast, sign_in
from tests.orgs.invitations import check_constraints

pytestmark = pytest.mark.usefixtures("issuer")

PAGE = "https://pay.stripe.example/session/1"
FIRST = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
NEXT = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.UTC)


@dataclass
class Asked:
    """A provider that says yes to everything, or `refuses` it, and remembers what it was asked."""

    code: str = "stripe"
    label: str = "Stripe"
    has_pages: bool = True
    issues_invoices: bool = True
    refuses: str = ""
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def said(self, *call: Any) -> None:
        self.calls.append(call)
        if self.refuses:
            raise GatewayError(self.refuses, "The card was declined.")

    def customer(self, buyer: Buyer, *, ref: str, key: str) -> str:
        self.calls.append(("customer", buyer.name))
        return ref or "cus_1"

    def subscribe(
        self, *, organization: UUID, customer: str, plan: str, seats: int, key: str
    ) -> SubscriptionFacts:
        self.said("subscribe", plan, seats, key)
        return self.facts(plan, seats)

    def facts(self, plan: str, seats: int) -> SubscriptionFacts:
        return SubscriptionFacts(
            ref="sub_1",
            customer="cus_1",
            standing=Standing.ACTIVE,
            plan=plan,
            seats=seats,
            period_start=FIRST,
            period_end=NEXT,
        )

    def subscription(self, ref: str) -> SubscriptionFacts:
        return replace(self.facts("team", 9), ref=ref)

    def change(
        self, held: SubscriptionFacts, *, plan: str, seats: int, key: str, prorate: bool = True
    ) -> SubscriptionFacts:
        self.said("change", held.ref, plan, seats, prorate)
        return held

    def cancel(self, held: SubscriptionFacts, *, key: str, now: bool = False) -> SubscriptionFacts:
        self.said("cancel", held.ref, now)
        return replace(held, ends_at=NEXT)

    def resume(self, held: SubscriptionFacts, *, key: str) -> SubscriptionFacts:
        self.said("resume", held.ref)
        return held

    def portal_url(self, *, customer: str, back: str) -> str:
        self.said("portal", customer)
        return PAGE

    def checkout_url(self, **said: Any) -> str:
        self.said("checkout", said["customer"], said["back"])
        return PAGE


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Asked:
    found = Asked()
    settings.DEFAULT_PLAN = "enterprise"
    for name in ("billing.actions.provider", "billing.actions.payment_methods"):
        monkeypatch.setattr(f"{name}.gateway", lambda: found)
    monkeypatch.setattr("billing.views.details.gateway", lambda: found)
    monkeypatch.setattr("billing.actions.provider.gateway_of", lambda code: found)
    return found


def test_the_provider_is_asked_once_and_named_on_the_row(cast: Cast, asked: Asked) -> None:
    found = subscribe(cast, "team", 9)
    assert (found.provider, found.provider_ref) == ("stripe", "sub_1")
    assert [call[0] for call in asked.calls] == ["customer", "subscribe"]
    with bound(cast.acme.id):
        assert BillingDetails.objects.in_org(cast.acme).get().provider_customer == "cus_1"
    check_constraints()


def test_of_two_forms_sent_at_once_there_is_one_customer(cast: Cast, asked: Asked) -> None:
    """What the provider tells of the other one would be nobody's."""

    def meanwhile(buyer: Buyer, *, ref: str, key: str) -> str:
        rows = BillingDetails.objects.in_org(cast.acme)
        rows.update(provider_customer="cus_first")
        return "cus_second"

    asked.customer = meanwhile  # type: ignore[method-assign]
    answer = sign_in(cast.alice).post(cast.url("billing/method/"), {"attempt": "b"})
    assert answer.status_code == 200
    assert asked.calls[-1][:2] == ("checkout", "cus_first")
    with bound(cast.acme.id):
        assert BillingDetails.objects.in_org(cast.acme).get().provider_customer == "cus_first"


def test_the_same_form_has_the_same_key(cast: Cast, asked: Asked) -> None:
    asked.refuses, keys = "payment_refused", set()
    for attempt in ("a", "a", "b"):
        with pytest.raises(ValidationError):
            subscription_start(plan="team", seats=9, actor=cast.access(cast.alice), attempt=attempt)
        keys.add(asked.calls[-1][3])
    assert len(keys) == 2


def test_a_refusal_changes_nothing_and_is_shown(cast: Cast, asked: Asked) -> None:
    asked.refuses = "payment_refused"
    answer = sign_in(cast.alice).post(
        cast.url("billing/subscribe/"), {"plan": "team", "seats": 9, "attempt": "a"}
    )
    assert answer.status_code == 422
    assert "The card was declined." in answer.content.decode()
    assert living(cast.acme) is None
    assert row(cast.acme).plan == "enterprise"
    with bound(cast.acme.id):
        assert not BillingDetails.objects.in_org(cast.acme).exists()


def test_more_is_asked_for_at_once_and_less_later(cast: Cast, asked: Asked) -> None:
    subscribe(cast, "team", 9)
    actor, asked.calls = cast.access(cast.alice), []
    with on(NOVEMBER):
        subscription_change(plan="team", seats=12, actor=actor)
        assert asked.calls == [("change", "sub_1", "team", 12, True)]
        subscription_change(plan="team", seats=6, actor=actor)
        assert len(asked.calls) == 1
        asked.refuses = "payment_refused"
        with pytest.raises(ValidationError):
            subscription_change(plan="enterprise", seats=12, actor=actor)
    assert row(cast.acme).plan == "team"


def test_a_stale_form_asks_nothing_of_the_provider(cast: Cast, asked: Asked) -> None:
    subscribe(cast, "team", 9)
    asked.calls = []
    with on(NOVEMBER), pytest.raises(ValidationError):
        subscription_change(
            plan="team", seats=12, actor=cast.access(cast.alice), seen="something else"
        )
    assert asked.calls == []


def test_cancel_and_resume_ask_the_provider(cast: Cast, asked: Asked) -> None:
    subscribe(cast, "team", 9)
    actor, asked.calls = cast.access(cast.alice), []
    with on(NOVEMBER):
        assert subscription_cancel(actor=actor).ends_on == DECEMBER
        assert subscription_resume(actor=actor).ends_on is None
    assert asked.calls == [("cancel", "sub_1", False), ("resume", "sub_1")]


def test_what_was_bought_in_vain_is_given_back(cast: Cast, asked: Asked) -> None:
    """Somebody else subscribed while the provider was being asked."""

    def meanwhile(**said: Any) -> SubscriptionFacts:
        make_subscription(cast.acme, "team", 20)
        return asked.facts("team", 9)

    asked.subscribe = meanwhile  # type: ignore[method-assign]
    actor = cast.access(cast.alice)
    with bound(cast.acme.id), pytest.raises(ValidationError) as error:
        subscription_start(plan="team", seats=9, actor=actor)
    assert error.value.code == "subscribed"
    assert asked.calls[-1] == ("cancel", "sub_1", True)


@pytest.mark.requirement("S3-063")
def test_the_payment_page_is_elsewhere_and_a_link_leads_there(cast: Cast, asked: Asked) -> None:
    client, url = sign_in(cast.alice), cast.url("billing/method/")
    assert "Change at Stripe" in client.get(url).content.decode()
    answer = client.post(url, {"attempt": "a"})
    assert answer.status_code == 200
    assert f'href="{PAGE}"' in answer.content.decode()
    assert asked.calls[-1][:2] == ("checkout", "cus_1")
    (entry,) = entries(cast.acme, "payment_page.")
    assert entry.action == "payment_page.opened"
    check_constraints()


def test_with_htmx_the_browser_goes_there_itself(cast: Cast, asked: Asked) -> None:
    subscribe(cast, "team", 9)
    client = sign_in(cast.alice, **{"HX-Request": "true"})
    answer = client.post(cast.url("billing/method/"), {"attempt": "a"})
    assert answer.headers["HX-Redirect"] == PAGE
    assert asked.calls[-1] == ("portal", "cus_1")


def test_a_provider_out_of_reach_is_no_fault_of_ours(cast: Cast, asked: Asked) -> None:
    asked.refuses = "unreachable"
    answer = sign_in(cast.alice).post(cast.url("billing/method/"), {"attempt": "a"})
    assert answer.status_code == 422
    assert entries(cast.acme, "payment_page.") == []
