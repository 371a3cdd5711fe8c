"""The chart of usage by day, and the marks of its axes. No query and no HTTP."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils.safestring import SafeString

from billing.forms.usage import MEASURES
from billing.periods import DAY, Period, day_words
from billing.queries.usage import LARGEST, UsagePage
from config.charts import Column, columns
from config.money import NANO, money

OTHERS = LARGEST + 1
"""The part that all others are: hatched in the same way however many the largest are."""

MOST_COLUMNS = 92
_UNITS = ((10**9, 2, "bn"), (10**6, 2, "M"), (10**3, 10, "k"))


def shown(measure: str) -> Callable[[int], str]:
    """How a number of this measure is read."""
    return money if measure == "cost" else "{:,}".format


def unit_words(measure: str) -> str:
    return settings.CURRENCY if measure == "cost" else MEASURES[measure].lower()


def marks(numbers: Sequence[int], *, one: int = 1) -> list[str]:
    """The marks of an axis, all with as many decimals: "0.00001", "2.5", "50", "20k", "1.5bn".

    `one` is how much a whole one is: the nano-units of money.
    """
    top, step = numbers[-1], numbers[1]
    unit, sign = one, ""
    for size, least, word in _UNITS:
        if top >= least * size * one:
            unit, sign = size * one, word
            break
    decimals = 0
    while step * 10**decimals % unit:
        decimals += 1
    return [_mark(number, unit, decimals) + (sign if number else "") for number in numbers]


def _mark(number: int, unit: int, decimals: int) -> str:
    whole, part = divmod(number * 10**decimals // unit, 10**decimals)
    return f"{whole:,}.{part:0{decimals}d}" if decimals and number else f"{whole:,}"


def chart(
    page: UsagePage, names: Sequence[str], link: Callable[[datetime.date, datetime.date], str]
) -> SafeString:
    """A column a day, or a week where there are many; `names` are those of the largest."""
    asked = page.asked
    number = shown(asked.measure)
    drawn = [
        _column(page, first, last, label, names, link)
        for first, last, label in _stretches(asked.period)
    ]
    each = "week" if (asked.period.end - asked.period.start).days > MOST_COLUMNS else "day"
    said = f"{MEASURES[asked.measure]} of each {each}, {asked.period.words}: "
    said += f"{number(page.total.of(asked.measure))} in all"
    if page.forecast is not None:
        said += f", {number(page.forecast.total)} more expected by the end of the month"
    one = NANO if asked.measure == "cost" else 1
    return columns(drawn, said, marks=lambda numbers: marks(numbers, one=one))


def _column(
    page: UsagePage,
    first: datetime.date,
    last: datetime.date,
    label: str,
    names: Sequence[str],
    link: Callable[[datetime.date, datetime.date], str],
) -> Column:
    measure, today = page.asked.measure, page.asked.period.today
    number = shown(measure)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    total = sum(page.days[day].of(measure) for day in days if day in page.days)
    parts = [
        sum(by_day[day].of(measure) for day in days if day in by_day) for _, by_day in page.largest
    ]
    rest = total - sum(parts)
    expected = page.forecast.days if page.forecast else {}
    coming = sum(expected.get(day, 0) for day in days)
    when = day_words(first) if first == last else f"{day_words(first)} to {day_words(last)}"
    words = [f"{when}: {number(total)}"] if first <= today else [when]
    words += [f"{name}: {number(part)}" for name, part in zip(names, parts, strict=True) if part]
    words += [f"Others: {number(rest)}"] if rest and parts else []
    words += [f"Expected: {number(coming)}"] if coming else []
    padding = (0,) * (OTHERS - 1 - len(parts))
    return Column(
        label=label,
        title="\n".join(words),
        parts=(*parts, *padding, rest),
        is_now=label == "Today",
        forecast=coming,
        url=link(first, last) if total else "",
    )


def _stretches(period: Period) -> list[tuple[datetime.date, datetime.date, str]]:
    """First and last day of each column, and what stands under it."""
    days = period.days
    if len(days) > MOST_COLUMNS:
        weeks = [(day, min(day + 6 * DAY, period.last)) for day in days[::7]]
        every = -(-len(weeks) // 8)
        return [
            (first, last, day_words(first) if place % every == 0 else "")
            for place, (first, last) in enumerate(weeks)
        ]
    every = 1 if len(days) <= 8 else 7 if len(days) <= 45 else 14
    now = days.index(period.today) if period.today in days else None

    def label(place: int) -> str:
        if place == now:
            return "Today"
        near = now is not None and abs(place - now) < 3 * every / 7
        return "" if place % every or (near and every > 1) else day_words(days[place])

    return [(day, day, label(place)) for place, day in enumerate(days)]
