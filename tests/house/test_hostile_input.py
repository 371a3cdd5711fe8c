"""Every door × every method × every person, with input that was made to break something.

Nothing here is understood or wanted: the answer may be any page or refusal, but it is an answer,
never a failure, and it always carries the headers that keep a page from being misused.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.http import HttpResponseBase
from django.test import Client

from config.gate import doors
from tests.factories import Cast, make_group, make_member, make_seat, sign_in

NAMES = ("alice", "adam", "mia", "vera", "eddie", "oscar", "sam")
METHODS = ("get", "head", "post", "put", "delete", "patch", "options")
HEADERS = ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "X-Request-ID")
MEGABYTE = 2**20


def cursor(*values: Any) -> str:
    """A page's cursor with values of the caller's own choice."""
    text = json.dumps([">", *values]).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


NOWHERE = uuid.UUID(int=7)
CURSORS = [
    cursor(),
    cursor("\x00", ["u", NOWHERE.hex]),
    cursor("\ud800", ["u", NOWHERE.hex]),
    cursor(1, 2),
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
""".split()
BYTES = [
    b"%00",
    b"%ff%fe",
    b"%ED%A0%80",
    b"%C0%AF",
    b"%",
    b"%%zz",
    b"\xff\x00\xfe",
    b"&&==;;",
    b"%u0000",
]


def addresses(cast: Cast) -> Iterator[str]:
    """Every route once, about objects that are there."""
    group = make_group(cast.acme)
    things = {
        "slug": cast.acme.slug,
        "pk": cast.member(cast.mia).pk,
        "seat": make_seat(group, make_member(cast.acme)).pk,
    }
    for route, _ in doors():
        known = things | {
            "/o/<slug:slug>/groups/": {"pk": group.pk},
            "/admin/organizations/": {"pk": cast.acme.pk},
            "/admin/accounts/": {"pk": cast.mia.pk},
            "/profile/": {"pk": 1},
        }.get(next((start for start in STARTS if route.startswith(start)), ""), {})
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "1", route).replace("^", "").replace("$", "")
        yield re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(known.get(found[1], 1)), path)


STARTS = ("/o/<slug:slug>/groups/", "/admin/organizations/", "/admin/accounts/", "/profile/")


def plausible(cast: Cast) -> dict[str, str]:
    """Values that lead further in than nonsense does."""
    return {
        "role": "owner",
        "step": "apply",
        "to": "confirm",
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
    }


def values(cast: Cast, luck: random.Random) -> dict[str, str]:
    some = plausible(cast)
    chosen = {field: luck.choice(CURSORS if field == "page" else VALUES) for field in FIELDS}
    return chosen | {field: some[field] for field in some if luck.random() < 0.5}


def person_with(cast: Cast, name: str) -> Client:
    client = sign_in(getattr(cast, name)) if name else Client()
    if name and HTMX.random() < 0.4:
        client.defaults |= {
            "HTTP_HX_REQUEST": "true",
            "HTTP_HX_CURRENT_URL": "http://testserver//e",
        }
    return client


HTMX = random.Random(1)


def check(response: HttpResponseBase, what: Any) -> None:
    assert response.status_code < 500, what
    for header in HEADERS:
        assert response.headers.get(header), (header, what)


def test_no_query_and_no_form_is_a_failure(cast: Cast) -> None:
    luck = random.Random(int(os.environ.get("SEED", 20)))
    for url in addresses(cast):
        for name in ("alice", luck.choice(NAMES)):
            client = person_with(cast, name)
            asked, said = values(cast, luck), values(cast, luck)
            check(client.get(url, asked), (name, url, asked))
            check(client.post(url, said), (name, url, said))
