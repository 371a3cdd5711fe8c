"""The request log's months: made ahead, dropped when they are kept no longer, and walled."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from orgs.tenancy import bound
from projects import tasks
from projects.actions.calls import partitions_drop, partitions_make
from projects.models import Call
from tests.factories import Cast
from tests.projects.calls import UTC, Caller, build_clock
from tests.projects.keys import make_key

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def months() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'projects_call'::regclass"
        )
        return {name.removeprefix("projects_call_") for (name,) in cursor.fetchall()}


def where(call: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM projects_call WHERE id = %s", [call])
        row = cursor.fetchone()
    return str(row[0]).removeprefix("projects_call_")


def called(cast: Cast, when: datetime.datetime) -> Any:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    return Caller(cast.acme).verify(text, when=when)[2]


def test_the_months_ahead_are_made_once() -> None:
    today = datetime.date(2031, 11, 22)
    assert partitions_make(today=today) == 4
    assert {"203111", "203112", "203201", "203202"} <= months()
    assert partitions_make(today=today) == 0


def test_a_call_is_kept_in_its_month(cast: Cast) -> None:
    call = called(cast, datetime.datetime(2026, 10, 31, 23, 59, 59, 999000, tzinfo=UTC))
    later = called(cast, datetime.datetime(2026, 11, 1, tzinfo=UTC))
    with bound(cast.acme.pk):
        assert (where(call), where(later)) == ("202610", "202611")


def test_what_came_before_its_month_was_made_is_not_lost(cast: Cast) -> None:
    """A clock that is ahead, or a job that did not run."""
    call = called(cast, datetime.datetime(2033, 5, 3, 12, tzinfo=UTC))
    stays = called(cast, datetime.datetime(2034, 5, 3, 12, tzinfo=UTC))
    with bound(cast.acme.pk):
        assert where(call) == "other"
        assert partitions_make(today=datetime.date(2033, 4, 20)) == 4
        assert (where(call), where(stays)) == ("203305", "other")
        assert Call.objects.in_org(cast.acme.pk).filter(pk__in=[call, stays]).count() == 2


def test_months_are_dropped_when_they_are_kept_no_longer(cast: Cast) -> None:
    now = datetime.datetime.now(UTC)
    partitions_make(today=(now - datetime.timedelta(days=400)).date())
    old = called(cast, now - datetime.timedelta(days=100))
    stray = called(cast, datetime.datetime(2019, 1, 5, tzinfo=UTC))
    recent = called(cast, now)
    with bound(cast.acme.pk):
        assert where(stray) == "other"
        assert partitions_drop(months=2) > 0
        kept = set(Call.objects.in_org(cast.acme.pk).values_list("pk", flat=True))
        assert recent in kept
        assert not {old, stray} & kept
    before = datetime.datetime.now(UTC) - datetime.timedelta(days=70)
    assert {f"{now:%Y%m}", "other"} <= months()
    assert f"{before - datetime.timedelta(days=31):%Y%m}" not in months()


def test_zero_months_still_keep_the_last_one() -> None:
    now = datetime.datetime.now(UTC)
    last = now.replace(day=1) - datetime.timedelta(days=1)
    partitions_drop(months=0)
    assert {f"{now:%Y%m}", f"{last:%Y%m}"} <= months()


def test_the_job_does_both(settings: Any) -> None:
    settings.REQUEST_LOG_MONTHS = 6
    tasks.calls_keep(timestamp=0)
    now = datetime.datetime.now(UTC)
    assert f"{now + datetime.timedelta(days=62):%Y%m}" in months()
    assert f"{now - datetime.timedelta(days=7 * 31):%Y%m}" not in months()


def test_retention_is_a_setting() -> None:
    assert settings.REQUEST_LOG_MONTHS == 13


@pytest.mark.parametrize("statement", ["SELECT * FROM {0}", "DELETE FROM {0}", "DROP TABLE {0}"])
def test_no_partition_is_touched_past_the_wall(cast: Cast, statement: str) -> None:
    called(cast, datetime.datetime.now(UTC))
    partitions_make(today=datetime.date(2031, 11, 22))
    for month in ("other", f"{datetime.datetime.now(UTC):%Y%m}", "203111"):
        with (
            bound(cast.acme.pk),
            pytest.raises(ProgrammingError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(f"projects_call_{month}"))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO projects_call SELECT * FROM projects_call",
        "UPDATE projects_call SET allowed = true",
        "DELETE FROM projects_call",
    ],
)
def test_the_log_is_written_by_nobody_here(cast: Cast, statement: str) -> None:
    called(cast, datetime.datetime.now(UTC))
    with (
        bound(cast.acme.pk),
        pytest.raises(ProgrammingError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_every_month_has_the_wall() -> None:
    partitions_make(today=datetime.date(2031, 11, 22))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'projects_call'::regclass AND NOT (c.relrowsecurity AND EXISTS"
            " (SELECT FROM pg_policies p WHERE p.tablename = c.relname AND p.policyname = 'wall'))"
        )
        assert cursor.fetchall() == []


def test_nobody_sees_the_calls_of_another_organization(cast: Cast) -> None:
    called(cast, datetime.datetime.now(UTC))
    with bound(cast.umbrella.pk):
        assert not Call.objects.exists()
