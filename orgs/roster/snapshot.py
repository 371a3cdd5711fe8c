"""The present state of an organization, as a plan compares it and an export writes it.

The caller fills it from the database; everything here is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.roles import Role

OWNER = Role.OWNER.value
MEMBER = Role.MEMBER.value


@dataclass(frozen=True, slots=True)
class PersonNow:
    """Someone in the organization; a placeholder cannot sign in and is no active owner.

    `role` is an organization role, by its stored name; only `OWNER` and `MEMBER` matter here.
    """

    id: str
    login: str | None
    email: str | None
    role: str
    placeholder: bool

    @property
    def handle(self) -> str:
        """How a file names this person."""
        return self.login or self.email or self.id

    @property
    def key(self) -> str:
        return self.handle.lower()


@dataclass(frozen=True, slots=True)
class GroupNow:
    """A group; `members` says of each person's id whether they are marked as maintainer."""

    id: str
    name: str
    description: str
    secret: bool
    parent_id: str | None
    members: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProjectNow:
    """A project; `shares` says which role each group's id has there."""

    id: str
    name: str
    description: str
    archived: bool
    shares: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One organization; `key` is its name in a file, `name` and `description` are for export."""

    key: str = ""
    people: tuple[PersonNow, ...] = ()
    groups: tuple[GroupNow, ...] = ()
    name: str | None = None
    description: str | None = None
    projects: tuple[ProjectNow, ...] = ()
