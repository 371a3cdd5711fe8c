"""Budgets of teams: who sets them, what stays of the other limits, and where they are heading."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from billing.pace import began, next_level, pace_of
from config.money import NANO
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.limits import limit_set
from projects.allowance import Allowance
from projects.limits import LimitState
from projects.models import Limit
from projects.queries.limits import Standing
from tests.factories import Cast, make_group, make_member, make_person, make_seat
from tests.projects.factories import make_group_role, make_project
from tests.projects.keys import make_key
from tests.projects.parts import newest

SAID = Allowance(budget=100 * NANO, window="month", zone="Europe/Berlin")


def team(cast: Cast, layer: str) -> Any:
    made = {
        "organization": lambda: cast.acme,
        "group": lambda: make_group(cast.acme),
        "project": lambda: make_project(cast.acme),
    }
    return made[layer]()


@pytest.mark.django_db
@pytest.mark.requirement("S3-066")
@pytest.mark.parametrize("layer", ["organization", "group", "project"])
def test_an_owner_sets_the_budget_of_a_team(cast: Cast, layer: str) -> None:
    subject = team(cast, layer)
    limit_set(subject=subject, layer=layer, said=SAID, actor=cast.access(cast.alice))
    with bound(cast.acme.pk):
        assert Allowance.of(Limit.objects.in_org(cast.acme).get()) == SAID
    assert newest(cast).action == "limit.changed"
    said = json.loads(newest(cast).body)["changes"]["budget"]
    assert said == [None, "$100.00 a month, Europe/Berlin"]


@pytest.mark.django_db
@pytest.mark.requirement("S3-065", "S3-066")
@pytest.mark.parametrize("layer", ["organization", "group", "project"])
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_nobody_else_sets_it(cast: Cast, layer: str, who: str) -> None:
    subject = team(cast, layer)
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=subject, layer=layer, said=SAID, actor=cast.access(getattr(cast, who)))
    assert caught.value.code == "forbidden"


@pytest.mark.django_db
@pytest.mark.requirement("S3-065", "S3-072")
@pytest.mark.parametrize("layer", ["organization", "group", "project", "key"])
def test_a_billing_viewer_does_not(cast: Cast, layer: str) -> None:
    person, group = make_person("Fiona Marsh"), make_group(cast.acme, "Finance")
    make_group_role(group, Role.BILLING_VIEWER)
    make_seat(group, make_member(cast.acme, Role.MEMBER, person))
    subject = (
        make_key(make_project(cast.acme), cast.member(cast.mia))[0]
        if layer == "key"
        else team(cast, layer)
    )
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=subject, layer=layer, said=SAID, actor=cast.access(person))
    assert caught.value.code == "forbidden"


@pytest.mark.django_db
@pytest.mark.requirement("S1-031")
@pytest.mark.parametrize("layer", ["organization", "group", "project"])
def test_an_admin_sets_everything_of_a_team_but_its_budget(cast: Cast, layer: str) -> None:
    subject, adam = team(cast, layer), cast.access(cast.adam)
    limit_set(subject=subject, layer=layer, said=Allowance(rpm=60), actor=adam)
    limit_set(
        subject=subject, layer=layer, said=replace(SAID, rpm=60), actor=cast.access(cast.alice)
    )
    adam = cast.access(cast.adam)
    limit_set(subject=subject, layer=layer, said=replace(SAID, rpm=90), actor=adam)
    for changed in (
        replace(SAID, rpm=90, budget=200 * NANO),
        replace(SAID, rpm=90, budget=None),
        replace(SAID, rpm=90, window="day"),
        replace(SAID, rpm=90, zone="Asia/Kathmandu"),
    ):
        with pytest.raises(ValidationError) as caught:
            limit_set(subject=subject, layer=layer, said=changed, actor=adam)
        assert caught.value.code == "forbidden"


@pytest.mark.django_db
@pytest.mark.parametrize("layer", ["creator", "key"])
def test_budgets_of_keys_and_people_stay_with_their_other_limits(cast: Cast, layer: str) -> None:
    subject: Any = cast.member(cast.mia)
    if layer == "key":
        subject = make_key(make_project(cast.acme), subject)[0]
    assert limit_set(subject=subject, layer=layer, said=SAID, actor=cast.access(cast.adam))


def standing(
    spent: int, window: str = "month", zone: str = "Europe/Berlin", **said: Any
) -> Standing:
    ends = said.pop("ends", datetime.datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)))
    state = LimitState(
        id=UUID(int=1), layer="group", budget=100, window=window, spent=spent, resets_at=ends
    )
    return Standing(
        state=state,
        allowance=Allowance(budget=100, window=window, zone=zone),
        subject=UUID(int=2),
        changed_at=ends,
        changed_by="",
    )


def at(day: int, hour: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, 11, day, hour, tzinfo=ZoneInfo("Europe/Berlin"))


def test_spending_is_drawn_on_evenly_to_the_end_of_the_window() -> None:
    pace = pace_of(standing(60), at(16))
    assert pace.expected == 120
    assert pace.spent_at == at(26)


def test_a_budget_that_lasts_has_no_end() -> None:
    pace = pace_of(standing(50), at(16))
    assert (pace.expected, pace.spent_at) == (100, None)


def test_what_is_spent_is_not_spent_again() -> None:
    assert pace_of(standing(100), at(16)).spent_at is None
    assert pace_of(standing(0), at(16)).expected == 0


def test_the_first_hours_of_a_window_say_nothing() -> None:
    assert pace_of(standing(50), at(2)).expected is None
    assert pace_of(standing(50), at(3)).expected is not None


@pytest.mark.parametrize(
    ("window", "ends", "begun"),
    [
        ("month", "2026-03-01", "2026-02-01"),
        ("month", "2026-11-01", "2026-10-01"),
        ("month", "2026-04-01", "2026-03-01"),
        ("week", "2026-10-26", "2026-10-19"),
        ("day", "2026-10-26", "2026-10-25"),
        ("day", "2026-03-30", "2026-03-29"),
    ],
)
def test_a_window_begins_by_the_clocks_of_its_zone(window: str, ends: str, begun: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    end = datetime.datetime.fromisoformat(ends).replace(tzinfo=zone)
    start = datetime.datetime.fromisoformat(begun).replace(tzinfo=zone)
    found = began(end.astimezone(datetime.UTC), window, "Europe/Berlin")
    assert found == start.astimezone(datetime.UTC)


def test_the_hour_that_comes_twice_is_an_hour() -> None:
    end = datetime.datetime(2026, 10, 25, 1, tzinfo=datetime.UTC)
    assert end - began(end, "hour", "Europe/Berlin") == datetime.timedelta(hours=1)


def test_the_next_level_is_the_one_not_reached() -> None:
    assert [next_level(percent) for percent in (0, 49, 50, 79, 80, 99, 100, 240)] == [
        *(50, 50, 80, 80, 100, 100, None, None)
    ]
