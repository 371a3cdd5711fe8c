"""A preview in words: who gains and loses what, in as few lines as say it.

What changes is measured in preview.py; nothing here decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from config.roles import Permission, Policy, Role, Scope, roles_with
from orgs.access import Access
from orgs.effective import Effective, Permissions, Spot
from orgs.models import Membership
from orgs.queries.group_reach import SEE_ALL, places_seen

MOST_LINES, MOST_ALIKE = 8, 2
SHOWN_NAMES, SHOWN_PERMISSIONS = 3, 6
# Of everything that a role on a resource says, what concerns one of this kind.
_AREAS_ON = {
    "agent": "agents",
    "workflow": "workflows",
    "tool": "tools",
    "knowledge_base": "knowledge_bases",
    "runner": "runners",
    "automation": "automations",
}


class Change(NamedTuple):
    """What one person gains and loses at one place."""

    person: str
    spot: Spot
    gained: Permissions
    lost: Permissions


@dataclass(frozen=True, slots=True)
class Line:
    """People to whom the same happens at one place."""

    gains: bool
    people: tuple[str, ...]
    spot: Spot
    permissions: tuple[str, ...]
    differs: bool = False  # Not everybody gains or loses all of these.
    names: tuple[str, ...] = ()
    is_me: bool = False

    @property
    def who(self) -> str:
        if len(self.people) > 1 or not self.names:
            return f"{len(self.people):,} people"
        return "You" if self.is_me else self.names[0]

    @property
    def where(self) -> str:
        return f"{'in' if self.spot.scope is Scope.ORGANIZATION else 'on'} {self.spot.name}"

    @property
    def verb(self) -> str:
        many = len(self.people) > 1 or self.is_me or not self.names
        return ("gain" if self.gains else "lose") + ("" if many else "s")

    @property
    def number(self) -> int:
        return len(self.permissions)

    @property
    def what(self) -> str:
        """The first permissions by name, and how many more there are."""
        shown, more = self.permissions[:SHOWN_PERMISSIONS], self.number - SHOWN_PERMISSIONS
        return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")

    @property
    def named(self) -> str:
        """Of several people the first by name."""
        shown, more = self.names[:SHOWN_NAMES], len(self.people) - SHOWN_NAMES
        return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")

    def __str__(self) -> str:
        most = "up to " if self.differs else ""
        plural = "" if self.number == 1 else "s"
        return (
            f"{self.who} {self.verb} {most}{self.number} permission{plural} {self.where}: "
            f"{self.what}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a preview says: one line of totals, a few of effects, and what to beware of."""

    totals: str = ""
    lines: tuple[Line, ...] = ()
    hidden: int = 0
    warnings: tuple[str, ...] = ()


def told(
    access: Access,
    changes: Collection[Change],
    before: Effective,
    after: Effective,
    *,
    people: Collection[UUID] | None,
) -> Told:
    """Two round trips at most: which places may be named, and who the people are."""
    lines = sorted(_lines(_without_echo(changes)), key=_weight)
    shown = _discreet(lines[:MOST_LINES], access)
    names = _names(access, {one for line in shown for one in _some(line.people)})
    measured = people if people is not None else {**before.people, **after.people}
    return Told(
        totals=_totals(changes, len(measured)) if len(measured) > 1 else "",
        lines=tuple(_named(line, names, access) for line in shown),
        hidden=len(lines) - len(shown),
        warnings=tuple(_warnings(access, changes, after)),
    )


def _without_echo(changes: Iterable[Change]) -> Iterator[Change]:
    """What comes down from above is said there; of a resource only what concerns its kind."""
    by_place = {(one.person, one.spot.id): one for one in changes}
    root = {one.person: one for one in changes if one.spot.scope is Scope.ORGANIZATION}
    for one in by_place.values():
        gained, lost = _of_kind(one.gained, one.spot), _of_kind(one.lost, one.spot)
        above = [by_place.get((one.person, place)) for place in one.spot.above]
        if one.spot.scope is not Scope.ORGANIZATION:
            above.append(root.get(one.person))
        for other in filter(None, above):
            gained, lost = gained - other.gained, lost - other.lost
        if gained or lost:
            yield one._replace(gained=gained, lost=lost)


def _of_kind(permissions: Permissions, spot: Spot) -> Permissions:
    if spot.scope is not Scope.RESOURCE:
        return permissions
    area = _AREAS_ON.get(spot.kind, spot.kind)
    return frozenset(p for p in permissions if p.area in (area, "projects"))


def _lines(changes: Iterable[Change]) -> Iterator[Line]:
    """People to whom the same happens share a line; too many different ones at a place do too."""
    places: dict[tuple[str, bool], dict[Permissions, list[str]]] = defaultdict(dict)
    spots = {}
    for one in changes:
        spots[one.spot.id] = one.spot
        for permissions, gains in ((one.gained, True), (one.lost, False)):
            if permissions:
                at = places[one.spot.id, gains]
                at.setdefault(permissions, []).append(one.person)
    for (place, gains), alike in places.items():
        if len(alike) > MOST_ALIKE:
            everybody = [person for people in alike.values() for person in people]
            together: Permissions = frozenset().union(*alike)
            yield _line(gains, everybody, spots[place], together, differs=True)
            continue
        for permissions, people in alike.items():
            yield _line(gains, people, spots[place], permissions)


def _line(
    gains: bool,
    people: list[str],
    spot: Spot,
    permissions: Permissions,
    *,
    differs: bool = False,
) -> Line:
    labels = tuple(_label(p, spot) for p in Permission if p in permissions)
    return Line(gains, tuple(sorted(people)), spot, labels, differs)


def _label(permission: Permission, spot: Spot) -> str:
    """A role on a resource opens that one alone, whatever the permission is called elsewhere."""
    if spot.scope is Scope.RESOURCE and permission is Permission.PROJECTS_VIEW:
        return "See it"
    return permission.label


def _weight(line: Line) -> tuple[bool, int, bool, str]:
    """The organization first, then where most people are concerned."""
    inside = line.spot.scope is not Scope.ORGANIZATION
    return inside, -len(line.people), not line.gains, line.spot.name.lower()


def _totals(changes: Iterable[Change], measured: int) -> str:
    gain = {one.person for one in changes if one.gained}
    lose = {one.person for one in changes if one.lost}
    keep = measured - len(gain | lose)
    parts = [
        (len(gain - lose), "gains", "gain"),
        (len(lose - gain), "loses", "lose"),
        (len(gain & lose), "gains and loses", "gain and lose"),
    ]
    said = [(number, one if number == 1 else many) for number, one, many in parts if number]
    kept = f"{keep:,} {'keeps' if keep == 1 else 'keep'} what they have" if keep > 0 else ""
    sentences = [
        f"{number:,} {_people(number)} {verb}" if first == 0 else f"{number:,} {verb}"
        for first, (number, verb) in enumerate(said)
    ]
    return "; ".join(filter(None, [", ".join(sentences), kept]))


def _people(number: int) -> str:
    return "person" if number == 1 else "people"


def _warnings(access: Access, changes: Collection[Change], after: Effective) -> Iterator[str]:
    owners = _of_owners(access.policies)
    at_top = [one for one in changes if one.spot.scope is Scope.ORGANIZATION]
    reach = max((len(one.gained & owners) for one in at_top), default=0)
    if reach:
        yield f"{reach} of these permissions are otherwise held by Owners alone."
    inside = {one.person for one in changes if Permission.PROJECTS_VIEW in one.gained} & {
        person for person, held in after.people.items() if Role.END_USER in held[after.organization]
    }
    entered = Counter(
        one.person
        for one in changes
        if one.person in inside and one.spot.scope in (Scope.WORKSPACE, Scope.PROJECT)
    )
    if entered:
        many = len(entered)
        who = "1 End User gets" if many == 1 else f"{many:,} End Users get"
        yield f"{who} into a project or workspace; End Users otherwise work in the Hub."
    if any(one.person == str(access.membership_id) for one in changes):
        yield "This changes your own access."


@lru_cache(maxsize=64)
def _of_owners(policies: frozenset[Policy]) -> Permissions:
    return frozenset(
        p
        for p in Permission
        if p.scope is Scope.ORGANIZATION and roles_with(p, policies) == (Role.OWNER,)
    )


def _some(people: Iterable[str]) -> list[str]:
    return sorted(people)[:50]


def _discreet(lines: list[Line], access: Access) -> list[Line]:
    """Whoever fills a group learns that it opens a place, and not which, where they see none."""
    asked = {one for line in lines for one in _unsure(line.spot, access)}
    if not asked:
        return lines
    seen = places_seen(access, asked)
    return [
        line if not (ids := _unsure(line.spot, access)) or ids & seen else _veiled(line)
        for line in lines
    ]


def _unsure(spot: Spot, access: Access) -> set[UUID]:
    """The places of which seeing one lets this person see the spot; none where all are seen."""
    if spot.scope is Scope.ORGANIZATION or access.can(
        SEE_ALL.get(spot.kind, Permission.PROJECTS_VIEW_ALL)
    ):
        return set()
    return {UUID(place) for place in (spot.id, *spot.above)}


def _veiled(line: Line) -> Line:
    word = line.spot.kind.replace("_", " ")
    article = "an" if word[0] in "aeiou" else "a"
    return replace(line, spot=replace(line.spot, name=f"{article} {word} that you do not see"))


def _names(access: Access, people: Collection[str]) -> dict[str, str]:
    """By name: the order in which they are shown."""
    if not people:
        return {}
    rows = Membership.objects.in_org(access.org.id).filter(pk__in=set(people))
    found = rows.order_by("sort_name", "id").values_list("pk", "name")
    return {str(member): name for member, name in found}


def _named(line: Line, names: dict[str, str], access: Access) -> Line:
    mine = set(line.people)
    shown = tuple(name for person, name in names.items() if person in mine)[:SHOWN_NAMES]
    return replace(line, names=shown, is_me=line.people == (str(access.membership_id),))
