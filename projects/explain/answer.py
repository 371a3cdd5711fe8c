"""The answer to "may this person do this here, and why", as every surface says it.

Plain values only: how they are found is in the modules beside this one.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from config.roles import Permission, Policy, Role


class Deed(StrEnum):
    """What somebody would do to turn a no into a yes."""

    SHARE = "share"
    JOIN = "join"
    CARRY = "carry"
    CHANGE_ROLE = "change_role"
    TURN_ON = "turn_on"
    PUBLISH = "publish"
    RESTORE = "restore"
    EXTEND = "extend"


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """Who or what stands at a point of a path. `missing` is what would have to be there."""

    kind: str
    label: str
    title: str
    note: str = ""
    id: UUID | None = None
    icon: str = ""
    missing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """How one thing leads to the next, since when, by whom, why and until when."""

    verb: str
    since: datetime.datetime | None = None
    by: str = ""
    given: str = ""
    reason: str = ""
    until: datetime.datetime | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A thing, and the link that leads to it; the first one has none."""

    link: Link | None
    thing: Thing


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """One way by which a permission is held, from the person to the place. Each is enough."""

    role: Role
    via: str
    steps: tuple[Step, ...]
    since: datetime.datetime | None
    until: datetime.datetime | None
    policy: Policy | None = None
    grant: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One thing to do. `takes` is the permission for it, `on` where that is asked.

    `others` is how many places or people it reaches besides.
    """

    deed: Deed
    title: str
    takes: Permission
    on: Any = None
    role: Role | None = None
    group: UUID | None = None
    group_name: str = ""
    policy: Policy | None = None
    grant: UUID | None = None
    brings: frozenset[Role] = frozenset()
    brings_here: frozenset[Role] = frozenset()
    others: int = 0
    needs_approval: bool = False
    givers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """The parts that together turn a no into a yes, and none of which does so alone.

    `gained` counts the permissions that come with it; `reach` ranks how far they extend.
    """

    title: str
    note: str
    by: str
    parts: tuple[Part, ...]
    reach: int
    gained: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Who, what, where, the verdict in words, and the proof of it."""

    organization: str
    person: Thing
    permission: Permission
    place: Thing
    allowed: bool
    sentence: str
    detail: str
    condition: str
    paths: tuple[Path, ...]
    broken: tuple[Step, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    nothing: str = ""
    decided_at: datetime.datetime = field(compare=False)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the same on screen, on the command line and in tests."""
        said: dict[str, Any] = _plain(self)
        said["verdict"] = "allow" if self.allowed else "deny"
        return said


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        return {name: _plain(one) for name, one in named.items() if name not in ("icon",)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if hasattr(value, "scope") and hasattr(value, "pk"):
        return {"kind": value.scope.value, "id": str(value.pk), "name": value.name}
    return value
