"""What the dashboard shows beside what is the organization's own; apps above this one add to it.

Each is asked once a page, with the reader's access, and says only what they may read elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orgs.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One number of the strip at the top, what it means, and where it comes from.

    `line` is drawn beside it; `line_says` is that line in a sentence.
    """

    label: str
    value: str
    note: str = ""
    url: str = ""
    line: Sequence[int] = ()
    line_says: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Something that this person may settle, and the one deed that does it.

    Without `url` they only read of it.
    """

    icon: str
    title: str
    note: str
    url: str = ""
    deed: str = ""
    tone: str = ""
    posts: bool = False
    busy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card of its own: its template reads `part`. `aside` puts it into the narrow column."""

    template: str
    part: Mapping[str, Any]
    aside: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    facts: Sequence[Fact] = ()
    waiting: Sequence[Waiting] = ()
    cards: Sequence[Card] = field(default=())

    @property
    def main(self) -> list[Card]:
        return [card for card in self.cards if not card.aside]

    @property
    def side(self) -> list[Card]:
        return [card for card in self.cards if card.aside]


Showing = Callable[[Access], Parts]

_shows: list[Showing] = []


def on_showing(callback: Showing) -> None:
    """Show this too. Called when the apps are ready."""
    if callback not in _shows:
        _shows.append(callback)


def parts_for(access: Access) -> Parts:
    found = [show(access) for show in _shows]
    return Parts(
        facts=[fact for parts in found for fact in parts.facts],
        waiting=[item for parts in found for item in parts.waiting],
        cards=[card for parts in found for card in parts.cards],
    )
