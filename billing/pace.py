"""Where a budget is heading: what its window will have cost, and when it is spent, at this pace.

Plain integers and moments; no query. Windows are those of `window_start` in the database.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from projects.queries.limits import Standing

# Before so much of a window is over, its pace says nothing.
EARLIEST = 5
LEVELS = (50, 80, 100)
"""Percent of a budget at which people are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """`expected` by the end of the window, None where it is too early to say; `spent_at` is when
    the budget is used up before that."""

    expected: int | None
    spent_at: datetime.datetime | None


def pace_of(standing: Standing, now: datetime.datetime) -> Pace:
    """The spending so far, drawn on evenly to the end of the window."""
    state, ends_at = standing.state, standing.state.resets_at
    if ends_at is None or state.budget is None:
        return Pace(expected=None, spent_at=None)
    begun = began(ends_at, standing.allowance.window, standing.allowance.zone)
    whole, elapsed = _seconds(ends_at - begun), _seconds(now - begun)
    if elapsed * 100 < whole * EARLIEST:
        return Pace(expected=None, spent_at=None)
    expected = state.spent * whole // max(elapsed, 1)
    spent_at = None
    if state.spent and standing.taken < state.budget < expected:
        spent_at = begun + datetime.timedelta(seconds=elapsed * state.budget // state.spent)
    return Pace(expected=expected, spent_at=spent_at)


def began(ends_at: datetime.datetime, window: str, zone: str) -> datetime.datetime:
    """When a window began that ends then: by the clocks of its zone, whatever those did."""
    there = ends_at.astimezone(ZoneInfo(zone))
    if window == "hour":
        return ends_at - datetime.timedelta(hours=1)
    if window == "month":
        # Never before: a window of a month ends on a first day.
        return (there - datetime.timedelta(days=1)).replace(day=1)
    return there - datetime.timedelta(days=7 if window == "week" else 1)


def next_level(percent: int) -> int | None:
    """The level at which somebody is told next; None where all were reached."""
    return next((level for level in LEVELS if level > percent), None)


def _seconds(stretch: datetime.timedelta) -> int:
    return int(stretch.total_seconds())
