"""Who could do one thing on one place at a moment: the people, and the roles that let them.

Somebody with an organization role that lets everyone who has it is named as that role, not one
by one; Owners are few, and are named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from config.roles import ORGANIZATION_ROLES, Permission, Role, Scope, roles_with
from orgs.access import Bound
from orgs.standing import windows_without
from projects.explain.standing import AnyPlace
from projects.history.comers import off_then, support_then
from projects.history.fold import Fact, of_kinds, of_rows, on_places
from projects.history.judge import GROUP_ROLE, MEMBERSHIP, SEAT, Held, held_of
from projects.history.moments import Moment
from projects.models import Resource

# Two indexes, on those who ever were Owners and on those who ever were Admins, have this very
# condition.
_EVER = """
    SELECT DISTINCT e."row" FROM audit_effect e
    WHERE e.organization_id = %s AND e.sequence <= %s
      AND e.kind = 'membership' AND e.text LIKE '%%"role": "{role}"%%'
"""
_EVER_WAS = {role: _EVER.format(role=role.value) for role in (Role.OWNER, Role.ADMIN)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Holders:
    """By person what let them do it; `everyone` are the organization roles that did."""

    people: dict[UUID, list[Held]]
    memberships: dict[UUID, Fact]
    everyone: tuple[Role, ...]


def owners_then(organization: UUID, moment: Moment) -> list[Fact]:
    """The memberships of the Owners, those without an account left out."""
    return with_role_then(organization, moment, Role.OWNER)


def with_role_then(organization: UUID, moment: Moment, role: Role) -> list[Fact]:
    """The same of the Owners or of the Admins, by their id. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_EVER_WAS[role], [organization, moment.sequence])
        rows = [row for (row,) in cursor.fetchall()]
    facts = of_rows(organization, moment, [MEMBERSHIP], rows)
    here = [fact for fact in facts if fact.role is role and is_here(fact, moment)]
    return sorted(here, key=lambda fact: fact.row)


def is_here(membership: Fact, moment: Moment) -> bool:
    return bool(membership.values["is_person"]) and membership.lasts(moment)


def holders_of(
    organization: Bound,
    moment: Moment,
    permission: Permission,
    place: AnyPlace,
    levels: Iterable[UUID],
) -> Holders:
    """Seven queries, however many people there are."""
    roles = frozenset(roles_with(permission, organization.policies))
    given = on_places(organization.id, moment, list(levels))
    given += of_kinds(organization.id, moment, GROUP_ROLE)
    given = [one for one in given if "role" in one.values and one.role in roles]
    found = _through_people_and_groups(organization.id, moment, given)
    owners = owners_then(organization.id, moment) if Role.OWNER in roles else []
    for fact in owners:
        found[fact.row].append(held_of(fact, organization.id))
    memberships = _coming_in(organization.id, moment, found, permission)
    people = {
        pk: counting
        for pk, held in found.items()
        if pk in memberships and (counting := _counting(held, memberships[pk], place))
    }
    by_role = [one for one in ORGANIZATION_ROLES if one in roles and one is not Role.OWNER]
    everyone = tuple(one for one in by_role if one is not Role.END_USER)
    return Holders(people=people, memberships=memberships, everyone=everyone)


def _through_people_and_groups(
    organization: UUID, moment: Moment, given: list[Fact]
) -> dict[UUID, list[Held]]:
    found: dict[UUID, list[Held]] = defaultdict(list)
    of_group: dict[UUID, list[Fact]] = defaultdict(list)
    for fact in given:
        if fact.holder is None or not fact.lasts(moment):
            continue
        if fact.kind == GROUP_ROLE or fact.kind.endswith("_group_grant"):
            of_group[fact.holder].append(fact)
        else:
            found[fact.holder].append(held_of(fact, organization))
    for seat in on_places(organization, moment, of_group):
        if seat.kind == SEAT and seat.holder and seat.place and seat.lasts(moment):
            for fact in of_group[seat.place]:
                found[seat.holder].append(held_of(fact, organization, seat))
    return found


def _memberships(organization: UUID, moment: Moment, people: Iterable[UUID]) -> dict[UUID, Fact]:
    facts = of_rows(organization, moment, [MEMBERSHIP], list(people))
    return {fact.row: fact for fact in facts if is_here(fact, moment)}


def _coming_in(
    organization: UUID, moment: Moment, people: Iterable[UUID], permission: Permission
) -> dict[UUID, Fact]:
    """Their memberships, without those whose account was off or whose window withheld it."""
    memberships = _memberships(organization, moment, people)
    away = off_then(organization, moment, memberships)
    if windows := windows_without(permission):
        support = support_then(organization, moment, memberships)
        away |= {pk for pk in support if memberships[pk].role in windows}
    return {pk: fact for pk, fact in memberships.items() if pk not in away}


def _counting(held: list[Held], membership: Fact, place: AnyPlace) -> list[Held]:
    """An End User holds what was shared once it is published, and not before (S2-091)."""
    if not isinstance(place, Resource) or place.is_published:
        return held
    if membership.role is not Role.END_USER:
        return held
    return [one for one in held if one.scope is not Scope.RESOURCE]


def entries_of(people: Mapping[UUID, list[Held]]) -> set[int]:
    return {entry for held in people.values() for one in held for entry in one.entries}
