"""What a schedule in the five parts of cron means, in words: for pages that show one.

Whether one may be written so is asked by `CronField` in `projects/forms/fields.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One of the five: its bounds, and the names of its values if they have any."""

    low: int
    high: int
    names: tuple[str, ...] = ()


_MINUTE, _HOUR, _DAY = Part(low=0, high=59), Part(low=0, high=23), Part(low=1, high=31)
_MONTH, _WEEKDAY = Part(low=1, high=12, names=_MONTHS), Part(low=0, high=7, names=_DAYS)


def in_words(schedule: str) -> str:
    """Such as "at 03:00 on Monday to Friday (UTC)"; what is no schedule stays as it is."""
    try:
        return _said(*schedule.split())
    except (TypeError, ValueError, IndexError):
        return schedule


def _said(minute: str, hour: str, day: str, month: str, weekday: str) -> str:
    said = [_time(minute, hour)]
    if day != "*":
        said.append(f"on day {_list(_DAY, day)} of the month")
    if weekday != "*":
        # Cron takes either, when both are given.
        said.append(f"{'or ' if day != '*' else ''}on {_list(_WEEKDAY, weekday)}")
    if month != "*":
        said.append(f"in {_list(_MONTH, month)}")
    if (day, weekday) == ("*", "*"):
        said.append("every day")
    return f"{' '.join(said)} (UTC)"


def _time(minute: str, hour: str) -> str:
    if minute.isdigit() and hour.isdigit():
        return f"at {int(hour):02}:{int(minute):02}"
    if hour != "*":
        at = "every minute" if minute == "*" else f"at minute {_list(_MINUTE, minute)}"
        return f"{at} of the hours {_list(_HOUR, hour)}"
    if minute == "*":
        return "every minute"
    if minute.startswith("*/"):
        return f"every {minute[2:]} minutes"
    return f"every hour at minute {_list(_MINUTE, minute)}"


def _list(part: Part, text: str) -> str:
    """The values of one part: a span where they follow each other, else each of them."""
    values = sorted({value % 7 if part is _WEEKDAY else value for value in _values(part, text)})
    names = [
        part.names[(value - part.low) % len(part.names)] if part.names else str(value)
        for value in values
    ]
    if len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{names[0]} to {names[-1]}"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _values(part: Part, text: str) -> set[int]:
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            low, high = part.low, part.high
        else:
            low = int(first)
            high = int(last) if last else part.high if step else low
        found |= set(range(low, high + 1, int(step or 1)))
    return found
