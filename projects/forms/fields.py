"""Fields that clean what people type into a configuration; which kind has which is in `kinds/`."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from config.text import NAME_LENGTH, clean_line

# What a text of several lines may hold besides letters: its own line ends, and tabs.
_LAYOUT = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")
_CRON_PARTS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 7),
)
_CRON_MEND = "Write five parts, minute hour day month weekday, like 30 6 * * 1."
_CRON_ITEM = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


class LineField(forms.CharField):
    """One line of plain text."""

    def __init__(self, *, longest: int = NAME_LENGTH, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("maxlength", longest)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return clean_line(text, max_length=self.longest)


class ParagraphField(forms.CharField):
    """Several lines of plain text, with one kind of line end."""

    widget = forms.Textarea

    def __init__(self, *, longest: int, rows: int = 6, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("rows", rows)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return clean_paragraphs(text, longest=self.longest)


class LinesField(ParagraphField):
    """A list, one thing a line; empty lines fall away, and repetitions where each counts once."""

    once = True

    def __init__(
        self, *, most: int = 100, each: int = NAME_LENGTH, rows: int = 4, **kwargs: Any
    ) -> None:
        self.most, self.each = most, each
        super().__init__(longest=most * (each + 2), rows=rows, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        lines = super().to_python(value).splitlines()
        kept = [line for line in (" ".join(raw.split()) for raw in lines) if line]
        if self.once:
            kept = list(dict.fromkeys(kept))
        if len(kept) > self.most:
            raise ValidationError(
                "Write at most %(most)d lines; these are %(has)d.",
                code="too_many",
                params={"most": self.most, "has": len(kept)},
            )
        for line in kept:
            if len(line) > self.each:
                raise ValidationError(
                    "Shorten “%(line)s…”: a line has at most %(most)d characters.",
                    code="too_long",
                    params={"line": line[:30], "most": self.each},
                )
        return kept


class CronField(LineField):
    """When something starts, in the five parts of cron; no shell reads it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=120, **kwargs)
        self.widget.attrs.setdefault("class", "code")
        self.widget.attrs.setdefault("spellcheck", "false")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if text:
            check_cron(text)
        return text


class BaseVersionField(forms.IntegerField):
    """The version that a form began from; what is no number began from none."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> int:
        try:
            return int(super().to_python(value) or 0)
        except (ValidationError, ValueError):
            return 0


def clean_paragraphs(value: str, *, longest: int) -> str:
    """Text of several lines: NFC, newlines alone, no control or direction characters.

    Raises ValidationError with the code `characters` or `too_long`.
    """
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    # Asked before composing, which takes long where thousands of marks stand on one letter.
    if len(text) > longest:
        raise ValidationError(
            "Use at most %(most)s characters; this has %(has)s.",
            code="too_long",
            params={"most": f"{longest:,}", "has": f"{len(text):,}"},
        )
    hidden = sorted({f"U+{ord(char):04X}" for char in text if _is_hidden(char)})
    if hidden:
        raise ValidationError(
            "Remove the invisible characters (%(which)s).",
            code="characters",
            params={"which": ", ".join(hidden[:5])},
        )
    return "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n"))


def check_cron(text: str) -> None:
    """Raises ValidationError with the code `cron`, naming the part that is wrong and its mend."""
    parts = text.split()
    if len(parts) != len(_CRON_PARTS):
        raise ValidationError(_CRON_MEND, code="cron")
    for part, (name, least, most) in zip(parts, _CRON_PARTS, strict=True):
        if not all(_is_cron_item(item, least, most) for item in part.split(",")):
            raise ValidationError(
                "The %(name)s “%(part)s” does not say when: use %(least)d to %(most)d, * for each,"
                " 1-5 for a range, */2 for every second.",
                code="cron",
                params={"name": name, "part": part[:20], "least": least, "most": most},
            )


def check_address(text: str, *, schemes: tuple[str, ...]) -> None:
    """Raises ValidationError with the code `address` or `credentials`."""
    try:
        parts = urlsplit(text)
        host, user = parts.hostname, parts.username or parts.password
    except ValueError:
        host, user, parts = None, None, urlsplit("")
    if parts.scheme not in schemes or not host or " " in text:
        said = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValidationError(
            "Write an address that begins with %(said)s and names a host.",
            code="address",
            params={"said": said},
        )
    if user:
        raise ValidationError(
            "Take the name and password out of the address; they belong among the project’s"
            " secrets, where nobody reads them.",
            code="credentials",
        )


def _is_cron_item(item: str, least: int, most: int) -> bool:
    found = _CRON_ITEM.fullmatch(item)
    if found is None:
        return False
    first, last, step = (int(part) if part else None for part in found.groups())
    numbers = [number for number in (first, last) if number is not None]
    if step == 0 or any(not least <= number <= most for number in numbers):
        return False
    return first is None or last is None or first <= last


def _is_hidden(char: str) -> bool:
    """Letters that nobody sees can carry instructions that nobody reviewed."""
    if char in _LAYOUT or char in _JOINERS:
        return False
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"}
