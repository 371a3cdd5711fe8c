"""The kinds of line on keys, limits and service accounts. What they do is in `key_turns.py`.

Amounts are written as people type them, moments as in `lines.py`.
"""

from __future__ import annotations

from typing import NamedTuple


class Allowed(NamedTuple):
    """What a layer allows; `budget` is an amount of the currency."""

    budget: str = ""
    window: str = "month"
    rpm: int | None = None
    networks: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    longest_days: int | None = None


class Program(NamedTuple):
    """A service account."""

    when: str
    by: str
    name: str
    description: str
    role: str = ""


class Placed(NamedTuple):
    """A service account was let into a project."""

    when: str
    by: str
    account: str
    project: str
    reason: str = ""


class Signed(NamedTuple):
    """A service account got a token."""

    when: str
    by: str
    account: str
    name: str
    scopes: tuple[str, ...]
    until: str = ""


class Unsigned(NamedTuple):
    """A token was revoked."""

    when: str
    by: str
    token: str
    reason: str


class Keyed(NamedTuple):
    """A key, and its limits, which whoever sets limits gave it at once."""

    when: str
    by: str
    name: str
    project: str = ""
    does: str = "execute"
    until: str = ""
    cost_centre: str = ""
    personal: bool = False
    limits: Allowed = Allowed()
    limited_by: str = ""


class Capped(NamedTuple):
    """A layer above the keys got limits: of `on`, a project, a group or a person; or of all."""

    when: str
    by: str
    layer: str
    on: str
    limits: Allowed


class Renewed(NamedTuple):
    """A key got a new secret; the old one works on for so many hours."""

    when: str
    by: str
    key: str
    hours: int


class Reowned(NamedTuple):
    """A service account became a key's holder."""

    when: str
    by: str
    key: str
    account: str
    reason: str


class Revoked(NamedTuple):
    when: str
    by: str
    key: str
    reason: str


KeyLine = Program | Placed | Signed | Unsigned | Keyed | Capped | Renewed | Reowned | Revoked


class Traffic(NamedTuple):
    """What a key did lately: how often on a working day, with what, and what was refused of it."""

    key: str
    a_day: float
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    ips: tuple[str, ...]
    read: tuple[int, int]
    written: tuple[int, int]
    at_night: bool = False
    refused: tuple[tuple[str, str, float], ...] = ()
    """Reason, layer and share; what a network or a model refuses came from another one."""
    last: str = ""
    """When it was last used, where that is told: "20m ago"."""
