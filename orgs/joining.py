"""What else happens when somebody accepts an invitation; apps above this one add to it.

Each is called in the transaction of the acceptance, bound for the new member.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from orgs.access import Access


class Joined(Protocol):
    """`invitation` is its id, `access` that of whoever has just joined."""

    def __call__(self, *, invitation: UUID, access: Access) -> None: ...


_also: list[Joined] = []


def on_joining(callback: Joined) -> None:
    """Do this too, once for each acceptance. Called when the apps are ready."""
    if callback not in _also:
        _also.append(callback)


def joined(*, invitation: UUID, access: Access) -> None:
    for callback in _also:
        callback(invitation=invitation, access=access)
