"""Budgets and rates at the edge of their windows: the tables' owner moves the clock of a meter."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from orgs.tenancy import bound
from projects.models import Limit, Meter, Reservation
from tests.projects.api.owner import as_owner
from tests.projects.api.rooms import Room
from tests.projects.keys import make_limit

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]


def meter_of(limit: Limit) -> Meter:
    with bound(limit.organization_id):
        return Meter.objects.in_org(limit.organization_id).get(pk=limit.pk)


def test_a_budget_is_whole_again_in_the_next_window() -> None:
    room = Room()
    limit = make_limit(room.key, budget=10**9, window="month")
    room.report(room.verify()["id"], cost=1)
    assert not room.verify()["decision"]
    back(limit, "1 month")
    said = room.verify(estimated_cost="0.75")
    assert said["decision"]
    assert said["limits"][0]["budget"]["spent"] == "0.00"
    meter = meter_of(limit)
    assert (meter.spent, meter.reserved) == (0, 750_000_000)
    assert meter.window_at <= timezone.now()


def test_what_is_set_aside_goes_with_it_over_the_edge() -> None:
    room = Room()
    limit = make_limit(room.key, budget=10**9)
    late = room.verify(estimated_cost="0.75")["id"]
    back(limit, "1 month")
    refused = room.verify(estimated_cost="0.5")
    assert (refused["decision"], refused["reason"]) == (False, "budget")
    assert room.report(late, cost="0.25").status_code == 200
    meter = meter_of(limit)
    assert (meter.spent, meter.reserved) == (250_000_000, 0)
    assert room.verify(estimated_cost="0.75")["decision"]


def test_a_rate_begins_anew_with_the_minute() -> None:
    room = Room()
    limit = make_limit(room.key, rpm=1)
    ahead = "UPDATE projects_meter SET minute = now() + interval '1 hour' WHERE id = %s"
    as_owner(ahead, limit.pk)
    assert room.verify()["decision"]
    assert not room.verify()["decision"]
    as_owner("UPDATE projects_meter SET minute = now() - interval '1 h' WHERE id = %s", limit.pk)
    assert room.verify()["decision"]


def test_a_clock_that_runs_back_gives_nothing_back() -> None:
    room = Room()
    limit = make_limit(room.key, budget=10**9, window="hour")
    room.report(room.verify()["id"], cost=1)
    ahead = "UPDATE projects_meter SET window_at = window_at + interval '2 hours' WHERE id = %s"
    as_owner(ahead, limit.pk)
    said = room.verify()
    assert not said["decision"]
    resets = datetime.datetime.fromisoformat(said["binding"]["resets_at"])
    assert resets > timezone.now() + datetime.timedelta(hours=1)


def test_a_release_frees_and_a_report_after_it_is_recorded() -> None:
    room = Room()
    limit = make_limit(room.key, budget=10**9)
    call = room.verify(estimated_cost=1)["id"]
    assert not room.verify()["decision"]
    expire = "UPDATE projects_reservation SET expires_at = now() WHERE id = %s"
    as_owner(expire, call)
    release()
    assert meter_of(limit).reserved == 0
    assert room.verify()["decision"]
    assert room.report(call, cost="0.25").status_code == 200
    meter = meter_of(limit)
    assert (meter.spent, meter.reserved) == (250_000_000, 0)
    with bound(room.org.pk):
        assert not Reservation.objects.in_org(room.org.pk).filter(pk=call).exists()


def release() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reservations_release(1000)")


def back(limit, by: str) -> None:
    as_owner(
        f"UPDATE projects_meter SET window_at = window_at - interval '{by}' WHERE id = %s",
        limit.pk,
    )


@pytest.mark.parametrize(
    ("window", "zone", "at", "start", "end"),
    [
        # The day on which the clocks go forward has 23 hours, the other one 25.
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-29T00:00", "2026-03-30T00:00"),
        ("day", "Europe/Berlin", "2026-10-25T12:00", "2026-10-25T00:00", "2026-10-26T00:00"),
        ("week", "Europe/Berlin", "2026-03-29T12:00", "2026-03-23T00:00", "2026-03-30T00:00"),
        ("month", "America/New_York", "2026-01-31T23:59", "2026-01-01T00:00", "2026-02-01T00:00"),
        ("month", "Asia/Kathmandu", "2028-02-29T23:59", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("hour", "Asia/Kathmandu", "2026-05-05T10:30", "2026-05-05T10:00", "2026-05-05T11:00"),
        # Midnight is left out there on that day: the day begins at one.
        ("day", "America/Santiago", "2026-09-06T12:00", "2026-09-06T01:00", "2026-09-07T00:00"),
    ],
)
def test_windows_follow_the_clocks_of_their_zone(
    window: str, zone: str, at: str, start: str, end: str
) -> None:
    here = ZoneInfo(zone)
    moment, first, last = (
        datetime.datetime.fromisoformat(text).replace(tzinfo=here) for text in (at, start, end)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT window_start(%s, %s, %s)", [window, moment, zone])
        (found,) = cursor.fetchone()
        cursor.execute("SELECT window_end(%s, %s, %s)", [window, found, zone])
        (ends,) = cursor.fetchone()
    assert (found, ends) == (first, last)
