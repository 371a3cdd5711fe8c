"""Stretches of days that usage is read for: a month, the last days, or from one day to another.

Days are those of the installation's time zone, [start, end). No query and no HTTP.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.utils import dateformat, timezone

DAY = datetime.timedelta(days=1)


def today_here() -> datetime.date:
    """The day it is in the installation's own time zone, whatever the reader's is."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def day_of(moment: datetime.datetime) -> datetime.date:
    """The day it is then where the installation is."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def midnight(day: datetime.date) -> datetime.datetime:
    """The moment at which a day begins there."""
    return timezone.make_aware(
        datetime.datetime.combine(day, datetime.time()), timezone.get_default_timezone()
    )


def month_of(day: datetime.date) -> datetime.date:
    return day.replace(day=1)


def month_after(day: datetime.date) -> datetime.date:
    return (day.replace(day=1) + 32 * DAY).replace(day=1)


def month_before(day: datetime.date) -> datetime.date:
    return (day.replace(day=1) - DAY).replace(day=1)


def day_words(day: datetime.date, *, year: bool = False) -> str:
    return dateformat.format(day, "j M Y" if year else "j M")


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """The days [start, end); `today` is the day on which it is looked at."""

    start: datetime.date
    end: datetime.date
    today: datetime.date

    @classmethod
    def month(cls, day: datetime.date, today: datetime.date) -> Period:
        return cls(start=month_of(day), end=month_after(day), today=today)

    @classmethod
    def latest(cls, days: int, today: datetime.date) -> Period:
        """The last days, today included."""
        return cls(start=today - (days - 1) * DAY, end=today + DAY, today=today)

    @property
    def days(self) -> list[datetime.date]:
        return [self.start + n * DAY for n in range((self.end - self.start).days)]

    @property
    def is_month(self) -> bool:
        return self.start.day == 1 and self.end == month_after(self.start)

    @property
    def is_running(self) -> bool:
        """A month in which today is: there is something to expect of it."""
        return self.is_month and self.start <= self.today < self.end

    @property
    def counted_end(self) -> datetime.date:
        """The day after the last one of which anything can be counted."""
        return max(self.start, min(self.end, self.today + DAY))

    @property
    def last(self) -> datetime.date:
        return self.end - DAY

    @property
    def words(self) -> str:
        """What a heading calls it: "November 2026", "16 to 22 Nov 2026"."""
        if self.is_month:
            return dateformat.format(self.start, "F Y")
        if self.start == self.last:
            return day_words(self.start, year=True)
        first = day_words(self.start, year=self.start.year != self.last.year)
        return f"{first} to {day_words(self.last, year=True)}"

    @property
    def short(self) -> str:
        """In a sentence: "November", or the days themselves."""
        if not self.is_month:
            return self.words
        pattern = "F" if self.start.year == self.today.year else "F Y"
        return dateformat.format(self.start, pattern)

    @property
    def before(self) -> Period:
        """What it is compared with: of a month the one before, as far as this one has come."""
        if not self.is_month:
            length = self.end - self.start
            return Period(start=self.start - length, end=self.start, today=self.today)
        start = month_before(self.start)
        end = self.start
        if self.is_running:
            end = min(start + (self.counted_end - self.start), self.start)
        return Period(start=start, end=end, today=self.today)

    @property
    def before_words(self) -> str:
        """After "than": "by this day in October", "in October", "in the 7 days before"."""
        if not self.is_month:
            number = (self.end - self.start).days
            return "on the day before" if number == 1 else f"in the {number} days before"
        start = month_before(self.start)
        pattern = "F" if start.year == self.today.year else "F Y"
        named = dateformat.format(start, pattern)
        return f"by this day in {named}" if self.is_running else f"in {named}"
