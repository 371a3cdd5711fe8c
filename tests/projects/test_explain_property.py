"""Whatever an organization looks like: the explanation says what is decided, and its advice works.

Every suggestion, done row by row, turns the answer; no part of it does so alone; and whoever it
names may do it. Everything happens in a savepoint that is undone, without the ledger.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from audit.ledger import Actor
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
)
from orgs.access import Access
from orgs.models import Group, GroupMembership, GroupRole, Membership, Organization
from orgs.standing import WINDOW_ROLES
from orgs.tenancy import bind_member
from projects.actions.shares import TABLES
from projects.explain import Deed, Part, asked_at, explain, may_do
from projects.explain.standing import AnyPlace, standing_of
from projects.models import Project, Resource
from projects.policies import ProjectPolicy
from tests.factories import Cast, access_of, make_group, make_member, make_person
from tests.projects.factories import make_project, make_resource, make_workspace

ROLES_AT = {
    Scope.WORKSPACE: WORKSPACE_ROLES,
    Scope.PROJECT: PROJECT_ROLES,
    Scope.RESOURCE: RESOURCE_ROLES,
}
PLACES = ("workspace", "project", "agent", "runner")
SOMEBODY = 3
ENDS = st.sampled_from([None, None, None, "past", "future"])
INSIDE = [permission for permission in Permission if permission.scope is not Scope.PLATFORM]


@dataclass
class World:
    """One organization, with what hypothesis moves around in it."""

    org: Organization
    people: list[tuple[User, Membership]]
    groups: list[Group]
    places: dict[str, AnyPlace]

    @property
    def mia(self) -> Membership:
        return Membership.objects.select_related("person").get(pk=self.people[0][1].pk)

    def place(self, name: str) -> AnyPlace | None:
        """As it is in the database now."""
        if name == "organization":
            return None
        made = self.places[name]
        found: AnyPlace = type(made).objects.get(pk=made.pk)
        return found

    def access(self, person: User) -> Access | None:
        identity = Actor("person", person.pk, person.name)
        access = bind_member(self.org.slug, person.pk, identity=identity)
        if access is None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT bind_organization(%s)", [self.org.pk])
        return access

    def decides(self, permission: Permission, name: str) -> bool:
        """The decision as a request of Mia's would get it."""
        access = self.access(self.people[0][0])
        return access is not None and access.can(permission, self.place(name))


@pytest.fixture
def world(cast: Cast) -> World:
    org = cast.acme
    workspace = make_workspace(org, "Logistics")
    project = make_project(org, "Picking", workspace=workspace)
    places: dict[str, AnyPlace] = {
        "workspace": workspace,
        "project": project,
        "agent": make_resource(project, "agent", "Order agent"),
        "runner": make_resource(org, "runner", "Berlin"),
    }
    people = []
    for name in ("Mia Castellano", "Leila Haddad", "Grace Obi"):
        person = make_person(name)
        people.append((person, make_member(org, Role.MEMBER, person)))
    groups = [make_group(org, name) for name in ("Tech Leads", "Finance", "Contractors")]
    access_of(org, cast.alice)
    return World(org=org, people=people, groups=groups, places=places)


def _grants() -> st.SearchStrategy[Any]:
    """A role on a place, for a person (0 to 2) or a group (3 to 5)."""
    return st.sampled_from(PLACES).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.sampled_from(ROLES_AT[_SCOPES[name]]),
            st.sampled_from([0, 0, 0, 1, 2, 3, 3, 4, 5]),
            ENDS,
        )
    )


_SCOPES = {
    "workspace": Scope.WORKSPACE,
    "project": Scope.PROJECT,
    "agent": Scope.RESOURCE,
    "runner": Scope.RESOURCE,
}
ORGANIZATIONS = st.fixed_dictionaries(
    {
        # What is asked about most is where the rules differ.
        "roles": st.tuples(
            st.sampled_from([*ORGANIZATION_ROLES, *[Role.END_USER, Role.MEMBER] * 2]),
            *[st.sampled_from(ORGANIZATION_ROLES)] * (SOMEBODY - 1),
        ),
        "ended": st.sampled_from([False, False, False, True]),
        # Now and then the first of them came through a window of support, as this role.
        "window": st.sampled_from([None, None, None, *WINDOW_ROLES]),
        "account": st.sampled_from(["on", "on", "on", "off", "no superadmin"]),
        "seats": st.lists(
            st.tuples(st.sampled_from([0, 0, 1, 2]), st.integers(0, 2), ENDS), max_size=4
        ),
        "carried": st.lists(
            st.tuples(st.integers(0, 2), st.sampled_from(GROUP_ROLES), ENDS), max_size=3
        ),
        "grants": st.lists(_grants(), max_size=5),
        "policies": st.sets(st.sampled_from(list(Policy))),
        "state": st.sampled_from(["active", "active", "archived", "deleted"]),
        "approve": st.booleans(),
        "published": st.booleans(),
    }
)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    said=ORGANIZATIONS,
    name=st.sampled_from(("organization", *PLACES, "project", "agent", "agent")),
    data=st.data(),
)
def test_an_explanation_is_the_decision_and_its_advice_turns_it(
    world: World, said: dict[str, Any], name: str, data: st.DataObject
) -> None:
    with undone():
        arrange(world, said)
        place, mia = world.place(name), world.mia
        access = world.access(world.people[0][0])
        org = organization_of(world)
        standing, _ = standing_of(org=org, member=mia, place=place, asker=None)
        refused = []
        for permission in INSIDE:
            decided = access is not None and access.can(permission, place)
            assert standing.allows(permission) is decided, permission
            if not decided:
                refused.append(permission)
        usual = [one for one in refused if one in asked_at(place)]
        asked = data.draw(
            st.sets(st.sampled_from(usual or refused or INSIDE), min_size=1, max_size=3)
        )
        for permission in sorted(asked):
            check(world, permission, name)


def check(world: World, permission: Permission, name: str) -> None:
    org = organization_of(world)
    place, mia = world.place(name), world.mia
    answer = explain(org=org, member=mia, permission=permission, place=place)
    assert answer.allowed is world.decides(permission, name)
    assert bool(answer.paths) is answer.allowed
    assert bool(answer.broken) is not answer.allowed
    assert answer.as_dict()["verdict"] == ("allow" if answer.allowed else "deny")
    assert answer.allowed or answer.suggestions or answer.nothing
    for suggestion in answer.suggestions:
        parts = suggestion.parts
        for size in range(1, len(parts)):
            for some in combinations(parts, size):
                with undone():
                    do(world, some)
                    assert not world.decides(permission, name), (suggestion.title, some)
        with undone():
            for position, part in enumerate(parts):
                named_may(world, part)
                do(world, parts[position : position + 1])
            assert world.decides(permission, name), suggestion.title


def named_may(world: World, part: Part) -> None:
    """Whoever the suggestion names passes the ceiling for it."""
    by_name = {member.name: person for person, member in world.people}
    for giver in part.givers:
        access = world.access(by_name[giver])
        assert access is not None
        assert may_do(access, fresh(world, part), world.people[0][1].pk), (giver, part)


def fresh(world: World, part: Part) -> Part:
    """The part on its place as the parts before it have left that."""

    if part.on is None:
        return part
    return replace(part, on=type(part.on).objects.get(pk=part.on.pk))


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def organization_of(world: World) -> Any:
    """The bound organization as any request would get it."""
    owner = Membership.objects.in_org(world.org.pk).filter(role=Role.OWNER).order_by("joined_at")
    access = world.access(User.objects.get(pk=owner[0].person_id))
    assert access is not None
    return access.org


def arrange(world: World, said: dict[str, Any]) -> None:
    Organization.objects.filter(pk=world.org.pk).update(policies=sorted(said["policies"]))
    for (_, member), role in zip(world.people, said["roles"], strict=True):
        Membership.objects.filter(pk=member.pk).update(role=role)
    if said["window"]:
        let_in(world.people[0][1], said["window"])
    accounts = User.objects.filter(pk=world.people[0][0].pk)
    accounts.update(is_staff=said["account"] != "no superadmin")
    if said["account"] == "off":
        accounts.update(is_active=False, state=User.State.SUSPENDED)
    if said["ended"] and (said["window"] or said["roles"][0] is not Role.OWNER):
        Membership.objects.filter(pk=world.people[0][1].pk).update(expires_at=end("past"))
    for person, group, until in said["seats"]:
        sit(world.groups[group], world.people[person][1], end(until))
    for group, role, until in said["carried"]:
        carry(world.groups[group], role, end(until))
    for place, role, to, until in said["grants"]:
        grant(world, world.places[place], to, role, end(until))
    project = {"state": said["state"], "deletes_at": end("future")}
    policies = [ProjectPolicy.OWNERS_APPROVE.value] if said["approve"] else []
    Project.objects.filter(pk=world.places["project"].pk).update(policies=policies, **project)
    published = timezone.now() if said["published"] else None
    Resource.objects.filter(pk=world.places["agent"].pk).update(published_at=published)


def let_in(member: Membership, role: Role) -> None:
    """As an Owner lets support in: a membership of one of two roles, with an end."""
    Membership.objects.filter(pk=member.pk).update(
        origin=Membership.Origin.SUPPORT,
        role=role,
        expires_at=timezone.now() + datetime.timedelta(hours=4),
    )


def do(world: World, parts: tuple[Part, ...]) -> None:
    for part in parts:
        _do(world, part)


def _do(world: World, part: Part) -> None:
    mia = world.people[0][1]
    groups = {group.pk: group for group in world.groups}
    match part.deed:
        case Deed.SHARE:
            role = Membership.objects.get(pk=mia.pk).role
            # The deed refuses what is archived, and to give an End User more than a resource.
            fits = isinstance(part.on, Resource) or role != Role.END_USER
            if fits and fresh(world, part).on.leaves(Permission.PROJECTS_CHANGE):
                grant(world, part.on, 0, part.role, None)
        case Deed.JOIN:
            sit(groups[part.group], mia, None)
        case Deed.CARRY:
            carry(groups[part.group], part.role, None)
        case Deed.CHANGE_ROLE:
            # An Owner's membership has no end: the database refuses this one before the other.
            with suppress(IntegrityError), transaction.atomic():
                Membership.objects.filter(pk=mia.pk).update(role=part.role)
        case Deed.EXTEND:
            Membership.objects.filter(pk=mia.pk).update(expires_at=None)
        case Deed.TURN_ON:
            org = Organization.objects.get(pk=world.org.pk)
            org.policies = sorted({*org.policies, part.policy})
            org.save(update_fields=["policies"])
        case Deed.PUBLISH:
            if fresh(world, part).on.leaves(part.takes):
                Resource.objects.filter(pk=part.on.pk).update(published_at=timezone.now())
        case Deed.RESTORE:
            Project.objects.filter(pk=part.on.pk).update(state="active")


def sit(group: Group, member: Membership, until: datetime.datetime | None) -> None:
    GroupMembership.objects.update_or_create(
        organization_id=group.organization_id,
        group=group,
        membership=member,
        defaults={"expires_at": until},
    )


def carry(group: Group, role: Role, until: datetime.datetime | None) -> None:
    row = GroupRole(
        organization_id=group.organization_id,
        content_object_id=group.organization_id,
        group=group,
        expires_at=until,
    )
    row.role = role
    rows = GroupRole.objects.filter(group=group, permission_id=row.permission_id)
    if not rows.update(expires_at=until):
        row.save()


def grant(
    world: World, place: AnyPlace, to: int, role: Role, until: datetime.datetime | None
) -> None:
    """The one row of this holder here, with this role now."""
    people, groups = TABLES[place.scope]
    if to < SOMEBODY:
        table, holder = people, {"user_id": world.people[to][0].pk}
    else:
        table, holder = groups, {"group_id": world.groups[to - SOMEBODY].pk}
    table.objects.filter(content_object=place.pk, **holder).delete()
    row = table(organization_id=world.org.pk, content_object_id=place.pk, **holder)
    row.role, row.expires_at = role, until
    row.save()


def end(when: str | None) -> datetime.datetime | None:
    if when is None:
        return None
    days = -1 if when == "past" else 30
    return timezone.now() + datetime.timedelta(days=days)
