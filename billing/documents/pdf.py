"""A paper as a printed page: PDF/A-3 with the XML invoice inside (Factur-X).

What is said is in `pdf_words.py`, how it is drawn in `pdf_sheet.py`, the table of lines in
`pdf_table.py`. Any paper can be printed, also one that `rules.py` refuses.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory

from billing.documents import pdf_words as words
from billing.documents.paper import Paper
from billing.documents.pdf_sheet import (
    ACCENT,
    BOTTOM,
    INK,
    LEFT,
    MUTED,
    RIGHT,
    WIDTH,
    Sheet,
)
from billing.documents.pdf_table import write_table
from billing.documents.sepa import payment_code
from billing.documents.text import clean

_TOOL = "Bailiwick"
_FACTS_X, _FACT_LABEL = 118.0, 28.0
_TOTALS_X = 108.0
_CODE_SIDE = 28.0
_FOOT = 269.0


def invoice_pdf(paper: Paper, xml: bytes | None = None) -> bytes:
    """The document to read and print; the same paper and XML always yield the same bytes."""
    title = f"{words.TITLES[paper.kind]} {clean(paper.number)}"
    when = datetime.combine(paper.issued_on, time(), tzinfo=UTC)
    with TemporaryDirectory(prefix="fonts-") as folder:
        sheet = Sheet(
            title=title, author=paper.seller.name, tool=_TOOL, when=when, fonts=Path(folder)
        )
        sheet.new_page()
        sheet.running_head = (title, "".join(sheet.wrap(paper.seller.name, 90, size=8, most=1)))
        _head(sheet, paper)
        _title(sheet, title, paper)
        write_table(sheet, paper)
        _totals(sheet, paper)
        _sentences(sheet, paper)
        _payment(sheet, paper)
        _feet(sheet, paper)
        if xml is not None:
            sheet.attach_invoice(xml)
        return sheet.finished()


def _head(sheet: Sheet, paper: Paper) -> None:
    """Whose paper it is, to whom it goes, and the facts that both file it by."""
    seller = paper.seller
    sheet.put(
        sheet.wrap(seller.name, 120, size=13, bold=True, most=1)[0] if clean(seller.name) else "",
        size=13, bold=True, color=ACCENT,
    )  # fmt: skip
    sheet.y = 47
    _buyer(sheet, paper)
    below_buyer = sheet.y
    sheet.y = 47
    for label, value in _facts(paper):
        sheet.put(label, x=_FACTS_X, size=8.5, color=MUTED)
        width = RIGHT - _FACTS_X - _FACT_LABEL
        for line in sheet.wrap(value, width, size=8.5, most=2):
            sheet.put(line, x=_FACTS_X + _FACT_LABEL, width=width, size=8.5)
            sheet.y += 4.9
    sheet.y = max(sheet.y, below_buyer, 84) + 10


def _buyer(sheet: Sheet, paper: Paper) -> None:
    width = 84.0
    sender = " · ".join([clean(paper.seller.name), *words.address(paper.seller)])
    for line in sheet.wrap(sender, width, size=6.5, most=1):
        sheet.put(line, size=6.5, color=MUTED)
    sheet.y += 4.2
    sheet.rule(width=width)
    sheet.y += 2.6
    for line in sheet.wrap(paper.buyer.name, width, size=10, bold=True, most=3):
        sheet.put(line, size=10, bold=True)
        sheet.y += 5
    for text in words.address(paper.buyer, seen_from=paper.seller.country)[:7]:
        for line in sheet.wrap(text, width, size=9.5, most=2):
            sheet.put(line, size=9.5)
            sheet.y += 4.8


def _facts(paper: Paper) -> list[tuple[str, str]]:
    buyer = paper.buyer
    facts = [
        ("Number", paper.number),
        ("Issued", words.day(paper.issued_on)),
        ("Due", words.day(paper.due_on) if paper.due_on and paper.due > 0 else ""),
        ("Corrects", paper.preceding_number),
        ("Customer", buyer.identifier),
        ("Your order", paper.purchase_order),
        ("Your reference", paper.buyer_reference),
        ("Your contact", buyer.contact),
        ("Your tax number", buyer.tax_id),
        ("Registration", buyer.registration),
    ]
    return [(label, value) for label, value in facts if clean(value)]


def _title(sheet: Sheet, title: str, paper: Paper) -> None:
    for line in sheet.wrap(title, WIDTH, size=17, bold=True, most=2):
        sheet.put(line, size=17, bold=True)
        sheet.y += 8.4
    about = "Top-up of prepaid credit" if paper.kind == "top_up" else ""
    when = words.period(paper.period_start, paper.period_end)
    if subtitle := about or when:
        sheet.put(subtitle, size=9.5, color=MUTED)
        sheet.y += 5
    sheet.y += 7


def _room(sheet: Sheet, height: float) -> None:
    """A new page unless so much is left of this one."""
    if sheet.y + height > BOTTOM:
        sheet.new_page()


def _totals(sheet: Sheet, paper: Paper) -> None:
    rows = [("Net amount", words.money(paper.net, paper))]
    rows += [
        (words.tax_label(part, paper), words.money(part.tax, paper)) for part in paper.tax_sums
    ]
    rows += [("Total", words.money(paper.gross, paper))]
    if paper.prepaid:
        rows.append(("Already paid", words.money(-paper.prepaid, paper)))
    _room(sheet, 5.6 * len(rows) + 24)
    sheet.y += 4
    for label, value in rows:
        sheet.put(label, x=_TOTALS_X, size=9, color=MUTED)
        sheet.put(value, size=9, align="R")
        sheet.y += 5.6
    sheet.y += 1
    sheet.rule(x=_TOTALS_X, width=RIGHT - _TOTALS_X, color=ACCENT)
    sheet.y += 2.4
    due = f"{paper.currency} {words.money(abs(paper.due), paper)}"
    sheet.put(words.due_label(paper), x=_TOTALS_X, size=12, bold=True, color=ACCENT)
    sheet.put(due, size=12, bold=True, color=ACCENT, align="R")
    sheet.y += 15


def _sentences(sheet: Sheet, paper: Paper) -> None:
    for sentence in words.sentences(paper):
        for line in sheet.wrap(sentence, 130, size=9):
            _room(sheet, 6)
            sheet.put(line, size=9)
            sheet.y += 4.8
        sheet.y += 1.2


def _payment(sheet: Sheet, paper: Paper) -> None:
    """Where to, with the code that a banking app reads."""
    payment = paper.payment
    if payment is None or paper.due <= 0 or paper.kind == "credit_note" or not clean(payment.iban):
        return
    code = payment_code(paper)
    _room(sheet, _CODE_SIDE + 16)
    sheet.y += 5
    sheet.rule()
    top = sheet.y = sheet.y + 5
    for label, value in (
        ("Account holder", payment.account_name or paper.seller.name),
        ("IBAN", words.spaced(payment.iban)),
        ("BIC", payment.bic),
        ("Reference", payment.reference or paper.number),
        ("Amount", f"{paper.currency} {words.money(paper.due, paper)}"),
    ):
        for line in sheet.wrap(value, 90, size=9, most=2):
            sheet.put(label, size=9, color=MUTED)
            sheet.put(line, x=LEFT + 32, width=90, size=9)
            label = ""
            sheet.y += 5.2
    below = sheet.y
    if code is not None:
        sheet.y = top + 1
        sheet.code(code, x=RIGHT - _CODE_SIDE, side=_CODE_SIDE)
        sheet.y += _CODE_SIDE + 2.4
        sheet.put("Pay with a banking app", x=RIGHT - 60, width=60, size=7, color=MUTED, align="R")
    sheet.y = max(sheet.y, below)


def _feet(sheet: Sheet, paper: Paper) -> None:
    """What the law wants on every page: who the seller is and how it is registered."""
    seller, payment = paper.seller, paper.payment
    columns = (
        (seller.name, *words.address(seller, street_in_one=True)),
        (
            f"Tax number {seller.tax_id}" if clean(seller.tax_id) else "",
            seller.registration, seller.email, seller.phone,
        ),
        (
            (f"IBAN {words.spaced(payment.iban)}", f"BIC {payment.bic}" if payment.bic else "")
            if payment and clean(payment.iban)
            else ()
        ),
    )  # fmt: skip
    for page in range(1, sheet.pages + 1):
        sheet.turn_to(page)
        sheet.y = _FOOT
        sheet.rule()
        for place, texts in enumerate(columns):
            sheet.y = _FOOT + 2.4
            said = [line for text in texts for line in sheet.wrap(text, 50, size=7, most=1)]
            for line in said[:4]:
                sheet.put(line, x=LEFT + place * 56, width=50, size=7, color=MUTED)
                sheet.y += 3.5
        sheet.y = _FOOT + 2.4 + 3 * 3.5
        of = f"Page {page} of {sheet.pages}"
        sheet.put(of, size=7, color=INK, align="R")
