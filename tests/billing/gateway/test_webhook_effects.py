"""What follows from what Stripe tells: the subscription, its usage, and the round."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from billing.actions import mirror_draft as draft
from billing.actions.provider_round import organizations_at, planned_send, provider_round
from billing.gateway import gateway_of
from billing.models import Subscription, Term
from billing.queries.metering import Metered
from config.money import NANO
from orgs.tenancy import bound
from tests.billing.counted import count
from tests.billing.gateway.recorded import (
    NOON,
    Recorded,
    a_line,
    a_subscription,
    an_item,
    listed,
)
from tests.billing.gateway.webhooks import Told, org_of, post
from tests.factories import Cast

CREATED, UPDATED, DELETED = (
    f"customer.subscription.{what}" for what in ("created", "updated", "deleted")
)


pytestmark = pytest.mark.usefixtures("with_stripe")


# --- Subscriptions ----------------------------------------------------------------------------


def test_a_subscription_that_began_on_stripes_page_gives_its_plan(told: Told) -> None:
    told.subscription(seats=7)
    assert told.tell(CREATED).content == b"Taken.\n"
    living = told.living()
    assert living is not None
    assert (living.plan, living.seats, living.provider) == ("team", 7, "stripe")
    assert living.provider_ref == told.sub
    org = org_of(told)
    assert (org.plan, org.seats) == ("team", 7)
    assert told.deeds() == ["subscription.started"]


def test_one_that_waits_for_its_first_payment_is_none_yet(told: Told) -> None:
    told.subscription(status="incomplete")
    told.tell(CREATED)
    assert told.held() == []
    told.subscription()
    told.tell(UPDATED)
    assert len(told.held()) == 1


def test_seats_and_plan_follow(told: Told) -> None:
    told.subscription(seats=7)
    told.tell(CREATED)
    told.subscription(price="price_enterprise", seats=20)
    told.tell(UPDATED)
    living = told.living()
    assert living is not None
    assert (living.plan, living.seats) == ("enterprise", 20)
    assert org_of(told).seats == 20
    with bound(told.org.pk):
        running = Term.objects.in_org(told.org).get(ends_on=None)
    assert (running.plan, running.seats) == ("enterprise", 20)
    assert told.deeds() == ["subscription.started", "subscription.changed"]


def test_what_is_told_late_does_not_bring_back_what_was(told: Told, recorded: Recorded) -> None:
    """The event of the beginning comes last: what Stripe has now is what counts."""
    told.subscription(seats=20, cancel_at_period_end=True)
    late, early = told.event(CREATED, created=NOON), told.event(UPDATED, created=NOON + 60)
    post(early)
    post(late)
    living = told.living()
    assert living is not None
    assert (living.seats, living.ends_on is not None) == (20, True)
    assert told.deeds() == ["subscription.started"]


def test_nobody_loses_a_seat_to_a_smaller_number_at_stripe(told: Told, cast: Cast) -> None:
    told.subscription(seats=7)
    told.tell(CREATED)
    told.subscription(seats=1)
    told.tell(UPDATED)
    org = org_of(told)
    assert org.seats == org.seats_used > 1


def test_cancelled_and_resumed(told: Told) -> None:
    told.subscription()
    told.tell(CREATED)
    told.subscription(cancel_at_period_end=True)
    told.tell(UPDATED)
    living = told.living()
    assert living is not None
    assert living.ends_on == timezone.localdate(
        datetime.datetime.fromtimestamp(NOON + 30 * 86400, datetime.UTC)
    )
    told.subscription()
    told.tell(UPDATED)
    living = told.living()
    assert living is not None
    assert living.ends_on is None
    assert told.deeds()[1:] == ["subscription.canceled", "subscription.resumed"]


def test_ended_it_stays_ended(told: Told, settings: Any) -> None:
    settings.DEFAULT_PLAN = "free"
    told.subscription()
    told.tell(CREATED)
    told.subscription(status="canceled", ended_at=NOON + 86400 * 90)
    told.tell(DELETED)
    assert told.living() is None
    assert org_of(told).plan == "free"
    told.subscription()
    told.tell(UPDATED)
    assert told.living() is None
    assert told.deeds() == ["subscription.started", "subscription.ended"]


def test_a_new_one_may_follow_one_that_ended(told: Told) -> None:
    told.subscription()
    told.tell(CREATED)
    told.subscription(status="canceled", ended_at=NOON)
    told.tell(DELETED)
    told.sub = f"{told.sub}_second"
    told.subscription(seats=9)
    told.tell(CREATED)
    living = told.living()
    assert living is not None
    assert (living.provider_ref, living.seats) == (told.sub, 9)


def test_a_second_one_beside_a_living_one_is_left_to_the_operator(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.subscription()
    told.tell(CREATED)
    first, told.sub = told.sub, f"{told.sub}_second"
    told.subscription(seats=9)
    assert told.tell(CREATED).status_code == 200
    assert [one.provider_ref for one in told.held()] == [first]
    assert "there is another one" in caplog.text


def test_a_price_that_is_none_of_ours_changes_no_plan(told: Told) -> None:
    told.subscription(price="price_of_another_year")
    assert told.tell(CREATED).status_code == 200
    assert told.held() == []
    told.subscription()
    told.tell(UPDATED)
    told.subscription(price="price_of_another_year", status="past_due")
    told.tell(UPDATED)
    living = told.living()
    assert living is not None
    assert (living.plan, living.state) == ("team", "past_due")


# --- Usage on the draft -----------------------------------------------------------------------


def begun(told: Told, on: datetime.date) -> None:
    """A subscription at Stripe, taken over on that day."""
    told.subscription()
    told.tell(CREATED)
    with bound(told.org.pk):
        Subscription.objects.in_org(told.org).update(started_on=on)


def a_renewal(told: Told, *lines: dict[str, Any], **changed: Any) -> str:
    said = {"status": "draft", "number": None, "billing_reason": "subscription_cycle"}
    return told.invoice(*lines, **said | changed)


def test_the_month_that_is_over_comes_onto_the_renewal_once(
    told: Told, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[datetime.date, datetime.date]] = []

    def used(org: Any, start: datetime.date, end: datetime.date) -> Metered:
        asked.append((start, end))
        return Metered(total=12_345_678_901, projects={})

    monkeypatch.setattr(draft, "metered", used)
    monkeypatch.setattr(draft, "is_counted", lambda end: True)
    recorded.answer("POST /v1/invoiceitems", {"id": "ii_1", "object": "invoiceitem"})
    begun(told, datetime.date(2026, 9, 12))
    ref = a_renewal(told)
    told.tell("invoice.created", ref)
    (item,) = recorded.sent("POST /v1/invoiceitems")
    assert asked == [(datetime.date(2026, 10, 1), datetime.date(2026, 11, 1))]
    assert (item.form["amount"], item.form["currency"], item.form["invoice"]) == (
        "1235",
        "usd",
        ref,
    )
    there = a_line("Usage", 1235, metadata={"bailiwick": item.form["metadata[bailiwick]"]})
    a_renewal(told, there)
    told.tell("invoice.updated", ref)
    assert len(recorded.sent("POST /v1/invoiceitems")) == 1


def test_while_requests_are_not_added_up_stripe_is_to_tell_again(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft, "is_counted", lambda end: False)
    begun(told, datetime.date(2026, 9, 12))
    before = told.events()
    assert told.tell("invoice.created", a_renewal(told)).status_code == 503
    assert told.events() == before


def test_usage_from_before_it_was_subscribed_to_is_not_charged(
    told: Told, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(told, datetime.date(2026, 10, 20))
    for day, cost in ((10, 500), (20, 7), (31, 3)):
        count(told.org, {"day": datetime.date(2026, 10, day), "cost": cost * NANO})
    monkeypatch.setattr(draft, "is_counted", lambda end: True)
    recorded.answer("POST /v1/invoiceitems", {"id": "ii_1", "object": "invoiceitem"})
    told.tell("invoice.created", a_renewal(told))
    (item,) = recorded.sent("POST /v1/invoiceitems")
    assert (item.form["amount"], item.form["description"]) == (
        "1000",
        "Usage of models and tools, 20 to 31 October 2026",
    )


def test_a_renewal_of_what_is_no_subscription_here_takes_no_usage(
    told: Told, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft, "is_counted", lambda end: True)
    begun(told, datetime.date(2026, 9, 12))
    count(told.org, {"day": datetime.date(2026, 10, 10), "cost": 500 * NANO})
    told.sub = f"{told.sub}_by_hand"
    assert told.tell("invoice.created", a_renewal(told)).status_code == 200
    assert not recorded.sent("POST /v1/invoiceitems")


def test_the_draft_of_a_change_takes_no_usage(told: Told, recorded: Recorded) -> None:
    ref = told.invoice(status="draft", number=None, billing_reason="subscription_update")
    assert told.tell("invoice.created", ref).status_code == 200
    assert not recorded.sent("POST /v1/invoiceitems")
    with bound(told.org.pk):
        provider = gateway_of("stripe")
        facts = provider.invoice(ref)
        draft.usage_put(organization=told.org.pk, facts=facts, provider=provider)
    assert not recorded.sent("POST /v1/invoiceitems")


# --- The round --------------------------------------------------------------------------------


def test_what_was_never_told_is_found(told: Told, recorded: Recorded) -> None:
    told.subscription()
    told.tell(CREATED)
    assert organizations_at("stripe").count(told.org.pk) == 1
    told.subscription(seats=8, status="past_due")
    ref = told.invoice()
    recorded.answer(
        "GET /v1/invoices", listed(recorded.answers["GET", f"/v1/invoices/{ref}"][0][1])
    )
    for _ in range(2):
        provider_round(organization=told.org.pk)
    living = told.living()
    assert living is not None
    assert (living.seats, living.state) == (8, "past_due")
    assert [one.state for one in told.invoices()] == ["open"]
    assert told.details().method == "stripe"
    assert len(told.deeds()) == 5


def test_fewer_seats_are_sent_the_day_before_and_hold_from_the_day_on(
    told: Told, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.subscription(seats=9)
    told.tell(CREATED)
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with bound(told.org.pk):
        Subscription.objects.in_org(told.org).update(
            next_plan="team", next_seats=6, next_on=tomorrow
        )
    fewer = a_subscription(an_item("price_team", 6), id=told.sub, customer=told.customer)
    path = f"POST /v1/subscriptions/{told.sub}"
    recorded.answer(path, fewer)
    planned_send(organization=told.org.pk)
    (sent,) = recorded.sent(path)
    assert (sent.form["items[0][quantity]"], sent.form["proration_behavior"]) == ("6", "none")
    told.subscription(seats=6)
    told.tell(UPDATED)
    living = told.living()
    assert living is not None
    assert (living.seats, living.next_seats) == (9, 6)
    monkeypatch.setattr("billing.actions.provider_round.today_here", lambda: tomorrow)
    planned_send(organization=told.org.pk)
    living = told.living()
    assert living is not None
    assert (living.seats, living.next_on) == (6, None)
