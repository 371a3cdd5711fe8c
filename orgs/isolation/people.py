"""Who calls: an owner of the organization, one of another, a superadmin, and nobody.

Signed in by their sessions alone, so that nobody's sign-in is entered anywhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID, uuid4

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Q

from accounts.models import User
from accounts.presence import SEEN
from config.roles import Preset, Role
from orgs.actions.organizations import organization_create
from orgs.isolation.calls import Caller, portal_is_apart
from orgs.isolation.lending import Lent, lent_to
from orgs.isolation.marks import Marks, marks_of
from orgs.isolation.samples import Samples, sample
from orgs.models import Organization
from orgs.tasks import JOB
from orgs.tenancy import bound

SIGN_IN = settings.AUTHENTICATION_BACKENDS[-1]


@dataclass(frozen=True, kw_only=True)
class House:
    """An organization as it is called: its address, an owner, what is in it, what it lent."""

    id: UUID
    slug: str
    owner: User
    client: Caller
    samples: Samples
    marks: Marks
    lent: Lent


def house_of(organization: UUID, slug: str) -> House:
    with bound(organization):
        owner = User.objects.filter(
            is_active=True,
            memberships__organization=organization,
            memberships__role=Role.OWNER.value,
        )[0]
    lent = lent_to(organization)
    with bound(organization):
        samples, marks = sample(organization), marks_of(organization)
        named = Organization.objects.get(pk=organization).name
    known = Marks(marks.ids | {str(organization): "organization"}, marks.words)
    if named not in ("", slug):
        known = Marks(known.ids, known.words | {named: "organization"})
    return House(
        id=organization,
        slug=slug,
        owner=owner,
        client=client_of(owner),
        samples=samples,
        marks=known,
        lent=lent,
    )


def new_house() -> House:
    """Another organization, with an owner who is in no other."""
    founded = organization_create(
        name="Isolation check",
        slug=f"isolation-{uuid4().hex[:12]}",
        preset=Preset.S1,
        owner=new_person(),
        actor=JOB,
    )
    return house_of(founded.id, founded.slug)


def new_person(*, is_staff: bool = False) -> User:
    return User.objects.create(
        email=f"{uuid4().hex}@isolation.invalid", name="Isolation check", is_staff=is_staff
    )


def superadmin_of_portal() -> User | None:
    """One that the portal's own connection sees: where that is another, only who was there before.

    None where nobody was: a person would have to be committed, and stay in the log.
    """
    found = User.objects.filter(is_staff=True, is_active=True).order_by("pk").first()
    return found or (None if portal_is_apart() else new_person(is_staff=True))


def known_to_portal(house: House) -> set[str]:
    """What of it is no content: its own name and address, and whoever has an account."""
    with bound(house.id):
        named = Organization.objects.get(pk=house.id).name
    words = [*house.marks.words]
    people = User.objects.filter(Q(name__in=words) | Q(email__in=words))
    accounts = {word for row in people.values_list("name", "email") for word in row}
    return accounts | {named, house.slug}


def anybody() -> Caller:
    host = settings.ALLOWED_HOSTS[0].replace("*", "localhost").removeprefix(".")
    return Caller(headers={"host": host})


def client_of(person: User) -> Caller:
    """Signed in just now, as the pages that ask for that want it."""
    client, now = anybody(), time.time()
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = SIGN_IN
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": now}]
    session[SEEN] = int(now)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client
