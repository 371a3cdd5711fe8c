"""Who could do one thing on one place at a moment of the past: a page of them, by name."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from django.http import Http404

from config.keyset import Page, page_of, read_cursor
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
EMPTY: Page[Any] = Page([], None, None)
_ORDER = ("sort_name", "id")


class Named(NamedTuple):
    """Somebody in the order of the list."""

    sort_name: str
    id: UUID
    name: str


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
    page: Page[Any] = EMPTY
    capped: bool = False


def place_answer(
    *,
    access: Access,
    moment: Moment,
    scope: Scope,
    place: UUID,
    permission: Permission | None,
    search: str = "",
    cursor: str | None = None,
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
    found = _matching(holders, org.id, moment, search)
    page = _page(found, cursor)
    rows = {one.id: holders.people[one.id] for one in page.rows}
    names = {one.id: one.name for one in page.rows}
    groups = {one.group for held in rows.values() for one in held if one.group}
    telling.learn_entries(groups=groups, entries=entries_of(rows))
    return replace(
        named,
        people=[_person_row(pk, held, telling, place, names) for pk, held in rows.items()],
        total=len(found),
        everyone=holders.everyone,
        page=page,
        capped=len(holders.people) > MOST_NAMED,
    )


def _matching(holders: Holders, organization: UUID, moment: Moment, search: str) -> list[Named]:
    """Those whose name has this in it, by name. Beyond a number the rest is not looked at."""
    ids = sorted(holders.people)[:MOST_NAMED]
    names = names_of(organization, moment, ids)
    wanted = search.casefold()
    named = (Named(name.casefold(), pk, name) for pk in ids for name in [names.get(pk, UNKNOWN)])
    return sorted(one for one in named if wanted in one.sort_name)


def _page(found: list[Named], cursor: str | None) -> Page[Any]:
    """Those after the cursor, or before it: where it stood stays, whoever has gone meanwhile."""
    backwards, after = read_cursor(cursor, len(_ORDER))
    if after is None or not (isinstance(after[0], str) and isinstance(after[1], UUID)):
        backwards, after = False, None
    at = (after[0], after[1]) if after else ("", UUID(int=0))
    if backwards:
        rows = found[: bisect_left(found, at, key=_position)][: -PAGE_SIZE - 2 : -1]
    else:
        start = bisect_right(found, at, key=_position) if after else 0
        rows = found[start : start + PAGE_SIZE + 1]
    return page_of(rows, _ORDER, size=PAGE_SIZE, backwards=backwards, first=after is None)


def _position(one: Named) -> tuple[str, UUID]:
    return one.sort_name, one.id


def _person_row(
    pk: UUID, held: list[Held], telling: Telling, place: UUID, names: Mapping[UUID, str]
) -> PersonRow:
    wide = sorted(held, key=lambda one: (one.scope is not Scope.ORGANIZATION, one.via, one.role))
    ways = [telling.way(one, place) for one in wide]
    return PersonRow(id=pk, name=names.get(pk, UNKNOWN), ways=ways)
