"""What the rest of a month is expected to bring, and how a stretch compares with the one before.

Plain integers in and out. The method is simple on purpose, and a page says it in one sentence.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from billing.periods import DAY, Period

WEEKS = 4
METHOD = "Each day to come counts as the mean of the same weekday over the last four weeks."


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is still expected, by day: the rest of today first."""

    days: dict[datetime.date, int]

    @property
    def total(self) -> int:
        return sum(self.days.values())


def forecast(counted: Mapping[datetime.date, int], period: Period) -> Forecast | None:
    """The days of a running month that are still to come. None where nothing is to go by.

    A weekday that has not been seen yet counts as the mean of all the days since the first one in
    use. Of today only what lies above what is counted already is still expected.
    """
    if not period.is_running:
        return None
    today = period.today
    first = min((day for day, number in counted.items() if number and day < today), default=None)
    if first is None:
        return None
    since = max(first, today - WEEKS * 7 * DAY)
    known = [since + n * DAY for n in range((today - since).days)]
    overall = _mean([counted.get(day, 0) for day in known])

    def expected(day: datetime.date) -> int:
        alike = [counted.get(one, 0) for one in known if one.weekday() == day.weekday()]
        return _mean(alike) if alike else overall

    rest = max(expected(today) - counted.get(today, 0), 0)
    coming = [day for day in period.days if day > today]
    return Forecast({today: rest} | {day: expected(day) for day in coming})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A sum beside the one of the period before."""

    now: int
    before: int
    when: str

    def words(self, shown: Callable[[int], str]) -> str:
        """ "6 % more than by this day in October ($14.20)"; never a percentage of nothing."""
        if not self.before:
            return f"Nothing was counted {self.when}, to compare with"
        gap = self.now - self.before
        if not gap:
            return f"As much as {self.when}"
        kind = "more" if gap > 0 else "less"
        return f"{self._share(abs(gap))} {kind} than {self.when} ({shown(abs(gap))})"

    def _share(self, gap: int) -> str:
        per_mille = gap * 1000 // self.before
        if per_mille < 10:
            return "Under 1 %"
        if self.now >= 10 * self.before:
            return f"{self.now // self.before - 1:,} times"
        # Half up, in whole numbers.
        return f"{(gap * 200 + self.before) // (2 * self.before):,} %"


def _mean(numbers: list[int]) -> int:
    """Half up, in whole numbers."""
    return (2 * sum(numbers) + len(numbers)) // (2 * len(numbers)) if numbers else 0
