"""Verifying the whole log from its page: what it says, who may, how often, and what it leaves."""

from __future__ import annotations

import datetime
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import Client

from audit import queries
from audit.events import Event
from audit.exports.ocsf import event_of
from audit.exports.reading import rows_before
from audit.models import Outcome
from audit.queries import EventFilter
from audit.views import entries as entries_views
from orgs.tenancy import bound
from tests.factories import Cast, sign_in

HTMX = {"HX-Request": "true"}
SERVER = ("dbname", "host", "port", "user", "password")


@pytest.fixture
def alice(cast: Cast) -> Client:
    return sign_in(cast.alice)


def verify(client: Client, cast: Cast) -> Any:
    return client.post(cast.url("audit-log/verify/"), headers=HTMX)


def verdicts(cast: Cast) -> int:
    asked = EventFilter(action=Event.AUDIT_VERIFIED.value)
    with bound(cast.acme.id):
        return queries.event_count(organization=cast.acme.id, filters=asked)


def test_verify_says_so_and_leaves_an_entry(alice: Client, cast: Cast) -> None:
    response = alice.post(cast.url("audit-log/verify/"), headers=HTMX)
    assert b"Verified up to" in response.content
    assert "entries hold" in response["HX-Trigger"]
    with bound(cast.acme.id):
        entry = queries.recent(cast.acme.id, 1)[0]
        verified = queries.last_verified(cast.acme.id)
    assert (entry.event, entry.outcome) == (Event.AUDIT_VERIFIED, Outcome.DONE)
    assert verified.entries == entry.sequence - 1
    assert f"#{entry.sequence - 1}" in alice.get(cast.url("audit-log/")).content.decode()


def test_verify_without_script_leads_back_with_a_message(alice: Client, cast: Cast) -> None:
    response = alice.post(cast.url("audit-log/verify/"), follow=True)
    assert response.redirect_chain == [(cast.url("audit-log/"), 302)]
    assert "entries hold" in response.content.decode()
    assert alice.get(cast.url("audit-log/verify/")).status_code == 302


def test_verify_names_the_first_entry_that_does_not_hold(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaw = queries.Flaw(1204, "its text or its place in the chain was changed")
    monkeypatch.setattr("audit.actions.entries.first_flaw", lambda *_, **__: flaw)
    response = alice.post(cast.url("audit-log/verify/"), headers=HTMX)
    assert "Entry #1,204 does not hold" in response.content.decode()
    assert "Entry #1,204 does not hold" in alice.get(cast.url("audit-log/")).content.decode()


def test_a_long_log_is_left_to_the_command(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries_views, "LONGEST_ON_PAGE", 1)
    response = alice.post(cast.url("audit-log/verify/"), follow=True)
    assert "manage.py audit verify" in response.content.decode()
    with bound(cast.acme.id):
        assert queries.last_verified(cast.acme.id) is None


def test_a_log_is_verified_at_most_once_a_minute(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "entries hold" in verify(alice, cast)["HX-Trigger"]
    again = verify(sign_in(cast.vera), cast)
    assert again.status_code == 200
    assert "Wait a minute" in again["HX-Trigger"]
    assert verdicts(cast) == 1
    monkeypatch.setattr(entries_views, "AT_MOST_EVERY", datetime.timedelta(0))
    assert "entries hold" in verify(alice, cast)["HX-Trigger"]
    assert verdicts(cast) == 2


def test_a_clock_that_is_put_back_stops_nobody(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(alice, cast)
    ahead = queries.Verified(datetime.datetime.max.replace(tzinfo=datetime.UTC), 1, "")
    monkeypatch.setattr("audit.actions.entries.last_verified", lambda _: ahead)
    assert "entries hold" in verify(alice, cast)["HX-Trigger"]


def test_nobody_waits_behind_the_one_who_verifies(alice: Client, cast: Cast) -> None:
    database = connections["owner"].get_connection_params()
    with psycopg.connect(**{key: database[key] for key in SERVER if key in database}) as other:
        key = f"verify {cast.acme.id}"
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        response = verify(alice, cast)
    assert "Wait a minute" in response["HX-Trigger"]
    assert verdicts(cast) == 0


def test_who_was_not_let_in_to_verify_has_found_nothing(alice: Client, cast: Cast) -> None:
    verify(alice, cast)
    assert verify(sign_in(cast.mia), cast).status_code == 403
    with bound(cast.acme.id):
        (attempt,) = rows_before(
            organization=cast.acme.id,
            filters=EventFilter(action=Event.AUDIT_VERIFIED.value, outcome=Outcome.DENIED),
            sequence=2**62,
            size=5,
        )
        assert queries.last_verified(cast.acme.id).flaw == ""
    assert event_of(attempt)["severity"] == "Medium"
    page = alice.get(cast.url("audit-log/")).content.decode()
    assert "Verified up to" in page
    assert "seal bad" not in page
    assert "notice bad" not in alice.get(cast.url("audit-log/checkpoints/")).content.decode()
