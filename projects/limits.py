"""How far the limits of a key are used up, and which of them binds it: the tightest one.

The database says where each layer stands (`key_verify`, and the queries of the pages, in one
shape); which of them is named is decided here alone, so that a page and an answer never differ.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

Kind = Literal["budget", "rpm"]

HELD_FOR = datetime.timedelta(minutes=15)
"""How long what was set aside waits for its report, before it is free again."""

# From the key outwards: of two that leave equally little, the nearer one is named.
NEAREST_FIRST = ("key", "creator", "project", "group", "organization", "plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitState:
    """One layer's budget and rate, and how far both are used up; None is no limit.

    Money is in nano-units. `spent` and `used` are those of the running window and minute.
    """

    id: UUID
    layer: str
    budget: int | None = None
    window: str = "month"
    spent: int = 0
    reserved: int = 0
    resets_at: datetime.datetime | None = None
    rpm: int | None = None
    used: int = 0
    minute_resets_at: datetime.datetime | None = None

    @property
    def remaining(self) -> int:
        """Of the budget, without what is set aside for calls under way."""
        return max((self.budget or 0) - self.spent - self.reserved, 0)

    @property
    def requests_remaining(self) -> int:
        return max((self.rpm or 0) - self.used, 0)

    def left(self, kind: Kind) -> Fraction | None:
        """The share that is left, from 0 to 1; None where nothing limits it."""
        if kind == "budget":
            return None if self.budget is None else _share(self.remaining, self.budget)
        return None if self.rpm is None else _share(self.requests_remaining, self.rpm)


@dataclass(frozen=True, slots=True)
class Binding:
    """The limit that holds a key back first."""

    state: LimitState
    kind: Kind

    @property
    def limit(self) -> int:
        return (self.state.budget if self.kind == "budget" else self.state.rpm) or 0

    @property
    def remaining(self) -> int:
        is_budget = self.kind == "budget"
        return self.state.remaining if is_budget else self.state.requests_remaining

    @property
    def resets_at(self) -> datetime.datetime | None:
        return self.state.resets_at if self.kind == "budget" else self.state.minute_resets_at


def states(said: str | Sequence[Mapping[str, Any]]) -> list[LimitState]:
    """The `limits` of `key_verify`, or rows of the same shape; nearest the key first."""
    rows = json.loads(said) if isinstance(said, str) else said
    return sorted(map(_state, rows), key=lambda state: nearness(state.layer))


def binding(found: Iterable[LimitState], only: Kind | None = None) -> Binding | None:
    """The one with the least share left; of equals the nearest the key, and money before rate."""
    kinds: tuple[Kind, ...] = ("budget", "rpm") if only is None else (only,)
    choices = [
        (left, nearness(state.layer), kind, state)
        for state in found
        for kind in kinds
        if (left := state.left(kind)) is not None
    ]
    if not choices:
        return None
    *_, kind, state = min(choices, key=lambda choice: choice[:3])
    return Binding(state, kind)


def nearness(layer: str) -> int:
    return NEAREST_FIRST.index(layer)


def _state(row: Mapping[str, Any]) -> LimitState:
    return LimitState(
        id=UUID(str(row["id"])),
        layer=row["layer"],
        budget=row["budget"],
        window=row["window"],
        spent=row["spent"],
        reserved=row["reserved"],
        resets_at=_moment(row["resets_at"]),
        rpm=row["rpm"],
        used=row["used"],
        minute_resets_at=_moment(row["minute_resets_at"]),
    )


def _moment(said: str | datetime.datetime | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(said) if isinstance(said, str) else said


def _share(remaining: int, limit: int) -> Fraction:
    return Fraction(remaining, limit) if limit else Fraction(0)
