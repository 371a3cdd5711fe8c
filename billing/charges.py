"""What a month costs, line by line: the plan and its seats by days, and usage at its cost.

Pure arithmetic in exact numbers, rounded half up to minor units once a line. Taxes are in tax.py,
rows in actions/invoices.py.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any, Protocol

from billing.periods import DAY, month_after, month_of
from billing.plans import exponent, plan_of
from config.money import DECIMALS

SEAT, MONTH, LUMP = "C62", "MON", "LS"
"""Units of UN/ECE Recommendation 20: one, a month, a lump sum."""

NO_PROJECT = "In no project"
"""How a part of usage is called that was in none."""

_WIDE = Context(prec=80)
_FINEST = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """One line: `net`, in minor units, is quantity times price, rounded half up.

    `price` is in whole units of the currency. `ends_on` is the last day. `parts` say what usage
    is made of: a name and nano-units each.
    """

    kind: str
    text: str
    quantity: Decimal
    unit: str
    price: Decimal
    net: int
    starts_on: date | None = None
    ends_on: date | None = None
    parts: Sequence[Mapping[str, Any]] = field(default=())


class Priced(Protocol):
    """Days with one plan, so many seats and one price: a Term, or what is only thought of."""

    @property
    def plan(self) -> str: ...
    @property
    def seats(self) -> int: ...
    @property
    def base(self) -> int: ...
    @property
    def seat(self) -> int: ...
    @property
    def starts_on(self) -> date: ...
    @property
    def ends_on(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one month, `end` not among them, on which nothing changed."""

    plan: str
    seats: int
    base: int
    seat: int
    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def of_days(self) -> int:
        return calendar.monthrange(self.start.year, self.start.month)[1]

    @property
    def share(self) -> Fraction:
        """Of the calendar month in which it lies."""
        return Fraction(self.days, self.of_days)


def half_up(amount: Fraction | Decimal) -> int:
    """The nearest whole number; a half goes away from zero."""
    exact = Fraction(amount)
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -whole if exact < 0 else whole


def stretches(terms: Iterable[Priced], start: date, end: date) -> list[Stretch]:
    """The terms' days in [start, end), month by month; what did not change is one stretch."""
    found: list[Stretch] = []
    for term in sorted(terms, key=lambda term: term.starts_on):
        for piece in _by_month(term, start, end):
            last = found[-1] if found else None
            if last and last.end == piece.start and _is_more_of(last, piece):
                found[-1] = replace(last, end=piece.end)
            else:
                found.append(piece)
    return found


def term_charges(terms: Iterable[Priced], start: date, end: date, currency: str) -> list[Charge]:
    """The plan and its seats from `start` up to `end`, each day at the price it had.

    Each is charged for its share of the days of its month. What costs nothing is left out.
    """
    charges = []
    for stretch in stretches(terms, start, end):
        label = plan_of(stretch.plan).label
        for kind, unit, count, price in (
            ("base", MONTH, 1, stretch.base),
            ("seats", SEAT, stretch.seats, stretch.seat),
        ):
            if price:
                what = "monthly price" if kind == "base" else _counted(count, "seat")
                charges.append(
                    _charge(stretch, kind, unit, count, price, f"{label}, {what}", currency)
                )
    return [charge for charge in charges if charge.net]


def usage_charge(
    nano: int, parts: Iterable[Mapping[str, Any]], start: date, end: date, currency: str
) -> Charge | None:
    """What was used from `start` up to `end`: the exact sum, rounded once. None where too little.

    Raises ValueError for a sum below zero, which no usage has.
    """
    if nano < 0:
        raise ValueError("Usage does not cost less than nothing.")
    net = minor_of(nano, currency)
    if not net:
        return None
    last = end - DAY
    return Charge(
        kind="usage",
        text=f"Usage of models and tools, {days_in_words(start, last)}",
        quantity=Decimal(1),
        unit=LUMP,
        price=major(net, currency),
        net=net,
        starts_on=start,
        ends_on=last,
        parts=list(parts),
    )


def minor_of(nano: int, currency: str) -> int:
    """Nano-units in minor units of the currency, half up."""
    return half_up(Fraction(nano, 10 ** (DECIMALS - exponent(currency))))


def major(minor: int, currency: str) -> Decimal:
    """Minor units in whole units of the currency, exactly."""
    return Decimal(minor).scaleb(-exponent(currency), _WIDE)


def days_in_words(first: date, last: date) -> str:
    """Two days and what lies between: “10 to 31 October 2026”; both of them belong to it."""
    end = f"{last.day} {last:%B} {last.year}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        whole = (first, last + DAY) == (month_of(first), month_after(first))
        return f"{last:%B} {last.year}" if whole else f"{first.day} to {end}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%B}{year} to {end}"


def _by_month(term: Priced, start: date, end: date) -> Iterator[Stretch]:
    day, until = max(term.starts_on, start), min(term.ends_on or end, end)
    while day < until:
        after = min(month_after(day), until)
        yield Stretch(term.plan, term.seats, term.base, term.seat, day, after)
        day = after


def _is_more_of(last: Stretch, piece: Stretch) -> bool:
    same = (last.plan, last.seats, last.base, last.seat)
    return same == (piece.plan, piece.seats, piece.base, piece.seat) and (
        month_of(last.start) == month_of(piece.start)
    )


def _charge(
    stretch: Stretch, kind: str, unit: str, count: int, price: int, text: str, currency: str
) -> Charge:
    net = half_up(count * price * stretch.share)
    quantity, of_one = _written(count * stretch.share, price, net, currency)
    last = stretch.end - DAY
    said = f"{text}, {days_in_words(stretch.start, last)}"
    if stretch.share != 1:
        said += f" ({stretch.days} of {stretch.of_days} days)"
    return Charge(
        kind=kind,
        text=said,
        quantity=quantity,
        unit=unit,
        price=of_one,
        net=net,
        starts_on=stretch.start,
        ends_on=last,
    )


def _written(amount: Fraction, price: int, net: int, currency: str) -> tuple[Decimal, Decimal]:
    """Quantity and price of six decimals whose product rounds to `net`.

    A share of a month seldom has six decimals. Where none of its neighbours gives the exact sum
    (it lies on half a cent, or the price is a fortune), the sum itself is the price of one.
    """
    of_one = major(price, currency)
    exact = _WIDE.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    for rounding in (ROUND_HALF_UP, ROUND_FLOOR, ROUND_CEILING):
        quantity = exact.quantize(_FINEST, rounding, _WIDE)
        if half_up(Fraction(quantity) * price) == net:
            return quantity, of_one
    return Decimal(1), major(net, currency)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
