"""Text and numbers as documents carry them.

What people type reaches XML and PDF only through `clean`; amounts only through `amount`.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

# Everything XML 1.0 refuses (section 2.2), noncharacters, and the marks that turn the direction
# of the text around them: with those, a name can make an amount read backwards.
_REFUSED = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufdd0-\ufdef"
    "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]"
)
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")


def clean(text: str) -> str:
    """One line: refused characters gone, any white space one space, composed (NFC)."""
    return " ".join(clean_lines(text))


def clean_lines(text: str) -> list[str]:
    """The lines that say something, each of them clean."""
    composed = unicodedata.normalize("NFC", _REFUSED.sub("", _LINE_ENDS.sub("\n", text)))
    kept = "".join(character for character in composed if ord(character) & 0xFFFE != 0xFFFE)
    lines = (" ".join(line.split()) for line in kept.split("\n"))
    return [line for line in lines if line]


def amount(minor: int, exponent: int) -> str:
    """Minor units as a plain decimal: 141280 with exponent 2 is "1412.80"."""
    return format(Decimal(minor).scaleb(-exponent), "f")


def number(value: Decimal) -> str:
    """A decimal without exponent and without zeros that say nothing: "2.5", "100", "0.000003"."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
