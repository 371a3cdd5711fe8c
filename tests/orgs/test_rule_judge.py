"""The judge finds a witness if and only if somebody breaks the rule, as `Access` has it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from uuid6 import uuid7

from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_of,
)
from orgs.access import Access
from orgs.models import GroupMembership, Membership, Organization
from orgs.rules.judge import witnesses
from orgs.rules.language import Form, Sentence
from orgs.tenancy import bind_member, bound
from tests.factories import TEST, Cast, make_group, make_member, make_organization, make_person
from tests.orgs.invitations import raw_update
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

pytestmark = pytest.mark.django_db

PLACE_ROLES = {
    Scope.WORKSPACE: [Role.WORKSPACE_ADMIN, Role.WORKSPACE_VIEWER],
    Scope.PROJECT: [Role.PROJECT_OWNER, Role.PROJECT_MEMBER, Role.PROJECT_VIEWER],
    Scope.RESOURCE: [Role.RESOURCE_ADMIN, Role.RESOURCE_USER],
}
ASKED = [
    Permission.BILLING_VIEW_INVOICES,
    Permission.BILLING_VIEW_COSTS,
    Permission.INSIGHTS_VIEW,
    Permission.MEMBERS_VIEW,
    Permission.AUDIT_VIEW,
    Permission.RUNNERS_VIEW_ALL,
    Permission.PROJECTS_VIEW,
    Permission.PROJECTS_DELETE,
    Permission.AGENTS_CHAT,
    Permission.STUDIO_ACCESS,
    Permission.WORKSPACES_VIEW,
]


class Tenant:
    """A few people with roles of every kind, some of them over, and all the places there are."""

    def __init__(self, dice: random.Random) -> None:
        owner = make_person()
        self.org: Organization = make_organization(owner, f"Random {dice.random()}")
        self.policies = frozenset(p for p in Policy if dice.random() < 0.5)
        raw_update(self.org, policies=sorted(self.policies))
        self.members = [make_member(self.org, dice.choice(ORGANIZATION_ROLES)) for _ in range(6)]
        self.members.append(make_member(self.org, Role.VIEWER, None, login="placeholder"))
        workspace = make_workspace(self.org)
        project = make_project(self.org, workspace=workspace)
        self.places: list[Any] = [
            workspace,
            project,
            make_project(self.org, state="archived"),
            # Published: what an End User was given counts for the judge before it is, too.
            make_resource(project, published_at=timezone.now()),
            make_resource(self.org, "runner", published_at=timezone.now()),
        ]
        self.groups = [make_group(self.org) for _ in range(3)]
        with bound(self.org.id):
            members = Membership.objects.in_org(self.org)
            self.members.append(members.get(person=owner))
            for member in self.members[:6]:
                if member.role != Role.OWNER and dice.random() < 0.4:
                    members.filter(pk=member.pk).update(expires_at=self.end(dice))
            self.seat(dice)
        for group in self.groups:
            for role in dice.sample(GROUP_ROLES, dice.randrange(3)):
                make_group_role(group, role)
        pairs = [(place, to) for place in self.places for to in (*self.members[:6], *self.groups)]
        for place, to in dice.sample(pairs, 8):
            role = dice.choice(PLACE_ROLES[place.scope])
            make_grant(place, to, role, expires_at=self.end(dice))

    def end(self, dice: random.Random) -> Any:
        return (
            timezone.now() + timedelta(days=dice.choice([-1, 1])) if dice.random() < 0.5 else None
        )

    def seat(self, dice: random.Random) -> None:
        for group in self.groups:
            for member in dice.sample(self.members, 3):
                GroupMembership.objects.create(
                    organization_id=self.org.id,
                    group=group,
                    membership=member,
                    expires_at=self.end(dice),
                )

    def people(self) -> list[tuple[Membership, Access]]:
        """Everybody who gets in, by the very call that lets a request in."""
        found = []
        for member in self.members:
            access = member.person_id and bind_member(
                self.org.slug, member.person_id, identity=TEST
            )
            if access:
                for place in self.places:
                    access.roles_on(place)
                found.append((member, access))
        return found


def holds(access: Access, permission: Permission, places: list[Any]) -> bool:
    if permission.scope is Scope.ORGANIZATION:
        return access.can(permission)
    anywhere = permissions_of(access.roles - {Role.END_USER}, access.policies)
    return permission in anywhere or any(permission in access.permissions_on(p) for p in places)


def roles_of(access: Access, places: list[Any]) -> frozenset[Role]:
    return access.roles.union(*(access.roles_on(place) for place in places))


def breaks(said: Sentence, access: Access, places: list[Any]) -> bool:
    """What the sentence means, read from `Access` alone."""
    roles = roles_of(access, places)
    may = [holds(access, one, places) for one in said.permissions]
    if said.form is Form.NO:
        return said.roles[0] in roles and may[0]
    if said.form is Form.ONLY:
        return may[0] and not roles & set(said.roles)
    if said.form is Form.EVERY:
        return said.roles[0] in roles and not may[0]
    if said.form is Form.BOTH:
        return all(may) and not roles & set(said.roles)
    if said.form is Form.ALONE:
        below = said.permissions[0].scope is not Scope.ORGANIZATION
        asked = set(said.roles) - ({Role.END_USER} if below else set())
        return not roles & set(said.roles) if may[0] else bool(roles & asked)
    return set(said.roles) <= roles


def some(dice: random.Random) -> Sentence:
    form = dice.choice([Form.NO, Form.ONLY, Form.EVERY, Form.BOTH, Form.ALONE, Form.TWO])
    roles = [role for role in Role if role is not Role.SUPERADMIN]
    if form is Form.TWO:
        return Sentence(form=form, roles=tuple(dice.sample(roles, 2)))
    count = 1 if form in (Form.NO, Form.EVERY) else dice.randrange(1, 7)
    named = () if form is Form.BOTH and dice.random() < 0.5 else tuple(dice.sample(roles, count))
    permissions = tuple(dice.sample(ASKED, 2 if form is Form.BOTH else 1))
    return Sentence(form=form, roles=named, permissions=permissions)


@pytest.mark.parametrize("seed", range(10))
def test_it_finds_exactly_those_who_break_it(seed: int, db: None) -> None:
    dice = random.Random(seed)
    tenant = Tenant(dice)
    said = {uuid7(): some(dice) for _ in range(60)}
    with bound(tenant.org.id):
        people = tenant.people()
        found = witnesses(said.items(), tenant.policies, limit=50)
        everyone = [member.pk for member in tenant.members]
        picked = witnesses(said.items(), tenant.policies, limit=50, people=everyone[:3])
    by_rule = {key: {w.membership for w in found if w.rule == key} for key in said}
    for key, sentence in said.items():
        expected = {m.pk for m, a in people if breaks(sentence, a, tenant.places)}
        assert by_rule[key] == expected, str(sentence)
        narrow = {w.membership for w in picked if w.rule == key}
        assert narrow == expected & set(everyone[:3]), str(sentence)


def judged(cast: Cast, said: Sentence, **more: Any) -> list[tuple[Any, int]]:
    with bound(cast.acme.id):
        found = witnesses([(uuid7(), said)], frozenset(), **{"limit": 50} | more)
    return [(one.membership, one.number) for one in found]


def test_people_are_counted_who_can_sign_in(cast: Cast) -> None:
    make_member(cast.acme, Role.ADMIN, None, login="ghost")
    gone = make_member(cast.acme, Role.ADMIN)
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(pk=gone.pk).update(
            expires_at=timezone.now() - timedelta(hours=1)
        )
    admins = {"form": Form.COUNT, "roles": (Role.ADMIN,)}
    assert judged(cast, Sentence(**admins, low=2)) == [(None, 1)]
    assert judged(cast, Sentence(**admins, low=1, high=1)) == []
    assert judged(cast, Sentence(**admins, high=0)) == [(None, 1)]
    group = make_group(cast.acme)
    make_group_role(group, Role.AUDIT_LOG_READER)
    readers = Sentence(form=Form.COUNT, roles=(Role.AUDIT_LOG_READER,), low=1)
    assert judged(cast, readers) == [(None, 0)]


def test_addresses_are_compared_by_their_whole_domain(cast: Cast) -> None:
    outside = {"form": Form.OUTSIDE, "roles": (Role.ADMIN,)}
    assert judged(cast, Sentence(**outside, domains=("example.com",))) == []
    adam = cast.member(cast.adam).pk
    for other in ("ample.com", "example.co", "example.com.test"):
        assert judged(cast, Sentence(**outside, domains=(other,))) == [(adam, 0)]


def test_an_end_counts_by_the_way_that_lasts_longest(cast: Cast) -> None:
    group, project = make_group(cast.acme), make_project(cast.acme)
    within = Sentence(form=Form.ENDS, roles=(Role.PROJECT_MEMBER,), days=30)
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER, expires_at=timezone.now() + timedelta(days=10))
    assert judged(cast, within) == []
    make_grant(project, group, Role.PROJECT_MEMBER)
    with bound(cast.acme.id):
        seat = GroupMembership.objects.create(organization=cast.acme, group=group, membership=mia)
    assert judged(cast, within) == [(mia.pk, 0)]
    with bound(cast.acme.id):
        seat.expires_at = timezone.now() + timedelta(days=30)
        seat.save()
    assert judged(cast, within) == []
