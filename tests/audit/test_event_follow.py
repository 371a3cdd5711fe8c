"""Following the log live: what is new arrives, once, and not for ever."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import pages, queries
from audit.models import Outcome
from orgs.tenancy import bound
from tests.audit.ledgers import change_role
from tests.factories import Cast, sign_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice(cast: Cast) -> Client:
    return sign_in(cast.alice)


def followed(client: Client, cast: Cast, **query: str) -> str:
    """The address that a page which follows asks."""
    address = f"{cast.url('audit-log/')}?{urlencode(query | {'follow': '1'})}"
    return str(client.get(address).context["poll"])


def asked(client: Client, poll: str) -> Any:
    return client.get(poll, headers=HTMX)


def arrived(response: Any) -> list[int]:
    return [entry.sequence for entry in response.context["rows"]]


def newest(cast: Cast) -> int:
    with bound(cast.acme.id):
        return queries.newest_sequence(cast.acme.id)


def test_a_new_entry_arrives_once_and_is_said(alice: Client, cast: Cast) -> None:
    poll = followed(alice, cast)
    alice.get(cast.url("audit-log/"))
    poll = followed(alice, cast)
    assert asked(alice, poll).status_code == 204
    first, second = change_role(cast.acme.id), change_role(cast.acme.id)
    response = asked(alice, poll)
    assert arrived(response) == [second, first]
    page = response.content.decode()
    assert "2 new entries at" in page
    assert 'hx-trigger="every 5s"' in page
    assert "<html" not in page
    assert "HX-Push-Url" not in response.headers
    assert asked(alice, str(response.context["poll"])).status_code == 204


@pytest.mark.parametrize(
    "query", [{"outcome": "denied"}, {"q": "priya"}, {"area": "member"}, {"q": "x", "area": "key"}]
)
def test_filters_hold_while_following(alice: Client, cast: Cast, query: dict[str, str]) -> None:
    alice.get(cast.url("audit-log/"))
    poll = followed(alice, cast, **query)
    change_role(cast.acme.id)
    denied = change_role(cast.acme.id, outcome=Outcome.DENIED)
    response = asked(alice, poll)
    if "x" in query.values():
        assert response.status_code == 204
    else:
        expected = [denied] if "outcome" in query else [denied, denied - 1]
        assert arrived(response) == expected


def test_a_look_for_news_is_no_reading_and_costs_little(alice: Client, cast: Cast) -> None:
    alice.get(cast.url("audit-log/"))
    poll, before = followed(alice, cast), newest(cast)
    with CaptureQueriesContext(connection) as queried:
        asked(alice, poll)
    assert newest(cast) == before
    assert sum("audit_" in query["sql"] for query in queried) <= 3


def test_it_stops_after_two_hundred(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_FOLLOWED", 3)
    poll = followed(alice, cast)
    for _ in range(5):
        change_role(cast.acme.id)
    response = asked(alice, poll)
    assert len(arrived(response)) == 3
    assert response.context["poll"] is None
    page = response.content.decode()
    assert "following has stopped" in page
    assert "every 5s" not in page


def test_only_the_first_page_follows(alice: Client, cast: Cast) -> None:
    for _ in range(60):
        change_role(cast.acme.id)
    first = alice.get(cast.url("audit-log/") + "?follow=1")
    assert "follow" not in first.context["older"]
    older = alice.get(first.context["older"] + "&follow=1")
    assert older.context["poll"] is None
    assert "every 5s" not in older.content.decode()


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "", "\x00"])
def test_a_made_up_place_breaks_nothing(alice: Client, cast: Cast, after: str) -> None:
    poll = f"{cast.url('audit-log/')}?{urlencode({'follow': 1, 'after': after, 'seen': after})}"
    assert asked(alice, poll).status_code in (200, 204)


def test_who_may_no_longer_read_gets_nothing(alice: Client, cast: Cast) -> None:
    poll = followed(alice, cast)
    response = asked(sign_in(cast.mia), poll)
    assert b"entry" not in response.content
