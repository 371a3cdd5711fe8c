"""Alerts at 50, 80 and 100 percent of a budget: who is told, once, whatever runs at once."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from config.money import NANO
from config.roles import Role
from orgs.models import Notice, Organization
from orgs.tenancy import bound
from projects.actions.alerts import tell_of_limit
from projects.actions.limits import limit_set
from projects.allowance import Allowance
from projects.models import Meter, Reservation
from projects.queries.limits import Due, limits_due
from projects.tasks import limits_tell, reservations_release
from tests.factories import Cast, make_member
from tests.projects.calls import Caller, at, build_clock
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import make_key, make_limit

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


class Meters:
    """A key of Mia's in a project, and what is charged to it."""

    def __init__(self, organization: Organization, holder: Any) -> None:
        self.organization = organization
        self.project = make_project(organization)
        make_grant(self.project, holder, Role.PROJECT_MEMBER)
        self.key, self.text = make_key(self.project, holder, "Nightly build")
        self.caller = Caller(organization)

    def spend(self, amount: int, *, when: datetime.datetime | None = None) -> None:
        status, reason, call = self.caller.verify(self.text, when=when)
        assert status == "allowed", reason
        assert self.caller.use(call, amount, when=when) == "settled"


@pytest.fixture
def meters(cast: Cast) -> Meters:
    return Meters(cast.acme, cast.member(cast.mia))


def told(organization: Organization) -> list[tuple[str, str]]:
    """Who was told what about budgets, in the order of names."""
    with bound(organization.pk):
        rows = Notice.objects.in_org(organization).filter(key__startswith="limit:")
        pairs = rows.select_related("membership").order_by("id")
        return [(one.membership.name.split()[0], one.text) for one in pairs]


def recorded(organization: Organization) -> list[str]:
    """The levels that the ledger knows of, in order."""
    with bound(organization.pk):
        rows = Event.objects.filter(organization_id=organization.pk, action="limit.reached")
        bodies = rows.order_by("sequence").values_list("body", flat=True)
        return [json.loads(body)["changes"]["percent"][1] for body in bodies]


def raise_budget(cast: Cast, meters: Meters) -> None:
    with bound(cast.acme.id):
        access, said = cast.access(cast.alice), Allowance(budget=9 * NANO)
        limit_set(subject=meters.key, layer="key", said=said, actor=access)


def test_each_level_is_told_once(cast: Cast, meters: Meters) -> None:
    make_limit(meters.key, budget=10 * NANO)
    for spent, levels in (
        (4, []),
        (1, ["50 %"]),
        (1, ["50 %"]),
        (2, ["50 %", "80 %"]),
        (3, ["50 %", "80 %", "100 %"]),
    ):
        meters.spend(spent * NANO)
        for _ in range(2):
            limits_tell(0)
        assert recorded(cast.acme) == levels
    found = told(cast.acme)
    # Owner and Admin set limits; Mia holds the key.
    assert sorted(name for name, _ in found) == ["Adam"] * 3 + ["Alice"] * 3 + ["Mia"] * 3
    sentences = [text for name, text in found if name == "Mia"]
    assert sentences[0].startswith(
        "The key Nightly build has used 50 % of the budget of $10.00 a month: $5.00."
    )
    assert sentences[2].startswith(
        "The key Nightly build has used up the budget of $10.00 a month. Calls are refused until 1"
    )


def test_a_leap_over_two_levels_is_told_once(cast: Cast, meters: Meters) -> None:
    make_limit(meters.key, budget=NANO)
    meters.spend(2 * NANO)
    limits_tell(0)
    assert recorded(cast.acme) == ["100 %"]


def test_each_layer_tells_whom_it_concerns(cast: Cast, meters: Meters) -> None:
    nora = make_member(cast.acme, Role.MEMBER, name="Nora Field")
    make_grant(meters.project, nora, Role.PROJECT_OWNER)
    make_limit(meters.project, budget=NANO)
    meters.spend(NANO)
    limits_tell(0)
    assert {name for name, _ in told(cast.acme)} == {"Adam", "Alice", "Nora"}
    make_limit(cast.member(cast.mia), budget=NANO)
    limits_tell(0)
    assert "Mia" in {name for name, _ in told(cast.acme)}
    make_limit(cast.acme, budget=NANO)
    make_limit(cast.acme, "plan", budget=NANO)
    limits_tell(0)
    assert recorded(cast.acme) == ["100 %"] * 4
    assert any(text.startswith("Acme Robotics has used up") for _, text in told(cast.acme))


def test_a_new_budget_in_the_same_window_is_told_of_anew(cast: Cast, meters: Meters) -> None:
    make_limit(meters.key, budget=10 * NANO)
    meters.spend(8 * NANO)
    limits_tell(0)
    raise_budget(cast, meters)
    limits_tell(0)
    assert recorded(cast.acme) == ["80 %", "80 %"]
    assert len(told(cast.acme)) == 6


def test_a_new_window_is_told_of_anew_and_an_old_one_is_not(cast: Cast, meters: Meters) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    evening, morning = (
        midnight + datetime.timedelta(hours=23),
        midnight + datetime.timedelta(days=1),
    )
    with at(evening):
        make_limit(meters.key, budget=NANO, window="day")
    meters.spend(NANO // 2, when=evening)
    with at(morning):
        assert limits_due() == []
    with at(evening):
        limits_tell(0)
    meters.spend(NANO // 2, when=morning)
    with at(morning):
        limits_tell(0)
    assert recorded(cast.acme) == ["50 %", "50 %"]
    assert len(told(cast.acme)) == 6


def test_what_is_not_reached_any_more_is_not_told(cast: Cast, meters: Meters) -> None:
    """Between the list of what is due and the telling, the budget was raised."""
    limit = make_limit(meters.key, budget=NANO)
    meters.spend(NANO)
    (due,) = limits_due()
    assert due == Due(cast.acme.id, limit.pk, 100)
    raise_budget(cast, meters)
    with bound(cast.acme.id):
        assert tell_of_limit(due) == 0
        assert Meter.objects.get(pk=limit.pk).told == 0
    assert told(cast.acme) == []
    assert recorded(cast.acme) == []


def test_a_limit_without_a_budget_tells_nobody(cast: Cast, meters: Meters) -> None:
    make_limit(meters.key, rpm=100)
    meters.spend(NANO)
    assert limits_due() == []


def test_another_organizations_limit_is_not_told_from_here(cast: Cast, meters: Meters) -> None:
    limit = make_limit(meters.key, budget=NANO)
    meters.spend(NANO)
    with bound(cast.umbrella.id):
        assert tell_of_limit(Due(cast.umbrella.id, limit.pk, 100)) == 0
    assert recorded(cast.acme) == []


def test_what_nobody_settles_is_free_again(cast: Cast, meters: Meters) -> None:
    limit = make_limit(meters.key, budget=NANO)
    earlier = timezone.now() - datetime.timedelta(hours=1)
    meters.caller.verify(meters.text, cost=NANO, when=earlier)
    assert meters.caller.verify(meters.text, cost=1)[:2] == ("refused", "budget")
    meters.caller.verify(meters.text, cost=0)
    reservations_release(0)
    reservations_release(0)
    with bound(cast.acme.id):
        assert Meter.objects.get(pk=limit.pk).reserved == 0
        assert not Reservation.objects.in_org(cast.acme).exists()
    assert meters.caller.verify(meters.text, cost=1)[0] == "allowed"
