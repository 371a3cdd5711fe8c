"""The one door to what each kind of line does; the rooms beside it register what they know."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from projects.demo import lines

if TYPE_CHECKING:
    from projects.demo.book import Book


@singledispatch
def tell(line: lines.Line, book: Book) -> None:
    raise TypeError(f"No chapter is told by a {type(line).__name__}")
