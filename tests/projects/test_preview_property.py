"""Preview equals the difference of the effective access before and after, whatever changes.

The oracle works it out in plain Python from the rows, one person and one place at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_of,
)
from orgs.access import Access
from orgs.actions.members import member_change_role, member_remove
from orgs.models import Group, GroupMembership, GroupRole, Membership, Organization
from orgs.preview import rehearse
from orgs.tenancy import bound
from projects.actions.shares import TABLES, share, share_change, unshare
from projects.models import Project, Resource, Workspace
from tests.factories import (
    TEST,
    access_of,
    make_group,
    make_member,
    make_organization,
    make_person,
    make_seat,
)
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

pytestmark = pytest.mark.django_db

ROLES_AT = {
    Scope.WORKSPACE: WORKSPACE_ROLES,
    Scope.PROJECT: PROJECT_ROLES,
    Scope.RESOURCE: RESOURCE_ROLES,
}
Deed = tuple[Callable[[], object], list[UUID], list[UUID]]


@dataclass
class Rows:
    """The oracle: what the tables say at one moment, and what follows from it."""

    organization: UUID
    policies: frozenset[Policy]
    members: dict[UUID, tuple[Role, UUID]] = field(default_factory=dict)
    seats: set[tuple[UUID, UUID]] = field(default_factory=set)
    grants: list[tuple[UUID, UUID, Role]] = field(default_factory=list)  # place, holder, role
    above: dict[UUID, UUID] = field(default_factory=dict)

    @classmethod
    def read(cls, access: Access) -> Rows:
        org, now = access.org.id, timezone.now()
        rows = cls(org, access.policies)

        def live(queryset: Any) -> list[Any]:
            return [row for row in queryset if row.expires_at is None or row.expires_at > now]

        for member in live(Membership.objects.in_org(org)):
            rows.members[member.pk] = (Role(member.role), member.person_id)
        for seat in live(GroupMembership.objects.in_org(org)):
            rows.seats.add((seat.membership_id, seat.group_id))
        for carried in live(GroupRole.objects.in_org(org)):
            rows.grants.append((org, carried.group_id, carried.role))
        for people, groups in TABLES.values():
            for grant in live(people.objects.in_org(org)):
                rows.grants.append((grant.content_object_id, grant.user_id, grant.role))
            for grant in live(groups.objects.in_org(org)):
                rows.grants.append((grant.content_object_id, grant.group_id, grant.role))
        for project in Project.objects.in_org(org).exclude(workspace=None):
            rows.above[project.pk] = project.workspace_id
        for resource in Resource.objects.in_org(org).exclude(project=None):
            rows.above[resource.pk] = resource.project_id
        return rows

    def at(self, member: UUID, place: UUID) -> set[Role]:
        """The roles that somebody holds at exactly this place."""
        if member not in self.members:
            return set()
        role, person = self.members[member]
        holders = {person} | {group for who, group in self.seats if who == member}
        held = {r for where, holder, r in self.grants if where == place and holder in holders}
        return held | ({role} if place == self.organization else set())

    def permissions(self, member: UUID, place: UUID) -> frozenset[Permission]:
        """What somebody may do there, with all that comes down from above."""
        if place == self.organization:
            return permissions_of(self.at(member, place), self.policies)
        roles = self.at(member, self.organization) - {Role.END_USER}
        where: UUID | None = place
        while where is not None:
            roles |= self.at(member, where)
            where = self.above.get(where)
        return permissions_of(roles, self.policies)

    def places(self) -> set[tuple[UUID, UUID]]:
        everywhere = {where for where, _, _ in self.grants} | {self.organization}
        return {
            (member, place)
            for member in self.members
            for place in everywhere
            if self.at(member, place)
        }


def difference(
    before: Rows, after: Rows, people: set[UUID], places: list[UUID]
) -> dict[tuple[UUID, UUID], tuple[frozenset[Permission], frozenset[Permission]]]:
    asked = before.places() | after.places() | {(who, place) for who in people for place in places}
    found = {}
    for who, place in asked:
        had, has = before.permissions(who, place), after.permissions(who, place)
        if who in people and had != has:
            found[who, place] = (has - had, had - has)
    return found


class World:
    """A small organization, drawn at random."""

    def __init__(self, people: list[User], draw: Callable[[Any], Any]) -> None:
        self.draw, self.alice = draw, people[0]
        self.org: Organization = make_organization(people[0], "Random")
        self.members = [
            make_member(self.org, draw(st.sampled_from(ORGANIZATION_ROLES)), person)
            for person in people[1:]
        ]
        self.groups = [make_group(self.org) for _ in range(2)]
        workspaces = [make_workspace(self.org) for _ in range(2)]
        projects = [
            make_project(self.org, workspace=draw(st.sampled_from([None, *workspaces])))
            for _ in range(2)
        ]
        resources = [make_resource(projects[0]), make_resource(self.org, "runner")]
        self.places: list[Any] = [*workspaces, *projects, *resources]
        self.workspaces, self.projects = workspaces, projects
        for member in self.members:
            for group in self.groups:
                if draw(st.booleans()):
                    make_seat(group, member)
        for group in self.groups:
            if draw(st.booleans()):
                make_group_role(group, draw(st.sampled_from(GROUP_ROLES)))
        for place in self.places:
            for holder in [*self.members, *self.groups]:
                if draw(st.integers(0, 3)) == 0:
                    make_grant(place, holder, draw(st.sampled_from(ROLES_AT[place.scope])))

    def access(self) -> Access:
        return access_of(self.org, self.alice)

    def pick(self, queryset: Any) -> Any:
        """One of the rows, by its place among them: ids differ from run to run."""
        rows = list(queryset.order_by("pk"))
        return rows[self.draw(st.integers(0, 99)) % len(rows)] if rows else None

    def in_group(self, group: UUID) -> list[UUID]:
        seats = GroupMembership.objects.in_org(self.org.pk).filter(group=group)
        return list(seats.values_list("membership_id", flat=True))

    # What may change, each with whom and what besides it touches

    def member(self) -> Membership:
        others = Membership.objects.in_org(self.org.pk).exclude(person=self.alice)
        return self.pick(others)

    def change_role(self) -> Deed | None:
        if (member := self.member()) is None:
            return None
        role = self.draw(st.sampled_from(ORGANIZATION_ROLES))
        deed = partial(member_change_role, membership=member, role=role, reason="Draw")
        return partial(deed, actor=self.access()), [member.pk], []

    def remove_member(self) -> Deed | None:
        if (member := self.member()) is None:
            return None
        deed = partial(member_remove, membership=member, reason="Draw", actor=self.access())
        return deed, [member.pk], []

    def give_group_role(self) -> Deed | None:
        group: Group = self.draw(st.sampled_from(self.groups))
        role = self.draw(st.sampled_from(GROUP_ROLES))
        carried = GroupRole.objects.in_org(self.org.pk).filter(group=group)
        if role in {row.role for row in carried}:
            return None
        return partial(make_group_role, group, role), self.in_group(group.pk), []

    def take_group_role(self) -> Deed | None:
        if (carried := self.pick(GroupRole.objects.in_org(self.org.pk))) is None:
            return None
        record = partial(self.record, Event.GROUP_ROLE_TAKEN, {"role": (carried.role.label, None)})
        rows = GroupRole.objects.in_org(self.org.pk).filter(pk=carried.pk)
        return lambda: (rows.delete(), record()), self.in_group(carried.group_id), []

    def add_seat(self) -> Deed | None:
        group, member = self.draw(st.sampled_from(self.groups)), self.member()
        if member is None or member.pk in self.in_group(group.pk):
            return None
        added = {"group": (None, ""), "maintainer": (None, False), "expires_at": (None, None)}
        record = partial(self.record, Event.GROUP_MEMBER_ADDED, added)
        return lambda: (make_seat(group, member), record()), [member.pk], []

    def remove_seat(self) -> Deed | None:
        if (seat := self.pick(GroupMembership.objects.in_org(self.org.pk))) is None:
            return None
        record = partial(self.record, Event.GROUP_MEMBER_REMOVED, {"group": ("", None)})
        rows = GroupMembership.objects.in_org(self.org.pk).filter(pk=seat.pk)
        return lambda: (rows.delete(), record()), [seat.membership_id], []

    def share(self) -> Deed | None:
        place, to = self.draw(st.sampled_from(self.places)), self.member()
        if to is None or self.draw(st.booleans()):
            to = self.draw(st.sampled_from(self.groups))
        role = self.draw(st.sampled_from(ROLES_AT[place.scope]))
        said = {"place": place, "to": to, "role": role, "until": None, "reason": "Draw"}
        people = self.in_group(to.pk) if isinstance(to, Group) else [to.pk]
        return partial(share, actor=self.access(), **said), people, []

    def grant(self) -> tuple[Any, list[UUID]] | None:
        table = self.draw(st.sampled_from([one for pair in TABLES.values() for one in pair]))
        if (grant := self.pick(table.objects.in_org(self.org.pk))) is None:
            return None
        if hasattr(grant, "group_id"):
            return grant, self.in_group(grant.group_id)
        holder = Membership.objects.in_org(self.org.pk).get(person=grant.user_id)
        return grant, [holder.pk]

    def change_share(self) -> Deed | None:
        if (found := self.grant()) is None:
            return None
        grant, people = found
        role = self.draw(st.sampled_from(ROLES_AT[grant.role.scope]))
        said = {"grant": grant, "role": role, "until": None, "reason": "Draw"}
        return partial(share_change, actor=self.access(), **said), people, []

    def unshare(self) -> Deed | None:
        if (found := self.grant()) is None:
            return None
        deed = partial(unshare, grant=found[0], reason="Draw", actor=self.access())
        return deed, found[1], []

    def move_project(self) -> Deed | None:
        project = self.draw(st.sampled_from(self.projects))
        target: Workspace | None = self.draw(st.sampled_from([None, *self.workspaces]))
        rows = Project.objects.in_org(self.org.pk).filter(pk=project.pk)
        record = partial(self.record, Event.PROJECT_MOVED, {"workspace": ("", "")})
        everyone = Membership.objects.in_org(self.org.pk).values_list("pk", flat=True)
        return lambda: (rows.update(workspace=target), record()), list(everyone), [project.pk]

    def record(self, event: Event, changes: dict[str, Any]) -> None:
        target = Target("test", None, "Drawn")
        ledger.record(event, organization=self.org.pk, actor=TEST, target=target, changes=changes)

    DEEDS = (
        "change_role",
        "remove_member",
        "give_group_role",
        "take_group_role",
        "add_seat",
        "remove_seat",
        "share",
        "change_share",
        "unshare",
        "move_project",
    )


@given(data=st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def check_some_changes(people: list[User], data: st.DataObject) -> None:
    with transaction.atomic():
        world = World(people, data.draw)
        with bound(world.org.pk):
            for name in data.draw(st.lists(st.sampled_from(World.DEEDS), min_size=3, max_size=8)):
                check_one_change(world, name)
        transaction.set_rollback(True)


def check_one_change(world: World, name: str) -> None:
    drawn: Deed | None = getattr(world, name)()
    if drawn is None:
        return
    deed, people, places = drawn
    access = world.access()
    before = Rows.read(access)
    everyone = world.draw(st.booleans())
    preview = rehearse(access, deed, people=None if everyone else people, places=places)
    assert Rows.read(access) == before, f"the rehearsal of {name} left something"
    try:
        with transaction.atomic():
            deed()
    except ValidationError as error:
        assert preview.refused == " ".join(error.messages)
        assert preview.difference == {}
        return
    after = Rows.read(access)
    assert not preview.refused
    asked = {*before.members, *after.members} if everyone else set(people)
    assert preview.difference == difference(before, after, asked, places)
    # Nobody else is touched: who is passed as affected is everyone who is.
    assert {who for who, _ in difference(before, after, {*before.members}, places)} <= set(people)


def test_preview_equals_the_difference_before_and_after() -> None:
    check_some_changes([make_person() for _ in range(5)])
