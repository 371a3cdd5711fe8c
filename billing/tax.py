"""Which tax an invoice bears, and how much: pure, from the countries and numbers of both sides.

Services to businesses are taxed where the buyer is. What is not covered is in docs/billing.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from stdnum.eu import vat

from billing.charges import Charge, half_up

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
)
# Greece begins its VAT numbers with other letters than those of its ISO code.
VAT_PREFIXES = {"GR": "EL"}


@dataclass(frozen=True, slots=True)
class Treatment:
    """A category of UNCL 5305 with its rate in percent, and why there is no tax (VATEX)."""

    category: str
    rate: Decimal = Decimal(0)
    reason: str = ""
    code: str = ""


REVERSE_CHARGE = Treatment(
    "AE", reason="Reverse charge: the customer owes the tax.", code="VATEX-EU-AE"
)
ABROAD = Treatment("G", reason="Supplied outside the EU: not taxed here.", code="VATEX-EU-G")
OUTSIDE = Treatment("O", reason="Not subject to tax.", code="VATEX-EU-O")
EXEMPT = Treatment("E", reason="Exempt: this seller charges no tax.")
VOUCHER = Treatment("E", reason="Multi-purpose voucher: taxed when it is used.")


def treatment(seller: Mapping[str, str], buyer: Mapping[str, str]) -> Treatment:
    """How a seller (`country`, `tax_id`, `rate`) taxes a buyer (`country`, `tax_id`).

    A buyer whose country is not known counts as one at home. Raises ValueError where the rate is
    none: a number of percent from 0 to 99.99.
    """
    rate, home = rate_of(seller), seller.get("country", "")
    there = buyer.get("country") or home
    if there == home:
        if rate:
            return Treatment("S", rate)
        return EXEMPT if home in EU and seller.get("tax_id") else OUTSIDE
    if home not in EU:
        return OUTSIDE
    if there not in EU:
        return ABROAD if is_vat_id(seller.get("tax_id", ""), home) else OUTSIDE
    if is_vat_id(buyer.get("tax_id", ""), there):
        return REVERSE_CHARGE
    if rate:
        return Treatment("S", rate)
    return EXEMPT if seller.get("tax_id") else OUTSIDE


def voucher(seller: Mapping[str, str]) -> Treatment:
    """Credit bought ahead is a voucher: the invoices that it pays bear the tax."""
    return VOUCHER if seller.get("tax_id") else OUTSIDE


def rate_of(seller: Mapping[str, str]) -> Decimal:
    """The seller's rate at home, in percent. Raises ValueError for what is none."""
    try:
        rate = Decimal(seller.get("rate") or "0")
    except InvalidOperation:
        rate = Decimal(-1)
    if not (rate.is_finite() and 0 <= rate < 100 and rate == round(rate, 2)):
        raise ValueError("TAX_RATE is a number of percent with at most two decimals, like 19.")
    return rate


def is_vat_id(tax_id: str, country: str) -> bool:
    """Is it a VAT number of this EU country, by its form and check digits?"""
    number = "".join(tax_id.split()).upper()
    return number.startswith(VAT_PREFIXES.get(country, country)) and vat.is_valid(number)


def taxed(
    charges: Iterable[Charge], how: Treatment, *, tax: int | None = None
) -> tuple[int, int, int, list[dict[str, Any]]]:
    """Net, tax and gross in minor units, and the sums by category: the tax is of the sum.

    `tax` is given where several documents together bear the tax of one sum: credit notes.
    """
    net = sum(charge.net for charge in charges)
    tax = tax_of(net, how.rate) if tax is None else tax
    part = {
        "category": how.category,
        "rate": str(how.rate),
        "net": net,
        "tax": tax,
        "reason": how.reason,
        "code": how.code,
    }
    return net, tax, net + tax, [part]


def tax_of(net: int, rate: Decimal) -> int:
    """The tax on a sum, in minor units, half up."""
    return half_up(Fraction(rate) * net / 100)
