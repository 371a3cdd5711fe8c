"""The table of lines on the printed page, over as many pages as it takes."""

from __future__ import annotations

from dataclasses import dataclass

from billing.documents import pdf_words as words
from billing.documents.paper import Line, Paper
from billing.documents.pdf_sheet import BOTTOM, INK, LEFT, LINE, MUTED, RIGHT, Sheet
from billing.documents.text import clean_lines

_SIZE, _SMALL = 9.0, 8.0
_GAP = 6.0
_PAD = 2.0
_STEP, _SMALL_STEP = 4.6, 4.1
_NARROWEST = 48.0  # Of the description, while smaller type still helps.
_LEAST = 20.0  # Of the description, where figures of no sense would leave less.


@dataclass(frozen=True)
class _Columns:
    """Right edges of the columns of figures, and the width of the description."""

    amount: float
    tax: float
    price: float
    unit: float  # Left edge: the unit follows its quantity.
    quantity: float
    text_width: float
    size: float


def write_table(sheet: Sheet, paper: Paper) -> None:
    """All lines with a head on every page; `y` ends below the last hairline."""
    columns = _columns(sheet, paper, _SIZE)
    _head(sheet, columns, paper)
    for line in paper.lines:
        _row(sheet, columns, paper, line)


def _columns(sheet: Sheet, paper: Paper, size: float) -> _Columns:
    """As wide as the widest figure; smaller type before the description has no room."""

    def widest(texts: list[str], head: str) -> float:
        figures = max((sheet.width(text, size=size) for text in set(texts)), default=0)
        return max(figures, sheet.width(head, size=_SMALL))

    lines = paper.lines
    amount = widest([words.money(line.net, paper) for line in lines], f"Amount, {paper.currency}")
    tax = widest([_rate(line) for line in lines], "VAT")
    price = widest([words.price(line, paper) for line in lines], "Unit price")
    unit = max((sheet.width(words.unit(line), size=_SMALL) for line in lines), default=0)
    quantity = widest([words.quantity(line) for line in lines], "Quantity")
    tax_edge = RIGHT - amount - _GAP
    price_edge = tax_edge - tax - _GAP
    unit_edge = price_edge - price - _GAP - unit
    quantity_edge = unit_edge - (1.2 if unit else 0)
    text_width = max(quantity_edge - quantity - _GAP - LEFT, _LEAST)
    if text_width < _NARROWEST and size > 5:
        return _columns(sheet, paper, size - 0.5)
    return _Columns(RIGHT, tax_edge, price_edge, unit_edge, quantity_edge, text_width, size)


def _rate(line: Line) -> str:
    return "–" if line.tax_category == "O" else words.rate(line.tax_rate)


def _head(sheet: Sheet, columns: _Columns, paper: Paper) -> None:
    sheet.put("Description", size=_SMALL, color=MUTED)
    for text, edge in (
        ("Quantity", columns.quantity),
        ("Unit price", columns.price),
        ("VAT", columns.tax),
        (f"Amount, {paper.currency}", columns.amount),
    ):
        _figure(sheet, text, edge, _SMALL, muted=True)
    sheet.y += 5.6
    sheet.rule(color=INK)
    sheet.y += _PAD


def _figure(sheet: Sheet, text: str, edge: float, size: float, *, muted: bool = False) -> None:
    color = MUTED if muted else INK
    sheet.put(text, width=edge - LEFT, size=size, color=color, align="R")


def _row(sheet: Sheet, columns: _Columns, paper: Paper, line: Line) -> None:
    """The description flows over pages; figures stand beside its first line."""
    name, *details = clean_lines(line.description) or [""]
    when = words.period(line.period_start, line.period_end)
    if when and (line.period_start, line.period_end) != (paper.period_start, paper.period_end):
        details.append(when)
    width = columns.text_width
    texts = [(text, _SIZE) for text in sheet.wrap(name, width, size=_SIZE) or [""]]
    for detail in details:
        texts += [(text, _SMALL) for text in sheet.wrap(detail, width, size=_SMALL)]
    height = min(len(texts), 6) * _STEP + 2 * _PAD
    if sheet.y + height > BOTTOM:
        sheet.new_page()
        _head(sheet, columns, paper)
    for place, (text, size) in enumerate(texts):
        if sheet.y + _STEP > BOTTOM:
            sheet.new_page()
            _head(sheet, columns, paper)
        sheet.put(text, width=width, size=size, color=INK if size == _SIZE else MUTED)
        if place == 0:
            _figures(sheet, columns, paper, line)
        sheet.y += _STEP if size == _SIZE else _SMALL_STEP
    sheet.y += _PAD - 0.4
    sheet.rule(color=LINE)
    sheet.y += _PAD


def _figures(sheet: Sheet, columns: _Columns, paper: Paper, line: Line) -> None:
    size = columns.size
    _figure(sheet, words.quantity(line), columns.quantity, size)
    sheet.put(words.unit(line), x=columns.unit, size=_SMALL, beside=size, color=MUTED)
    _figure(sheet, words.price(line, paper), columns.price, size)
    _figure(sheet, _rate(line), columns.tax, size)
    _figure(sheet, words.money(line.net, paper), columns.amount, size)
