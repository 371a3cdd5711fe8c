"""The wall around a request (DESIGN 5): bound for one transaction, and nothing leaks from it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from accounts.models import User
from audit.models import Event, Outcome
from config.requests import RequestIdMiddleware
from config.roles import Role
from orgs import tenancy
from orgs.models import Membership, Organization
from orgs.tenancy import TenancyMiddleware, bound
from tests.factories import (
    Cast,
    body_of,
    make_group,
    make_member,
    make_organization,
    make_person,
    sign_in,
)
from tests.races import together

THREADS, REQUESTS = 8, 250


def test_a_request_is_unbound_after_it(cast: Cast) -> None:
    assert sign_in(cast.alice).get(cast.url("groups/")).status_code == 200
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET app.organization")
        assert not Membership.objects.exists()


@pytest.mark.parametrize(
    "path",
    ["/o/%00/", "/o/a%00b/members/", "/o/%ff%fe/", "/o/%ED%A0%80/", f"/o/{'a' * 70_000}/", "/o//"],
)
def test_an_address_that_is_none_is_a_page_that_is_not_there(cast: Cast, path: str) -> None:
    client = sign_in(cast.alice)
    assert body_of(client.get(path)) == body_of(client.get("/o/no-such-organization/"))
    assert client.post(path).status_code == 404


def test_an_address_does_not_lead_around_the_wall(cast: Cast) -> None:
    client, mine, other = sign_in(cast.alice), cast.acme.slug, cast.umbrella.slug
    for path in (
        f"/o/{mine}/../{other}/",
        f"/o/{mine}%2F..%2F{other}/",
        f"/o/{mine}//members/",
        f"//o/{mine}/",
        f"/o//{mine}/",
        f"/o/{mine.upper()}/",
        f"/O/{mine}/",
        f"/o/{other}/members/%2e%2e/",
    ):
        assert client.get(path).status_code == 404, path
    # The slash that was forgotten is added before anybody asks whether the page is there.
    for slug in (mine, other, "no-such-organization"):
        assert client.get(f"/o/{slug}/members")["Location"] == f"/o/{slug}/members/"


@pytest.mark.requirement("S2-132", "S2-133", "S2-134")
def test_one_person_in_two_organizations_sees_one_at_a_time(cast: Cast) -> None:
    make_member(cast.umbrella, Role.VIEWER, cast.mia, name="M. Castellano")
    make_group(cast.acme, "Robots")
    make_group(cast.umbrella, "Umbrellas")
    client = sign_in(cast.mia)
    acme = client.get(cast.url("groups/")).content
    umbrella = client.get(cast.url("groups/", cast.umbrella)).content
    assert b"Robots" in acme
    assert b"Umbrellas" not in acme
    assert b"Umbrellas" in umbrella
    assert b"Robots" not in umbrella
    # Each organization keeps its own copy of the name, too.
    assert b"M. Castellano" in umbrella
    assert b"M. Castellano" not in acme


def test_a_failed_request_leaves_nothing_and_says_so_in_the_ledger(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cast.members.copy()

    def fails_halfway(request: HttpRequest) -> HttpResponse:
        with bound(cast.acme.id):
            Membership.objects.filter(pk=cast.member(cast.mia).pk).update(name="Changed")
        return HttpResponse(status=500)

    request = RequestFactory().post(cast.url("groups/"))
    request.user = cast.alice
    request.id = "request"  # type: ignore[attr-defined]
    request.lock = type("Lock", (), {"records": None})()  # type: ignore[attr-defined]
    TenancyMiddleware(fails_halfway)(request)
    with bound(cast.acme.id):
        assert Membership.objects.get(pk=cast.member(cast.mia).pk).name == "Mia Castellano"
    assert before


def test_every_answer_names_its_request() -> None:
    answer = RequestIdMiddleware(lambda request: HttpResponse())(RequestFactory().get("/"))
    assert len(answer.headers["X-Request-ID"]) == 32


def test_the_ledger_keeps_where_a_request_came_from(cast: Cast) -> None:
    client = sign_in(cast.mia, **{"user-agent": "Firefox"})
    response = client.get(cast.url("settings/"), REMOTE_ADDR="203.0.113.9")
    with bound(cast.acme.id):
        entry = Event.objects.order_by("-sequence").first()
        with connection.cursor() as cursor:
            cursor.execute("SELECT words FROM audit_particulars ORDER BY sequence DESC LIMIT 1")
            (words,) = cursor.fetchone()
    assert entry
    assert entry.outcome == Outcome.DENIED
    assert response.headers["X-Request-ID"] in entry.body
    assert "203.0.113.9" in words
    assert "Firefox" in words


@dataclass(frozen=True)
class Tenant:
    organization: Organization
    people: list[User]
    mark: str


@pytest.mark.race
@pytest.mark.requirement("S2-127", "S2-133")
def test_thousands_of_interleaved_requests_leak_nothing(committed: None) -> None:
    """Several people of several organizations over the same pooled connections, some refused,
    some failing: every answer shows its own organization's mark and never another's."""
    tenants = [_tenant(number) for number in range(3)]
    outcomes: Counter[str] = Counter()

    def visit(seed: int) -> None:
        dice = random.Random(seed)
        clients = [(t, sign_in(p)) for t in tenants for p in t.people]
        for client in clients:
            client[1].raise_request_exception = False
        for _ in range(REQUESTS):
            home, client = dice.choice(clients)
            there = dice.choice(tenants)
            outcomes[_visit(client, home, there, dice)] += 1
            # Back to the pool, so that the next request runs where somebody else's just did.
            connection.close()

    failures = [
        result for result in together(*(lambda s=s: visit(s) for s in range(THREADS))) if result
    ]
    assert failures == []
    assert sum(outcomes.values()) == THREADS * REQUESTS
    assert min(outcomes[kind] for kind in ("own", "foreign", "failed")) > 50, outcomes


def _tenant(number: int) -> Tenant:
    mark = f"Mark{number}of{random.randrange(10**9)}"
    people = [make_person() for _ in range(3)]
    organization = make_organization(people[0], f"Leak {number}")
    for person in people[1:]:
        make_member(organization, Role.MEMBER, person)
    make_group(organization, mark)
    return Tenant(organization, people, mark)


def _visit(client: Client, home: Tenant, there: Tenant, dice: random.Random) -> str:
    if dice.random() < 0.1:
        _fail_in(there)
        return "failed"
    response = client.get(f"/o/{there.organization.slug}/groups/")
    text = response.content.decode()
    if there is not home:
        assert response.status_code == 404
        assert "Mark" not in text
        return "foreign"
    assert response.status_code == 200
    assert home.mark in text
    assert text.count("Mark") == text.count(home.mark)
    return "own"


def _fail_in(there: Tenant) -> None:
    """A transaction bound elsewhere that breaks in the middle, on this same connection."""
    with pytest.raises(ZeroDivisionError), bound(there.organization.id):
        assert Membership.objects.exists()
        raise ZeroDivisionError


def test_the_middleware_is_the_only_way_under_an_organization() -> None:
    assert tenancy._binder(RequestFactory().get("/")) is None
    assert tenancy._binder(RequestFactory().get("/o/")) is None
    assert tenancy._binder(RequestFactory().get("/organizations/")) is None
