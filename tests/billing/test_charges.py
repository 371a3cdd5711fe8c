"""What a month costs: each day at its price, rounded once, and nothing lost between two terms."""

from __future__ import annotations

import calendar
import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.charges import (
    Charge,
    days_in_words,
    half_up,
    stretches,
    term_charges,
    usage_charge,
)
from billing.periods import month_after, month_of
from billing.plans import exponent

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))


@dataclass(frozen=True)
class Priced:
    starts_on: date
    ends_on: date | None = None
    seats: int = 12
    seat: int = 2400
    base: int = 0
    plan: str = "team"


def charged(*terms: Priced, currency: str = "USD") -> list[Charge]:
    return term_charges(terms, *OCTOBER, currency)


def test_whole_month_is_seats_times_price() -> None:
    (line,) = charged(Priced(date(2026, 1, 15)))
    assert (line.quantity, line.price, line.net) == (Decimal(12), Decimal(24), 28800)
    assert line.text == "Team, 12 seats, October 2026"
    assert (line.starts_on, line.ends_on) == (date(2026, 10, 1), date(2026, 10, 31))


def test_part_of_a_month_says_which_days() -> None:
    (line,) = charged(Priced(date(2026, 10, 10)))
    assert line.text == "Team, 12 seats, 10 to 31 October 2026 (22 of 31 days)"
    assert line.net == half_up(Fraction(12 * 2400 * 22, 31)) == 20439
    assert (line.quantity, line.price) == (Decimal("8.516129"), Decimal(24))


def test_more_seats_from_a_day_on_are_a_line_of_their_own() -> None:
    lines = charged(
        Priced(date(2026, 3, 1), date(2026, 10, 10)),
        Priced(date(2026, 10, 10), seats=20),
    )
    assert [line.text for line in lines] == [
        "Team, 12 seats, 1 to 9 October 2026 (9 of 31 days)",
        "Team, 20 seats, 10 to 31 October 2026 (22 of 31 days)",
    ]


def test_plan_with_a_base_has_two_lines() -> None:
    base, seats = charged(Priced(date(2026, 10, 1), base=45000, seat=4200, plan="enterprise"))
    assert (base.kind, base.unit, base.net) == ("base", "MON", 45000)
    assert base.text == "Enterprise, monthly price, October 2026"
    assert (seats.kind, seats.unit, seats.net) == ("seats", "C62", 12 * 4200)


def test_yen_has_no_minor_unit() -> None:
    (line,) = charged(Priced(date(2026, 10, 10), seat=3200), currency="JPY")
    assert line.price == Decimal(3200)
    assert line.net == half_up(Fraction(12 * 3200 * 22, 31))


def test_what_costs_nothing_is_left_out() -> None:
    assert charged(Priced(date(2026, 10, 1), seat=0)) == []
    assert charged(Priced(date(2026, 11, 1))) == []
    assert charged(Priced(date(2026, 9, 1), date(2026, 10, 1))) == []
    assert charged() == []


def test_half_a_cent_goes_up_though_the_share_has_no_end() -> None:
    """One day of thirty at 0.15 is exactly half a cent, which 0.033333 months would lose."""
    term = Priced(date(2026, 9, 30), seats=1, seat=15)
    (line,) = term_charges([term], date(2026, 9, 1), date(2026, 10, 1), "USD")
    assert line.net == 1
    assert half_up(Fraction(line.quantity) * Fraction(line.price) * 100) == 1


def test_price_of_a_fortune_is_exact() -> None:
    (line,) = charged(Priced(date(2026, 10, 10), seats=1, seat=10**13))
    assert line.net == half_up(Fraction(10**13 * 22, 31))
    assert line.quantity == 1


DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
PRICES = st.integers(0, 10**7)


@st.composite
def months_cut(draw: st.DrawFn) -> list[Priced]:
    """Terms that follow each other through one month."""
    day = draw(DAYS)
    start, end = month_of(day), month_after(day)
    cuts = sorted(draw(st.sets(st.integers(1, (end - start).days - 1), max_size=6)))
    days = [start, *(start + timedelta(days=cut) for cut in cuts), end]
    return [
        Priced(first, after, seats=draw(st.integers(1, 5000)), seat=draw(PRICES), base=draw(PRICES))
        for first, after in itertools.pairwise(days)
    ]


@given(months_cut(), st.sampled_from(["USD", "JPY"]))
def test_every_line_is_its_quantity_times_its_price(terms: list[Priced], currency: str) -> None:
    start, end = month_of(terms[0].starts_on), month_after(terms[0].starts_on)
    lines = term_charges(terms, start, end, currency)
    for line in lines:
        exact = Fraction(line.quantity) * Fraction(line.price) * 10 ** exponent(currency)
        assert half_up(exact) == line.net > 0
        assert line.quantity == round(line.quantity, 6)
        assert line.price == round(line.price, exponent(currency))
    exact = (
        sum(
            Fraction((term.seats * term.seat + term.base) * (term.ends_on - term.starts_on).days)
            for term in terms
            if term.ends_on
        )
        / calendar.monthrange(start.year, start.month)[1]
    )
    assert abs(sum(line.net for line in lines) - exact) <= Fraction(len(terms) * 2, 2)


@given(months_cut())
def test_days_add_up_to_the_month(terms: list[Priced]) -> None:
    start, end = month_of(terms[0].starts_on), month_after(terms[0].starts_on)
    found = stretches(terms, start, end)
    assert sum(stretch.days for stretch in found) == (end - start).days
    assert sum((stretch.share for stretch in found), Fraction(0)) == 1


@given(DAYS, st.sets(st.integers(1, 27), max_size=6), st.integers(1, 5000), PRICES, PRICES)
def test_terms_that_are_alike_cost_as_much_as_one(
    day: date, cuts: set[int], seats: int, seat: int, base: int
) -> None:
    """Somebody changed something and changed it back: not a cent comes of it."""
    start, end = month_of(day), month_after(day)
    days = [start, *(start + timedelta(days=cut) for cut in sorted(cuts)), end]
    parts = [
        Priced(first, after, seats=seats, seat=seat, base=base)
        for first, after in itertools.pairwise(days)
    ]
    whole = term_charges([Priced(start, None, seats, seat, base)], start, end, "EUR")
    assert term_charges(parts, start, end, "EUR") == whole
    assert sum(line.net for line in whole) == seats * seat + base


@given(st.integers(0, 10**18), st.sampled_from(["USD", "JPY"]))
def test_usage_is_rounded_once(nano: int, currency: str) -> None:
    line = usage_charge(nano, [], *OCTOBER, currency)
    unit = 10 ** (9 - exponent(currency))
    if line is None:
        assert nano * 2 < unit
        return
    assert abs(line.net * unit - nano) * 2 <= unit
    assert line.quantity * line.price * 10 ** exponent(currency) == line.net


def test_usage_below_half_a_cent_is_no_line() -> None:
    assert usage_charge(4_999_999, [], *OCTOBER, "USD") is None
    line = usage_charge(5_000_000, [{"name": "Order intake", "nano": 5_000_000}], *OCTOBER, "USD")
    assert line is not None
    assert (line.net, line.parts) == (1, [{"name": "Order intake", "nano": 5_000_000}])
    with pytest.raises(ValueError, match="less than nothing"):
        usage_charge(-1, [], *OCTOBER, "USD")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "October 2026"),
        (date(2026, 10, 10), date(2026, 10, 31), "10 to 31 October 2026"),
        (date(2026, 10, 31), date(2026, 10, 31), "31 October 2026"),
        (date(2026, 10, 31), date(2026, 11, 2), "31 October to 2 November 2026"),
        (date(2026, 12, 31), date(2027, 1, 1), "31 December 2026 to 1 January 2027"),
    ],
)
def test_days_in_words(first: date, last: date, words: str) -> None:
    assert days_in_words(first, last) == words
