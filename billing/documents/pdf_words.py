"""How a printed document says amounts, days, units and what sort of document it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing.documents.paper import Kind, Line, Paper, Party, TaxSum, Unit
from billing.documents.text import amount, clean, clean_lines, number

TITLES: dict[Kind, str] = {"invoice": "Invoice", "credit_note": "Credit note", "top_up": "Invoice"}
_UNITS: dict[Unit, tuple[str, str]] = {
    "seat": ("seat", "seats"),
    "unit": ("", ""),
    "month": ("month", "months"),
    "day": ("day", "days"),
    "lump": ("", ""),
    "thousand": ("thousand", "thousand"),
    "million": ("million", "million"),
}
_MINUS = "\u2212"


def grouped(plain: str) -> str:
    """A plain decimal with thousands apart and a true minus: "-1234.5" is "−1,234.5"."""
    whole, point, part = plain.removeprefix("-").partition(".")
    return (_MINUS if plain.startswith("-") else "") + f"{int(whole):,}{point}{part}"


def money(minor: int, paper: Paper) -> str:
    """An amount of the paper without its currency, which stands in the column's head."""
    return grouped(amount(minor, paper.exponent))


def price(line: Line, paper: Paper) -> str:
    """A unit price with at least the currency's decimals, and with all that it has."""
    plain = number(line.unit_price)
    digits = len(plain.partition(".")[2])
    if digits < paper.exponent:
        plain = format(line.unit_price, f".{paper.exponent}f")
    return grouped(plain)


def quantity(line: Line) -> str:
    return grouped(number(line.quantity))


def unit(line: Line) -> str:
    one, several = _UNITS[line.unit]
    return one if abs(line.quantity) == 1 else several


def rate(value: Decimal) -> str:
    return f"{number(value)}%"


def day(value: date) -> str:
    """ "1 November 2026"; the names do not depend on anybody's locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def period(start: date | None, end: date | None) -> str:
    """ "1–31 October 2026": what both days share is said once."""
    if start is None or end is None:
        return f"from {day(start)}" if start else f"to {day(end)}" if end else ""
    if start == end:
        return day(end)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}\u2013{day(end)}"
    if start.year == end.year:
        return f"{start.day} {_MONTHS[start.month - 1]} \u2013 {day(end)}"
    return f"{day(start)} \u2013 {day(end)}"


def address(party: Party, *, seen_from: str = "", street_in_one: bool = False) -> list[str]:
    """The lines below the name; the country where it is not the one that it is `seen_from`."""
    street = clean_lines(party.street)
    street = [", ".join(street)] if street_in_one else street
    place = " ".join(filter(None, (clean(party.postcode), clean(party.city))))
    place = ", ".join(filter(None, (place, clean(party.region))))
    country = "" if party.country == seen_from else clean(party.country)
    return [line for line in (*street, place, country) if line]


def tax_label(part: TaxSum, paper: Paper) -> str:
    """ "VAT 19% on 1,218.00"."""
    if part.category == "O":
        return f"No VAT on {money(part.net, paper)}"
    return f"VAT {rate(part.rate)} on {money(part.net, paper)}"


def due_label(paper: Paper) -> str:
    if paper.kind == "credit_note":
        return "Amount credited"
    return "Amount due" if paper.due >= 0 else "In your favour"


def sentences(paper: Paper) -> list[str]:
    """What has to be said below the totals: why no tax, what is corrected, when to pay."""
    said = [f"{clean(part.reason)}" for part in paper.tax_sums if clean(part.reason)]
    if preceding := clean(paper.preceding_number):
        when = f" of {day(paper.preceding_issued_on)}" if paper.preceding_issued_on else ""
        said.insert(0, f"This document corrects invoice {preceding}{when}.")
    return [*said, _terms(paper), *clean_lines(paper.note)]


def _terms(paper: Paper) -> str:
    if paper.kind == "credit_note":
        return "Nothing is to be paid: this amount is given back to you."
    if paper.due <= 0:
        return "Paid in full." if paper.prepaid > 0 else "Nothing is to be paid."
    if paper.due_on is None:
        return "Payable on receipt, without deduction."
    return f"Payable by {day(paper.due_on)}, without deduction."


def spaced(iban: str) -> str:
    """An IBAN in fours, as it is read."""
    packed = "".join(clean(iban).split()).upper()
    return " ".join(packed[place : place + 4] for place in range(0, len(packed), 4))
