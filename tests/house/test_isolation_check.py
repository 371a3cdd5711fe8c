"""The self-test calls every route, finds nothing here, and finds what is planted."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from audit.models import PLATFORM
from audit.models import Event as Entry
from config.gate import doors
from orgs.isolation import calls
from orgs.isolation.check import check
from orgs.isolation.routes import LEFT_OUT, Area, routes
from orgs.models import Organization
from orgs.tenancy import bound
from projects.api import routes as interface
from projects.models import Key, Project, ServiceToken
from tests.factories import Cast, make_organization, make_person
from tests.house import leaky_urls
from tests.house.furniture import Furniture, belongings, furnish
from tests.projects.factories import make_project

# What an owner finds nothing behind, so that no call can show that the route hides it.
NOTHING_BEHIND = {
    "ownership_accept": "no ownership is offered",
    "ownership_decline": "no ownership is offered",
    "ownership_withdraw": "no ownership is offered",
    "/v1/audit-checkpoints": "it names nothing: the token alone says whose they are",
}


def report(slug: str, **options: Any) -> dict[str, Any]:
    said = io.StringIO()
    try:
        call_command("isolation_check", org=slug, json=True, stdout=said, **options)
    except CommandError as error:
        assert error.returncode == 1
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def findings(said: dict[str, Any]) -> list[dict[str, str]]:
    return [finding for area in said["areas"] for finding in area["findings"]]


def test_every_route_is_called_or_left_out_for_a_reason() -> None:
    named = {str(door.name or pattern) for pattern, door in doors()}
    called = {route.name for route in routes()}
    assert called | LEFT_OUT.keys() == named
    assert not called & LEFT_OUT.keys(), "left out, and called all the same"
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


@pytest.mark.django_db
@pytest.mark.requirement("S2-127", "S2-132", "S2-017")
@pytest.mark.parametrize(
    "areas", [[Area.INSIDE], [Area.PORTAL, Area.INTERFACE, Area.ELSEWHERE]], ids=["inside", "rest"]
)
def test_no_route_tells_an_outsider_what_exists(cast: Cast, areas: list[Area]) -> None:
    belongings(cast.member(cast.alice), furnish(cast.acme).project)
    before = _everything(cast)
    said = report(cast.acme.slug, area=[area.value for area in areas])
    assert not findings(said), json.dumps(findings(said), indent=2)
    for area, told in zip(areas, _in_order(said, areas), strict=True):
        here = {route.name for route in routes() if route.area is area}
        assert set(told["routes"]) == here, "a route that nobody called"
        assert set(told["unopened"]) <= NOTHING_BEHIND.keys()
        assert told["pairs"] >= len(here)
        assert not told["untried"]
    assert _everything(cast) == before, "something of the check is left"


def _in_order(said: dict[str, Any], areas: list[Area]) -> list[dict[str, Any]]:
    told = {area["area"]: area for area in said["areas"]}
    return [told[area.value] for area in areas]


def _everything(cast: Cast) -> list[int]:
    rows = [User.objects.count(), Session.objects.count(), Entry.objects.count()]
    with bound(cast.acme.id):
        rows += [Key.objects.count(), ServiceToken.objects.count(), Entry.objects.count()]
    return [Organization.objects.count(), *rows]


@pytest.fixture
def leaks(cast: Cast, settings: Any) -> Furniture:
    """Routes that leak, which know a project of Acme."""
    found = furnish(cast.acme, prefix="Zephyr ")
    settings.ROOT_URLCONF = "tests.house.leaky_urls"
    leaky_urls.KNOWN.clear()
    with bound(cast.acme.id):
        leaky_urls.KNOWN.update(Project.objects.values_list("pk", flat=True))
    leaky_urls.ADDRESS[:], leaky_urls.NAME[:] = [cast.acme.slug], [found.unpublished.name]
    return found


@pytest.mark.parametrize(
    ("route", "outsider", "told_by"),
    [
        ("project_forbidden", "another organization’s owner", "status 403, not 404"),
        ("project_echo", "another organization’s owner", "says “Zephyr"),
        ("project_looked_up", "another organization’s owner", "statements, not"),
        ("project_everywhere", "another organization’s owner", "shows a resource: Zephyr"),
        ("container_contents", "a superadmin", "shows a resource: Zephyr"),
        ("project_in_portal", "a superadmin", "status 200, not 404"),
        ("project_for_everybody", "nobody", "says “Sign in"),
    ],
)
def test_a_route_that_leaks_is_found(
    cast: Cast, leaks: Furniture, route: str, outsider: str, told_by: str
) -> None:
    found = findings(report(cast.acme.slug, route=[route]))
    assert [one for one in found if one["outsider"] == outsider and told_by in one["told_by"]], (
        found
    )
    assert {one["route"] for one in found} == {route}
    assert all(one["there"].startswith(f"{one['method'].upper()} /") for one in found)


def test_an_endpoint_that_knows_a_foreign_id_is_found(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = furnish(cast.acme).project
    endpoint = "/v1/keys/verify"
    answered = interface.WAYS[endpoint]

    def leaky(request: HttpRequest) -> HttpResponse:
        if str(project.pk) in request.body.decode():
            return HttpResponse(b'{"code": "forbidden"}', status=403)
        response: HttpResponse = answered(request)
        return response

    monkeypatch.setitem(interface.WAYS, endpoint, leaky)
    name = next(route.name for route in routes() if route.pattern == endpoint)
    found = findings(report(cast.acme.slug, route=[name]))
    assert {one["told_by"] for one in found} >= {"status 403, not 401"}, found
    assert all(str(project.pk) in one["there"] for one in found), "the call is its witness"


def test_an_endpoint_that_is_not_documented_is_said_to_be_untried(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(cast.acme)
    without = {**interface.document(), "paths": {}}
    monkeypatch.setattr("orgs.isolation.interface.documented", lambda: json.dumps(without))
    (told,) = _in_order(report(cast.acme.slug, route=["key_verify"]), [Area.INTERFACE])
    assert told["untried"] == ["/v1/keys/verify: /openapi.json does not have it"]


def test_the_table_says_area_by_area_what_came_of_it(cast: Cast) -> None:
    make_project(cast.acme)
    said = io.StringIO()
    call_command(
        "isolation_check", org=cast.acme.slug, route=["healthy"], stdout=said, no_color=True
    )
    lines = said.getvalue().splitlines()
    assert lines[1].split() == [
        *("Area", "Routes", "Calls", "Pairs", "Differences", "Findings", "Time")
    ]
    assert [line.split()[-6] for line in lines[2:6]] == ["0", "0", "0", "1"]
    assert "Nothing was committed" in lines[-1]


def test_a_server_that_insists_on_tls_is_called_as_over_tls(
    cast: Cast, leaks: Furniture, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    calls._handler.cache_clear()
    found = findings(report(cast.acme.slug, route=["project_forbidden"]))
    calls._handler.cache_clear()
    assert found, "everything was sent away alike"


def test_a_route_that_is_none_is_refused(cast: Cast) -> None:
    with pytest.raises(CommandError, match="no such route"):
        call_command("isolation_check", org=cast.acme.slug, route=["nowhere"])


@pytest.fixture
def superadmin(committed: None) -> Iterator[User]:
    """Committed, and none any more afterwards: other tests count them."""
    person = make_person(is_staff=True)
    yield person
    User.objects.using("owner").filter(pk=person.pk).update(is_staff=False)


PORTAL = ["orgs_organization_change", "accounts_user_change", "platform_log"]


def test_the_portal_on_a_connection_of_its_own_keeps_nothing(superadmin: User) -> None:
    """With real commits: the portal logs in as itself, and what it did is undone there, too."""
    organization = make_organization(make_person())
    before = _in_the_portal()
    (told,) = report(organization.slug, area=["portal"], route=PORTAL)["areas"]
    assert told["findings"] == [], told["findings"]
    assert told["untried"] == []
    assert told["pairs"] > 20
    assert _in_the_portal() == before


def _in_the_portal() -> list[int]:
    with bound(PLATFORM):
        entries = Entry.objects.filter(organization_id=PLATFORM).count()
    return [User.objects.count(), Session.objects.count(), entries]


def test_nobody_at_work_waits_for_it(superadmin: User) -> None:
    """Whoever changes something there meanwhile finds no row of theirs locked."""
    organization = make_organization(make_person())
    free: list[tuple[str, int]] = []

    def look(area: Area, done: int, of: int) -> None:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            for table, column in (("audit_head", "organization_id"), ("orgs_organization", "id")):
                cursor.execute(
                    f"SELECT 1 FROM {table} WHERE {column} = ANY (%s) FOR UPDATE SKIP LOCKED",
                    [[organization.pk, PLATFORM]],
                )
                free.append((table, len(cursor.fetchall())))

    check(organization.pk, organization.slug, only=[*PORTAL, "dashboard", "profile"], progress=look)
    heads, rows = (1 + _has_head(), 1)
    assert set(free) == {("audit_head", heads), ("orgs_organization", rows)}


def _has_head() -> bool:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT 1 FROM audit_head WHERE organization_id = %s", [PLATFORM])
        return cursor.fetchone() is not None
