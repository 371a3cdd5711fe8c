"""What somebody used this month; the app above this one, which counts it, says how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from orgs.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """The calls, tokens and money (nano-units) of one's own keys since the month began; `url`
    leads to them, for who may open the page."""

    calls: int
    refused: int
    tokens: int
    cost: int
    url: str = ""


class Telling(Protocol):
    def __call__(self, access: Access) -> Footprint | None: ...


_tells: list[Telling] = []


def on_telling(callback: Telling) -> None:
    """Ask this one. Called when the apps are ready."""
    if callback not in _tells:
        _tells.append(callback)


def footprint(access: Access) -> Footprint | None:
    """One's own, which nobody needs a permission for (S1-013); None where nothing is counted."""
    return next((tell(access) for tell in _tells), None)
