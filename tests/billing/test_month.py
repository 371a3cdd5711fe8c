"""The turn of the month: each month once, oldest first, and what was planned begins."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from audit.events import Event
from billing.actions import month
from billing.actions.month import months_invoice, organization_invoice
from billing.models import Invoice, Subscription
from billing.periods import month_after
from billing.queries.metering import Metered
from config.money import NANO
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import make_subscription, note
from tests.factories import TEST, Cast
from tests.projects.factories import make_project

pytestmark = pytest.mark.usefixtures("issuer")

DAY = datetime.date


@dataclass
class Usage:
    """What the meter says, in place of the request log, and how far it has counted."""

    cost: dict[UUID | None, int] = field(default_factory=dict)
    until: DAY = DAY.max
    asked: list[tuple[DAY, DAY]] = field(default_factory=list)

    def metered(self, organization: UUID, start: DAY, end: DAY) -> Metered:
        self.asked.append((start, end))
        return Metered(total=sum(self.cost.values()), projects=self.cost)


@pytest.fixture
def usage(monkeypatch: pytest.MonkeyPatch) -> Usage:
    said = Usage()
    monkeypatch.setattr(month, "metered", said.metered)
    monkeypatch.setattr(month, "is_counted", lambda end: end <= said.until)
    monkeypatch.setattr(month, "_catch_up", lambda: None)
    return said


def run(organization: Organization, today: DAY) -> list[Invoice]:
    return organization_invoice(organization=organization.pk, today=today, actor=TEST)


def living(organization: Organization) -> Subscription:
    with bound(organization.pk):
        return Subscription.objects.in_org(organization.pk).get()


def lines(invoice: Invoice) -> list[tuple[str, int]]:
    with bound(invoice.organization_id):
        rows = invoice.lines.in_org(invoice.organization_id).order_by("position")
        return list(rows.values_list("text", "net"))


@pytest.mark.requirement("S1-057")
def test_month_that_is_over_is_invoiced(cast: Cast, usage: Usage) -> None:
    make_subscription(cast.acme, seats=12, started_on=DAY(2026, 10, 10))
    project = make_project(cast.acme, "Order intake")
    usage.cost = {project.pk: 3 * NANO, None: NANO // 4}
    (invoice,) = run(cast.acme, DAY(2026, 11, 1))
    assert lines(invoice) == [
        ("Team, 12 seats, 10 to 31 October 2026 (22 of 31 days)", 17884),
        ("Usage of models and tools, 10 to 31 October 2026", 325),
    ]
    assert invoice.title == "Team and usage, October 2026"
    assert (invoice.period_start, invoice.period_end) == (DAY(2026, 10, 1), DAY(2026, 11, 1))
    assert invoice.net == 18209
    with bound(cast.acme.pk):
        parts = invoice.lines.in_org(cast.acme.pk).get(kind="usage").parts
    assert parts == [
        {"project": str(project.pk), "name": "Order intake", "nano": 3 * NANO},
        {"project": "", "name": "In no project", "nano": NANO // 4},
    ]
    assert living(cast.acme).paid_to == DAY(2026, 11, 1)


def test_what_was_used_before_it_was_subscribed_to_is_not_charged(cast: Cast, usage: Usage) -> None:
    make_subscription(cast.acme, started_on=DAY(2026, 10, 10))
    run(cast.acme, DAY(2026, 12, 1))
    assert usage.asked == [
        (DAY(2026, 10, 10), DAY(2026, 11, 1)),
        (DAY(2026, 11, 1), DAY(2026, 12, 1)),
    ]


def test_running_month_waits(cast: Cast, usage: Usage) -> None:
    make_subscription(cast.acme)
    assert run(cast.acme, DAY(2026, 10, 31)) == []
    assert len(run(cast.acme, DAY(2026, 11, 1))) == 1


def test_run_twice_it_is_one_invoice(cast: Cast, usage: Usage) -> None:
    make_subscription(cast.acme)
    assert len(months_invoice(today=DAY(2026, 11, 1), actor=TEST)) == 1
    assert months_invoice(today=DAY(2026, 11, 1), actor=TEST) == []
    assert months_invoice(today=DAY(2026, 11, 30), actor=TEST) == []


def test_three_months_late_are_three_invoices_over_the_end_of_a_year(
    cast: Cast, usage: Usage, settings: Any
) -> None:
    make_subscription(cast.acme, seats=4, started_on=DAY(2026, 11, 1))
    issued = run(cast.acme, DAY(2027, 2, 3))
    assert [one.number for one in issued] == [
        f"{settings.INVOICE_PREFIX}-2027-{n:06d}" for n in (1, 2, 3)
    ]
    assert [one.period_start for one in issued] == [
        DAY(2026, 11, 1), DAY(2026, 12, 1), DAY(2027, 1, 1),
    ]  # fmt: skip
    assert [one.net for one in issued] == [8400] * 3
    assert living(cast.acme).paid_to == DAY(2027, 2, 1)


def test_usage_that_is_not_counted_yet_is_waited_for(cast: Cast, usage: Usage) -> None:
    make_subscription(cast.acme, started_on=DAY(2026, 9, 1))
    usage.until = DAY(2026, 10, 1)
    assert len(months_invoice(today=DAY(2026, 11, 1), actor=TEST)) == 0
    with bound(cast.acme.pk):
        issued = Invoice.objects.in_org(cast.acme.pk)
        assert [one.period_end for one in issued] == [DAY(2026, 10, 1)]
    usage.until = DAY(2026, 11, 1)
    assert len(months_invoice(today=DAY(2026, 11, 2), actor=TEST)) == 1


def test_one_that_fails_stops_no_other(
    cast: Cast, usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_subscription(cast.acme)
    make_subscription(cast.umbrella)
    real = month.month_charges

    def failing(subscription: Subscription, *days: DAY) -> Any:
        if subscription.organization_id == cast.acme.pk:
            raise ZeroDivisionError
        return real(subscription, *days)

    monkeypatch.setattr(month, "month_charges", failing)
    (issued,) = months_invoice(today=DAY(2026, 11, 1), actor=TEST)
    assert issued.organization_id == cast.umbrella.pk
    assert living(cast.acme).paid_to == DAY(2026, 10, 1)


def test_month_that_costs_nothing_has_no_invoice(cast: Cast, usage: Usage) -> None:
    subscription = make_subscription(cast.acme, started_on=DAY(2026, 11, 5))
    with bound(cast.acme.pk):
        Subscription.objects.in_org(cast.acme.pk).update(paid_to=DAY(2026, 10, 1))
        note(cast.acme, Event.SUBSCRIPTION_CANCELED, {"ends_on": (None, None)})
    assert run(cast.acme, DAY(2026, 11, 6)) == []
    assert living(cast.acme).paid_to == DAY(2026, 11, 1)
    assert subscription.started_on == DAY(2026, 11, 5)


def test_fewer_seats_hold_from_the_month_after(cast: Cast, usage: Usage) -> None:
    make_subscription(
        cast.acme, seats=40, next_plan="team", next_seats=20, next_on=DAY(2026, 11, 1)
    )
    issued = run(cast.acme, DAY(2026, 12, 1))
    assert [lines(one) for one in issued] == [
        [("Team, 40 seats, October 2026", 84000)],
        [("Team, 20 seats, November 2026", 42000)],
    ]


def test_last_month_of_what_ended_is_invoiced_once(cast: Cast, usage: Usage) -> None:
    make_subscription(cast.acme, seats=10, ends_on=DAY(2026, 11, 1))
    (invoice,) = run(cast.acme, DAY(2027, 1, 20))
    assert invoice.net == 21000
    ended = living(cast.acme)
    assert (ended.state, ended.paid_to) == ("ended", DAY(2026, 11, 1))
    again = months_invoice(today=DAY(2027, 3, 1), actor=TEST)
    # Other tests leave organizations behind, whose months are over by then.
    assert not [each for each in again if each.organization_id == cast.acme.pk]


def test_month_that_ended_while_a_deed_came_first_is_invoiced(cast: Cast, usage: Usage) -> None:
    """Somebody opened the page on the 1st before the job ran, so it has ended already."""
    from billing.actions.terms import subscription_turn

    make_subscription(cast.acme, seats=10, ends_on=DAY(2026, 11, 1))
    with bound(cast.acme.pk):
        subscription_turn(subscription=living(cast.acme), on=DAY(2026, 11, 1), actor=TEST)
    assert living(cast.acme).state == "ended"
    (invoice,) = months_invoice(today=DAY(2026, 11, 1), actor=TEST)
    assert invoice.net == 21000
    assert usage.asked == [(DAY(2026, 10, 1), DAY(2026, 11, 1))]


@pytest.mark.parametrize(
    ("zone", "end", "counted", "is_over"),
    [
        # Summer time ended on 25 October 2026: 1 November begins at 23:00 UTC of the day before.
        ("Europe/Berlin", DAY(2026, 11, 1), "2026-10-31T23:00:00+00:00", True),
        ("Europe/Berlin", DAY(2026, 11, 1), "2026-10-31T22:59:59+00:00", False),
        ("Europe/Berlin", DAY(2026, 10, 1), "2026-09-30T22:00:00+00:00", True),
        ("Pacific/Auckland", DAY(2026, 10, 1), "2026-09-30T10:59:00+00:00", False),
    ],
)
def test_month_is_counted_to_its_end_in_the_issuers_zone(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    zone: str,
    end: DAY,
    counted: str,
    is_over: bool,
) -> None:
    from billing.queries.rollup import Counted

    settings.TIME_ZONE = zone
    until = datetime.datetime.fromisoformat(counted)
    for state in ("ok", "part", "zone", "foreign"):
        said = Counted(state, until, None, zone, 1, None)
        monkeypatch.setattr(month, "counted", lambda said=said: said)
        assert month.is_counted(end) is (is_over and state == "ok")


@pytest.mark.parametrize("day", [DAY(2026, 3, 1), DAY(2026, 10, 1), DAY(2028, 2, 1)])
def test_month_with_another_number_of_hours_or_days_costs_the_same(
    cast: Cast, usage: Usage, settings: Any, day: DAY
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    make_subscription(cast.acme, seats=7, started_on=day)
    (invoice,) = run(cast.acme, month_after(day))
    assert invoice.net == 7 * 2100
    with bound(cast.acme.pk):
        assert invoice.lines.in_org(cast.acme.pk).get().quantity == Decimal(7)


def test_usage_too_large_to_be_true_stops_no_invoice(
    cast: Cast, usage: Usage, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever may report usage could otherwise end being invoiced for good."""
    make_subscription(cast.acme, started_on=DAY(2026, 10, 1))
    usage.cost = {None: 5 * 10**21}
    (invoice,) = run(cast.acme, DAY(2026, 11, 2))
    assert invoice.net == 12 * 2_100
    assert living(cast.acme).paid_to == DAY(2026, 11, 1)
    assert "is not charged: it is too much to be true" in caplog.text
