"""A4 paper to write on: fonts, lines of text at a place, hairlines, pages. Knows no invoice.

Places and widths are in millimetres from the upper left corner, sizes in points.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Literal, cast

import segno
from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from billing.documents.pdf_fonts import BOLD, EASTERN, REGULAR, font_bytes, is_main, printable
from billing.documents.text import clean
from billing.documents.xmp import ATTACHMENT, metadata

Color = tuple[int, int, int]
INK: Color = (27, 27, 24)
MUTED: Color = (107, 106, 98)
LINE: Color = (214, 213, 205)
ACCENT: Color = (28, 92, 71)

LEFT, RIGHT, TOP, BOTTOM = 22.0, 188.0, 20.0, 262.0
WIDTH = RIGHT - LEFT
_MM_PER_POINT = 25.4 / 72
_HAIR = 0.2


class Sheet:
    """One document under way. `y` is where the next thing goes."""

    def __init__(self, *, title: str, author: str, tool: str, when: datetime, fonts: Path) -> None:
        """`fonts` is an empty folder that stays until the document is written."""
        self._pdf = FPDF(format="A4", enforce_compliance="PDF/A-3B")
        self._about = (clean(title), clean(author), tool, when)
        self._has_invoice = False
        self.y = TOP
        self.running_head = ("", "")  # Left and right, on every page but the first.
        self._fonts(fonts)
        self._pdf.set_auto_page_break(False)
        self._pdf.c_margin = 0
        self._pdf.alias_nb_pages("")  # "{nb}" in a name is a name.
        self._pdf.set_lang("en")

    def _fonts(self, folder: Path) -> None:
        for style, name in (("", REGULAR), ("B", BOLD)):
            path = folder / f"{name}.ttf"
            path.write_bytes(font_bytes(name))
            self._pdf.add_font("main", style, path)
        # Figures of one width, so that columns stand; no ligatures, so that copied text is itself.
        self._pdf.set_text_shaping(True, features={"tnum": True, "liga": False})
        self._pdf.set_font("main", "", 9)

    def _shown(self, text: str) -> str:
        """What can be printed of the text; reads the eastern font when something needs it."""
        shown = printable(clean(text))
        if not all(map(is_main, shown)) and "east" not in self._pdf.fonts:
            self._pdf.add_font("east", "", EASTERN)
            self._pdf.set_fallback_fonts(["east"], exact_match=False)
        return shown

    def new_page(self) -> None:
        self._pdf.add_page()
        self.y = TOP
        if self.pages > 1:
            left, right = self.running_head
            self.put(left, size=8, color=MUTED)
            self.put(right, size=8, color=MUTED, align="R")
            self.y += 12

    def turn_to(self, page: int) -> None:
        """Write on a page once more, for what is known only at the end.

        The library repeats a font or color only where it changed, and that page ended with its
        own: so change them all.
        """
        self._pdf.page = page
        self._pdf.set_font("main", "", 1)
        self._pdf.set_draw_color(1)
        self._pdf.set_fill_color(1)
        self._pdf.set_text_color(1)
        self._pdf.set_line_width(1)

    @property
    def pages(self) -> int:
        return self._pdf.pages_count

    def _set(self, size: float, bold: bool, color: Color) -> None:
        self._pdf.set_font("main", "B" if bold else "", size)
        self._pdf.set_text_color(*color)

    def width(self, text: str, *, size: float = 9, bold: bool = False) -> float:
        self._set(size, bold, INK)
        return float(self._pdf.get_string_width(self._shown(text)))

    def wrap(
        self, text: str, width: float, *, size: float = 9, bold: bool = False, most: int = 0
    ) -> list[str]:
        """The text in lines of at most `width`; with `most`, what is left over becomes "…"."""
        self._set(size, bold, INK)
        shown = self._shown(text)
        if not shown:
            return []
        lines = self._pdf.multi_cell(
            width, text=shown, align="L", dry_run=True, output=MethodReturnValue.LINES
        )
        kept = [line.strip() for line in cast("list[str]", lines)]
        if most and len(kept) > most:
            kept = [*kept[: most - 1], kept[most - 1][:-1].rstrip() + "…"]
        return kept

    def put(
        self,
        text: str,
        *,
        x: float = LEFT,
        width: float = WIDTH,
        size: float = 9,
        beside: float = 0,
        bold: bool = False,
        color: Color = INK,
        align: Literal["L", "R"] = "L",
    ) -> None:
        """One line at `y`, which stays where it is; on the line of what is `beside` it."""
        shown = self._shown(text)
        if shown:
            self._set(size, bold, color)
            self._pdf.set_xy(x, self.y)
            self._pdf.cell(width, self.line_height(max(size, beside)), text=shown, align=align)

    @staticmethod
    def line_height(size: float) -> float:
        return size * _MM_PER_POINT * 1.38

    def rule(self, *, x: float = LEFT, width: float = WIDTH, color: Color = LINE) -> None:
        """A hairline at `y`."""
        self._pdf.set_draw_color(*color)
        self._pdf.set_line_width(_HAIR)
        self._pdf.line(x, self.y, x + width, self.y)

    def code(self, content: bytes, *, x: float, side: float) -> None:
        """A QR code from `y` down, without the white that it needs around itself."""
        matrix = segno.make(content, error="m", micro=False, boost_error=False).matrix
        module = side / len(matrix)
        self._pdf.set_fill_color(*INK)
        for row, modules in enumerate(matrix):
            column = 0
            for dark, run in groupby(modules):
                length = len(list(run))
                if dark:  # A little overlap: viewers draw a seam between what only touches.
                    place = (x + column * module, self.y + row * module)
                    self._pdf.rect(*place, length * module, module + 0.02, style="F")
                column += length

    def attach_invoice(self, xml: bytes) -> None:
        """Embed the XML as Factur-X wants it: an alternative of what is printed."""
        when = self._about[3]
        self._pdf.embed_file(
            bytes=xml,
            basename=ATTACHMENT,
            mime_type="text/xml",
            desc="The invoice as EN 16931 XML",
            associated_file_relationship="Alternative",
            creation_date=when,
            modification_date=when,
            compress=True,
            checksum=True,
        )
        self._has_invoice = True

    def finished(self) -> bytes:
        """The document. Its dates are `when`, so that the same input gives the same bytes."""
        title, author, tool, when = self._about
        self._pdf.set_title(title)
        self._pdf.set_author(author)
        self._pdf.set_creator(tool)
        self._pdf.set_producer(tool)
        self._pdf.set_creation_date(when)
        self._pdf.set_xmp_metadata(
            metadata(
                title=title,
                author=author,
                tool=tool,
                when=when,
                invoice_attached=self._has_invoice,
            )
        )
        return bytes(self._pdf.output())
