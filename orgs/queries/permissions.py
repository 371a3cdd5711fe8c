"""The rule book as people read it: the matrix, its list for phones, its table, each role's page.

Read off `config/roles` under an organization's policies; no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from config.roles import (
    AREAS,
    DEFAULT_POLICIES,
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    cell,
    permissions_in,
    permissions_of,
    roles_with,
)

COLUMNS: tuple[tuple[str, tuple[Role, ...]], ...] = (
    ("Platform", tuple(role for role in Role if role.scope is Scope.PLATFORM)),
    ("Organization", ORGANIZATION_ROLES),
    ("Carried by groups", GROUP_ROLES),
    ("Workspace", WORKSPACE_ROLES),
    ("Project", PROJECT_ROLES),
    ("One resource", RESOURCE_ROLES),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy that decides a cell of this line, how it stands here, and for which roles."""

    policy: Policy
    on: bool
    roles: tuple[Role, ...]

    @property
    def differs(self) -> bool:
        return self.on is not (self.policy in DEFAULT_POLICIES)


@dataclass(frozen=True, slots=True)
class Line:
    """One permission: who may, and the policies that decide it for some."""

    permission: Permission
    allowed: tuple[Role, ...]
    rules: tuple[Rule, ...]

    @property
    def words(self) -> str:
        """What the search looks in."""
        policies = " ".join(rule.policy.label for rule in self.rules)
        area = AREAS[self.permission.area]
        return f"{self.permission.label} {self.permission} {area} {policies}".lower()


@lru_cache(maxsize=64)
def lines(policies: frozenset[Policy]) -> tuple[Line, ...]:
    """Every permission, the platform's last, while these policies are on."""
    # The book starts with the platform; a customer comes for their own organization.
    return tuple(
        Line(permission, roles_with(permission, policies), tuple(_rules(permission, policies)))
        for permission in sorted(Permission, key=lambda p: p.scope is Scope.PLATFORM)
    )


def _rules(permission: Permission, policies: frozenset[Policy]) -> Iterator[Rule]:
    deciding: dict[Policy, list[Role]] = {}
    for role in Role:
        found = cell(role, permission)
        if isinstance(found, Policy):
            deciding.setdefault(found, []).append(role)
    for policy, roles in deciding.items():
        yield Rule(policy, policy in policies, tuple(roles))


def by_area(
    policies: frozenset[Policy], *, search: str = "", scope: Scope | None = None
) -> list[tuple[str, list[Line]]]:
    """The lines that match every word and the scope, under the headings of their areas."""
    wanted = search.lower().split()
    found: dict[str, list[Line]] = {}
    for line in lines(policies):
        if scope is not None and line.permission.scope is not scope:
            continue
        if all(word in line.words for word in wanted):
            found.setdefault(AREAS[line.permission.area], []).append(line)
    return list(found.items())


def mark_of(role: Role, permission: Permission, policies: frozenset[Policy]) -> str:
    """A cell in one word: yes, no, or on and off where a policy decides it."""
    found = cell(role, permission)
    if isinstance(found, Policy):
        return "on" if found in policies else "off"
    return found


def table(policies: frozenset[Policy]) -> Iterator[list[str]]:
    """The matrix as rows of text, a header first: the capability, its allowed roles, every cell."""
    roles = [role for _, column in COLUMNS for role in column]
    yield [
        *("Area", "Capability", "Allowed roles", "Permission", "Scope", "Condition", "Policies"),
        *(role.label for role in roles),
    ]
    for line in lines(policies):
        permission = line.permission
        yield [
            AREAS[permission.area],
            permission.label,
            ", ".join(role.label for role in line.allowed),
            permission.value,
            permission.scope.value,
            permission.note,
            ", ".join(f"{r.policy.label}: {'on' if r.on else 'off'}" for r in line.rules),
            *(mark_of(role, permission, policies) for role in roles),
        ]


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one role may do, by area; `turned_off` is what a policy would add."""

    role: Role
    areas: tuple[tuple[str, tuple[Permission, ...]], ...]
    turned_off: tuple[tuple[Permission, Policy], ...]

    @property
    def count(self) -> int:
        return sum(len(permissions) for _, permissions in self.areas)


@lru_cache(maxsize=64)
def chapters(policies: frozenset[Policy]) -> tuple[tuple[str, tuple[Chapter, ...]], ...]:
    """Every role of the book under the heading of its scope."""
    return tuple(
        (heading, tuple(_chapter(role, policies) for role in roles)) for heading, roles in COLUMNS
    )


def _chapter(role: Role, policies: frozenset[Policy]) -> Chapter:
    held = permissions_of({role}, policies)
    off = tuple(
        (line.permission, rule.policy)
        for line in lines(policies)
        for rule in line.rules
        if role in rule.roles and not rule.on
    )
    return Chapter(role, tuple(_in_areas(held)), off)


def _in_areas(held: Iterable[Permission]) -> Iterator[tuple[str, tuple[Permission, ...]]]:
    held = frozenset(held)
    for area, heading in AREAS.items():
        permissions = tuple(p for p in permissions_in(area) if p in held)
        if permissions:
            yield heading, permissions


@lru_cache(maxsize=64)
def owners_alone(policies: frozenset[Policy]) -> frozenset[Permission]:
    """What no other organization role may do: an Owner's own, unless a group's role carries it."""
    others = frozenset(ORGANIZATION_ROLES) - {Role.OWNER}
    return permissions_of({Role.OWNER}, policies) - permissions_of(others, policies)
