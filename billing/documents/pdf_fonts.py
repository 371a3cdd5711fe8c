"""The fonts of a printed document, and what they cannot show.

FiraGO has Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai and Georgian; Noto Sans CJK
has Chinese, Japanese and Korean and is read only for a document that needs it. Both come as
packages under the SIL Open Font License.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from io import BytesIO
from pathlib import Path

import noto_cjk_sans_jp_regular  # type: ignore[import-untyped]
import pymupdf_fonts  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

REGULAR, BOLD = "figo", "figbo"  # The package's names for FiraGO.
EASTERN = Path(str(noto_cjk_sans_jp_regular.FONT_PATH))
MISSING = "\u25af"  # An upright empty box, which FiraGO has.


@cache
def font_bytes(name: str) -> bytes:
    """A font of the package by its name there."""
    read: bytes = pymupdf_fonts.myfont(name)
    return read


@cache
def _main_characters() -> frozenset[int]:
    return frozenset(TTFont(BytesIO(font_bytes(REGULAR)), lazy=True).getBestCmap())


@cache
def _eastern_characters() -> frozenset[int]:
    return frozenset(TTFont(EASTERN, lazy=True).getBestCmap())


def is_main(character: str) -> bool:
    """Whether FiraGO shows the character."""
    return ord(character) in _main_characters()


def printable(text: str) -> str:
    """The text with nothing that the fonts lack: like for like where there is such, else a box."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if is_main(character) or ord(character) in _eastern_characters():
        return character
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return ""  # An accent or joiner of a letter that is a box already.
    like = unicodedata.normalize("NFKC", character)
    if like != character and all(map(is_main, like)):
        return like
    return MISSING
