"""Everything that one person held at a moment of the past, and why; one decision with its proof.

What stood then is rebuilt in `projects/history/`; here it is put together for one reader.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import Http404

from config.roles import Permission, Role, Scope
from orgs.access import Access
from orgs.models import Membership
from projects.explain import asked_at, first_name
from projects.explain.answer import Path, Step
from projects.explain.paths import icon_of
from projects.explain.standing import AnyPlace
from projects.explain.words import doing
from projects.history.fold import was_ever
from projects.history.judge import MEMBERSHIP, PersonThen, explained, organization_then, person_then
from projects.history.moments import Moment
from projects.history.names import UNKNOWN, Said
from projects.history.places import levels_of, standing_then
from projects.history.telling import Telling, Way, may_ask
from projects.queries.access import viewing
from projects.queries.person import in_areas

MOST_PLACES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """One path of a verdict, with the entries that it rests on."""

    path: Path
    entries: list[Said]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Could this person do this there, and why."""

    allowed: bool
    sentence: str
    detail: str
    proofs: list[Proof]
    broken: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A place on which somebody held a role, and what they could do there."""

    id: UUID
    scope: Scope
    name: str
    icon: str
    note: str
    ways: list[Way]
    areas: list[tuple[str, list[Permission]]]
    is_seen: bool

    @property
    def number(self) -> int:
        return sum(len(permissions) for _, permissions in self.areas)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """A group somebody was in."""

    id: UUID
    name: str
    said: Said | None
    until: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonAnswer:
    """Everything that one person held then."""

    person: PersonThen
    name: str
    is_here_today: bool
    ways: list[Way]
    areas: list[tuple[str, list[Permission]]]
    seats: list[Seat]
    places: list[Holding]
    more: int
    verdict: Verdict | None
    there: AnyPlace | None

    @property
    def number(self) -> int:
        return sum(len(permissions) for _, permissions in self.areas)

    @property
    def role(self) -> Role | None:
        return self.person.membership.role if self.person.membership else None


def person_answer(
    *,
    access: Access,
    moment: Moment,
    member: UUID,
    scope: Scope | None,
    place: UUID | None,
    permission: Permission | None,
) -> PersonAnswer:
    """Raises Http404 for somebody whom neither the log nor the organization knows."""
    org, _ = organization_then(access.org, moment)
    person = person_then(org, moment, member)
    held_on = {one.place for one in person.held if one.scope is not Scope.ORGANIZATION}
    asked = {place} if place else set()
    standings = standing_then(org.id, moment, held_on | asked)
    telling = Telling(access, moment, standings)
    groups = {seat.place for seat in person.seats if seat.place}
    seated = {seat.given for seat in person.seats}
    entries = {entry for one in person.held for entry in one.entries} | seated
    telling.learn_places({member, *groups} | asked)
    telling.learn_entries(groups=groups, entries=entries)
    today = Membership.objects.in_org(org.id).filter(pk=member).first()
    if today is None and not was_ever(org.id, MEMBERSHIP, member):
        raise Http404
    name = telling.names.setdefault(member, today.name if today else UNKNOWN)
    person = replace(person, names=telling.names)
    if place and (place in telling.hidden or not may_ask(access, scope, place, telling)):
        raise Http404
    shown = sorted(held_on & standings.keys(), key=lambda pk: (telling.name(pk).casefold(), pk))
    in_force = person.in_force
    everywhere = [one for one in person.held if one.scope is Scope.ORGANIZATION]
    return PersonAnswer(
        person=person,
        name=name,
        is_here_today=today is not None,
        ways=[telling.way(one) for one in everywhere] if in_force else [],
        areas=in_areas(person.standing(None, ()).permissions) if in_force else [],
        seats=[
            Seat(
                id=s.place,
                name=telling.name(s.place),
                said=telling.said.get(s.given),
                until=s.until,
            )
            for s in person.seats
            if s.place
        ],
        places=[_holding(person, telling, pk) for pk in shown[:MOST_PLACES]] if in_force else [],
        more=max(0, len(shown) - MOST_PLACES),
        verdict=_verdict(person, telling, place, permission) if permission or place else None,
        there=telling.place(place) if place else None,
    )


def _holding(person: PersonThen, telling: Telling, pk: UUID) -> Holding:
    place = telling.place(pk)
    if place is None:
        raise LookupError("Only places that stood are shown.")
    levels = levels_of(telling.standings, pk)
    standing = person.standing(place, levels)
    allowed = [one for one in asked_at(place) if standing.allows(one)]
    above = [telling.name(level) for level in levels[1:] if level not in telling.hidden]
    state = "Archived, only read" if getattr(place, "state", "") == "archived" else ""
    deleted = "Deleted" if getattr(place, "state", "") == "deleted" else ""
    kind = str(place.kind_label)
    where = f"{kind[0].upper()}{kind[1:]}{f' in {above[0]}' if above else ''}"
    return Holding(
        id=pk,
        scope=place.scope,
        name=telling.name(pk),
        icon=icon_of(place),
        note=" · ".join(filter(None, (where, state, deleted))),
        ways=[telling.way(one, pk) for one in person.at(levels)],
        areas=in_areas(allowed),
        is_seen=pk not in telling.hidden,
    )


def _verdict(
    person: PersonThen, telling: Telling, place: UUID | None, permission: Permission | None
) -> Verdict | None:
    there = telling.place(place) if place else None
    name = first_name(telling.name(person.id))
    if place and there is None:
        sentence = f"{telling.name(place)} was not there"
        return Verdict(allowed=False, sentence=sentence, detail="", proofs=[], broken=())
    permission = permission or (viewing(there) if there else None)
    if permission is None:
        return None
    what = doing(permission, there.scope if there else Scope.ORGANIZATION)
    if not person.is_in:
        detail = f"{name} was no member at that moment."
        sentence = f"{name} could not {what}"
        return Verdict(allowed=False, sentence=sentence, detail=detail, proofs=[], broken=())
    answer, found = explained(
        person, permission, there, telling.standings, telling.said, telling.hidden
    )
    proofs = [
        Proof(path=path, entries=telling.entries(held))
        for path, held in zip(answer.paths, found, strict=True)
    ]
    could = "could" if answer.allowed else "could not"
    return Verdict(
        allowed=answer.allowed,
        sentence=f"{name} {could} {what}",
        detail=answer.detail,
        proofs=proofs,
        broken=answer.broken,
    )
