"""Each request is added up once and none is missed, in whatever order transactions end."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from audit import ledger
from audit.events import Event
from billing.actions.rollup import usage_roll
from orgs.actions.organizations import organization_delete, target_of
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.usage.logged import (
    compared,
    log,
    mark,
    number,
    organization,
    owner,
    roll_past,
)
from tests.factories import TEST
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def acme(committed: None) -> Organization:
    return organization()


@pytest.fixture
def late() -> Iterator[psycopg.Connection[Any]]:
    """Somebody whose transaction is still open."""
    with owner(autocommit=False) as connected:
        yield connected
        connected.rollback()


def total(acme: Organization) -> tuple[int, int]:
    """Calls by the log and by the sums, once both cover the same."""
    found = compared(acme)
    assert all(one.differing == 0 for one in found.values()), found
    return found["total"].log[0], found["total"].sums[0]


def test_a_request_that_is_committed_late_is_counted_then(
    acme: Organization, late: psycopg.Connection[Any]
) -> None:
    """By time it lies before what was counted already; nothing is counted past it."""
    log(late, acme)
    mine = number(late)
    with owner() as other:
        for _ in range(3):
            log(other, acme)
    usage_roll()
    assert mark() <= mine
    assert total(acme) == (0, 0)
    late.commit()
    with owner() as other:
        after = number(other)
    roll_past(after)
    assert total(acme) == (4, 4)


def test_a_request_that_is_never_committed_is_not_counted(
    acme: Organization, late: psycopg.Connection[Any]
) -> None:
    log(late, acme)
    late.rollback()
    with owner() as other:
        log(other, acme)
        after = number(other)
    roll_past(after)
    assert total(acme) == (1, 1)


def test_twice_adds_nothing(acme: Organization) -> None:
    with owner() as other:
        log(other, acme, cost=7)
        after = number(other)
    roll_past(after)
    for _ in range(3):
        usage_roll()
    assert compared(acme)["total"].sums == (1, 0, 0, 0, 7)


def test_what_is_noted_later_is_not_counted_again(acme: Organization) -> None:
    """The job that tells the ledger of refusals writes such a row anew."""
    with owner() as other:
        log(other, acme, allowed=False)
        roll_past(number(other))
        other.execute(
            "UPDATE projects_call SET noted = NOT noted WHERE organization_id = %s", [acme.pk]
        )
        roll_past(number(other))
    assert compared(acme)["total"].sums[:2] == (1, 1)


def test_many_writers_and_two_that_add_up(acme: Organization) -> None:
    """Writers hold their transactions open for a while and commit out of order, or not at all."""
    stop = time.monotonic() + 6
    kept = [0] * 5

    def write(place: int) -> None:
        draw = random.Random(place)
        with owner(autocommit=False) as connected:
            while time.monotonic() < stop:
                rows = draw.randint(1, 4)
                for _ in range(rows):
                    log(connected, acme, model=f"m{draw.randint(0, 2)}", cost=draw.randint(0, 9))
                    time.sleep(draw.random() * 0.02)
                if draw.random() < 0.2:
                    connected.rollback()
                else:
                    connected.commit()
                    kept[place] += rows

    def add_up() -> None:
        while time.monotonic() < stop + 0.5:
            usage_roll(most=random.Random().choice((3, 50, 10_000)))

    raised = together(*(lambda n=n: write(n) for n in range(5)), add_up, add_up)
    assert raised == [None] * 7
    with owner() as other:
        roll_past(number(other))
    assert total(acme) == (sum(kept), sum(kept))


def test_the_mark_never_goes_back(acme: Organization) -> None:
    """What ends in a database beside it while the mark is looked for may have been anybody's."""
    stop = time.monotonic() + 3

    def neighbour(place: int) -> None:
        draw = random.Random(place)
        with owner(autocommit=False, database="postgres") as connected:
            while time.monotonic() < stop:
                number(connected)
                time.sleep(draw.random() * 0.03)
                connected.commit()

    def look() -> int:
        counted = looks = 0
        with owner() as connected:
            while time.monotonic() < stop:
                usage_roll()
                before, counted = counted, mark()
                assert counted >= before
                for _ in range(20):
                    looks += 1
                    row = connected.execute("SELECT usage_goal()").fetchone()
                    assert row
                    assert row[0] >= counted
        return looks

    looks, *others = together(look, *(lambda n=n: neighbour(n) for n in range(8)))
    assert others == [None] * 8
    assert isinstance(looks, int), looks
    assert looks > 100


def test_whoever_comes_second_leaves_it_to_the_first(acme: Organization) -> None:
    with owner(autocommit=False) as first:
        first.execute("SELECT pg_advisory_xact_lock(hashtext('usage_roll'))")
        before = mark()
        assert usage_roll() == 0
        assert mark() == before


def test_a_crash_between_the_sums_and_the_commit_changes_nothing(acme: Organization) -> None:
    with owner() as other:
        log(other, acme)
        after = number(other)
    before = mark()
    with owner(autocommit=False) as crashed:
        crashed.execute("SELECT usage_roll('UTC', 1000)")
        crashed.rollback()
    assert mark() == before
    assert total(acme)[1] == 0
    roll_past(after)
    assert total(acme) == (1, 1)


def test_an_organization_that_goes_meanwhile_takes_its_sums_along() -> None:
    """Whichever is first: nothing of it is left, and nobody fails."""
    for _ in range(4):
        going = organization()
        with owner() as other:
            for _ in range(200):
                log(other, going)
            after = number(other)
        _close(going)
        now = timezone.now()
        deleted, rolled = together(
            lambda: organization_delete(organization=going.pk, now=now, actor=TEST), usage_roll
        )
        assert deleted is True
        assert isinstance(rolled, int), rolled
        roll_past(after)
        assert left_of(going) == (0, 0)


def left_of(gone: Organization) -> tuple[Any, ...]:
    with owner() as other:
        row = other.execute(
            "SELECT (SELECT count(*) FROM billing_usagefact WHERE organization_id = %(pk)s),"
            " (SELECT count(*) FROM billing_usageday WHERE organization_id = %(pk)s)",
            {"pk": gone.pk},
        ).fetchone()
    assert row
    return row


def _close(going: Organization) -> None:
    """Its days of grace are over."""
    with bound(going.pk):
        Organization.objects.filter(pk=going.pk).update(state="closing", closes_at=timezone.now())
        ledger.record(
            Event.ORGANIZATION_CLOSED,
            organization=going.pk,
            actor=TEST,
            target=target_of(going),
            changes={"state": ("Open", "Closing"), "closes_at": (None, "now")},
        )
