"""What apps above add to the log's proof: telling people of a flaw, and who is a member now.

The log knows ids and words; who an owner is, and how one is reached, is not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID


class Telling(Protocol):
    """Tells whoever must know that the log of this organization does not hold."""

    def __call__(self, *, organization: UUID, sequence: int, sentence: str) -> None: ...


class Standing(Protocol):
    """The name of a member of today with this id or one of these addresses; empty for nobody."""

    def __call__(self, *, organization: UUID, person: UUID, addresses: Sequence[str]) -> str: ...


class Inviting(Protocol):
    """The one of these addresses that an invitation is open for; empty for none."""

    def __call__(self, *, organization: UUID, addresses: Sequence[str]) -> str: ...


class Forgetting(Protocol):
    """Removes what is kept beside the log of somebody with these addresses, who is no member."""

    def __call__(self, *, organization: UUID, addresses: Sequence[str]) -> None: ...


_tells: list[Telling] = []
_stands: list[Standing] = []
_invites: list[Inviting] = []
_forgets: list[Forgetting] = []


def on_flaw(callback: Telling) -> None:
    """Do this too, when the chain is found broken. Called when the apps are ready."""
    if callback not in _tells:
        _tells.append(callback)


def who_stands(callback: Standing) -> None:
    """Ask this before somebody is erased. Called when the apps are ready."""
    if callback not in _stands:
        _stands.append(callback)


def who_is_invited(callback: Inviting) -> None:
    """Ask this too before somebody is erased. Called when the apps are ready."""
    if callback not in _invites:
        _invites.append(callback)


def on_erasing(callback: Forgetting) -> None:
    """Do this too, when somebody is erased. Called when the apps are ready."""
    if callback not in _forgets:
        _forgets.append(callback)


def tell_of_flaw(*, organization: UUID, sequence: int, sentence: str) -> None:
    for tell in _tells:
        tell(organization=organization, sequence=sequence, sentence=sentence)


def member_named(*, organization: UUID, person: UUID, addresses: Sequence[str]) -> str:
    """Who is a member under this id or one of these addresses; empty for nobody."""
    found = (
        asked(organization=organization, person=person, addresses=addresses) for asked in _stands
    )
    return next((name for name in found if name), "")


def address_invited(*, organization: UUID, addresses: Sequence[str]) -> str:
    """Which of these an invitation is open for; empty for none."""
    found = (asked(organization=organization, addresses=addresses) for asked in _invites)
    return next((address for address in found if address), "")


def forget(*, organization: UUID, addresses: Sequence[str]) -> None:
    for forgets in _forgets:
        forgets(organization=organization, addresses=addresses)
