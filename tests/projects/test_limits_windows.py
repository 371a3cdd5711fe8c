"""When a budget's window begins and ends: the database against an oracle that only knows clocks.

The oracle looks for the first instant whose local time is in the window, hour by hour and minute
by minute, with Python's own time zones.
"""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.money import NANO
from orgs.tenancy import bound
from projects.queries.limits import window_now
from tests.factories import Cast
from tests.projects.calls import at, build_clock
from tests.projects.charged import Charged

pytestmark = pytest.mark.django_db

UTC = datetime.UTC
MINUTE, HOUR, DAY = (datetime.timedelta(**{n: 1}) for n in ("minutes", "hours", "days"))
WINDOWS = ("hour", "day", "week", "month")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Santiago",  # Leaves midnight out in spring.
    "America/Havana",  # Midnight comes twice in autumn.
    "Atlantic/Azores",
    "Asia/Kathmandu",  # A quarter of an hour beside the others.
    "Australia/Lord_Howe",  # Half an hour of summer time.
    "Pacific/Kiritimati",
    "America/Los_Angeles",
)


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def moment(said: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(said).replace(tzinfo=UTC)


def by_database(window: str, when: datetime.datetime, zone: str) -> tuple[Any, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s, window_end(%(w)s, s, %(z)s) FROM window_start(%(w)s, %(at)s, %(z)s) AS s",
            {"w": window, "at": when, "z": zone},
        )
        row: tuple[Any, Any] = cursor.fetchone()
    return row


def label(window: str, local: datetime.datetime) -> tuple[Any, ...]:
    """What all moments of one window have in common, and no moment of the next."""
    if window == "day":
        return (local.date(),)
    if window == "week":
        return tuple(local.isocalendar()[:2])
    return (local.year, local.month)


def by_oracle(window: str, when: datetime.datetime, zone: str) -> tuple[Any, Any]:
    place = ZoneInfo(zone)
    if window == "hour":
        local = when.astimezone(place)
        start = when - datetime.timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        return start, start + HOUR
    return _edge(window, when, place, -1), _edge(window, when, place, +1)


def _edge(window: str, when: datetime.datetime, place: ZoneInfo, way: int) -> datetime.datetime:
    """The instant at which the window begins, or the next one does: to the minute, by looking.

    A window is one stretch: where midnight comes twice, the hour before the second belongs to
    the new day, although the clocks then go back to the old one's last hour or the new one's first.
    """
    own = label(window, when.astimezone(place))

    def inside(instant: datetime.datetime) -> bool:
        return label(window, instant.astimezone(place)) == own

    minute = when.replace(second=0, microsecond=0)
    for step in (DAY, HOUR, MINUTE):
        while inside(minute + way * step):
            minute += way * step
        # Past a repeated stretch the same label may come again.
        while step is not MINUTE and inside(minute + way * 2 * step):
            minute += way * 2 * step
    return minute if way < 0 else minute + MINUTE


MOMENTS = st.datetimes(
    datetime.datetime(2026, 1, 1), datetime.datetime(2028, 12, 31), timezones=st.just(UTC)
)
# Around the nights on which the clocks of these places change.
NIGHTS = [
    moment(said)
    for said in (
        "2026-03-29T01:00",
        "2026-10-25T01:00",
        "2027-03-28T01:00",
        "2027-10-31T01:00",
        "2026-09-06T04:00",
        "2027-04-04T03:00",
        "2026-11-01T05:00",
        "2027-03-14T05:00",
        "2026-04-04T15:00",
        "2026-10-03T15:30",
        "2026-01-31T23:00",
        "2026-12-31T23:30",
        "2028-02-29T12:00",
    )
]
NEAR = st.builds(
    lambda night, off: night + datetime.timedelta(seconds=off),
    st.sampled_from(NIGHTS),
    st.integers(-2 * 86_400, 2 * 86_400),
)


@pytest.mark.requirement("S1-050")
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(WINDOWS), MOMENTS | NEAR, st.sampled_from(ZONES))
@example("day", moment("2026-11-01T04:30"), "America/Havana")
@example("day", moment("2026-11-01T05:30"), "America/Havana")
@example("day", moment("2026-10-31T12:00"), "America/Havana")
@example("month", moment("2026-11-01T04:30"), "America/Havana")
@example("day", moment("2026-10-25T00:30"), "Atlantic/Azores")
@example("day", moment("2026-09-06T05:00"), "America/Santiago")
@example("day", moment("2026-09-05T12:00"), "America/Santiago")
def test_windows_are_where_the_clocks_say(
    db: None, window: str, when: datetime.datetime, zone: str
) -> None:
    start, end = by_database(window, when, zone)
    assert (start, end) == by_oracle(window, when, zone)
    assert start <= when < end
    # The end of one is the beginning of the next, and nothing lies between.
    assert by_database(window, end, zone)[0] == end
    assert by_database(window, end - datetime.timedelta(microseconds=1), zone)[0] == start


@pytest.mark.parametrize(
    ("window", "when", "zone", "start", "end"),
    [
        # Summer time begins: 23 hours; and ends: 25.
        ("day", "2026-03-29T12:00", "Europe/Berlin", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("day", "2026-10-25T12:00", "Europe/Berlin", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("day", "2027-03-28T12:00", "Europe/Berlin", "2027-03-27T23:00", "2027-03-28T22:00"),
        ("day", "2027-10-31T12:00", "Europe/Berlin", "2027-10-30T22:00", "2027-10-31T23:00"),
        # Both hours from two to three of that night are hours.
        ("hour", "2026-10-25T00:30", "Europe/Berlin", "2026-10-25T00:00", "2026-10-25T01:00"),
        ("hour", "2026-10-25T01:30", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T02:00"),
        # There is no midnight: the day begins at one.
        ("day", "2026-09-06T12:00", "America/Santiago", "2026-09-06T04:00", "2026-09-07T03:00"),
        ("hour", "2026-06-01T10:20", "Asia/Kathmandu", "2026-06-01T10:15", "2026-06-01T11:15"),
        ("day", "2026-06-01T18:20", "Asia/Kathmandu", "2026-06-01T18:15", "2026-06-02T18:15"),
        # The last day of a month, and the week from Monday on.
        ("month", "2026-01-31T22:59", "Europe/Berlin", "2025-12-31T23:00", "2026-01-31T23:00"),
        ("month", "2026-01-31T23:00", "Europe/Berlin", "2026-01-31T23:00", "2026-02-28T23:00"),
        ("month", "2028-02-29T12:00", "UTC", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("week", "2026-11-22T14:00", "UTC", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("week", "2026-11-23T00:00", "UTC", "2026-11-23T00:00", "2026-11-30T00:00"),
    ],
)
def test_nights_and_month_ends_by_hand(
    db: None, window: str, when: str, zone: str, start: str, end: str
) -> None:
    assert by_database(window, moment(when), zone) == (moment(start), moment(end))


@pytest.fixture
def charged(cast: Cast) -> Charged:
    return Charged(cast)


def test_a_budget_that_begins_mid_month_counts_the_whole_month(charged: Charged) -> None:
    month = moment("2026-11-01T00:00")
    charged.spend(month - MINUTE, 100)
    charged.spend(month, 1)
    charged.spend(month + 9 * DAY, 2)
    now = month + 20 * DAY
    charged.allow(now, budget=50 * NANO, window="month", zone="UTC")
    assert charged.spent(now) == 3
    with at(now):
        org, key = charged.cast.acme.id, charged.key.pk
        with bound(org):
            counted = window_now(org, "key", key, window="month", zone="UTC")
    assert counted == (3 * NANO, moment("2026-12-01T00:00"))


def test_a_budget_that_changes_its_window_counts_anew_from_the_log(charged: Charged) -> None:
    month, now = moment("2026-11-01T00:00"), moment("2026-11-20T12:30")
    charged.allow(month, budget=50 * NANO, window="month", zone="UTC")
    charged.spend(month + DAY, 1)
    charged.spend(moment("2026-11-16T08:00"), 2)
    charged.spend(moment("2026-11-19T23:30"), 4)
    charged.spend(moment("2026-11-20T12:10"), 8)
    assert charged.spent(now) == 15
    for window, zone, spent in (
        ("week", "UTC", 14),
        ("day", "UTC", 8),
        ("day", "Europe/Berlin", 12),
        ("hour", "UTC", 8),
        ("hour", "Asia/Kathmandu", 0),
        ("month", "UTC", 15),
    ):
        charged.allow(now, budget=50 * NANO, window=window, zone=zone)
        assert charged.spent(now) == spent, (window, zone)
    # Another amount in the same window spends nothing back.
    charged.allow(now, budget=15 * NANO, window="month", zone="UTC")
    assert charged.caller.verify(charged.text, when=now)[:2] == ("refused", "budget")


@pytest.mark.requirement("S1-050")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Santiago", "Asia/Kathmandu"])
@pytest.mark.parametrize("night", NIGHTS[:6], ids=lambda night: f"{night:%Y-%m-%d}")
def test_a_key_stops_at_its_budget_until_the_window_is_over(
    charged: Charged, zone: str, night: datetime.datetime
) -> None:
    start, end = by_oracle("day", night, zone)
    charged.allow(start, budget=5 * NANO, window="day", zone=zone)
    charged.spend(start, 2)
    charged.spend(night, 3)
    last = end - datetime.timedelta(microseconds=1)
    assert charged.caller.verify(charged.text, when=last)[:2] == ("refused", "budget")
    assert charged.spent(last) == 5
    assert charged.spent(end) == 0
    assert charged.caller.verify(charged.text, when=end)[0] == "allowed"
