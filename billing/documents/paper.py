"""An invoice as a document: everything EN 16931 and the printed page need, and nothing else.

Plain values without a database. All money is in integer minor units of `Paper.currency`; only
quantities, unit prices and rates are Decimals. `sums.py` adds up, `rules.py` says what is wrong,
`xml.py` and `pdf.py` write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal["invoice", "credit_note", "top_up"]
# UNCL 5305: standard rate, reverse charge, exempt, export, not subject to tax, zero rated.
Category = Literal["S", "AE", "E", "G", "O", "Z"]
Unit = Literal["seat", "unit", "month", "day", "lump", "thousand", "million"]

# UN/ECE Recommendation 20 (BT-130). A seat is a plain countable "one".
UNIT_CODES: dict[Unit, str] = {
    "seat": "C62",
    "unit": "C62",
    "month": "MON",
    "day": "DAY",
    "lump": "LS",
    "thousand": "MIL",
    "million": "MIO",
}


@dataclass(frozen=True, kw_only=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). Text that is not known is empty, never None."""

    name: str  # BT-27 / BT-44
    country: str  # ISO 3166-1 alpha-2; BT-40 / BT-55
    street: str = ""  # BT-35 / BT-50; further lines after a line break
    city: str = ""  # BT-37 / BT-52
    postcode: str = ""  # BT-38 / BT-53
    region: str = ""  # BT-39 / BT-54
    tax_id: str = ""  # VAT number with its country prefix (BT-31 / BT-48), or a national one
    registration: str = ""  # register and number; BT-30 / BT-47
    identifier: str = ""  # the seller's number for this customer; BT-29 / BT-46
    email: str = ""  # BT-43 / BT-58, and the electronic address unless another is given
    address: str = ""  # electronic address for e-invoices, BT-34 / BT-49
    address_scheme: str = "EM"  # whose address it is (CEF EAS): EM e-mail, 9930 German VAT, ...
    contact: str = ""  # person or department; BT-41 / BT-56
    phone: str = ""  # BT-42 / BT-57


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line (BG-25). What is given back has a negative quantity; a price is never negative."""

    position: int  # BT-126, from 1
    description: str  # BT-153; what follows a line break is BT-154
    quantity: Decimal  # BT-129
    unit: Unit  # BT-130
    unit_price: Decimal  # BT-146, in MAJOR units (29.00, 0.000003), as fine as needed; >= 0, BR-27
    net: int  # BT-131, minor units: quantity x unit_price, rounded half up
    tax_category: Category  # BT-151
    tax_rate: Decimal  # BT-152, per cent: Decimal("19")
    period_start: date | None = None  # BT-134, inclusive
    period_end: date | None = None  # BT-135, inclusive


@dataclass(frozen=True, kw_only=True)
class TaxSum:
    """The tax of all lines with one category and rate (BG-23)."""

    category: Category  # BT-118
    rate: Decimal  # BT-119, per cent
    net: int  # BT-116, minor units
    tax: int  # BT-117, minor units: net x rate, rounded half up once (BR-CO-17)
    reason: str = ""  # BT-120: why no tax; required of AE, E, G and O, refused of S and Z
    reason_code: str = ""  # BT-121, like VATEX-EU-AE


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Where the money goes (BG-16, BG-17)."""

    iban: str = ""  # BT-84
    bic: str = ""  # BT-86
    account_name: str = ""  # BT-85
    reference: str = ""  # BT-83, to be quoted by the payer; the paper's number when empty


@dataclass(frozen=True, kw_only=True)
class Paper:
    """An issued document. A credit note's amounts are positive: what is given back."""

    number: str  # BT-1
    kind: Kind  # BT-3: 380, or 381 for a credit note
    issued_on: date  # BT-2
    currency: str  # BT-5, ISO 4217
    exponent: int  # digits after the point of `currency`: 2, or 0 for yen
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]  # at least one, BR-16
    tax_sums: tuple[TaxSum, ...]  # one a category and rate, `sums.tax_sums` makes them
    net: int  # BT-106 = BT-109
    tax: int  # BT-110
    gross: int  # BT-112 = net + tax
    prepaid: int  # BT-113: paid by credits or before issue
    due: int  # BT-115 = gross - prepaid
    due_on: date | None = None  # BT-9
    period_start: date | None = None  # BT-73, inclusive
    period_end: date | None = None  # BT-74, inclusive
    buyer_reference: str = ""  # BT-10
    purchase_order: str = ""  # BT-13
    note: str = ""  # BT-22
    payment: Payment | None = None
    preceding_number: str = ""  # BT-25: what a credit note corrects
    preceding_issued_on: date | None = None  # BT-26
