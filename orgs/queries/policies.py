"""What a choice of policies means: who gains and who loses what, read off the rule book.

No row of any table is read here but the count of people that the caller brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.roles import (
    PRESET_POLICIES,
    ROLE_POLICY_PERMISSIONS,
    Permission,
    Policy,
    Preset,
    Role,
)


@dataclass(frozen=True, slots=True)
class Effect:
    """One role that gains or loses permissions, and how many people hold it where that is known."""

    role: Role
    permissions: tuple[Permission, ...]
    gains: bool
    people: int | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One policy that is turned on or off, and what follows."""

    policy: Policy
    on: bool
    effects: tuple[Effect, ...]


def turns(
    before: frozenset[Policy], after: frozenset[Policy], *, people: Mapping[Role, int] | None = None
) -> list[Turn]:
    """The policies that differ, in the order of the book, each with the cells that change."""
    return [
        Turn(policy, policy in after, _effects(policy, policy in after, people or {}))
        for policy in Policy
        if policy in before ^ after
    ]


def _effects(policy: Policy, on: bool, people: Mapping[Role, int]) -> tuple[Effect, ...]:
    cells: dict[Role, list[Permission]] = {}
    for (role, permission), decides in ROLE_POLICY_PERMISSIONS.items():
        if decides is policy:
            cells.setdefault(role, []).append(permission)
    return tuple(
        Effect(role, tuple(permissions), on, people.get(role))
        for role, permissions in cells.items()
    )


def preset_of(policies: frozenset[Policy]) -> Preset | None:
    """The preset that is exactly this choice; None for a choice of one's own."""
    return next((preset for preset in Preset if PRESET_POLICIES[preset] == policies), None)
