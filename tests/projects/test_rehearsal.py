"""A rehearsal says what `key_verify` would have said, call by call."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.template.loader import render_to_string
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orgs.tenancy import bound
from projects.models import Call, Key, Limit, Meter
from projects.queries import replays
from projects.rehearsal import Rehearsal, rehearse
from tests.factories import Cast
from tests.projects.calls import UTC, Caller, at, build_clock, release
from tests.projects.factories import make_project
from tests.projects.keys import make_key, make_limit

pytestmark = pytest.mark.django_db

START = datetime.datetime(2026, 10, 22, 9, 58, 30, tzinfo=UTC)
NOW = START + datetime.timedelta(days=7)
SECOND = datetime.timedelta(seconds=1)


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def replayed(key: Key, *, days: int = 7, now: datetime.datetime = NOW, **draft: Any) -> Rehearsal:
    with bound(key.organization_id):
        return rehearse(key=key, draft=draft, days=days, now=now)


@dataclass(frozen=True)
class Asked:
    """A call of a random day: how long after the one before, what it says, how it is settled."""

    gap: int
    ip: str
    model: str
    task: str
    cost: int
    settled: tuple[int, int] | None  # after so many seconds, for so much


ASKED = st.builds(
    Asked,
    gap=st.sampled_from([0, 1, 7, 40, 600, 1800, 86_000]),
    ip=st.sampled_from(["192.0.2.1", "10.2.0.4", "2001:db8::7"]),
    model=st.sampled_from(["", "m-small", "m-large"]),
    task=st.sampled_from(["triage", "reply"]),
    cost=st.integers(0, 40),
    settled=st.none() | st.tuples(st.sampled_from([0, 3, 1200, 90_000]), st.integers(0, 60)),
)
# A budget that bites, or lists: all of it at once would hide one rule behind another.
METERS = st.fixed_dictionaries(
    {
        "budget": st.integers(0, 90),
        "window": st.sampled_from(["hour", "day", "week", "month"]),
        "zone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Havana"]),
        "rpm": st.none() | st.integers(1, 3),
    }
)
LISTS = st.fixed_dictionaries(
    {
        "rpm": st.none() | st.integers(1, 3),
        "allowed_networks": st.none()
        | st.lists(st.sampled_from(["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"]), max_size=2),
        "allowed_tasks": st.none() | st.just(["triage"]),
        "allowed_models": st.none() | st.just(["", "m-small"]),
    }
)


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ASKED, min_size=6, max_size=25), METERS | METERS | LISTS)
def test_a_rehearsal_refuses_what_the_limits_refuse(
    cast: Cast, asked: list[Asked], draft: dict[str, Any]
) -> None:
    """One key without limits makes the calls; another, with the draft as its limits, is asked
    the same at the same moments, and reports what it was allowed."""
    with transaction.atomic():
        org, mia = cast.acme, cast.member(cast.alice)
        free, free_text = make_key(org, mia)
        held, held_text = make_key(org, mia)
        with at(START):
            make_limit(held, **draft)
        platform, expected = Caller(org), _expected(asked)
        refused: list[str] = []
        ids: dict[int, tuple[Any, Any]] = {}
        for moment, _, settles, number in expected:
            call = asked[number]
            release(moment)
            if settles:
                mine, theirs = ids[number]
                assert call.settled is not None
                platform.use(mine, call.settled[1], when=moment)
                if theirs is not None:
                    platform.use(theirs, call.settled[1], when=moment)
                continue
            said: dict[str, Any] = {
                "ip": call.ip,
                "model": call.model,
                "task": call.task,
                "cost": call.cost,
            }
            status, _, mine = platform.verify(free_text, when=moment, **said)
            assert status == "allowed"
            status, reason, theirs = platform.verify(held_text, when=moment, **said)
            refused += [reason] if reason else []
            ids[number] = (mine, None if reason else theirs)
        found = replayed(free, days=30, now=START + datetime.timedelta(days=30) - SECOND, **draft)
        assert found.calls == len(asked)
        by_reason = {one.reason: one.calls for one in found.reasons}
        assert by_reason == {reason: refused.count(reason) for reason in refused}
        assert bool(found.ran_out) == ("budget" in refused)
        transaction.set_rollback(True)


def _expected(asked: list[Asked]) -> list[tuple[datetime.datetime, int, bool, int]]:
    """Each verification and each settlement, in the order of time; none at the same instant."""
    moment, events = START, []
    for number, call in enumerate(asked):
        moment += call.gap * SECOND + datetime.timedelta(milliseconds=11)
        events.append((moment, number, False, number))
        if call.settled:
            after = call.settled[0] * SECOND + datetime.timedelta(milliseconds=3)
            events.append((moment + after, number, True, number))
    return sorted(events)


def called(cast: Cast, text: str, *, minutes: float = 0, **said: Any) -> tuple[str, Any]:
    when = START + datetime.timedelta(minutes=minutes, seconds=1)
    status, _, call = Caller(cast.acme).verify(text, when=when, **said)
    return status, call


def test_it_says_how_many_of_how_many_and_why(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    for n in range(9):
        called(cast, text, minutes=n, model="m-small")
    for n in (11, 12):
        called(cast, text, minutes=n, model="m-small", ip="10.2.0.4")
    called(cast, text, minutes=20, model="gpt-x")
    found = replayed(key, allowed_networks=["192.0.2.0/24"], allowed_models=["m-small"])
    assert found.sentence == "Would have refused 3 of 12: 2 from 10.2.0.4, 1 model gpt-x."
    network, model = found.reasons
    assert (network.label, model.label) == ("Network", "Model")
    assert network.first is not None
    assert network.last is not None
    assert network.first.at < network.last.at
    assert model.first is not None
    assert model.first.model == "gpt-x"


def test_nothing_refused_and_nothing_called_are_said(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    assert "nothing to compare" in replayed(key, rpm=1).sentence
    called(cast, text)
    assert replayed(key, rpm=1).sentence == "Would have refused none of 1."


def test_many_values_are_named_in_part(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    for n in range(6):
        called(cast, text, minutes=n, ip=f"10.0.0.{n}")
    said = replayed(key, allowed_networks=[]).sentence
    assert said.startswith("Would have refused 6 of 6: 1 from 10.0.0.")
    assert said.endswith("3 from 3 others.")


def test_what_was_spent_before_in_the_same_window_counts(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    platform = Caller(cast.acme)
    _, call = called(cast, text, minutes=-60 * 24, cost=80)
    platform.use(call, 80, when=START - datetime.timedelta(hours=23))
    called(cast, text, minutes=5, cost=30)
    draft: dict[str, Any] = {"budget": 100, "zone": "UTC"}
    assert replayed(key, window="month", **draft).refused == 1
    assert replayed(key, window="hour", **draft).refused == 0


def test_it_says_when_the_budget_would_have_run_out(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    platform = Caller(cast.acme)
    for n in range(4):
        _, call = called(cast, text, minutes=n * 5, cost=40)
        platform.use(call, 40, when=START + datetime.timedelta(minutes=n * 5 + 1))
    found = replayed(key, budget=100, window="day", zone="Europe/Berlin")
    (spent,) = found.ran_out
    assert spent.ran_out_at == START + datetime.timedelta(minutes=10, seconds=1)
    assert spent.refused == 2
    assert found.ran_out_sentence.startswith("The budget would have run out on 22 Oct")


def test_a_window_that_begins_anew_runs_out_anew(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    for n in range(6):
        called(cast, text, minutes=n * 12 * 60, cost=70)
    found = replayed(key, budget=100, window="week", zone="UTC")
    assert not found.ran_out  # Nothing was settled, and what was set aside lapsed each time.
    for n in range(6):
        called(cast, text, minutes=n * 24 * 60 + 1, cost=70)
        called(cast, text, minutes=n * 24 * 60 + 2, cost=70)
    found = replayed(key, budget=100, window="day", zone="UTC")
    assert len(found.ran_out) == 6
    assert "6 times" in found.ran_out_sentence


def test_what_was_refused_then_and_would_pass_is_said(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    make_limit(key, allowed_models=["m-small"])
    assert called(cast, text, model="m-large")[0] == "refused"
    assert called(cast, text, minutes=1, model="gpt-x")[0] == "refused"
    assert called(cast, text, minutes=2, model="m-small")[0] == "allowed"
    found = replayed(key, allowed_models=["m-small", "m-large"])
    assert (found.calls, found.refused, found.freed) == (1, 0, 1)
    assert found.freed_sentence == "Would have let through 1 call that was refused then."


def test_what_another_layer_refuses_is_not_let_through(cast: Cast) -> None:
    project = make_project(cast.acme)
    key, text = make_key(project, cast.member(cast.alice))
    make_limit(key, allowed_models=["m-small"])
    called(cast, text, model="m-large")
    assert replayed(key).freed == 1
    make_limit(project, allowed_models=["m-small", "m-other"])
    assert replayed(key).freed == 0


def test_a_call_whose_price_nobody_knows_is_refused_under_a_budget(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    called(cast, text, model="unheard-of", cost=None, units={"input_token": 5})
    found = replayed(key, budget=10**12)
    assert found.sentence == "Would have refused 1 of 1: 1 without a price."
    assert replayed(key, rpm=5).refused == 0


def test_the_calls_of_other_keys_and_of_other_days_are_left_out(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    _, other = make_key(cast.acme, cast.member(cast.alice))
    called(cast, text, minutes=-10)
    called(cast, text, minutes=10)
    called(cast, other, minutes=10)
    called(cast, text, minutes=60 * 24 * 8)
    assert replayed(key).calls == 1
    assert replayed(key, days=30).calls == 2


def test_a_key_that_is_too_busy_is_replayed_in_part_and_it_says_so(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST_REPLAYED", 10)
    key, text = make_key(cast.acme, cast.member(cast.alice))
    for n in range(10):
        called(cast, text, minutes=n)
    assert not replayed(key).capped
    for n in range(10, 25):
        called(cast, text, minutes=n)
    found = replayed(key, allowed_tasks=[])
    assert (found.capped, found.calls, found.refused) == (True, 10, 10)
    assert found.since > START + datetime.timedelta(minutes=14)


def test_it_changes_nothing(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    limit = make_limit(key, budget=1000, rpm=5)
    called(cast, text, cost=10)
    with bound(cast.acme.pk):
        before = list(Meter.objects.in_org(cast.acme.pk).values()), Call.objects.count()
    replayed(key, budget=5, rpm=1)
    with bound(cast.acme.pk):
        assert before == (list(Meter.objects.in_org(cast.acme.pk).values()), Call.objects.count())
        assert Limit.objects.in_org(cast.acme.pk).get(pk=limit.pk).budget == 1000


def test_the_page_shows_it(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    hostile = "<script>alert(1)</script>"
    called(cast, text, model=hostile)
    body = render_to_string(
        "projects/_rehearsal.html", {"rehearsal": replayed(key, allowed_models=[])}
    )
    assert "Would have refused 1 of 1" in body
    assert hostile not in body
