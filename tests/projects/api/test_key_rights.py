"""A key does what its holder may do there now, and nothing else: beside `Access.can`, cell by cell."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

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
    permissions_of,
    roles_with,
)
from orgs.models import Membership, Organization
from orgs.tenancy import bind_member, bound
from projects.keys import ACTIONS, ROLES
from projects.models import Key, Project, Resource
from projects.policies import ProjectPolicy
from projects.queries.keys import live_keys
from tests.factories import Cast, make_group, make_member, make_seat
from tests.projects.api.asking import ask
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)
from tests.projects.keys import Platform, make_account, make_key

pytestmark = pytest.mark.django_db

PAST = timezone.now() - datetime.timedelta(days=1)
WAYS = ("direct", "group", "direct, expired", "group, expired seat")


class World:
    """Every kind of place, once, and somebody for each role there and each way to it."""

    def __init__(self, org: Organization) -> None:
        self.org = org
        self.workspace = make_workspace(org)
        self.project = make_project(org, "Active", self.workspace)
        self.archived = make_project(org, "Archived", self.workspace, state="archived")
        self.deleted = make_project(org, "Deleted", self.workspace, state="deleted")
        self.other = make_project(org, "Other")
        now = timezone.now()
        self.places: dict[str, Any] = {
            "organization": None,
            "project": self.project,
            "archived": self.archived,
            "deleted": self.deleted,
            "other": self.other,
            "agent": make_resource(self.project, "agent"),
            "published": make_resource(self.project, "workflow", published_at=now),
            "archived agent": make_resource(self.archived, "agent", published_at=now),
            "other agent": make_resource(self.other, "agent", published_at=now),
            "runner": make_resource(org, "runner"),
            "automation": make_resource(org, "automation", published_at=now),
        }
        self.platform = Platform(org, "decide")

    def holders(self) -> Iterator[tuple[str, Membership]]:
        for role in ORGANIZATION_ROLES:
            yield role.value, make_member(self.org, role)
        sites: list[tuple[Any, Any]] = [
            (self.workspace, WORKSPACE_ROLES),
            (self.project, PROJECT_ROLES),
            (self.archived, (Role.PROJECT_OWNER,)),
            *((self.places[name], RESOURCE_ROLES) for name in ("agent", "published", "runner")),
        ]
        for number, (site, roles) in enumerate(sites):
            for role, way in itertools.product(roles, WAYS):
                # Each role on each kind of place, each way to it; both bases where they differ.
                ends = "expired" in way
                if ends and number != 1:
                    continue
                for base in (Role.VIEWER,) if ends else (Role.VIEWER, Role.END_USER):
                    member = make_member(self.org, base)
                    self.give(site, member, role, way)
                    yield f"{base.value}, {role.value} on {site.name}, {way}", member
        for role in GROUP_ROLES:
            base = Role.END_USER
            member, group = make_member(self.org, base), make_group(self.org)
            make_seat(group, member)
            make_group_role(group, role)
            yield f"{base.value}, group with {role.value}", member
        yield "member until yesterday", make_member(self.org, Role.ADMIN, expires_at=PAST)
        gone = make_member(self.org, Role.ADMIN)
        type(gone.person).objects.filter(pk=gone.person_id).update(
            is_active=False, state="suspended"
        )
        yield "suspended", gone
        yield "placeholder", make_member(self.org, Role.MEMBER, login="nobody")

    def give(self, site: Any, member: Membership, role: Role, way: str) -> None:
        if way.startswith("direct"):
            make_grant(site, member, role, expires_at=PAST if "expired" in way else None)
            return
        group = make_group(self.org)
        seat = make_seat(group, member)
        if "expired" in way:
            with bound(self.org.pk):
                type(seat).objects.filter(pk=seat.pk).update(expires_at=PAST)
        make_grant(site, group, role)

    def may(self, member: Membership) -> dict[str, set[Permission]]:
        """Where `Access` says of whoever holds the key that they may do what."""
        access = None
        with transaction.atomic():
            if member.person_id is not None:
                access = bind_member(
                    self.org.slug, member.person_id, identity=Actor("person", None, "x")
                )
            if access is None:
                return {name: set() for name in self.places}
            # An End User's leave is for what is shared with them: nowhere it is for nothing.
            roles = access.roles - {Role.END_USER}
            return {
                name: {action for action in ACTIONS if access.can(action, place)}
                if place is not None
                else set(permissions_of(roles, access.policies)) & set(ACTIONS)
                for name, place in self.places.items()
            }

    def verified(self, text: str, place: Any) -> set[Permission]:
        where = {}
        if isinstance(place, Resource):
            where = {"resource": str(place.pk)}
        elif isinstance(place, Project):
            where = {"project": str(place.pk)}
        answers = {
            action: self.platform.verify(text, action=action.value, **where).json()
            for action in ACTIONS
        }
        return {action for action, answer in answers.items() if answer["decision"]}


@pytest.mark.requirement("S2-141")
def test_a_key_may_what_its_holder_may(cast: Cast) -> None:
    world = World(cast.acme)
    wrong, granted, refused = [], 0, 0
    for name, member in world.holders():
        _, text = make_key(world.org, member)
        for where, may in world.may(member).items():
            verified = world.verified(text, world.places[where])
            granted, refused = granted + len(may), refused + len(ACTIONS) - len(may)
            if may != verified:
                wrong.append((name, where, may ^ verified))
    assert wrong == []
    assert granted > 100
    assert refused > 300


def test_no_policy_changes_what_keys_do() -> None:
    for policies in (frozenset[Policy](), frozenset(Policy)):
        for action, roles in ROLES.items():
            assert set(roles) == set(roles_with(action, policies))


@pytest.mark.requirement("S2-141")
def test_what_is_taken_from_the_holder_is_taken_from_the_key_at_once(cast: Cast) -> None:
    world = World(cast.acme)
    member = make_member(world.org, Role.MEMBER)
    grant = make_grant(world.project, member, Role.PROJECT_MEMBER)
    _, text = make_key(world.project, member)
    execute = Permission.WORKFLOWS_EXECUTE
    assert execute in world.verified(text, world.project)
    with bound(world.org.pk):
        type(grant).objects.filter(pk=grant.pk).delete()
    said = world.platform.verify(text).json()
    assert execute not in world.may(member)["project"]
    assert (said["decision"], said["reason"], said["layer"]) == (False, "permission", "creator")


@pytest.mark.parametrize("role", ["", "member"])
def test_a_service_account_may_what_its_role_and_its_projects_give(cast: Cast, role: str) -> None:
    world = World(cast.acme)
    account = make_account(world.org, projects=(world.project, world.archived), role=role)
    _, text = make_key(world.org, account)
    everywhere = permissions_of(frozenset({Role(role)} if role else ()), frozenset())
    inside = everywhere | permissions_of(frozenset({Role.PROJECT_MEMBER}), frozenset())
    for where, place in world.places.items():
        may = everywhere
        if where in ("project", "agent", "published"):
            may = inside
        elif where in ("archived", "deleted", "archived agent"):
            may = frozenset()
        assert world.verified(text, place) == set(may) & set(ACTIONS), where
    with bound(world.org.pk):
        type(account).objects.filter(pk=account.pk).update(suspended_at=timezone.now())
    said = world.platform.verify(text).json()
    assert (said["decision"], said["reason"]) == (False, "holder_inactive")


def test_a_project_key_is_in_its_project_without_naming_it(cast: Cast) -> None:
    world = World(cast.acme)
    member = make_member(world.org, Role.VIEWER)
    make_grant(world.archived, member, Role.PROJECT_OWNER)
    make_grant(world.project, member, Role.PROJECT_OWNER)
    _, text = make_key(world.project, member)
    assert world.verified(text, None) == world.may(member)["project"]
    _, closed = make_key(world.archived, member)
    assert world.platform.verify(closed).json()["reason"] == "project_closed"


def test_a_personal_key_may_no_more_than_another(cast: Cast) -> None:
    world = World(cast.acme)
    member = make_member(world.org, Role.VIEWER)
    make_grant(world.project, member, Role.PROJECT_MEMBER)
    switch(world.project, ProjectPolicy.PERSONAL_KEYS.value)
    _, text = make_key(world.project, member, kind=Key.Kind.PERSONAL, executes=False)
    expected = {action for action in world.may(member)["project"] if ACTIONS[action] == "chat"}
    assert world.verified(text, world.project) == expected


def test_a_personal_key_stops_while_its_project_lets_nobody_have_one(cast: Cast) -> None:
    project = make_project(cast.acme, policies=[ProjectPolicy.PERSONAL_KEYS.value])
    mia, platform = cast.member(cast.mia), Platform(cast.acme, "decide")
    make_grant(project, mia, Role.PROJECT_MEMBER)
    personal, text = make_key(project, mia, kind=Key.Kind.PERSONAL, chats=False)
    _, other = make_key(project, mia)

    def evaluated(key: Key, action: Permission = Permission.WORKFLOWS_EXECUTE) -> dict[str, Any]:
        return ask(platform, key, action, project, who_type="key")

    assert platform.verify(text).json()["decision"]
    assert evaluated(personal)["decision"]
    switch(project)
    said = platform.verify(text).json()
    assert (said["decision"], said["reason"]) == (False, "personal_keys")
    assert (said["layer"], said["binding"]) == ("project", None)
    assert said["message"] == "The project does not allow personal keys now."
    assert platform.verify(other).json()["decision"]
    context = evaluated(personal)["context"]
    assert (context["reason"], context["layer"]) == ("personal_keys", "policy")
    assert (context["message"], context["change"][0]["on"]) == (said["message"], "project")
    # What its scope leaves out it never did; what counts live keys counts it as before.
    assert evaluated(personal, Permission.AGENTS_CHAT)["context"]["reason"] == "scope"
    with bound(cast.acme.pk):
        assert live_keys(cast.acme.pk).count() == 2
    switch(project, ProjectPolicy.PERSONAL_KEYS.value)
    assert platform.verify(text).json()["decision"]
    assert evaluated(personal)["decision"]


def test_an_archived_project_is_closed_to_its_personal_keys_whatever_its_policies(
    cast: Cast,
) -> None:
    project = make_project(cast.acme, state="archived")
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    _, text = make_key(project, mia, kind=Key.Kind.PERSONAL)
    said = Platform(cast.acme, "decide").verify(text).json()
    assert said["reason"] == "project_closed"


def switch(project: Project, *policies: str) -> None:
    """These policies are on there, and no others."""
    with bound(project.organization_id):
        rows = Project.objects.in_org(project.organization_id)
        rows.filter(pk=project.pk).update(policies=list(policies))
