"""Limits under concurrency, on real connections, at every level of isolation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from orgs.tenancy import bound
from projects.models import Call, Execution, Limit, Meter, Reservation
from tests.factories import TEST
from tests.projects.api.owner import as_owner
from tests.projects.api.rooms import Room
from tests.projects.keys import Platform, make_limit
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

LEVELS = ("read committed", "repeatable read", "serializable")
EVERY_LEVEL = pytest.mark.parametrize("level", LEVELS)
THREADS = 20


@contextmanager
def isolated(level: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET default_transaction_isolation TO '{level}'")
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == (level,)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET default_transaction_isolation")


def many(level: str, deed: Callable[[], Any], times: int) -> list[Any]:
    """The deed so many times, on twenty connections at once."""

    def some() -> list[Any]:
        with isolated(level):
            return [deed() for _ in range(times // THREADS)]

    found = together(*[some] * THREADS)
    failed = [one for one in found if isinstance(one, Exception)]
    assert not failed, failed[0]
    return [one for some_of_them in found for one in some_of_them]


@EVERY_LEVEL
@pytest.mark.requirement("S1-050")
def test_200_calls_against_a_budget_of_90_overspend_by_nothing(level: str) -> None:
    room = Room()
    limits = [
        make_limit(room.key, budget=100 * 10**9),
        make_limit(room.project, budget=90 * 10**9),
        make_limit(room.group, budget=10**15),
        make_limit(room.org, budget=120 * 10**9),
    ]
    answers = many(level, lambda: room.verify(estimated_cost=1), 200)
    allowed = [answer for answer in answers if answer["decision"]]
    assert len(allowed) == 90
    assert {(a["reason"], a["layer"]) for a in answers if not a["decision"]} == {
        ("budget", "project")
    }
    with bound(room.org.pk):
        for limit in limits:
            assert Meter.objects.in_org(room.org.pk).get(pk=limit.pk).reserved == 90 * 10**9
        assert Reservation.objects.in_org(room.org.pk).count() == 90
        calls = Call.objects.in_org(room.org.pk)
        assert calls.count() == 200
        assert calls.filter(allowed=True).count() == 90


@pytest.mark.requirement("S1-051")
@pytest.mark.parametrize(
    ("level", "rpm", "calls"),
    [("read committed", 500, 1200), ("repeatable read", 100, 240), ("serializable", 100, 240)],
)
def test_a_minute_of_500_passes_exactly_500_of_1200(level: str, rpm: int, calls: int) -> None:
    room = Room()
    limit = make_limit(room.key, rpm=rpm)
    make_limit(room.org, rpm=10**6)
    # A minute that lasts: the meter never goes back, so none begins while this one is ahead.
    as_owner("UPDATE projects_meter SET minute = now() + interval '1 hour' WHERE id = %s", limit.pk)
    answers = many(level, room.verify, calls)
    assert sum(answer["decision"] for answer in answers) == rpm
    assert {a["reason"] for a in answers if not a["decision"]} == {"rpm"}


@EVERY_LEVEL
def test_settling_verifying_and_releasing_leave_every_meter_right(level: str) -> None:
    room = Room()
    limits = [
        make_limit(where, budget=60 * 10**9)
        for where in (room.key, room.member, room.project, room.group, room.org)
    ]
    dice = random.Random(7)
    late: list[str] = []

    def deed() -> None:
        call = room.verify(estimated_cost=1)
        if not call["decision"]:
            return
        throw = dice.random()
        if throw < 0.3:
            as_owner(
                "UPDATE projects_reservation SET expires_at = now() - interval '1 s' WHERE id = %s",
                call["id"],
            )
            release()
            late.append(call["id"])
        if throw < 0.7:
            answer = room.report(call["id"], cost="0.25")
            assert answer.status_code == 200, answer.content

    many(level, deed, 200)
    with bound(room.org.pk):
        held = Reservation.objects.in_org(room.org.pk)
        reserved = sum(held.values_list("amount", flat=True))
        spent = sum(Call.objects.in_org(room.org.pk).values_list("cost", flat=True))
        for limit in limits:
            meter = Meter.objects.in_org(room.org.pk).get(pk=limit.pk)
            assert (meter.reserved, meter.spent) == (reserved, spent)
            # What was released and used all the same was spent by somebody else as well.
            assert meter.reserved + meter.spent <= 60 * 10**9 + len(late) * 10**9 // 4


def release() -> None:
    """As the job does it; whoever is overtaken comes again the next minute."""
    for _ in range(100):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT reservations_release(100)")
        except Exception as error:
            if getattr(error.__cause__, "sqlstate", "") not in ("40001", "40P01"):
                raise
        else:
            return


@EVERY_LEVEL
def test_the_same_report_at_the_same_moment_is_counted_once(level: str) -> None:
    room = Room()
    limit = make_limit(room.key, budget=10**12)
    call = room.verify(estimated_cost=1)["id"]
    answers = many(level, lambda: room.report(call, cost=3), THREADS * 2)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    with bound(room.org.pk):
        meter = Meter.objects.in_org(room.org.pk).get(pk=limit.pk)
        assert (meter.reserved, meter.spent) == (0, 3 * 10**9)


@EVERY_LEVEL
def test_two_reports_in_other_words_at_the_same_moment_are_settled_once(level: str) -> None:
    room = Room()
    make_limit(room.key, budget=10**12)
    call = room.verify(estimated_cost=1)["id"]
    costs = iter(range(1, 1000))
    answers = many(level, lambda: room.report(call, cost=next(costs)), THREADS)
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * (THREADS - 1)]


@pytest.mark.parametrize("exists", [True, False])
def test_a_budget_that_begins_while_calls_are_settled_counts_each_once(exists: bool) -> None:
    room = Room()
    if exists:
        make_limit(room.project, rpm=10**6)
    room.report(room.verify()["id"], cost=1)

    def call() -> None:
        for _ in range(5):
            assert room.report(room.verify(estimated_cost=1)["id"], cost=1).status_code == 200

    def policy() -> None:
        if not exists:
            make_limit(room.project, budget=10**15)
            return
        with bound(room.org.pk):
            Limit.objects.in_org(room.org.pk).filter(project=room.project).update(budget=10**15)
            record_limit(room.org.pk)

    found = together(*[call] * 12, policy)
    assert [one for one in found if one is not None] == []
    with bound(room.org.pk):
        limit = Limit.objects.in_org(room.org.pk).get(project=room.project)
        meter = Meter.objects.in_org(room.org.pk).get(pk=limit.pk)
        assert limit.budget == 10**15
        assert (meter.spent, meter.reserved) == (61 * 10**9, 0)


def record_limit(organization: Any) -> None:
    ledger.record(
        Event.ORGANIZATION_CHANGED,
        organization=organization,
        actor=TEST,
        target=Target("limit", None, "limit"),
        changes={"name": (None, None)},
    )


@EVERY_LEVEL
def test_the_same_execution_at_the_same_moment_is_one(level: str) -> None:
    room = Room()
    said = {"summary": "Once", "kind": "proof"}

    def record() -> Any:
        return room.platform.post("/v1/executions", said, Idempotency_Key="race")

    answers = many(level, record, THREADS)
    assert len({answer.content for answer in answers}) == 1, answers[0].content
    assert sorted(answer.status_code for answer in answers) == [*[200] * (THREADS - 1), 201]
    with bound(room.org.pk):
        assert Execution.objects.in_org(room.org.pk).count() == 1


@EVERY_LEVEL
def test_one_address_is_invited_once(level: str) -> None:
    room = Room()
    platform = Platform(room.org, "members.invite")

    def invite() -> Any:
        return platform.post("/v1/members/invitations", {"email": f"one@{room.org.slug}.example"})

    answers = many(level, invite, THREADS)
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * (THREADS - 1)]
