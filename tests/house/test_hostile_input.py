"""Every door and every person, with input that was made to break something.

Nothing of it is understood or wanted. The answer may be any page or refusal, but it is an answer,
never a failure, and it carries the headers that keep a page from being misused.
"""

from __future__ import annotations

import base64
import json
import random
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.http import HttpResponseBase
from django.test import Client, RequestFactory

from billing.models import InvoiceSeries, IssuedInvoice
from config.gate import doors
from config.wsgi import application
from orgs.models import Organization, PlatformProvider
from orgs.tenancy import bound
from tests.factories import SIGN_IN, Cast, sign_in
from tests.house.doors import address, organization_doors
from tests.house.furniture import Furniture, belongings, furnish

NAMES = ("alice", "adam", "mia", "vera", "eddie", "oscar", "sam")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# The interface is no page: nothing of it can be framed or run. What it answers is in
# `test_interface.py`.
INTERFACE = ("/v1/", "/access/v1/", "/openapi.json", "/.well-known/")
# Among its addresses, and yet answered as a page is.
PLAIN_FILES = {"/.well-known/bailiwick-checkpoint-keys.json"}
PLAIN = {"X-Content-Type-Options": "nosniff"}
MEGABYTE = 2**20
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def cursor(*values: Any) -> str:
    """A page's cursor at values of the caller's own choice."""
    text = json.dumps([">", *values]).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


NOWHERE = uuid.UUID(int=7)
CURSORS = [
    cursor(),
    cursor("\x00", ["u", NOWHERE.hex]),
    cursor("\ud800", ["u", NOWHERE.hex]),
    cursor(1, 2),
    cursor("x"),
    cursor(10**30),
    cursor("\ud800"),
    cursor(["u", NOWHERE.hex]),
    cursor(10**30),
    cursor(-(10**30), -(10**30)),
    cursor(None, None),
    cursor({}, []),
    cursor(["t", "0001-01-01T00:00:00+14:00"], ["u", NOWHERE.hex]),
    cursor(["t", "9999-12-31T23:59:59-14:00"], ["u", NOWHERE.hex]),
    cursor(["t", "2026-01-01"], ["u", NOWHERE.hex]),
    cursor(["u", NOWHERE.hex], ["t", "2026-01-01T00:00:00"]),
    base64.urlsafe_b64encode(b"[" * 5000).decode(),
    "-1",
    "\u0661",
    "=",
]
VALUES = [
    "",
    "\x00",
    "a\x00b",
    "-1",
    "0",
    "1000000",
    "9" * 5000,
    "1000000000000000",
    "-0.01",
    "0.005",
    "12,50",
    "1.000.000,00",
    "\N{MINUS SIGN}5",
    "2026-13",
    "1e309",
    "nan",
    "\u0661\u0662",
    "'; DROP TABLE orgs_membership; --",
    "%",
    "\\",
    "_%\\",
    ":* & ! | <-> ( ''",
    "<script>alert(1)</script>",
    "{{ request }}{% debug %}",
    "=HYPERLINK(1)",
    "\u202egro.live\u2066",
    "\ufeff\u200b\u2028",
    "\U0001f600" * 60,
    "a\u0301\u0316" * 50,
    "\u212a@example.com",
    "ana+x@example.com, ANA@EXAMPLE.COM",
    '"unclosed, <ana@example.com',
    "[]",
    "None",
    str(NOWHERE),
    "0001-01-01",
    "99999-12-31",
    "2026-02-31T25:61",
    "../../../etc/passwd",
    "//evil.example/",
    "https://evil.example/",
    "javascript:alert(1)",
    "owner",
    "apply",
    "on",
]
FIELDS = """
q page size sort role status state name slug suggested preset step plan confirm reason people
email login password password1 code next membership member maintainer parent description secret
policies seen preview days steps_down text roster key apply actor action target outcome from to
since until kind period request by order uidb36 action_checkbox _selected_action o p e all id pk
overlap hours open layer show account creator key token scopes may once seen budget window zone
by measure format year project group person model task dimension
""".split()
# And whatever a form or a template of the console names, so that a new field is tried at once.
ROOT = Path(__file__).resolve().parents[2]
FIELDS += sorted(
    {
        name
        for pattern, files in (
            (r'name="([a-z_0-9]+)"', ROOT.glob("templates/**/*.html")),
            (r"^    (\w+) = (?:forms\.)?\w*Field\(", ROOT.glob("*/forms/**/*.py")),
            (r"(?:POST|GET|asked|said)(?:\.get(?:list)?\(|\[)\"(\w+)\"", ROOT.glob("*/views/*.py")),
            (r"(?:asked|said|data|query)\.get\(\"(\w+)\"", ROOT.glob("*/forms/*.py")),
            (r"(?:asked|said|data|query)\.get\(\"(\w+)\"", ROOT.glob("billing/*.py")),
        )
        for file in files
        for name in re.findall(pattern, file.read_text(), re.MULTILINE)
    }
    - {*FIELDS, "csrfmiddlewaretoken"}
)

PART = b'--b\r\nContent-Disposition: form-data; name="name"'
BODIES = {
    "a boundary that never comes": (MULTIPART, b"--x\r\nzzz"),
    "no boundary": ("multipart/form-data", b"zz"),
    "a boundary without end": (f"multipart/form-data; boundary={'b' * 300}", b"zz"),
    "base64 that is none": (
        MULTIPART,
        PART + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n--b--\r\n",
    ),
    "a file of a strange name": (
        MULTIPART,
        PART + b'; filename="../a\x00\xff.csv"\r\n\r\nemail\r\n--b--\r\n',
    ),
    "five thousand fields": (FORM, b"&".join(b"a%d=1" % number for number in range(5000))),
    "the same field a thousand times": (FORM, b"&".join([b"member=x&name=a"] * 900)),
    "bytes that are no text": (FORM, b"name=%ff%fe&%00=1&q=%ED%A0%80&&==;;%%zz\xff\x00"),
    "JSON": ("application/json", b'{"name": ["a"], "role": {"$ne": null}}'),
    "JSON that is none": ("application/json", b"{{{"),
    "a name of a megabyte": (FORM, b"name=" + b"a" * MEGABYTE),
    "more than may be sent": (FORM, b"name=" + b"a" * 21 * MEGABYTE),
}
ODD_METHODS = ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "POST", "GET")
STARTS = ("/admin/organizations/", "/admin/accounts/", "/profile/")


def addresses(cast: Cast) -> Iterator[str]:
    """Every route once, about objects that are there."""
    here, vera = furnish(cast.acme), cast.member(cast.vera)
    mine = belongings(vera, here.project)
    for door in organization_doors():
        yield address(cast.acme, door, here.objects(door, mine)[0])
    others = dict(zip(STARTS, (cast.acme.pk, cast.mia.pk, 1), strict=True))
    for route, _ in doors():
        if route.startswith("/o/<slug:slug>/"):
            continue
        start = next((start for start in STARTS if route.startswith(start)), "")
        known = {"slug": cast.acme.slug} | ({"pk": others[start]} if start else {})
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "1", route).replace("^", "").replace("$", "")
        yield re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(known.get(found[1], 1)), path)


def plausible(cast: Cast) -> dict[str, str]:
    """Values that lead further in than nonsense does."""
    return {
        "role": "owner",
        "step": "apply",
        "days": "3",
        "email": cast.adam.email,
        "login": cast.adam.email,
        "people": f"new@example.com, {cast.mia.email}",
        "name": "A name",
        "reason": "Because",
        "member": str(cast.member(cast.eddie).pk),
        "membership": str(cast.member(cast.vera).pk),
        "slug": "a-name",
        "apply": "1",
        "preset": "S1",
        "text": "orgs:\n  x:\n    members: [a]\n",
        "sort": "-joined",
        "state": "suspended",
        "page": cursor("x", ["u", NOWHERE.hex]),
        "to": f"member:{cast.member(cast.mia).pk}",
        "way": f"organization:{cast.acme.pk}:admin",
        "place": f"project:{NOWHERE}",
        "permission": "projects.view",
        "until": "2099-01-31",
        "owner": cast.mia.email,
        "kind": "agent",
        "answer": "No",
        "may": "both",
        "overlap": "1",
        "suspended": "on",
        "scopes": "decide",
        "budget": "12.50",
        "window": "day",
        "rpm": "60",
        "networks": "10.0.0.0/8\n2001:db8::/32",
        "layer": "project",
        "show": "all",
        "plan": "team",
        "seats": "12",
        "amount": "250.50",
        "once": str(NOWHERE),
        "country": "DE",
        "tax_id": "DE136695976",
        "recipients": "finance@example.com",
        "period": "last",
        "by": "project",
        "measure": "tokens",
        "format": "csv",
        "year": "2026",
        "token": "sk-1234",
        "provider": "anthropic",
    }


def values(cast: Cast, luck: random.Random) -> dict[str, Any]:
    """Nonsense in every field, in some of them what might be meant, and in some several at once."""
    some = plausible(cast)
    nonsense = {field: luck.choice(CURSORS if field == "page" else VALUES) for field in FIELDS}
    said: dict[str, Any] = nonsense | {field: some[field] for field in some if luck.random() < 0.5}
    several = luck.sample(FIELDS, len(FIELDS) // 20)
    return said | {field: [said[field], luck.choice(VALUES)] for field in several}


def somebody(cast: Cast, name: str, luck: random.Random) -> Client:
    """Signed in anew, because the last request may have signed them out; now and then by htmx."""
    client = sign_in(getattr(cast, name))
    if luck.random() < 0.4:
        client.defaults |= {
            "HTTP_HX_REQUEST": "true",
            "HTTP_HX_CURRENT_URL": luck.choice(VALUES).replace("\n", ""),
        }
    return client


def check(response: HttpResponseBase, *what: Any) -> None:
    assert response.status_code < 500, what
    headers = PLAIN if is_interface(response) else HEADERS
    lacking = [name for name, value in headers.items() if value not in response.get(name, "")]
    assert not lacking, (lacking, *what)


def is_interface(response: HttpResponseBase) -> bool:
    return bool(response.wsgi_request.path_info.startswith(INTERFACE))  # type: ignore[attr-defined]


def test_no_query_and_no_form_is_a_failure(cast: Cast) -> None:
    # The same luck in every run: what fails can be looked at again.
    luck = random.Random(20)
    for url in addresses(cast):
        client, asked = somebody(cast, "alice", luck), values(cast, luck)
        check(client.get(url, asked), "alice", url, asked)
        name = luck.choice(("alice", *NAMES))
        client, said = somebody(cast, name, luck), values(cast, luck)
        check(client.post(url, said), name, url, said)


def foreign(theirs: Furniture, luck: random.Random) -> dict[str, str]:
    """In every field an id of another organization, in each of the ways that a field may say it."""
    ids = [
        *(theirs.holder.pk, theirs.group.pk, theirs.seat.pk, theirs.workspace.pk),
        *(theirs.project.pk, theirs.agent.pk, theirs.secret.pk, theirs.size.pk),
        *(theirs.integration.pk, theirs.invitation, theirs.requests[0].pk),
        *(grant.pk for grant in theirs.grants.values()),
        *(theirs.key.pk, theirs.limit.pk, theirs.account.pk, theirs.token.pk),
        *(theirs.books.invoice.pk, theirs.books.subscription.pk, theirs.provider.pk),
    ]
    said = {field: str(luck.choice(ids)) for field in FIELDS}
    return said | {
        "member": str(theirs.holder.pk),
        "membership": str(theirs.holder.pk),
        "group": str(theirs.group.pk),
        "parent": str(theirs.group.pk),
        "workspace": str(theirs.workspace.pk),
        "project": str(theirs.project.pk),
        "runner": str(theirs.resources["runner"].pk),
        "owner": theirs.holder.email,
        "to": f"{'group' if (one := luck.random() < 0.5) else 'member'}:"
        f"{theirs.group.pk if one else theirs.holder.pk}",
        "way": f"project:{theirs.project.pk}:project_member",
        "place": luck.choice(
            (
                f"project:{theirs.project.pk}",
                f"workspace:{theirs.workspace.pk}",
                f"resource:{theirs.agent.pk}",
            )
        ),
        "name": "A name",
        "reason": "Because",
        "answer": "Because",
        "on": "1",
        "account": str(theirs.account.pk),
        "cost_centre": str(theirs.group.pk),
        "creator": str(theirs.holder.pk),
        "key": str(theirs.key.pk),
        "token": str(theirs.token.pk),
        "may": "both",
        "overlap": "1",
        "hours": "1",
        "budget": "1",
    }


def rows_of(organization: Organization) -> dict[str, list[dict[str, Any]]]:
    """Everything that an organization has, its ledger included."""
    with bound(organization.id):
        return {
            model.__name__: list(model._default_manager.order_by("pk").values())
            for app in ("orgs", "projects", "billing", "audit")
            for model in apps.get_app_config(app).get_models()
            # What the issuer and the platform keep is out of reach.
            if model not in (InvoiceSeries, IssuedInvoice, PlatformProvider)
        }


@pytest.mark.requirement("S2-127", "S2-132")
def test_an_id_of_another_organization_is_nobodys_in_every_field(cast: Cast) -> None:
    luck = random.Random(23)
    theirs = furnish(cast.umbrella, prefix="Hidden ")
    before = rows_of(cast.umbrella)
    for url in addresses(cast):
        if not url.startswith("/o/"):
            continue
        client, said = sign_in(cast.alice), foreign(theirs, luck)
        for response in (client.get(url, said), client.post(url, said)):
            check(response, url, said)
            assert b"Hidden" not in getattr(response, "content", b""), url
    assert rows_of(cast.umbrella) == before


def test_no_body_and_no_method_is_a_failure(cast: Cast) -> None:
    luck = random.Random(21)
    for url in addresses(cast):
        name, method = luck.choice(NAMES), luck.choice(ODD_METHODS)
        kind, body = BODIES[what := luck.choice(list(BODIES))]
        client = somebody(cast, name, luck)
        check(client.generic(method, url, body, content_type=kind), name, method, url, what)


@pytest.mark.parametrize("what", BODIES)
def test_no_body_is_a_failure_where_something_is_sent(cast: Cast, what: str) -> None:
    client, (kind, body) = sign_in(cast.alice), BODIES[what]
    for page in ("settings/general/", "invitations/new/", "members/role/", "roster/import/"):
        check(client.post(cast.url(page), body, content_type=kind), page)
    for page in ("/organizations/new/", "/profile/name/"):
        check(client.post(page, body, content_type=kind), page)
    for page in ("/sign-in/", "/sign-up/", "/password/reset/"):
        check(Client().post(page, body, content_type=kind), page)


def test_a_search_of_a_megabyte_is_an_answer(cast: Cast) -> None:
    client = sign_in(cast.alice)
    here = furnish(cast.acme)
    for page in (
        *("members/", "groups/", "invitations/", "permissions/", "audit-log/"),
        *("projects/", "workspaces/", "inbox/", "hub/", "access/", "access/ending/"),
        f"projects/{here.project.pk}/access/",
    ):
        for text in (
            "a" * MEGABYTE,
            "a " * MEGABYTE,
            "%' " * 10_000,
            "\u0301\u0316" * 10_000,
            "\uff07 \uff3c",
        ):
            check(client.get(cast.url(page), {"q": text, "page": text, "sort": text}), page)


@pytest.mark.parametrize(
    "alphabet",
    ["=utf-7", "=rot13", "=idna", "=utf-16", "=none", "*=utf-8''%00", "*=none''%ff", "=\x00"],
)
def test_an_alphabet_of_the_callers_choice_changes_nothing(db: None, alphabet: str) -> None:
    # Through the door of the server: the test client makes its requests itself.
    kind = f"multipart/form-data; boundary=b; charset{alphabet}"
    for method, status in (("GET", 200), ("POST", 403)):
        environ = RequestFactory().generic(method, "/sign-in/?next=%2B2AA-").environ
        request = application.request_class(environ | {"CONTENT_TYPE": kind})
        assert application.get_response(request).status_code == status
        assert request.GET["next"] == "+2AA-"


def test_an_unknown_host_learns_nothing(cast: Cast) -> None:
    for host in ("evil.example", "testserver.evil.example", "testserver@evil.example", "a\x00b"):
        response = sign_in(cast.alice).get(cast.url("members/"), headers={"Host": host})
        assert response.status_code == 400
        assert b"Mia" not in response.content
    forwarded = {"X-Forwarded-Host": "evil.example", "X-HTTP-Method-Override": "DELETE"}
    response = sign_in(cast.alice).get(cast.url("members/"), headers=forwarded)
    assert b"evil.example" not in response.content


def test_every_deed_needs_the_pages_own_form(cast: Cast) -> None:
    luck = random.Random(22)
    people = [Client(enforce_csrf_checks=True) for _ in range(3)]
    people[0].force_login(cast.alice, backend=SIGN_IN)
    people[1].force_login(cast.sam, backend=SIGN_IN)
    for url in addresses(cast):
        for client in people:
            method = luck.choice(("POST", "POST", "PUT", "DELETE", "PATCH"))
            # Who is not let through the wall does not even get this far; the interface asks for
            # a token, and no session counts there.
            # And what a payment provider calls is signed by it.
            signed = url.startswith((*INTERFACE, "/billing/webhook/")) and url not in PLAIN_FILES
            shut = (401, 404, 405) if signed else (403, 404)
            assert client.generic(method, url).status_code in shut, (method, url)
