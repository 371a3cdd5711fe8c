"""Adding up: line amounts, taxes by category and rate, totals. Half up, once, never in floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from billing.documents.paper import Category, Line, TaxSum

# Wide enough that 10^15 minor units times a price of 28 digits loses nothing before rounding.
_WIDE = Context(prec=80)

# What a buyer reads and what a tax office's machine reads (BT-120, BT-121).
REASONS: dict[Category, tuple[str, str]] = {
    "AE": ("Reverse charge: the customer is liable for the tax.", "VATEX-EU-AE"),
    "G": ("Export outside the EU.", "VATEX-EU-G"),
    "O": ("Not subject to tax.", "VATEX-EU-O"),
    "E": ("Multi-purpose voucher: taxed when it is used.", ""),
}


class Totals(NamedTuple):
    """Minor units: BT-106, BT-110, BT-112, BT-113, BT-115."""

    net: int
    tax: int
    gross: int
    prepaid: int
    due: int


def half_up(value: Decimal) -> int:
    """The nearest whole number; a half goes away from zero."""
    return int(value.to_integral_value(ROUND_HALF_UP, _WIDE))


def line_net(quantity: Decimal, unit_price: Decimal, exponent: int) -> int:
    """BT-131 in minor units: quantity x unit price (major units), rounded once."""
    return half_up(_WIDE.scaleb(_WIDE.multiply(quantity, unit_price), exponent))


def tax_of(net: int, rate: Decimal) -> int:
    """BT-117 in minor units: `rate` per cent of the net sum (BR-CO-17)."""
    return half_up(_WIDE.divide(_WIDE.multiply(Decimal(net), rate), Decimal(100)))


def tax_sums(
    lines: Iterable[Line], reasons: Mapping[Category, tuple[str, str]] | None = None
) -> tuple[TaxSum, ...]:
    """One sum a category and rate (BG-23), in the order in which the lines first name them.

    `reasons` are text and code by category, in place of REASONS.
    """
    said = {**REASONS, **(reasons or {})}
    nets: dict[tuple[Category, Decimal], int] = {}
    for line in lines:
        key = (line.tax_category, line.tax_rate)
        nets[key] = nets.get(key, 0) + line.net
    return tuple(
        TaxSum(
            category=category,
            rate=rate,
            net=net,
            tax=tax_of(net, rate),
            reason=said.get(category, ("", ""))[0],
            reason_code=said.get(category, ("", ""))[1],
        )
        for (category, rate), net in nets.items()
    )


def totals(sums: Iterable[TaxSum], *, prepaid: int = 0) -> Totals:
    """The document's totals from its tax sums (BR-CO-10 to BR-CO-16)."""
    known = tuple(sums)
    net = sum(part.net for part in known)
    tax = sum(part.tax for part in known)
    return Totals(net, tax, net + tax, prepaid, net + tax - prepaid)
