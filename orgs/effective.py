"""What several people may do, everywhere, at this moment: measured at once, for comparison.

The answer is the one that `Access.permissions_on` gives each of them. How it is told is
consequences.py's; what one actor may do is access.py's. Ids are text here: thousands of them are
looked up many times, and a UUID is hashed in Python.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from config.prepared import prepared_row
from config.roles import Permission, Policy, Role, Scope, permissions_of

_EFFECTIVE = "SELECT * FROM effective_paths(%s::uuid[], %s::uuid[])"

Roles = frozenset[Role]
Permissions = frozenset[Permission]
NOTHING: Permissions = frozenset()
NO_ROLES: Roles = frozenset()


@dataclass(frozen=True, slots=True)
class Spot:
    """The organization, a workspace, a project or a resource, and what stands above it."""

    id: str
    scope: Scope
    name: str
    kind: str
    above: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effective:
    """Who holds which roles where, at one moment. Who holds none at all is not in it."""

    organization: str
    policies: frozenset[Policy]
    people: dict[str, dict[str, Roles]]
    spots: dict[str, Spot]

    def counting(self, person: str, spot: Spot) -> Roles | None:
        """The roles that count for somebody on this spot; None for who is no member.

        As `Access.permissions_on`: an End User's own leave needs a role on the spot.
        """
        held = self.people.get(person)
        if held is None:
            return None
        everywhere = held[self.organization]
        if spot.id == self.organization:
            return everywhere
        there = held.get(spot.id, NO_ROLES)
        for place in spot.above:
            if place in held:
                there = _union(there, held[place])
        return _on_a_spot(everywhere, there)

    def permissions(self, roles: Roles | None) -> Permissions:
        return NOTHING if roles is None else permissions_of(roles, self.policies)


def effective_access(
    *,
    organization: UUID,
    name: str,
    policies: frozenset[Policy],
    people: Collection[UUID] | None,
    places: Collection[UUID] = (),
) -> Effective:
    """What these members of the bound organization hold now, in one round trip; None: everyone.

    Measured are the organization, wherever one of them holds a role, and `places`.
    """
    row = prepared_row(_EFFECTIVE, [None if people is None else list(people), list(places)])
    members, direct, seats, carried, found = row or (None,) * 5
    root = str(organization)
    held = {member: {root: _one(role)} for member, role in _rows(members)}
    for member, place, role in _rows(direct):
        _add(held[member], place, _one(role))
    of_group: dict[str, dict[str, Roles]] = defaultdict(dict)
    for group, place, role in _rows(carried):
        _add(of_group[group], place, _one(role))
    for member, group in _rows(seats):
        for place, roles in of_group[group].items():
            _add(held[member], place, roles)
    spots = {root: Spot(root, Scope.ORGANIZATION, name, "organization")}
    return Effective(root, policies, held, spots | {spot.id: spot for spot in _spots(found)})


def _rows(text: str | None) -> Iterator[list[str]]:
    return (line.split(" ") for line in text.split("\n")) if text else iter(())


def _spots(text: str | None) -> Iterator[Spot]:
    for place, (scope, name, kind, above) in json.loads(text or "{}").items():
        yield Spot(place, Scope(scope), name, kind, tuple(above))


def _add(held: dict[str, Roles], place: str, roles: Roles) -> None:
    before = held.get(place)
    held[place] = roles if before is None else _union(before, roles)


# Sets of roles are few, and the same object each time: thousands of people are compared by it.


@cache
def _one(role: str) -> Roles:
    return frozenset({Role(role)})


@cache
def _union(some: Roles, others: Roles) -> Roles:
    return some | others


@cache
def _on_a_spot(everywhere: Roles, there: Roles) -> Roles:
    return (everywhere - {Role.END_USER}) | there
