"""The words of a search and of an entry, split as audit 0005 splits them, for what only Python
may judge: entries from which a name was taken away for this reader.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from audit.entries import Entry, changes_in

_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_MARKS = re.compile("[\u0300-\u036f]")
_BETWEEN = re.compile(
    r"(?:\x1b\[[0-9;]*[a-z]|[\s\x00-\x20!-/:-@\[-^_`{-\u00bf\u060c\u061b\u061f"
    r"\u2000-\u206f\u3000-\u303f])+"
)
LONGEST_WORD, MOST_WORDS = 40, 12


def words_in(text: str) -> list[str]:
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()
    found = _BETWEEN.split(_UNSEEN.sub("", folded))
    return [word[:LONGEST_WORD] for word in found if word]


def says(entry: Entry, text: str) -> bool:
    """Does the entry have a word that begins with each of these?"""
    words = entry.words or {}
    said = [
        *(words.get("actor"), words.get("target"), changes_in(words)),
        *(entry.facts.get("reason"), changes_in(entry.facts), entry.action),
    ]
    found = words_in(" ".join(_texts(said)))
    return all(
        any(word.startswith(sought) for word in found) for sought in words_in(text)[:MOST_WORDS]
    )


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value).lower() if isinstance(value, bool) else str(value)
