"""The rule book, arranged for reading: what roles hold, by area, and what a change of role means.

No table is read here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from config.roles import (
    AREAS,
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    permissions_in,
    permissions_of,
)
from orgs.access import Access
from orgs.ceiling import may_grant


@dataclass(frozen=True, slots=True)
class Area:
    """What someone may do in one area, and the roles that it comes from."""

    label: str
    permissions: tuple[Permission, ...]
    total: int
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role that somebody might get instead of the one they have."""

    role: Role
    current: bool
    may: bool
    gained: tuple[Permission, ...]
    lost: tuple[Permission, ...]

    @property
    def note(self) -> str:
        """What it would change, in numbers."""
        parts = [
            f"{verb} {len(some)}"
            for verb, some in (("gains", self.gained), ("loses", self.lost))
            if some
        ]
        number = len(self.lost or self.gained)
        noun = "permission" if number == 1 else "permissions"
        return f"{' and '.join(parts).capitalize()} {noun}." if parts else "Changes nothing."


def areas_of(roles: Collection[Role], policies: Collection[Policy]) -> list[Area]:
    """The areas in which these roles may do anything, in the order of the book."""
    held = permissions_of(frozenset(roles), frozenset(policies))
    areas = []
    for area, label in AREAS.items():
        every = permissions_in(area)
        some = tuple(permission for permission in every if permission in held)
        if some:
            giving = (role for role in Role if role in roles and _gives(role, some, policies))
            areas.append(Area(label, some, len(every), tuple(giving)))
    return areas


def role_choices(
    access: Access, current: Role, *, policies: Collection[Policy]
) -> list[RoleChoice]:
    """Every organization role, those above the ceiling marked as not to be given."""
    before = permissions_of(frozenset({current}), frozenset(policies))
    may_take = may_grant(access, current)
    choices = []
    for role in ORGANIZATION_ROLES:
        after = permissions_of(frozenset({role}), frozenset(policies))
        gained = tuple(p for p in Permission if p in after - before)
        lost = tuple(p for p in Permission if p in before - after)
        choices.append(
            RoleChoice(role, role == current, may_take and may_grant(access, role), gained, lost)
        )
    return choices


def role_counts(policies: Collection[Policy]) -> list[tuple[Role, int]]:
    """Each organization role and how much it holds while these policies are on."""
    return [
        (role, len(permissions_of(frozenset({role}), frozenset(policies))))
        for role in ORGANIZATION_ROLES
    ]


def _gives(role: Role, permissions: Collection[Permission], policies: Collection[Policy]) -> bool:
    held = permissions_of(frozenset({role}), frozenset(policies))
    return any(permission in held for permission in permissions)
