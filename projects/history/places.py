"""Places as they stood: which state they were in, and what they stood in. Never saved."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from config.roles import Scope
from projects.explain.standing import AnyPlace
from projects.history.fold import Fact, of_rows
from projects.history.moments import Moment
from projects.history.names import UNKNOWN
from projects.models import Project, Resource, Workspace

KINDS = (Scope.WORKSPACE.value, Scope.PROJECT.value, Scope.RESOURCE.value)
Standings = dict[UUID, Fact]

# Since when something was published is not asked, only whether.
_LONG_AGO = datetime.datetime.min.replace(tzinfo=datetime.UTC)
# What each kind of place stands in.
_ABOVE = {Scope.RESOURCE.value: "project_id", Scope.PROJECT.value: "workspace_id"}


def standing_then(organization: UUID, moment: Moment, places: Collection[UUID]) -> Standings:
    """These places and all they stand in, by id; at most three queries. Gone ones are missing."""
    found: Standings = {}
    wanted = set(places)
    while wanted:
        facts = of_rows(organization, moment, KINDS, wanted)
        found |= {fact.row: fact for fact in facts}
        wanted = {above for fact in facts if (above := above_of(fact))} - set(found)
    return found


def above_of(fact: Fact) -> UUID | None:
    name = _ABOVE.get(fact.kind)
    return fact.key(name) if name else None


def levels_of(standings: Mapping[UUID, Fact], place: UUID) -> list[UUID]:
    """The place and what it stands in, from the inside out."""
    found: list[UUID] = []
    at: UUID | None = place
    while at is not None and at in standings:
        found.append(at)
        at = above_of(standings[at])
    return found


def place_then(
    organization: UUID, standings: Mapping[UUID, Fact], names: Mapping[UUID, str], place: UUID
) -> AnyPlace | None:
    """As the rule book's questions want it; None for what was not there."""
    fact = standings.get(place)
    if fact is None:
        return None
    said = {"id": place, "organization_id": organization, "name": names.get(place, UNKNOWN)}
    if fact.kind == Scope.WORKSPACE:
        return Workspace(**said)
    above = above_of(fact)
    around = place_then(organization, standings, names, above) if above else None
    if fact.kind == Scope.PROJECT:
        workspace = around if isinstance(around, Workspace) else None
        policies, state = fact.values["policies"], fact.values["state"]
        return Project(**said, workspace=workspace, policies=policies, state=state)
    published = _LONG_AGO if fact.values["is_published"] else None
    project = around if isinstance(around, Project) else None
    return Resource(**said, kind=fact.values["kind"], project=project, published_at=published)


def all_levels(standings: Mapping[UUID, Fact], places: Iterable[UUID]) -> set[UUID]:
    return {level for place in places for level in levels_of(standings, place)}
