"""Where apps above this one add their chapter to each organization's year.

A chapter plans its deeds before the year is played, so that they fall in time among all others,
and hands over its rows once people and groups are written. What is derived from all of them comes
at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from django.db import models

if TYPE_CHECKING:
    from orgs.demo.history import History


class Chapter(Protocol):
    """What one app tells of one organization."""

    def rows(self) -> Iterable[Sequence[models.Model]]:
        """What stands at the end, a table at a time; whoever is named by others comes first."""


Opening = Callable[["History"], Chapter]
_openings: list[Opening] = []


def on_telling(opening: Opening) -> None:
    """Begin this chapter with each history. Called when the apps are ready."""
    if opening not in _openings:
        _openings.append(opening)


_endings: list[Callable[[], object]] = []


def on_told(ending: Callable[[], object]) -> None:
    """Do this once every chapter is written and committed. Called when the apps are ready."""
    if ending not in _endings:
        _endings.append(ending)


def told() -> None:
    for ending in _endings:
        ending()


def begin(history: History) -> list[Chapter]:
    return [opening(history) for opening in _openings]
