"""One person at a moment: what they held, by which entries, and the decision that it led to.

The decision is `Access.can` on the roles that the log says were held; the proof is that of
`projects/explain/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from accounts.models import User
from config.roles import Permission, Policy, Role, Scope
from orgs.access import Bound
from orgs.models import Membership
from projects.explain.answer import Explanation
from projects.explain.engine import verdict
from projects.explain.paths import Scene
from projects.explain.rows import Row
from projects.explain.standing import AnyPlace, Standing
from projects.history.comers import is_off, support_then
from projects.history.fold import ACCOUNT, Fact, held_by, of_rows
from projects.history.moments import Moment
from projects.history.names import Said
from projects.history.places import levels_of

GROUP_ROLE, MEMBERSHIP, SEAT, GROUP = "group_role", "membership", "seat", "group"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A role that somebody held: the row that gave it, and the seat in the group where one did."""

    role: Role
    via: str
    scope: Scope
    place: UUID
    fact: Fact
    seat: Fact | None = None

    @property
    def group(self) -> UUID | None:
        return self.seat.place if self.seat else None

    @property
    def entries(self) -> list[int]:
        """The entries that gave it, in their order."""
        given = [self.fact.given, *([self.seat.given] if self.seat else [])]
        return sorted(set(given))


@dataclass(frozen=True, kw_only=True)
class PersonThen:
    """What one member held at a moment; without a membership they were not in.

    `account` is the last that was noted of it: None for one that was never switched off.
    """

    id: UUID
    moment: Moment
    organization: Bound
    membership: Fact | None
    account: Fact | None
    is_support: bool
    seats: list[Fact]
    held: list[Held]
    names: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def is_in(self) -> bool:
        return self.membership is not None

    @property
    def ended(self) -> bool:
        return self.membership is not None and not self.membership.lasts(self.moment)

    @property
    def is_off(self) -> bool:
        """Was the account switched off? Then nothing that was held was in force."""
        return is_off(self.account)

    @property
    def in_force(self) -> bool:
        return self.is_in and not self.ended and not self.is_off

    @property
    def roles(self) -> frozenset[Role]:
        """Those of the whole organization."""
        return frozenset(one.role for one in self.held if one.scope is Scope.ORGANIZATION)

    def at(self, places: Iterable[UUID]) -> list[Held]:
        around = set(places)
        return [one for one in self.held if one.place in around]

    def standing(self, place: AnyPlace | None, levels: Iterable[UUID]) -> Standing:
        """For a question about the place, whose levels these are."""
        held = frozenset(one.role for one in self.at(levels))
        return Standing(
            org=self.organization,
            member=self.member,
            place=place,
            roles=self.roles,
            held=held,
            ended=self.ended,
        )

    @property
    def member(self) -> Membership:
        """As the questions of today want it: with an account, where there was one."""
        values = self.membership.values if self.membership else {}
        # Whether somebody still was in support when they came as that, the log does not say.
        account = User(is_active=not self.is_off, is_staff=self.is_support)
        origin = Membership.Origin.SUPPORT if self.is_support else Membership.Origin.INVITED
        return Membership(
            id=self.id,
            organization_id=self.organization.id,
            role=values.get("role", Role.END_USER.value),
            name=self.names.get(self.id, ""),
            origin=origin,
            person=account if values.get("is_person") else None,
            expires_at=self.membership.until if self.membership else None,
        )


def organization_then(today: Bound, moment: Moment) -> tuple[Bound, Fact | None]:
    """Its state and policies at the moment, and the row that says so."""
    facts = of_rows(today.id, moment, ["organization"], [today.id])
    if not facts:
        return today, None
    known = {policy.value for policy in Policy}
    policies = frozenset(Policy(name) for name in facts[0].values["policies"] if name in known)
    return replace(today, state=facts[0].values["state"], policies=policies), facts[0]


def person_then(organization: Bound, moment: Moment, member: UUID) -> PersonThen:
    """Three queries: what they were given themselves, what the groups they were in had, and
    whether they came as support.
    """
    facts = held_by(organization.id, moment, [member])
    membership = next((fact for fact in facts if fact.kind == MEMBERSHIP), None)
    account = next((fact for fact in facts if fact.kind == ACCOUNT), None)
    seats = [fact for fact in facts if fact.kind == SEAT and fact.lasts(moment)]
    held = [held_of(one, organization.id) for one in facts if _gives(one) and one.lasts(moment)]
    by_group = {seat.place: seat for seat in seats}
    for one in held_by(organization.id, moment, [seat.place for seat in seats if seat.place]):
        if _gives(one) and one.lasts(moment) and one.holder in by_group:
            held.append(held_of(one, organization.id, by_group[one.holder]))
    return PersonThen(
        id=member,
        moment=moment,
        organization=organization,
        membership=membership,
        account=account,
        is_support=bool(support_then(organization.id, moment, [member])),
        seats=seats,
        held=held if membership is not None else [],
    )


def explained(
    person: PersonThen,
    permission: Permission,
    place: AnyPlace | None,
    standings: Mapping[UUID, Fact],
    said: Mapping[int, Said],
    hidden: frozenset[UUID] = frozenset(),
) -> tuple[Explanation, list[list[Held]]]:
    """The decision with its proof, and for each path of it what gave it."""
    levels = levels_of(standings, place.pk) if place is not None else []
    standing = person.standing(place, levels)
    scene = Scene(
        org=person.organization,
        member=person.member,
        permission=permission,
        place=place,
        sees_reasons=True,
    )
    relevant = person.at([person.organization.id, *levels])
    rows = [] if not person.in_force else [row_of(one, person, said, hidden) for one in relevant]
    answer = verdict(scene, standing, rows)
    proofs = [
        [one for one in relevant if one.fact.row == path.grant or _is_role(one, path.grant)]
        for path in answer.paths
    ]
    return answer, proofs


def row_of(one: Held, person: PersonThen, said: Mapping[int, Said], hidden: frozenset[UUID]) -> Row:
    """As the proof of today wants it."""
    given = said.get(one.fact.given)
    seated = said.get(one.seat.given) if one.seat else None
    group = one.group
    shown = group is not None and group not in hidden
    return Row(
        member=person.id,
        role=one.role,
        via=one.via,
        scope=one.scope,
        place=one.place,
        grant=None if one.via == "membership" else one.fact.row,
        since=given.at if given else person.moment.at,
        by=given.by if given else "",
        reason=(given.invited or given).reason if given else "",
        until=one.fact.until,
        group=group,
        group_name=person.names.get(group, "") if group and shown else "",
        people=None,
        seat_since=seated.at if seated else None,
        seat_by=seated.by if seated else "",
        seat_reason=seated.reason if seated else "",
        seat_until=one.seat.until if one.seat else None,
    )


def _is_role(one: Held, grant: UUID | None) -> bool:
    return grant is None and one.via == "membership"


def _gives(fact: Fact) -> bool:
    return "role" in fact.values


def held_of(fact: Fact, organization: UUID, seat: Fact | None = None) -> Held:
    if fact.kind in (MEMBERSHIP, GROUP_ROLE):
        scope, place = Scope.ORGANIZATION, organization
    else:
        scope, place = Scope(fact.kind.split("_")[0]), fact.place or organization
    via = "membership" if fact.kind == MEMBERSHIP else "group" if seat else "direct"
    return Held(role=fact.role, via=via, scope=scope, place=place, fact=fact, seat=seat)
