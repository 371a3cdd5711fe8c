"""People and organizations for tests, made through the real deeds wherever there is one."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.flows import login
from allauth.account.models import EmailAddress
from django.http import HttpResponseBase
from django.test import Client

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.roles import Preset, Role
from orgs.access import Access
from orgs.actions.organizations import organization_create
from orgs.models import Group, GroupMembership, Membership, Organization
from orgs.tenancy import bind_member, bound

# Beyond what an earlier run may have left in a database that is used again.
_numbers = itertools.count(time.time_ns() // 10**6 % 10**10)
SIGN_IN = "allauth.account.auth_backends.AuthenticationBackend"
TEST = Actor("system", None, "Test")


def make_person(name: str = "", email: str = "", **fields: Any) -> User:
    number = next(_numbers)
    name = name or f"Person {number}"
    email = email or f"{name.split()[0].lower()}.{number}@example.com"
    person = User.objects.create_user(email, "correct horse battery", name=name, **fields)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def make_organization(
    owner: User, name: str = "Acme Robotics", slug: str = "", preset: Preset = Preset.S1
) -> Organization:
    slug = slug or f"{name.split()[0].lower()}-{next(_numbers)}"
    return organization_create(name=name, slug=slug, preset=preset, owner=owner, actor=TEST)


def make_member(
    organization: Organization, role: Role = Role.MEMBER, person: User | None = None, **fields: Any
) -> Membership:
    """A membership that is simply there, with its ledger entry."""
    with bound(organization.id):
        values = {"role": role, "organization": organization} | fields
        if person is None and not fields.get("login"):
            person = make_person(fields.get("name", ""))
        if person is not None:
            values = {"name": person.name, "email": person.email, "person": person} | values
        membership = Membership.objects.create(**({"name": fields.get("login", "")} | values))
        ledger.record(
            Event.MEMBER_ADDED,
            organization=organization.id,
            actor=TEST,
            target=Target("member", membership.id, membership.name),
            changes={
                "role": (None, membership.role_label),
                "name": (None, membership.name),
                "email": (None, membership.email),
                "login": (None, membership.login),
            },
        )
    return membership


def make_group(organization: Organization, name: str = "", **fields: Any) -> Group:
    with bound(organization.id):
        group = Group.objects.create(
            organization=organization, name=name or f"Group {next(_numbers)}", **fields
        )
        ledger.record(
            Event.GROUP_CREATED,
            organization=organization.id,
            actor=TEST,
            target=Target("group", group.id, group.name),
            changes={
                "name": (None, group.name),
                "description": (None, group.description),
                "parent": (None, None),
                "secret": (None, group.secret),
            },
        )
    return group


def make_seat(group: Group, membership: Membership, *, maintainer: bool = False) -> GroupMembership:
    with bound(group.organization_id):
        seat = GroupMembership.objects.create(
            organization_id=group.organization_id,
            group=group,
            membership=membership,
            is_maintainer=maintainer,
        )
        ledger.record(
            Event.GROUP_MEMBER_ADDED,
            organization=group.organization_id,
            actor=TEST,
            target=Target("member", membership.pk, membership.name),
            changes={
                "group": (None, group.name),
                "maintainer": (None, maintainer),
                "expires_at": (None, None),
            },
        )
    return seat


def access_of(organization: Organization, person: User) -> Access:
    """Bind as this person and return their access; stays bound for the rest of the test."""
    access = bind_member(
        organization.slug, person.pk, identity=Actor("person", person.pk, person.name)
    )
    assert access is not None, f"{person} is no member of {organization}"
    return access


def sign_in(person: User, *, fresh: bool = True, **headers: str) -> Client:
    """A client signed in as this person, just now unless told otherwise."""
    client = Client(headers=headers or None)
    client.force_login(person, backend=SIGN_IN)
    if fresh:
        session = client.session
        session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [
            {"method": "password", "at": time.time()}
        ]
        session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = login.user_id_to_str(person)
        session.save()
    return client


def body_of(response: HttpResponseBase) -> str:
    """The page without what is new in every answer: the masked token of its forms, its id."""
    text = response.content.decode()  # type: ignore[attr-defined]
    text = text.replace(response.headers["X-Request-ID"], "")
    return re.sub(r'(csrfmiddlewaretoken" value=|"X-CSRFToken": )"[^"]+"', "", text)


@dataclass(frozen=True, kw_only=True)
class Cast:
    acme: Organization
    umbrella: Organization
    alice: User
    adam: User
    mia: User
    vera: User
    eddie: User
    oscar: User
    sam: User
    members: dict[str, Membership]

    def member(self, person: User) -> Membership:
        return self.members[person.email]

    def access(self, person: User) -> Access:
        return access_of(self.acme, person)

    def url(self, page: str = "", organization: Organization | None = None) -> str:
        return f"/o/{(organization or self.acme).slug}/{page}"


def make_cast() -> Cast:
    people = {
        name: make_person(f"{name.capitalize()} {family}")
        for name, family in (
            ("alice", "Marlow"),
            ("adam", "Brandt"),
            ("mia", "Castellano"),
            ("vera", "Lindqvist"),
            ("eddie", "Okafor"),
            ("oscar", "Novak"),
        )
    }
    sam = make_person("Sam Whitfield", is_staff=True)
    acme = make_organization(people["alice"], "Acme Robotics")
    umbrella = make_organization(people["oscar"], "Umbrella")
    with bound(acme.id):
        members = {people["alice"].email: Membership.objects.in_org(acme).get()}
    for name, role in (
        ("adam", Role.ADMIN),
        ("mia", Role.MEMBER),
        ("vera", Role.VIEWER),
        ("eddie", Role.END_USER),
    ):
        members[people[name].email] = make_member(acme, role, people[name])
    return Cast(acme=acme, umbrella=umbrella, sam=sam, members=members, **people)
