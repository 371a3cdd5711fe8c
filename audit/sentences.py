"""An entry in one sentence: marked up for a page, and as plain text for a terminal.

The words of each event are in `audit/events.py`; here names are filled in, and made harmless.
"""

from __future__ import annotations

import datetime
import re
import string
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.models import AT_THE_DOOR, Outcome
from config import moments

if TYPE_CHECKING:
    from audit.entries import Entry

ERASED = "someone erased"
NOTHING = "nothing"

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Part(NamedTuple):
    """A piece of a sentence: words of ours, a name, or the value of a field."""

    kind: str
    text: str


def sentence(entry: Entry) -> SafeString:
    """The sentence for a page: names stand out, and no label can turn the words around it."""
    return format_html_join("", "{}", ((_marked(part),) for part in parts(entry)))


def plain(entry: Entry) -> str:
    """The sentence for a terminal, on one line and without control characters."""
    return "".join(visible(part.text) for part in parts(entry))


def parts(entry: Entry) -> Iterator[Part]:
    yield Part(
        "name", ERASED.capitalize() if entry.words is None else entry.actor_label or "Someone"
    )
    yield Part("words", " ")
    if entry.event is None:
        # A newer version wrote this entry, or an older one whose event is gone.
        yield Part("words", f"left the entry {entry.action} on ")
        yield Part("name", _name(entry, entry.target_label))
    elif entry.outcome is Outcome.DONE:
        yield from _filled(entry, entry.event.done)
    else:
        yield Part("words", "tried to ")
        yield from _attempt(entry, entry.event.attempt)
        if entry.outcome is Outcome.FAILED:
            yield Part("words", ", and it failed")


def visible(text: str) -> str:
    """Text with its control, direction and other unseen characters written as escapes."""
    if text.isprintable():
        return text
    return "".join(_escaped(char) if _is_unseen(char) else char for char in text)


def upright(text: str) -> str:
    """Text for a page, where nothing reads otherwise than it is stored: what turns the letters
    around, and what controls a terminal, is written as an escape.
    """
    return "".join(_escaped(char) if _deceives(char) else char for char in text)


def words_of(value: Any, *, field: str = "") -> str:
    """A stored value as people read it; empty for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {words_of(item) or 0}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(words_of(item) for item in value)
    moment = _moment(str(value)) if field.endswith("_at") else None
    return moments.format_local(moment, "j M Y, H:i") if moment else str(value)


def _attempt(entry: Entry, template: str) -> Iterator[Part]:
    """What was tried. A wall that refuses knows the permission or the page, not the object."""
    if entry.target_kind == "permission" and entry.target_label:
        label = entry.target_label
        yield Part("words", label[:1].lower() + label[1:])
    elif entry.target_kind in AT_THE_DOOR:
        yield Part("words", _unnamed(entry.action, template))
    else:
        yield from _filled(entry, template)


def _filled(entry: Entry, template: str) -> Iterator[Part]:
    for words, name, _, _ in string.Formatter().parse(template):
        if words:
            yield Part("words", words)
        if name == "target":
            yield Part("name", _name(entry, entry.target_label))
        elif name:
            yield Part("value", _value(entry, name))


def _value(entry: Entry, name: str) -> str:
    field, _, side = name.partition(".")
    change = entry.change_of(field)
    if change is None:
        return ERASED
    return change[side == "new"] or NOTHING


def _unnamed(action: str, template: str) -> str:
    """The attempt without its object: "change the group {target}" is "change a group"."""
    noun = action.partition(".")[0]
    words = re.sub(r"\bthe ([aeiou]?)(\w+) \{target\}", _with_article, template)
    standing_in = {"organization": "the organization", "access": "a page"}
    return words.replace("{target}", standing_in.get(noun, "someone"))


def _with_article(match: re.Match[str]) -> str:
    vowel, rest = match.groups()
    return f"{'an' if vowel else 'a'} {vowel}{rest}"


def _name(entry: Entry, label: str) -> str:
    return ERASED if entry.words is None else label or "someone"


def _marked(part: Part) -> SafeString:
    if part.kind == "name":
        return format_html("<b><bdi>{}</bdi></b>", upright(part.text))
    if part.kind == "value":
        return format_html("<bdi>{}</bdi>", upright(part.text))
    return format_html("{}", part.text)


def _moment(text: str) -> datetime.datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _deceives(char: str) -> bool:
    return char in _TURNING or unicodedata.category(char) == "Cc"


def _is_unseen(char: str) -> bool:
    # The zero-width joiner stays: names in several scripts and emoji need it.
    return char != "\u200d" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
