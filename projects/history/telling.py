"""The words for what stood then, for one reader: names, who gave what when, and why.

What they may not see today is not named to them; what is gone keeps the name that the log has.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from config.roles import Role, Scope
from orgs.access import Access
from orgs.models import Group
from orgs.queries.groups import visible_groups
from projects.explain.paths import UNNAMED
from projects.explain.standing import AnyPlace
from projects.history.fold import Fact, was_ever
from projects.history.judge import Held
from projects.history.moments import Moment
from projects.history.names import UNKNOWN, Said, names_of, said_by
from projects.history.places import place_then
from projects.models import Project, Resource, Workspace

MODELS: dict[Scope, Any] = {
    Scope.WORKSPACE: Workspace,
    Scope.PROJECT: Project,
    Scope.RESOURCE: Resource,
}
_UNSEEN = {
    Scope.WORKSPACE: "A workspace you do not see",
    Scope.PROJECT: "A project you do not see",
    Scope.RESOURCE: "A resource you do not see",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One path to a role, in the words of a list, and the entries that made it."""

    role: Role
    source: str
    icon: str
    since: datetime.datetime | None
    by: str
    reason: str
    until: datetime.datetime | None
    entries: list[Said]


@dataclass
class Telling:
    """The words for what stood then, as far as this reader may have them."""

    access: Access
    moment: Moment
    standings: Mapping[UUID, Fact]
    names: dict[UUID, str] = field(default_factory=dict)
    hidden: frozenset[UUID] = frozenset()
    said: dict[int, Said] = field(default_factory=dict)

    def learn_places(self, more: Iterable[UUID] = ()) -> None:
        """The names of what stood and of `more`, and which of them are withheld."""
        self.names |= names_of(self.access.org.id, self.moment, {*self.standings, *more})
        for scope in MODELS:
            places = [pk for pk, fact in self.standings.items() if fact.kind == scope]
            self._withhold(withheld_places(self.access, scope, places), _UNSEEN[scope])

    def learn_entries(self, *, groups: Iterable[UUID], entries: Iterable[int]) -> None:
        """What the entries say, and the names of the groups that they are about."""
        wanted = set(groups)
        self.names |= names_of(self.access.org.id, self.moment, wanted - self.names.keys())
        self.said |= said_by(self.access.org.id, set(entries))
        self._withhold(withheld_groups(self.access, wanted), UNNAMED)

    def _withhold(self, unseen: set[UUID], words: str) -> None:
        self.names |= dict.fromkeys(unseen, words)
        self.hidden |= unseen

    def name(self, pk: UUID) -> str:
        return self.names.get(pk, UNKNOWN)

    def place(self, pk: UUID) -> AnyPlace | None:
        return place_then(self.access.org.id, self.standings, self.names, pk)

    def way(self, one: Held, here: UUID | None = None) -> Way:
        entries = self.entries([one])
        last = entries[-1] if entries else None
        ends = [one.fact.until, one.seat.until if one.seat else None]
        source, icon = self._source(one, here)
        return Way(
            role=one.role,
            source=source,
            icon=icon,
            since=last.at if last else None,
            by=last.by if last else "",
            reason=next((said.reason for said in reversed(entries) if said.reason), ""),
            until=min(filter(None, ends), default=None),
            entries=entries,
        )

    def entries(self, held: Iterable[Held]) -> list[Said]:
        """What these roles rest on, in their order; an invitation before it was accepted."""
        numbers = sorted({number for one in held for number in one.entries})
        said = [self.said[number] for number in numbers if number in self.said]
        return [each for one in said for each in (one.invited, one) if each]

    def _source(self, one: Held, here: UUID | None) -> tuple[str, str]:
        above = one.scope is not Scope.ORGANIZATION and here not in (None, one.place)
        on = self.name(one.place) if above else ""
        if one.group:
            group = self.name(one.group)
            return f"{group}, on {on}" if on else group, "user-group"
        if one.scope is Scope.ORGANIZATION:
            return "Organization role", "building-office"
        if on:
            return f"From {on}", "rectangle-stack" if one.scope is Scope.WORKSPACE else "folder"
        return "Shared directly", "user"


def withheld_places(access: Access, scope: Scope, places: Collection[UUID]) -> set[UUID]:
    """Those that are there today, and not for this reader's eyes."""
    if not places:
        return set()
    seen = access.visible(MODELS[scope].objects.filter(pk__in=places))
    rows = MODELS[scope].objects.in_org(access.org.id).filter(pk__in=places)
    return set(rows.exclude(pk__in=seen.values("pk")).values_list("pk", flat=True))


def withheld_groups(access: Access, groups: Iterable[UUID]) -> set[UUID]:
    wanted = set(groups)
    if not wanted:
        return set()
    seen = visible_groups(access).filter(pk__in=wanted)
    rows = Group.objects.in_org(access.org.id).filter(pk__in=wanted, secret=True)
    return set(rows.exclude(pk__in=seen.values("pk")).values_list("pk", flat=True))


def may_ask(access: Access, scope: Scope | None, place: UUID, telling: Telling) -> bool:
    """Of a place that is there today the reader sees it; of one that is gone the log tells."""
    if scope is None:
        return False
    fact = telling.standings.get(place)
    if fact is not None:
        return fact.kind == scope
    is_known = was_ever(access.org.id, scope.value, place)
    return is_known and not withheld_places(access, scope, [place])
