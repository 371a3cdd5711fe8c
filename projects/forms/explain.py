"""What people ask of the pages that explain access: who, what, where. Parsing only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.roles import Permission, Scope
from orgs.queries.members import LONGEST_SEARCH

LONGEST_CURSOR = 1000


class NotUnderstoodError(ValueError):
    """The address names something that cannot exist."""


@dataclass(frozen=True, slots=True)
class Question:
    """As the address asks it: None for what it leaves open."""

    member: UUID | None
    permission: Permission | None
    scope: Scope | None
    place: UUID | None
    search: str | None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> Question:
        """Raises NotUnderstoodError."""
        scope, place = _place(str(asked.get("place", "")))
        return cls(
            member=_key(str(asked.get("member", ""))),
            permission=permission_named(str(asked.get("permission", ""))),
            scope=scope,
            place=place,
            search=text(asked, "q", LONGEST_SEARCH) if "q" in asked else None,
        )


def permission_named(code: str) -> Permission | None:
    """Raises NotUnderstoodError for a code that no permission has."""
    if not code:
        return None
    try:
        return Permission(code)
    except ValueError as error:
        raise NotUnderstoodError(code) from error


def text(asked: Mapping[str, Any], name: str, longest: int) -> str:
    return str(asked.get(name, "")).replace("\x00", "")[:longest].strip()


def _place(said: str) -> tuple[Scope | None, UUID | None]:
    if not said:
        return None, None
    scope, _, key = said.partition(":")
    if scope not in (Scope.WORKSPACE, Scope.PROJECT, Scope.RESOURCE):
        raise NotUnderstoodError(said)
    return Scope(scope), _key(key, needed=True)


def _key(said: str, *, needed: bool = False) -> UUID | None:
    if not said and not needed:
        return None
    try:
        return UUID(said)
    except ValueError as error:
        raise NotUnderstoodError(said) from error
