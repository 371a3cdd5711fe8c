"""A superadmin is refused everywhere inside, over the whole route table: what is there and what is
not answer alike, whatever is asked and however.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from accounts.models import User
from config.gate import doors
from config.roles import Permission, Role, permissions_of
from orgs.models import Organization
from orgs.tenancy import bind_member
from projects.api import routes
from tests.factories import TEST, Cast, body_of, sign_in
from tests.house.doors import MAKERS

pytestmark = pytest.mark.django_db


def console_doors() -> list[tuple[str, URLPattern]]:
    found = [(route, door) for route, door in doors() if route.startswith("/o/")]
    assert len(found) > 150
    return found


def objects_of(
    organization: Organization, door: URLPattern, made: dict[str, Any]
) -> dict[str, Any]:
    """What stands behind this door; where its maker is not known, ids that are at least real."""
    family = (door.name or "").split("_")[0]
    family = family if family in MAKERS else "member"
    if family not in made:
        made[family] = MAKERS[family](organization)
    return made[family]


def address(organization: Organization, door: URLPattern, objects: dict[str, Any]) -> str:
    given = {"slug": organization.slug}
    for name, converter in door.pattern.converters.items():
        if name != "slug":
            kind = type(converter).__name__
            some = {"UUIDConverter": uuid.uuid4(), "IntConverter": 1}.get(kind, "x")
            given[name] = objects.get(name, some)
    return reverse(door.name or "", kwargs=given)


def answers(client: Client, path: str, *, in_every_way: bool = True) -> list[tuple[int, str]]:
    sent = [client.get(path), client.post(path, {"name": "Mine", "role": "owner"})]
    if in_every_way:
        sent.append(client.get(path, headers={"HX-Request": "true"}))
        accepts = {"Accept": "application/json"}
        sent.append(client.post(path, "{}", "application/json", headers=accepts))
    return [(response.status_code, body_of(response)) for response in sent]


@pytest.mark.requirement("S2-006", "S2-010", "S2-016", "S2-017", "S2-018", "S2-019", "S2-138")
def test_a_superadmin_is_refused_everywhere_inside(cast: Cast) -> None:
    """What exists, what does not, and an organization that is not there: all the same nothing."""
    sam, made = sign_in(cast.sam), {}
    nothing = Organization(name="Nowhere", slug=f"nowhere-{uuid.uuid4().hex[:8]}")
    expected = answers(sam, f"/o/{nothing.slug}/")
    assert {status for status, _ in expected} == {404}
    for route, door in console_doors():
        objects = objects_of(cast.acme, door, made)
        for organization, found in ((cast.acme, objects), (cast.acme, {}), (nothing, objects)):
            path = address(organization, door, found)
            got = answers(sam, path, in_every_way=found is objects and organization is cast.acme)
            assert [status for status, _ in got] == [404] * len(got), route
            assert {body.replace(path, "") for _, body in got} <= {
                body.replace(f"/o/{nothing.slug}/", "") for _, body in expected
            }, route


@pytest.mark.requirement("S2-016", "S2-018")
def test_the_interface_knows_no_superadmin(cast: Cast) -> None:
    """It asks for a token; a session opens nothing, whoever's it is."""
    sam, nobody = sign_in(cast.sam), Client()
    for path in routes.SCOPES:
        for method in ("get", "post"):
            answer = getattr(sam, method)(path, {})
            assert answer.status_code in (401, 404, 405), path
            assert answer.status_code == getattr(nobody, method)(path, {}).status_code


@pytest.mark.requirement("S2-016", "S2-017")
def test_nothing_binds_a_superadmin_to_an_organization(cast: Cast) -> None:
    for organization in (cast.acme, cast.umbrella):
        assert bind_member(organization.slug, cast.sam.pk, identity=TEST) is None


@pytest.mark.requirement("S2-018", "S2-019")
def test_the_role_itself_holds_no_permission_inside() -> None:
    inside = permissions_of({Role.SUPERADMIN}, frozenset())
    assert inside
    assert all(permission.value.startswith("platform.") for permission in inside)
    assert not inside & {Permission.PROJECTS_CREATE, Permission.ORG_MANAGE_SETTINGS}


@pytest.mark.requirement("S2-035", "S2-036", "S2-037", "S2-038", "S2-104", "S2-120", "S2-122")
def test_nobody_of_an_organization_finds_a_door_of_the_portal(cast: Cast) -> None:
    """The other way round: every route of the portal is missing for everyone who is no superadmin."""
    portal = [door for route, door in doors() if route.startswith("/admin/")]
    assert len(portal) > 25
    for person in (cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie):
        client = sign_in(person)
        missing = body_of(client.get("/admin/not-there/"))
        for door in portal:
            given = dict.fromkeys(door.pattern.converters, cast.oscar.pk)
            path = reverse(f"admin:{door.name}", kwargs=given)
            for answer in (client.get(path), client.post(path, {})):
                assert answer.status_code == 404, path
                assert body_of(answer).replace(path, "") == missing.replace(
                    "/admin/not-there/", ""
                ), path
    assert not User.objects.filter(pk=cast.oscar.pk).exclude(state="active").exists()
