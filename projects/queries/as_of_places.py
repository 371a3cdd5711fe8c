"""Who could do one thing on one place at a moment of the past: a page of them, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.http import Http404

from config.roles import Permission, Role, Scope
from orgs.access import Access
from projects.explain.standing import AnyPlace
from projects.history.judge import Held, organization_then
from projects.history.moments import Moment
from projects.history.names import UNKNOWN, names_of
from projects.history.people import Holders, entries_of, holders_of
from projects.history.places import levels_of, standing_then
from projects.history.telling import Telling, Way, may_ask
from projects.queries.access import viewing

MOST_NAMED = 5_000
PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonRow:
    """Somebody who could do it, the farthest reaching way first."""

    id: UUID
    name: str
    ways: list[Way]

    @property
    def first(self) -> Way:
        return self.ways[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceAnswer:
    """Who could do one thing on a place then: a page of them, by name."""

    place: AnyPlace | None
    scope: Scope
    id: UUID
    name: str
    note: str = ""
    permission: Permission | None = None
    people: list[PersonRow] = field(default_factory=list)
    total: int = 0
    everyone: tuple[Role, ...] = ()
    page: int = 1
    pages: int = 1
    capped: bool = False


def place_answer(
    *,
    access: Access,
    moment: Moment,
    scope: Scope,
    place: UUID,
    permission: Permission | None,
    search: str = "",
    page: int = 1,
) -> PlaceAnswer:
    """Raises Http404 for a place that this reader does not see, or that never was."""
    org, _ = organization_then(access.org, moment)
    standings = standing_then(org.id, moment, [place])
    telling = Telling(access, moment, standings)
    telling.learn_places([place])
    if place in telling.hidden or not may_ask(access, scope, place, telling):
        raise Http404
    there = telling.place(place)
    named = PlaceAnswer(place=there, scope=scope, id=place, name=telling.name(place))
    if there is None:
        return named
    permission = permission or viewing(there)
    levels = levels_of(standings, place)
    note = f"in {telling.name(levels[1])}" if set(levels[1:2]) - telling.hidden else ""
    named = replace(named, note=note, permission=permission)
    if not there.leaves(permission):
        return named
    holders = holders_of(org, moment, permission, there, levels)
    found, names = _matching(holders, org.id, moment, search)
    page = min(page, max(1, -(-len(found) // PAGE_SIZE)))
    shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    rows = {pk: holders.people[pk] for pk in shown}
    groups = {one.group for held in rows.values() for one in held if one.group}
    telling.learn_entries(groups=groups, entries=entries_of(rows))
    return replace(
        named,
        people=[_person_row(pk, held, telling, place, names) for pk, held in rows.items()],
        total=len(found),
        everyone=holders.everyone,
        page=page,
        pages=max(1, -(-len(found) // PAGE_SIZE)),
        capped=len(holders.people) > MOST_NAMED,
    )


def _matching(
    holders: Holders, organization: UUID, moment: Moment, search: str
) -> tuple[list[UUID], dict[UUID, str]]:
    """Those whose name has this in it, by name. Beyond a number the rest is not looked at."""
    ids = sorted(holders.people)[:MOST_NAMED]
    names = names_of(organization, moment, ids)
    wanted = search.casefold()
    named = sorted((names.get(pk, UNKNOWN).casefold(), pk) for pk in ids)
    return [pk for name, pk in named if wanted in name], names


def _person_row(
    pk: UUID, held: list[Held], telling: Telling, place: UUID, names: Mapping[UUID, str]
) -> PersonRow:
    wide = sorted(held, key=lambda one: (one.scope is not Scope.ORGANIZATION, one.via, one.role))
    ways = [telling.way(one, place) for one in wide]
    return PersonRow(id=pk, name=names.get(pk, UNKNOWN), ways=ways)
