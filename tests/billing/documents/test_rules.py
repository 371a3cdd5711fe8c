"""Every rule says when it is broken, by its name."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.documents.codes import vat_number
from billing.documents.paper import Paper
from billing.documents.rules import PaperError, broken_rules, check
from tests.billing.documents.cases import ABROAD, BUYER, CASES, SEATS, SELLER, line, paper, untaxed

GOOD = CASES["standard rate"]


@pytest.mark.parametrize("name", CASES)
def test_good_papers_break_nothing(name: str) -> None:
    assert broken_rules(CASES[name]) == []


def _with_line(**said: Any) -> Paper:
    return replace(GOOD, lines=(replace(GOOD.lines[0], **said), *GOOD.lines[1:]))


def _with_tax(**said: Any) -> Paper:
    return replace(GOOD, tax_sums=(replace(GOOD.tax_sums[0], **said),))


BROKEN: dict[str, tuple[Paper, str]] = {
    "no number": (replace(GOOD, number=" \x00"), "BR-02"),
    "no currency": (replace(GOOD, currency="euro"), "BR-05"),
    "three decimals": (replace(GOOD, exponent=3), "BR-DEC"),
    "no lines": (replace(GOOD, lines=()), "BR-16"),
    "one position twice": (replace(GOOD, lines=(GOOD.lines[0],) * 2), "BR-21"),
    "period backwards": (replace(GOOD, period_end=date(2026, 9, 1)), "BR-29"),
    "line's period backwards": (_with_line(period_start=date(2026, 9, 2), period_end=date(2026, 9, 1)), "BR-30"),
    "preceding without number": (replace(GOOD, preceding_issued_on=date(2026, 9, 1)), "BR-55"),
    "seller without name": (replace(GOOD, seller=replace(SELLER, name="")), "BR-06"),
    "buyer without name": (replace(GOOD, buyer=replace(BUYER, name="\u202e")), "BR-07"),
    "no such country": (replace(GOOD, buyer=replace(BUYER, country="XX")), "BR-CL-14"),
    "nameless seller": (replace(GOOD, seller=replace(SELLER, tax_id="", registration="")), "BR-CO-26"),
    "seller without tax number": (replace(GOOD, seller=replace(SELLER, tax_id="")), "BR-S-02"),
    "no description": (_with_line(description="\n"), "BR-25"),
    "negative price": (_with_line(unit_price=Decimal(-1)), "BR-27"),
    "no number at all": (_with_line(quantity=Decimal("NaN")), "not a number"),
    "endless price": (_with_line(unit_price=Decimal("Infinity")), "not a number"),
    "another net": (_with_line(net=GOOD.lines[0].net + 2), "quantity times price"),
    "rate without tax": (_with_tax(category="E", reason="So"), "BR-E-05"),
    "standard without rate": (_with_tax(rate=Decimal(0)), "BR-S-05"),
    "standard with reason": (_with_tax(reason="Because"), "BR-S-10"),
    "exempt without reason": (_with_tax(category="E", rate=Decimal(0)), "BR-E-10"),
    "another tax": (_with_tax(tax=GOOD.tax + 1), "BR-CO-17"),
    "summed twice": (replace(GOOD, tax_sums=GOOD.tax_sums * 2), "BG-23"),
    "export, no VAT number": (untaxed("G", ABROAD, seller=replace(SELLER, tax_id="42/123")), "BR-G-02"),
    "reverse charge of nobody": (untaxed("AE", replace(BUYER, tax_id="")), "BR-AE-02"),
    "outside and inside": (
        paper(line(*SEATS), line("Credit", "1", "lump", "1", tax_category="O", tax_rate=Decimal(0))),
        "BR-O-11",
    ),
    "too much": (paper(line("All", "99999999", "seat", "999999.99")), "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_named(name: str) -> None:
    one, rule = BROKEN[name]
    assert any(rule in sentence for sentence in broken_rules(one)), broken_rules(one)


def test_the_error_has_every_sentence() -> None:
    with pytest.raises(PaperError) as caught:
        check(replace(GOOD, number="", currency=""))
    assert len(caught.value.broken) == 2
    assert "BR-02" in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("DE 123 456 789", "DE123456789"), ("nl001234567b01", "NL001234567B01"), ("EL123456789", "EL123456789"),
        ("CHE-123.456.789", "CHE123456789"), ("12-3456789", ""), ("QQ123", ""), ("DEMO", ""), ("", ""),
        ("XK123", ""), ("XI123456789", "XI123456789"), ("DE\u202e12", "DE12"),
    ],
)  # fmt: skip
def test_vat_numbers_are_told_by_their_prefix(typed: str, number: str) -> None:
    assert vat_number(typed) == number
