"""What a member holds where a question is asked, and what they would hold after a change.

The decision itself is `Access.can`, here as everywhere: a standing only puts together the access
that binding the member would give, now or after a change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from audit.ledger import Actor
from config.roles import ORGANIZATION_ROLES, Permission, Role
from orgs.access import Access, Bound
from orgs.models import Membership, Organization
from projects.explain.answer import Deed, Part
from projects.explain.rows import Row, carried_roles, rows_of
from projects.models import Project, Resource, Workspace

AnyPlace = Workspace | Project | Resource

# The one door that stays open to who holds the key of a closed organization: to open it again.
_WHILE_CLOSED = frozenset({Permission.ORG_DELETE})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The roles of one member, of the whole organization and on this place and above it."""

    org: Bound
    member: Membership
    place: AnyPlace | None
    roles: frozenset[Role]
    held: frozenset[Role]
    ended: bool

    @property
    def present(self) -> bool:
        """May this person come in at all? Through a window only who still is in support."""
        person = self.member.person
        if person is None or self.ended:
            return False
        return person.is_active and (person.is_staff or not self.member.is_support)

    @cached_property
    def access(self) -> Access:
        """What binding this member would give, with the roles held on the place already read."""
        held = self.held
        if isinstance(self.place, Resource):
            held = self.place.in_force(held, self.roles)
        return Access(
            organization=self.org,
            roles=self.roles,
            identity=Actor("member", self.member.pk, self.member.name),
            membership_id=self.member.pk,
            person_id=self.member.person_id,
            window_ends=self.member.window_ends,
            _held={self.place.pk: held} if self.place else {},
        )

    @cached_property
    def counted(self) -> frozenset[Role]:
        """The roles that count for a question about the place: those of `Access.permissions_on`."""
        if self.place is None:
            return self.roles
        return (self.roles - {Role.END_USER}) | self.access.roles_on(self.place)

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """Everything allowed here, before the state of the place."""
        if self.place is None:
            return self.access.permissions
        return self.access.permissions_on(self.place)

    def opens(self, permission: Permission) -> bool:
        """Does the state of the organization leave it in force?"""
        return self.org.state == Organization.State.OPEN or permission in _WHILE_CLOSED

    def allows(self, permission: Permission) -> bool:
        """What this member is answered."""
        return self.present and self.opens(permission) and self.access.can(permission, self.place)

    def after(self, parts: Iterable[Part]) -> Standing:
        """As it would be once these parts are done, in this order."""
        standing = self
        for part in parts:
            standing = _after(standing, part)
        return standing


def standing_of(
    *, org: Bound, member: Membership, place: AnyPlace | None, asker: Access | None
) -> tuple[Standing, list[Row]]:
    """The standing, and the paths that lead to it, in one round trip.

    Of a membership that has ended no path is in force; its roles are read all the same, to say
    what would be back with it.
    """
    places = [org.id, *(place.places if place else ())]
    rows = rows_of(places=places, members=[member.pk], asker=asker, counting=True)
    roles = frozenset(row.role for row in rows if row.place == org.id)
    held = frozenset(row.role for row in rows if row.place != org.id)
    if member.is_expired:
        roles = frozenset({Role(member.role)}) | carried_roles(member.pk)
        held = _held_meanwhile(org, member, place)
    standing = Standing(
        org=org, member=member, place=place, roles=roles, held=held, ended=member.is_expired
    )
    return standing, rows


def _held_meanwhile(org: Bound, member: Membership, place: AnyPlace | None) -> frozenset[Role]:
    """The roles on a place that came back with the membership, narrowed by nothing."""
    if place is None:
        return frozenset()
    access = Access(
        organization=org,
        roles=frozenset(),
        identity=Actor("member", member.pk, member.name),
        membership_id=member.pk,
        person_id=member.person_id,
    )
    return place.roles_held_by(access)


def _after(now: Standing, part: Part) -> Standing:
    match part.deed:
        case Deed.SHARE if part.role and _may_hold(now, part):
            return replace(now, held=now.held | {part.role})
        case Deed.JOIN | Deed.CARRY:
            return replace(now, roles=now.roles | part.brings, held=now.held | part.brings_here)
        case Deed.CHANGE_ROLE if part.role:
            return replace(now, roles=(now.roles - {*ORGANIZATION_ROLES}) | {part.role})
        case Deed.TURN_ON if part.policy:
            policies = now.org.policies | {part.policy}
            return replace(now, org=replace(now.org, policies=policies))
        case Deed.PUBLISH if now.place and now.place.leaves(part.takes):
            return replace(now, place=_published(now.place))
        case Deed.RESTORE:
            return replace(now, place=_restored(now.place))
        case Deed.EXTEND:
            return replace(now, ended=False)
    return now


def _may_hold(standing: Standing, part: Part) -> bool:
    """Would `share` do it? What is archived is not shared, and an End User is given single
    resources and nothing around them.
    """
    if isinstance(part.on, Workspace):
        return Role.END_USER not in standing.roles
    is_open = standing.place is not None and standing.place.leaves(Permission.PROJECTS_CHANGE)
    return is_open and (isinstance(part.on, Resource) or Role.END_USER not in standing.roles)


def _published(place: AnyPlace | None) -> AnyPlace | None:
    if not isinstance(place, Resource):
        return place
    changed = copy.copy(place)
    changed.published_at = changed.changed_at
    return changed


def _restored(place: AnyPlace | None) -> AnyPlace | None:
    changed = copy.copy(place)
    if isinstance(changed, Resource) and changed.project:
        changed.project = copy.copy(changed.project)
        changed.project.state = Project.State.ACTIVE
    elif isinstance(changed, Project):
        changed.state = Project.State.ACTIVE
    return changed
