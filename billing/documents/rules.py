"""What a paper must satisfy before it may be called an invoice: EN 16931, in our words.

Each sentence names its rule. A paper that breaks none of them yields XML that breaks none of the
standard's own; the PDF is made regardless, so that a document can always be read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from billing.documents.codes import COUNTRIES, vat_number
from billing.documents.paper import Category, Line, Paper, Party
from billing.documents.sums import line_net, tax_of, tax_sums, totals
from billing.documents.text import clean

UNTAXED: frozenset[Category] = frozenset({"AE", "E", "G", "O", "Z"})
EXPLAINED: frozenset[Category] = frozenset({"AE", "E", "G", "O"})
# A net amount may have been rounded on a path of its own, by days or from metered cost.
SLACK = 1
# Minor units. Beyond, programs that count in floating point (the official rules do) lose cents.
TOO_MUCH = 10**15


class PaperError(ValueError):
    """The paper breaks rules of EN 16931; `broken` has a sentence for each."""

    def __init__(self, broken: list[str]) -> None:
        super().__init__(" ".join(broken))
        self.broken = broken


def check(paper: Paper) -> None:
    """Raise PaperError with everything that is wrong, or say nothing."""
    if broken := broken_rules(paper):
        raise PaperError(broken)


def broken_rules(paper: Paper) -> list[str]:
    """A sentence for every rule that the paper breaks."""
    return [
        *_heads(paper),
        *_parties(paper),
        *(sentence for line in paper.lines for sentence in _line(line, paper.exponent)),
        *_taxes(paper),
        *_sums(paper),
    ]


def _heads(paper: Paper) -> Iterator[str]:
    if not clean(paper.number):
        yield "The document has no number (BR-02)."
    if not re.fullmatch("[A-Z]{3}", paper.currency):
        yield "The currency is not an ISO 4217 code (BR-05)."
    if paper.exponent not in (0, 1, 2):
        yield "Amounts have at most two decimals (BR-DEC)."
    if not paper.lines:
        yield "There is no line (BR-16)."
    if len({line.position for line in paper.lines}) != len(paper.lines):
        yield "Two lines have the same position (BR-21)."
    if _backwards(paper) or any(_backwards(line) for line in paper.lines):
        yield "A period ends before it begins (BR-29, BR-30)."
    if paper.preceding_issued_on and not clean(paper.preceding_number):
        yield "The preceding invoice has a date and no number (BR-55)."


def _backwards(dated: Paper | Line) -> bool:
    start, end = dated.period_start, dated.period_end
    return start is not None and end is not None and end < start


def _parties(paper: Paper) -> Iterator[str]:
    for role, party, name_rule, country_rule in (
        ("seller", paper.seller, "BR-06", "BR-09"),
        ("buyer", paper.buyer, "BR-07", "BR-11"),
    ):
        if not clean(party.name):
            yield f"The {role} has no name ({name_rule})."
        if party.country not in COUNTRIES:
            yield f"The {role}'s country is not an ISO 3166 code ({country_rule}, BR-CL-14)."
    if not any(map(clean, _identities(paper.seller))):
        yield "The seller has no tax number, registration or identifier (BR-CO-26)."


def _identities(party: Party) -> tuple[str, str, str]:
    return party.tax_id, party.registration, party.identifier


def _line(line: Line, exponent: int) -> Iterator[str]:
    if not clean(line.description):
        yield f"Line {line.position} has no description (BR-25)."
    if not (line.quantity.is_finite() and line.unit_price.is_finite()):
        yield f"Line {line.position} has a quantity or price that is not a number."
        return
    if line.unit_price < 0:
        yield f"Line {line.position} has a negative price; the quantity bears the sign (BR-27)."
    if abs(line_net(line.quantity, line.unit_price, exponent) - line.net) > SLACK:
        yield f"Line {line.position}: quantity times price is not the net amount."


def _taxes(paper: Paper) -> Iterator[str]:
    categories = {part.category for part in paper.tax_sums}
    for part in paper.tax_sums:
        if part.category in UNTAXED and part.rate != 0:
            yield f"Category {part.category} bears no rate (BR-{part.category}-05)."
        if part.category == "S" and part.rate <= 0:
            yield "The standard rate is above zero (BR-S-05)."
        if bool(clean(part.reason) or clean(part.reason_code)) != (part.category in EXPLAINED):
            yield f"Category {part.category}: no reason, or one too many (BR-{part.category}-10)."
    if "O" in categories and len(categories) > 1:
        yield "What is not subject to tax stands alone on its document (BR-O-11)."
    yield from _tax_numbers(paper, categories)


def _tax_numbers(paper: Paper, categories: set[Category]) -> Iterator[str]:
    if categories & {"S", "Z", "E", "AE", "G"} and not clean(paper.seller.tax_id):
        yield "The seller has no tax number (BR-S-02, BR-E-02, BR-AE-02)."
    if "G" in categories and not vat_number(paper.seller.tax_id):
        yield "An export needs the seller's VAT number (BR-G-02)."
    if "AE" in categories and not (clean(paper.buyer.tax_id) or clean(paper.buyer.registration)):
        yield "Reverse charge needs the buyer's tax number or registration (BR-AE-02)."


def _sums(paper: Paper) -> Iterator[str]:
    keys = Counter((part.category, part.rate) for part in paper.tax_sums)
    if any(count > 1 for count in keys.values()):
        yield "A category and rate is summed twice (BG-23)."
    expected = {(part.category, part.rate): part for part in tax_sums(paper.lines)}
    found = {(part.category, part.rate): part for part in paper.tax_sums}
    if {key: part.net for key, part in expected.items()} != {k: p.net for k, p in found.items()}:
        yield "The taxed sums are not the sums of the lines (BR-S-08 and its like)."
    # Of several credit notes each may differ by a unit, so that all together are the invoice.
    off = SLACK if paper.kind == "credit_note" else 0
    if any(abs(tax_of(part.net, part.rate) - part.tax) > off for part in paper.tax_sums):
        yield "A tax is not its rate of its net sum (BR-CO-17)."
    amounts = (paper.net, paper.gross, paper.prepaid, *(line.net for line in paper.lines))
    if max(map(abs, amounts)) >= TOO_MUCH:
        yield "An amount is too large to be written exactly by everybody."
    known = totals(paper.tax_sums, prepaid=paper.prepaid)
    if (paper.net, paper.tax, paper.gross, paper.due) != (
        known.net, known.tax, known.gross, known.due,
    ):  # fmt: skip
        yield "The totals do not add up (BR-CO-10, BR-CO-14, BR-CO-15, BR-CO-16)."
