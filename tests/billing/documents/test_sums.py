"""Whatever the lines are, a document built from them adds up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.documents.paper import Category, Line, Paper
from billing.documents.rules import broken_rules
from billing.documents.sums import half_up, line_net, tax_of, tax_sums, totals
from tests.billing.documents.cases import line, paper

TAXES: list[tuple[Category, Decimal]] = [
    ("S", Decimal(19)), ("S", Decimal(7)), ("S", Decimal("8.1")), ("E", Decimal(0)),
    ("AE", Decimal(0)), ("G", Decimal(0)), ("Z", Decimal(0)),
]  # fmt: skip
QUANTITIES = st.decimals(-10_000, 10_000, places=5)
PRICES = st.decimals(0, 100_000, places=9)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    exponent = draw(st.sampled_from([0, 2]))
    lines = [
        line("Something", str(draw(QUANTITIES)), "unit", str(draw(PRICES)), exponent=exponent,
             tax_category=category, tax_rate=rate)
        for category, rate in draw(st.lists(st.sampled_from(TAXES), min_size=1, max_size=12))
    ]  # fmt: skip
    currency = "EUR" if exponent else "JPY"
    prepaid = draw(st.integers(0, 10_000))
    return paper(*lines, exponent=exponent, currency=currency, prepaid=prepaid)


@given(papers())
@settings(max_examples=150, deadline=None)
def test_any_paper_adds_up(one: Paper) -> None:
    assert broken_rules(one) == []
    assert one.net == sum(line.net for line in one.lines)
    assert one.tax == sum(part.tax for part in one.tax_sums)
    assert (one.gross, one.due) == (one.net + one.tax, one.gross - one.prepaid)
    for part in one.tax_sums:
        mine = [
            li for li in one.lines if (li.tax_category, li.tax_rate) == (part.category, part.rate)
        ]
        assert part.net == sum(line.net for line in mine)
        assert abs(Decimal(part.net) * part.rate / 100 - part.tax) <= Decimal("0.5")


@given(papers(), st.integers(1, 10**6), st.sampled_from(["net", "tax", "gross", "due", "prepaid"]))
@settings(max_examples=60, deadline=None)
def test_one_wrong_total_is_noticed(one: Paper, by: int, name: str) -> None:
    wrong = replace(one, **{name: getattr(one, name) + by})
    assert any("do not add up" in sentence for sentence in broken_rules(wrong))


@pytest.mark.parametrize(
    ("value", "whole"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("2.4999999999", 2), ("-2.5", -3), ("0", 0)],
)
def test_a_half_goes_away_from_zero(value: str, whole: int) -> None:
    assert half_up(Decimal(value)) == whole


@given(QUANTITIES, PRICES)
def test_what_is_given_back_is_what_was_taken(quantity: Decimal, price: Decimal) -> None:
    assert line_net(-quantity, price, 2) == -line_net(quantity, price, 2)


def test_tax_is_rounded_once_a_sum_and_not_a_line() -> None:
    # Three lines of 0.03: 19% of each is 0.0057, and 0.0171 of all.
    sums = tax_sums([line("A", "1", "unit", "0.03")] * 3)
    assert [(part.net, part.tax) for part in sums] == [(9, 2)]
    assert tax_of(9, Decimal(19)) == 2
    assert totals(sums, prepaid=5) == (9, 2, 11, 5, 6)


def test_large_and_fine_lose_nothing() -> None:
    assert line_net(Decimal("123456789012345678"), Decimal("0.000000001"), 2) == 12345678901
    assert tax_of(999_999_999_999_999, Decimal("19.000001")) == 190000010000000


def test_reasons_can_be_replaced() -> None:
    free = line("Credit", "1", "lump", "5", tax_category="E", tax_rate=Decimal(0))
    assert tax_sums([free])[0].reason.startswith("Multi-purpose")
    mine: dict[Category, tuple[str, str]] = {"E": ("Exempt, § 4 No. 8", "")}
    assert tax_sums([free], mine)[0].reason == "Exempt, § 4 No. 8"
    lines: list[Line] = [free, line("Seat", "1", "seat", "1")]
    assert [part.category for part in tax_sums(lines)] == ["E", "S"]
