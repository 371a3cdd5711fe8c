"""Subscribe, change, cancel, resume, and the turn of a month: the deeds themselves."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audit.ledger import SYSTEM
from billing.actions.subscriptions import (
    subscription_cancel,
    subscription_change,
    subscription_resume,
    subscription_start,
    subscription_turn,
)
from billing.models import Subscription
from config.roles import Role
from orgs.actions.members import member_remove
from orgs.tenancy import bound
from projects.models import Limit
from tests.billing.plans import (
    DECEMBER,
    NOVEMBER,
    changes,
    entries,
    living,
    on,
    row,
    subscribe,
    terms,
)
from tests.factories import Cast, access_of, make_member
from tests.orgs.invitations import check_constraints, invite, overdue

pytestmark = pytest.mark.usefixtures("_issuer")


@pytest.fixture
def _issuer(cast: Cast, settings: Any) -> None:
    settings.ISSUER = {**settings.ISSUER, "name": "Fernhill Platforms GmbH", "country": "DE"}
    settings.CURRENCY, settings.DEFAULT_PLAN = "EUR", "free"
    settings.STRIPE_API_KEY = ""


def turn(cast: Cast, day: datetime.date) -> Subscription:
    found = living(cast.acme)
    assert found is not None
    with bound(cast.acme.id):
        return subscription_turn(subscription=found, on=day, actor=SYSTEM)


def refused(error: pytest.ExceptionInfo[ValidationError]) -> list[str]:
    said = error.value
    if hasattr(said, "error_dict"):
        return [str(one.code) for errors in said.error_dict.values() for one in errors]
    return [str(said.code)]


@pytest.mark.requirement("S4-048")
@pytest.mark.requirement("S1-047")
def test_subscribing_holds_at_once_and_is_recorded(cast: Cast) -> None:
    subscribe(cast)
    held = row(cast.acme)
    assert (held.plan, held.seats) == ("team", 12)
    assert set(held.entitlements) == {"group_roles", "usage_export"}
    assert terms(cast.acme) == [("team", 12, NOVEMBER, None)]
    (entry,) = entries(cast.acme, "subscription.")
    assert entry.action == "subscription.started"
    assert changes(entry)["seats"] == [None, 12]
    assert changes(entry)["price"] == [None, "€252.00"]
    with bound(cast.acme.id):
        limit = Limit.objects.in_org(cast.acme).get(layer="plan")
    assert (limit.budget, limit.rpm) == (None, 6_000)
    check_constraints()


def test_a_month_is_paid_for_once_it_is_over(cast: Cast) -> None:
    found = subscribe(cast)
    assert (found.started_on, found.paid_to) == (NOVEMBER, datetime.date(2026, 11, 1))


def test_the_second_answer_says_that_there_is_one(cast: Cast) -> None:
    subscribe(cast)
    with pytest.raises(ValidationError) as error:
        subscribe(cast, "enterprise", 20)
    assert refused(error) == ["subscribed"]
    assert "Team with 12 seats" in error.value.messages[0]
    assert len(terms(cast.acme)) == 1


@pytest.mark.parametrize(
    ("plan", "seats", "code"),
    [
        ("free", 3, "plan_unknown"),
        ("gold", 3, "plan_unknown"),
        ("team", 0, "seats_least"),
        ("team", -5, "seats_least"),
        ("enterprise", 9, "seats_least"),
        ("team", 501, "seats_most"),
        ("enterprise", 10**15, "seats_most"),
        ("team", 4, "seats_used"),
    ],
)
def test_what_is_not_sold_is_refused_and_changes_nothing(
    cast: Cast, plan: str, seats: int, code: str
) -> None:
    with pytest.raises(ValidationError) as error:
        subscribe(cast, plan, seats)
    assert refused(error) == [code]
    assert living(cast.acme) is None
    assert entries(cast.acme, "subscription.") == []


def test_without_an_issuer_nothing_is_sold(cast: Cast, settings: Any) -> None:
    settings.ISSUER = {**settings.ISSUER, "name": ""}
    with pytest.raises(ValidationError) as error:
        subscribe(cast)
    assert refused(error) == ["not_sold"]


@pytest.mark.requirement("S3-062")
@pytest.mark.requirement("S3-066")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_only_owners_change_a_subscription(cast: Cast, who: str) -> None:
    actor = cast.access(getattr(cast, who))
    for deed in (
        lambda: subscription_start(plan="team", seats=12, actor=actor),
        lambda: subscription_change(plan="team", seats=12, actor=actor),
        lambda: subscription_cancel(actor=actor),
        lambda: subscription_resume(actor=actor),
    ):
        with pytest.raises(ValidationError) as error:
            deed()
        assert refused(error) == ["forbidden"]


def change(cast: Cast, plan: str, seats: int, **more: Any) -> Subscription:
    day = more.pop("day", NOVEMBER)
    with on(day):
        actor = cast.access(cast.alice)
        return subscription_change(plan=plan, seats=seats, actor=actor, **more)


def test_more_seats_hold_at_once(cast: Cast) -> None:
    subscribe(cast)
    later = NOVEMBER + datetime.timedelta(days=3)
    change(cast, "team", 20, day=later)
    assert terms(cast.acme) == [("team", 12, NOVEMBER, later), ("team", 20, later, None)]
    assert row(cast.acme).seats == 20
    *_, entry = entries(cast.acme, "subscription.")
    assert entry.action == "subscription.changed"
    assert changes(entry)["seats"] == [12, 20]
    assert changes(entry)["from"] == [None, "23 Nov 2026"]


def test_more_on_the_same_day_is_one_term(cast: Cast) -> None:
    subscribe(cast)
    change(cast, "team", 20)
    assert terms(cast.acme) == [("team", 20, NOVEMBER, None)]


def test_fewer_seats_hold_from_the_next_month_on(cast: Cast) -> None:
    subscribe(cast)
    found = change(cast, "team", 6)
    assert (found.seats, found.next_seats, found.next_on) == (12, 6, DECEMBER)
    assert row(cast.acme).seats == 12
    turn(cast, DECEMBER - datetime.timedelta(days=1))
    assert row(cast.acme).seats == 12
    turned = turn(cast, DECEMBER)
    assert (turned.seats, turned.next_seats, turned.next_on) == (6, None, None)
    assert row(cast.acme).seats == 6
    assert terms(cast.acme) == [("team", 12, NOVEMBER, DECEMBER), ("team", 6, DECEMBER, None)]
    turn(cast, DECEMBER)
    assert len(entries(cast.acme, "subscription.")) == 3
    check_constraints()


def test_a_larger_plan_with_fewer_seats_is_half_at_once(cast: Cast) -> None:
    subscribe(cast, "team", 30)
    found = change(cast, "enterprise", 10)
    assert (found.plan, found.seats) == ("enterprise", 30)
    assert (found.next_plan, found.next_seats) == ("enterprise", 10)
    turned = turn(cast, DECEMBER)
    assert (turned.plan, turned.seats) == ("enterprise", 10)


def test_asking_for_what_holds_takes_back_what_was_put_off(cast: Cast) -> None:
    subscribe(cast)
    change(cast, "team", 6)
    found = change(cast, "team", 12)
    assert (found.seats, found.next_seats, found.next_on) == (12, None, None)
    assert len(entries(cast.acme, "subscription.")) == 3


def test_sending_a_change_twice_is_changing_once(cast: Cast) -> None:
    mark = subscribe(cast).mark
    change(cast, "team", 20, seen=mark)
    change(cast, "team", 20, seen=mark)
    assert len(entries(cast.acme, "subscription.")) == 2


def test_a_stale_form_is_told_what_stands_now(cast: Cast) -> None:
    mark = subscribe(cast).mark
    with on(NOVEMBER):
        subscription_cancel(actor=cast.access(cast.alice))
    with pytest.raises(ValidationError) as error:
        change(cast, "team", 20, seen=mark)
    assert refused(error) == ["changed"]
    assert "ends on 1 Dec 2026" in error.value.messages[0]
    with pytest.raises(ValidationError) as error:
        change(cast, "team", 20)
    assert refused(error) == ["canceled"]


def test_who_came_meanwhile_stays_and_is_paid_for(cast: Cast) -> None:
    subscribe(cast)
    change(cast, "team", 6)
    make_member(cast.acme, Role.MEMBER)
    make_member(cast.acme, Role.MEMBER)
    turned = turn(cast, DECEMBER)
    assert turned.seats == row(cast.acme).seats == 7
    assert terms(cast.acme)[-1][:2] == ("team", 7)


def test_a_plan_too_small_changes_nothing_and_counts_no_overdue_invitation(cast: Cast) -> None:
    subscribe(cast)
    first, _ = invite(cast, "ana@x.example")
    with pytest.raises(ValidationError) as error:
        change(cast, "team", 5)
    assert refused(error) == ["seats_used"]
    assert "1 more than 5" in error.value.messages[0]
    overdue(cast, first)
    assert change(cast, "team", 5).next_seats == 5
    assert turn(cast, DECEMBER).seats == 5
    assert row(cast.acme).seats == 5


@pytest.mark.requirement("S4-048")
def test_canceling_ends_with_the_month(cast: Cast) -> None:
    subscribe(cast)
    change(cast, "team", 6)
    with on(NOVEMBER):
        found = subscription_cancel(actor=cast.access(cast.alice), reason="Moving on")
    assert (found.ends_on, found.next_on, found.state) == (DECEMBER, None, "active")
    turned = turn(cast, DECEMBER)
    assert turned.state == "ended"
    assert terms(cast.acme) == [("team", 12, NOVEMBER, DECEMBER)]
    after = row(cast.acme)
    # Free has three seats and five are in use: nobody is removed, and nobody joins.
    assert (after.plan, after.seats, after.seats_used) == ("free", 5, 5)
    assert after.entitlements == []
    kinds = [entry.action for entry in entries(cast.acme, "subscription.")]
    assert kinds[-2:] == ["subscription.canceled", "subscription.ended"]
    check_constraints()


def test_a_seat_beyond_the_smaller_plan_that_falls_free_is_gone(cast: Cast) -> None:
    subscribe(cast)
    with on(NOVEMBER):
        subscription_cancel(actor=cast.access(cast.alice))
    turn(cast, DECEMBER)
    actor = cast.access(cast.alice)
    for who, seats in (("mia", 4), ("vera", 3), ("eddie", 3)):
        member_remove(membership=cast.member(getattr(cast, who)), reason="", actor=actor)
        assert row(cast.acme).seats == seats
    invite(cast, "one.more@example.com")
    with pytest.raises(ValidationError):
        invite(cast, "too.many@example.com")
    check_constraints()


def test_it_may_be_resumed_until_it_ends(cast: Cast) -> None:
    subscribe(cast)
    actor = cast.access(cast.alice)
    with on(NOVEMBER):
        subscription_cancel(actor=actor)
        subscription_cancel(actor=actor)
        assert subscription_resume(actor=actor).ends_on is None
        subscription_resume(actor=actor)
        assert len(entries(cast.acme, "subscription.")) == 3
        subscription_cancel(actor=actor)
    with on(DECEMBER), pytest.raises(ValidationError) as error:
        subscription_resume(actor=actor)
    assert refused(error) == ["none"]


def test_after_the_end_one_may_subscribe_anew(cast: Cast) -> None:
    subscribe(cast)
    with on(NOVEMBER):
        subscription_cancel(actor=cast.access(cast.alice))
    turn(cast, DECEMBER)
    subscribe(cast, "team", 6, day=datetime.date(2026, 12, 10))
    assert terms(cast.acme) == [
        ("team", 12, NOVEMBER, DECEMBER),
        ("team", 6, datetime.date(2026, 12, 10), None),
    ]


def test_a_late_turn_comes_before_the_next_change(cast: Cast) -> None:
    subscribe(cast)
    change(cast, "team", 6)
    third = datetime.date(2026, 12, 3)
    change(cast, "team", 8, day=third)
    assert terms(cast.acme) == [
        ("team", 12, NOVEMBER, DECEMBER),
        ("team", 6, DECEMBER, third),
        ("team", 8, third, None),
    ]


def test_prices_stay_as_they_were_bought_while_the_plan_stays(cast: Cast, monkeypatch: Any) -> None:
    subscribe(cast)
    monkeypatch.setattr("billing.plans.Plan.prices", lambda self, currency: (0, 99_00))
    later = NOVEMBER + datetime.timedelta(days=1)
    found = change(cast, "team", 13, day=later)
    assert found.seats == 13
    *_, entry = entries(cast.acme, "subscription.")
    assert changes(entry)["price"] == ["€252.00", "€273.00"]


def test_nobody_changes_another_organization(cast: Cast) -> None:
    subscribe(cast)
    oscar = access_of(cast.umbrella, cast.oscar)
    with on(NOVEMBER), pytest.raises(ValidationError) as error:
        subscription_cancel(actor=oscar)
    assert refused(error) == ["none"]
    assert living(cast.acme) is not None


@pytest.mark.parametrize("currency", ["JPY"])
def test_a_currency_without_minor_units(cast: Cast, settings: Any, currency: str) -> None:
    settings.CURRENCY = currency
    subscribe(cast)
    (entry,) = entries(cast.acme, "subscription.")
    assert changes(entry)["price"] == [None, "JPY 38,400"]


def test_after_its_last_day_one_may_subscribe_before_the_month_has_turned(cast: Cast) -> None:
    subscribe(cast)
    with on(NOVEMBER):
        subscription_cancel(actor=cast.access(cast.alice))
    subscribe(cast, seats=9, day=datetime.date(2026, 12, 2))
    assert terms(cast.acme) == [
        ("team", 12, NOVEMBER, DECEMBER),
        ("team", 9, datetime.date(2026, 12, 2), None),
    ]
    assert (row(cast.acme).plan, row(cast.acme).seats) == ("team", 9)
