"""Every route under an organization × every role × own, foreign and missing objects.

The expectation comes from the route's own lock and the rule book; a route whose object the table
below does not know fails.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.models import Event as Entry
from audit.models import Outcome
from config.gate import Lock, doors, lock_of
from config.roles import Permission, Role, permissions_of
from orgs.models import Invitation, Organization, OwnershipOffer
from orgs.tenancy import bound
from tests.factories import (
    TEST,
    Cast,
    body_of,
    make_group,
    make_member,
    make_person,
    make_seat,
    sign_in,
)

MAKERS: dict[str, Callable[[Organization], dict[str, Any]]] = {}


def maker(*families: str) -> Callable[..., Any]:
    def register(make: Callable[[Organization], dict[str, Any]]) -> Callable[..., Any]:
        MAKERS.update(dict.fromkeys(families, make))
        return make

    return register


@maker("member")
def some_member(organization: Organization) -> dict[str, Any]:
    return {"pk": make_member(organization, Role.MEMBER).pk}


@maker("group")
def some_group(organization: Organization) -> dict[str, Any]:
    group = make_group(organization)
    return {"pk": group.pk, "seat": make_seat(group, make_member(organization)).pk}


@maker("invitation")
def some_invitation(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        token = hashlib.sha256(uuid.uuid4().bytes).digest()
        invitation = Invitation.objects.create(
            organization=organization,
            email=f"{uuid.uuid4().hex}@example.com",
            token_hash=token,
            expires_at=timezone.now() + timedelta(days=7),
        )
        _record(organization)
    return {"pk": invitation.pk}


@maker("ownership")
def some_offer(organization: Organization) -> dict[str, Any]:
    one, other = make_member(organization, Role.OWNER), make_member(organization)
    with bound(organization.id):
        offer = OwnershipOffer.objects.create(
            organization=organization,
            offered_to=other,
            offered_by=one,
            expires_at=timezone.now() + timedelta(days=7),
        )
        _record(organization)
    return {"pk": offer.pk}


@maker("event")
def some_event(organization: Organization) -> dict[str, Any]:
    return {"sequence": 1}


def _record(organization: Organization) -> None:
    ledger.record(
        Event.OWNERSHIP_ACCEPTED,
        organization=organization.id,
        actor=TEST,
        target=Target("member", None, ""),
    )


@dataclass(frozen=True)
class Door:
    name: str
    lock: Lock
    wanted: tuple[str, ...]

    def objects(self, organization: Organization) -> dict[str, Any]:
        if not self.wanted:
            return {}
        # `ownership_offer` is made to a member; the other deeds on ownership are on an offer.
        family = "member" if self.name == "ownership_offer" else self.name.split("_")[0]
        made = MAKERS[family](organization)
        return {name: made[name] for name in self.wanted}


def organization_doors() -> list[Door]:
    found = []
    for route, door in doors():
        lock = lock_of(door.callback)
        if route.startswith("/o/") and lock:
            names = tuple(name for name in door.pattern.converters)
            found.append(Door(str(door.name), lock, names))
    return found


# An offer is there for the person it was made to; a seat needs to be told whose.
THEIRS_ALONE = {"ownership_accept", "ownership_decline", "group_member_add"}

ALL = pytest.mark.parametrize("door", organization_doors(), ids=lambda door: door.name)
METHODS = pytest.mark.parametrize("method", ["get", "post"])
ROLES = {
    "alice": Role.OWNER,
    "adam": Role.ADMIN,
    "mia": Role.MEMBER,
    "vera": Role.VIEWER,
    "eddie": Role.END_USER,
}


def address(organization: Organization, door: Door, objects: dict[str, Any]) -> str:
    return reverse(door.name, kwargs={"slug": organization.slug, **objects})


def may(role: Role, door: Door, cast: Cast) -> bool:
    assert door.lock.permission is not None
    return door.lock.permission in permissions_of({role}, frozenset(cast.acme.policies))


def landing(role: Role, cast: Cast) -> str:
    held = permissions_of({role}, frozenset(cast.acme.policies))
    return cast.url("" if Permission.ORG_VIEW_DASHBOARD in held else "hub/")


@ALL
@METHODS
@pytest.mark.requirement("S2-034", "S2-052", "S2-053", "S1-022", "S1-027", "S4-013")
def test_each_role_passes_or_is_sent_home_with_the_reason(
    cast: Cast, door: Door, method: str
) -> None:
    for name, role in ROLES.items():
        client = sign_in(getattr(cast, name))
        url = address(cast.acme, door, door.objects(cast.acme))
        response = getattr(client, method)(url)
        if may(role, door, cast):
            fine = {200, 204, 302, 405, 409, 422} | ({404} if door.name in THEIRS_ALONE else set())
            assert response.status_code in fine, (name, response)
            assert not _denied(client, response), name
        else:
            assert response.status_code == 302, name
            assert response["Location"] == landing(role, cast), name
            assert "may" in _notice(response), name
            with bound(cast.acme.id):
                newest = Entry.objects.order_by("-sequence").first()
            assert newest is not None
            assert newest.outcome == Outcome.DENIED
            wanted = door.lock.records or Event.ACCESS_REFUSED
            assert newest.action == wanted.value


# Written down one by one: the doors that do not refuse what a Viewer sends. The first are pages
# that read it as a visit, to verify the log is to read it, and an offer is answered by whom it is
# made to: anybody else finds none.
OPEN_TO_VIEWERS = {
    "access_state",
    "event_list",
    "event_view",
    "group_list",
    "group_view",
    "member_list",
    "member_view",
    "roster_export",
    "event_verify",
    "ownership_accept",
    "ownership_decline",
    "member_leave",
}


@pytest.mark.requirement("S1-027")
def test_what_a_viewer_sends_changes_nothing_but_their_own_leaving(cast: Cast) -> None:
    client, passed = sign_in(cast.vera), set()
    for door in organization_doors():
        response = client.post(address(cast.acme, door, door.objects(cast.acme)))
        if response.status_code != 405 and not _denied(client, response):
            passed.add(door.name)
    assert passed == OPEN_TO_VIEWERS
    with bound(cast.acme.id):
        sent = Entry.objects.filter(outcome=Outcome.DONE, actor_id=cast.member(cast.vera).pk)
        assert set(sent.values_list("action", flat=True)) <= {
            Event.AUDIT_READ.value,
            Event.AUDIT_VERIFIED.value,
            Event.ROSTER_EXPORTED.value,
        }


@ALL
@METHODS
@pytest.mark.requirement("S2-016", "S2-033", "S2-132", "S2-133", "S1-008")
def test_strangers_find_nothing_and_learn_nothing(cast: Cast, door: Door, method: str) -> None:
    url = address(cast.acme, door, door.objects(cast.acme))
    for person in (cast.oscar, cast.sam):
        client = sign_in(person)
        here = getattr(client, method)(url)
        nowhere = getattr(client, method)(url.replace(cast.acme.slug, "no-such-organization"))
        assert here.status_code == nowhere.status_code == 404
        assert body_of(here) == body_of(nowhere)
    anonymous = getattr(Client(), method)(url)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith(reverse("account_login"))


@ALL
@METHODS
@pytest.mark.requirement("S2-127", "S2-132")
def test_an_object_of_another_organization_is_missing(cast: Cast, door: Door, method: str) -> None:
    if not door.wanted or door.name == "event_view":
        pytest.skip("names no object, or one that every organization counts for itself")
    client = sign_in(cast.alice)
    foreign = address(cast.acme, door, door.objects(cast.umbrella))
    missing = address(cast.acme, door, {name: uuid.uuid4() for name in door.wanted})
    there, nowhere = getattr(client, method)(foreign), getattr(client, method)(missing)
    assert there.status_code == nowhere.status_code
    assert there.status_code in (404, 405)
    assert body_of(there) == body_of(nowhere)


def test_a_person_without_any_membership_finds_nothing(cast: Cast) -> None:
    assert sign_in(make_person()).get(cast.url()).status_code == 404


def _notice(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def _denied(client: Client, response: Any) -> bool:
    return getattr(response.wsgi_request, "refusal", None) is not None
