"""Every endpoint of the interface: a token of its scope opens it, and nothing else does.

What each one answers is in `tests/projects/api`; here is what all of them have in common, so an
endpoint that is added tomorrow obeys as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import Event as Entry
from orgs.models import Organization
from orgs.tenancy import bound
from projects.api import routes
from projects.api.reading import LARGEST_BODY
from projects.api.reference import operations
from projects.models import Call, ServiceAccount, ServiceToken
from tests.factories import Cast, sign_in
from tests.house.test_hostile_input import BODIES
from tests.projects.keys import Platform, make_account, make_key, make_limit, make_token

pytestmark = pytest.mark.django_db

OPERATIONS = {path: (method, said) for path, method, said in operations(routes.document())}
EACH = pytest.mark.parametrize("path", routes.SCOPES)
# What says where the interface is, and how it is spoken to: no token, and nobody's data.
FOR_EVERYBODY = ("/openapi.json", "/.well-known/authzen-configuration")
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
UNKNOWN = "bw_svc_" + "0" * 48


def ask(
    client: Client, path: str, token: str = "", method: str = "", **headers: str
) -> HttpResponse:
    """The example of the endpoint's own document, sent with this token."""
    documented, operation = OPERATIONS[path]
    said: Any = b""
    if "requestBody" in operation:
        (content,) = operation["requestBody"]["content"].values()
        said = json.dumps(content["example"]).encode()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    method = method or documented
    kind = {"content_type": "application/json"} if said else {}
    response: HttpResponse = client.generic(method.upper(), path, said, headers=headers, **kind)
    return response


def check(response: HttpResponse, *what: Any) -> None:
    """What every answer has: it came the short way, leaves nothing behind, and is not kept."""
    for attribute in ("session", "user", "access"):
        assert not hasattr(response.wsgi_request, attribute), (attribute, *what)
    assert not response.cookies, what
    assert response["X-Request-ID"], what
    assert response["X-Content-Type-Options"] == "nosniff", what
    assert response["Cache-Control"] == "no-store", what
    if response.streaming:
        # A file that is long: nobody knows how long before it is read to its end.
        assert b"".join(response.streaming_content), what
    elif response.wsgi_request.method != "HEAD":
        assert int(response["Content-Length"]) == len(response.content), what
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json", what
        if response.content:
            assert response.json()["status"] == response.status_code, what


def refused(response: HttpResponse, *what: Any) -> bytes:
    """The body that says there is no token; it is the same whatever was wrong with one."""
    check(response, *what)
    assert response.status_code == 401, (*what, response.content)
    assert response["WWW-Authenticate"] == 'Bearer realm="bailiwick"', what
    assert response.json()["code"] == "token_invalid", what
    return bytes(response.content)


def rows_of(organization: Organization) -> tuple[int, int]:
    with bound(organization.id):
        entries = Entry.objects.filter(organization_id=organization.id).count()
        return entries, Call.objects.in_org(organization.id).count()


def test_an_endpoint_has_a_scope_and_the_rest_is_for_everybody() -> None:
    assert set(routes.WAYS) == set(routes.SCOPES) | set(FOR_EVERYBODY)
    assert set(routes.SCOPES) == set(OPERATIONS)
    assert set(routes.SCOPES.values()) <= set(ServiceToken.Scope.values)


@EACH
@pytest.mark.requirement("S2-132")
def test_without_a_token_nothing_is_answered(cast: Cast, path: str) -> None:
    anybody, owner = Client(), sign_in(cast.alice)
    own = make_token(cast.acme)[1]
    answers = {
        refused(ask(anybody, path), "nobody"),
        # Who is signed in is nobody here, an Owner with a session of the console included.
        refused(ask(owner, path), "an owner"),
        refused(ask(owner, path, UNKNOWN), "an owner with a token that is none"),
        refused(ask(anybody, path, UNKNOWN), "unknown"),
        refused(ask(anybody, path, own[:-1]), "cut short"),
        refused(ask(anybody, path, own.upper()), "in capitals"),
        refused(ask(anybody, path, f"{own} {own}"), "twice"),
        refused(ask(anybody, path, Authorization=f"Basic {own}"), "another scheme"),
        refused(ask(anybody, path, Authorization=own), "no scheme"),
        refused(ask(anybody, path, Authorization="Bearer \x00"), "no text"),
        refused(ask(anybody, path, **{"X-Api-Key": own}), "another header"),
        refused(ask(anybody, path, Cookie=f"token={own}"), "a cookie"),
    }
    assert len(answers) == 1, "nothing tells which it was"


@EACH
@pytest.mark.requirement("S2-146")
def test_a_key_of_a_program_is_no_token(cast: Cast, path: str) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    refused(ask(Client(), path, text), "a key")


def dead_tokens(cast: Cast, scope: str) -> Iterator[tuple[str, str]]:
    past = timezone.now() - timedelta(hours=1)
    suspended = make_account(cast.acme, suspended_at=past)
    deleted = make_account(cast.acme)
    yield "revoked", make_token(cast.acme, scope, revoked_at=past)[1]
    yield "expired", make_token(cast.acme, scope, expires_at=past)[1]
    yield "of a suspended account", make_token(suspended, scope)[1]
    text = make_token(deleted, scope)[1]
    with bound(cast.acme.id):
        ServiceAccount.objects.filter(pk=deleted.pk).delete()
    yield "of a deleted account", text


@EACH
def test_a_token_that_has_ended_is_no_token(cast: Cast, path: str) -> None:
    none = refused(ask(Client(), path))
    dead = list(dead_tokens(cast, routes.SCOPES[path]))
    before = rows_of(cast.acme)
    for what, text in dead:
        assert refused(ask(Client(), path, text), what) == none, what
    assert rows_of(cast.acme) == before


@EACH
@pytest.mark.requirement("S4-052")
def test_a_token_of_every_other_scope_is_refused(cast: Cast, path: str) -> None:
    others = [scope for scope in ServiceToken.Scope.values if scope != routes.SCOPES[path]]
    for given in (*((scope,) for scope in others), tuple(others)):
        text = make_token(cast.acme, *given)[1]
        before = rows_of(cast.acme)
        response = ask(Client(), path, text)
        check(response, given)
        assert response.status_code == 403, (given, response.content)
        said = response.json()
        assert said["code"] == "token_scope", given
        assert routes.SCOPES[path] in said["detail"]
        assert rows_of(cast.acme) == before, "a refusal writes nothing"


@EACH
def test_its_own_scope_alone_opens_it(cast: Cast, path: str) -> None:
    """No page's form is asked for, and nothing of a person: the token is all there is."""
    client = Client(enforce_csrf_checks=True)
    text = make_token(cast.acme, routes.SCOPES[path])[1]
    response = ask(client, path, text, **{"X-Request-ID": "their-own-42"})
    check(response)
    assert response["X-Request-ID"] == "their-own-42"
    # What the example names is not here; whoever asked was let in all the same.
    if response.status_code >= 400:
        assert response.json()["code"] not in ("token_invalid", "token_scope", "failed")
        assert response.status_code < 500


@EACH
@pytest.mark.parametrize("what", BODIES)
def test_no_body_is_a_failure(cast: Cast, path: str, what: str) -> None:
    text = make_token(cast.acme, routes.SCOPES[path])[1]
    kind, body = BODIES[what]
    headers = {"Authorization": f"Bearer {text}"}
    method = OPERATIONS[path][0].upper()
    for one in {kind, "application/json"}:
        response = Client().generic(method, path, body, content_type=one, headers=headers)
        check(response, what)
        assert response.status_code < 500, (what, response.content)
        if len(body) > LARGEST_BODY and method == "POST":
            assert response.status_code in (400, 413), (what, response.content)


@EACH
def test_a_token_opens_nothing_of_another_organization(cast: Cast, path: str) -> None:
    text = make_token(cast.umbrella, routes.SCOPES[path])[1]
    before = rows_of(cast.acme)
    check(ask(Client(), path, text))
    assert rows_of(cast.acme) == before


@EACH
@pytest.mark.parametrize("state", ["suspended", "closing"])
def test_a_closed_organization_decides_and_tells_nothing(cast: Cast, path: str, state: str) -> None:
    platform = Platform(cast.acme, routes.SCOPES[path])
    with bound(cast.acme.id):
        values = {"closes_at": timezone.now() + timedelta(days=9)} if state == "closing" else {}
        Organization.objects.filter(pk=cast.acme.pk).update(state=state, **values)
    response = ask(Client(), path, platform.text)
    check(response)
    said = response.json()
    if "results" in said:
        assert said["results"] == []
    elif response.status_code == 200:
        for one in said.get("evaluations", [said]):
            assert one["decision"] is False
            assert one["context"]["reason"] == "organization_closed"
    else:
        # Its keys and reports are looked up first, and the example's are not there.
        codes = {"/v1/keys/verify": "key_invalid", "/v1/usage": "verification_unknown"}
        assert said["code"] == codes.get(path, "organization_closed")


def test_a_closed_organization_lets_no_key_work_and_still_takes_what_was_used(cast: Cast) -> None:
    platform = Platform(cast.acme)
    key, text = make_key(cast.acme, cast.member(cast.alice))
    make_limit(key, budget=10**10)
    allowed = platform.verify(text, estimated_cost="1").json()
    assert allowed["decision"]
    with bound(cast.acme.id):
        Organization.objects.filter(pk=cast.acme.pk).update(state="suspended")
    said = platform.verify(text).json()
    assert (said["decision"], said["reason"]) == (False, "organization_closed")
    response = platform.post("/v1/usage", {"verification": allowed["id"], "cost": "1"})
    assert response.status_code == 200, response.content


@EACH
def test_another_method_is_told_which_one_it_takes(cast: Cast, path: str) -> None:
    documented = OPERATIONS[path][0]
    text = make_token(cast.acme, routes.SCOPES[path])[1]
    for method in METHODS:
        if method == documented:
            continue
        for token in ("", text):
            response = ask(sign_in(cast.alice), path, token, method, **{"X-Request-ID": "abc"})
            assert response.status_code == 405, (method, response.content)
            assert response["Allow"] == documented.upper()
            assert response["X-Request-ID"] == "abc"
            check(response, method)


@pytest.mark.parametrize("path", [*routes.SCOPES, *FOR_EVERYBODY])
def test_an_address_is_itself_and_none_beside_it(db: None, path: str) -> None:
    for wrong in (f"{path}/", path.upper(), f"{path}%00", f"{path}.json", f"{path}/../verify"):
        response = Client().post(wrong, b"{}", content_type="application/json")
        assert response.status_code in (400, 403, 404), (wrong, response)
        assert not response.cookies.get("sessionid")


@pytest.mark.parametrize("path", FOR_EVERYBODY)
def test_what_is_for_everybody_is_read_and_not_more(cast: Cast, path: str) -> None:
    answers = {client.get(path).content for client in (Client(), sign_in(cast.alice))}
    assert len(answers) == 1, "the same for everybody"
    response = Client().get(path)
    assert response.status_code == 200
    assert cast.acme.slug not in response.content.decode()
    assert not hasattr(response.wsgi_request, "session")
    assert not response.cookies
    for method in METHODS:
        if method not in ("get", "head"):
            response = Client().generic(method.upper(), path, headers={"X-Request-ID": "abc"})
            assert response.status_code == 405
            assert response["Allow"] == "GET, HEAD"
            assert response["X-Request-ID"] == "abc"
            check(response, method)


def test_a_token_opens_no_page_of_the_console(cast: Cast) -> None:
    text = make_token(cast.acme)[1]
    client = Client(headers={"Authorization": f"Bearer {text}"})
    for page in ("", "members/", "settings/keys/", "audit-log/"):
        response = client.get(cast.url(page))
        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in/")
