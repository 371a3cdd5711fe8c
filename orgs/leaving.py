"""What else happens when somebody leaves, and what the dialogs say of it; apps above add to it.

Each is called in the transaction of the removal, before the membership's row goes. Paths that
know nothing of this (a person deleted by hand) are caught by the database's own triggers.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from audit.ledger import Actor
from orgs.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopping:
    """A live key of somebody who would leave. `name` is empty for who may not know it."""

    name: str
    creator: str
    last_used_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Losses:
    """The live keys that would stop: how many, the first of them, and how busy they are.

    `lately` counts their calls in the last hour; `url` is where they are given away first, for
    who may do so.
    """

    number: int = 0
    first: tuple[Stopping, ...] = ()
    lately: int = 0
    url: str = ""

    @property
    def more(self) -> int:
        return self.number - len(self.first)


class Leaving(Protocol):
    """`members` are the ids of those who leave, `actor` is who makes them go."""

    def __call__(self, *, organization: UUID, members: Sequence[UUID], actor: Actor) -> None: ...


class Telling(Protocol):
    def __call__(self, access: Access, members: Sequence[UUID]) -> Losses: ...


_also: list[Leaving] = []
_tells: list[Telling] = []


def on_leaving(callback: Leaving, *, tells: Telling | None = None) -> None:
    """Do this too, once for each removal. Called when the apps are ready."""
    if callback not in _also:
        _also.append(callback)
    if tells is not None and tells not in _tells:
        _tells.append(tells)


def leave(*, organization: UUID, members: Sequence[UUID], actor: Actor) -> None:
    for callback in _also:
        callback(organization=organization, members=members, actor=actor)


def losses(access: Access, members: Sequence[UUID]) -> Losses:
    """What would stop if these members left."""
    return next((tell(access, members) for tell in _tells), Losses())
