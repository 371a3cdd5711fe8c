"""The log by the interface: pages and files under the same filters, and what was signed of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from audit import queries
from audit.events import Event
from audit.exports import reading
from audit.ledger import Actor
from audit.models import Outcome
from config import export_places
from config.export_places import MOST
from config.roles import Permission
from orgs.tenancy import bound
from projects.api.problems import ProblemError
from projects.keys import SCOPES
from projects.models import ServiceToken
from tests.audit.exported import HOSTILE, actor, lines, table, target, text_of
from tests.audit.ledgers import change_role
from tests.factories import Cast
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db
EVENTS, EXPORT, CHECKPOINTS = "/v1/audit-events", "/v1/audit-events/export", "/v1/audit-checkpoints"


@pytest.fixture(autouse=True)
def _all_free() -> Any:
    yield
    assert export_places._free._value == MOST, "a place was not given back"


@pytest.fixture
def taker(cast: Cast) -> Platform:
    return Platform(cast.acme, "audit.export")


@pytest.fixture
def reader(cast: Cast) -> Platform:
    return Platform(cast.acme, "audit.read")


def get(platform: Platform, path: str, **asked: Any) -> Any:
    headers = {"Authorization": f"Bearer {platform.text}"}
    return platform.client.get(path, asked, headers=headers)


# --- Pages ----------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-057")
def test_pages_take_the_filters_of_the_console(reader: Platform, cast: Cast) -> None:
    change_role(cast.acme.pk, outcome=Outcome.FAILED)
    wanted = change_role(cast.acme.pk, actor=actor("Robin"))
    said = get(reader, EVENTS, action="member.role_changed", outcome="done").json()
    assert {event["action"] for event in said["events"]} == {"member.role_changed"}
    assert {event["outcome"] for event in said["events"]} == {"done"}
    assert said["events"][-1]["sequence"] == wanted
    assert said["events"][-1]["actor"]["name"] == "Robin"


def test_newest_come_first_before_a_sequence(reader: Platform, cast: Cast) -> None:
    with bound(cast.acme.pk):
        newest = queries.newest_sequence(cast.acme.pk)
    first = get(reader, EVENTS, before=2**63 - 1, limit=2).json()
    assert [event["sequence"] for event in first["events"]] == [newest, newest - 1]
    assert (first["next"], first["more"]) == (newest - 1, True)
    second = get(reader, EVENTS, before=first["next"], limit=2).json()
    assert second["events"][0]["sequence"] == newest - 2


def test_a_filter_that_is_misspelt_is_refused(reader: Platform, taker: Platform) -> None:
    for platform, path in ((reader, EVENTS), (taker, EXPORT)):
        for asked in ({"acton": "member.added"}, {"since": "yesterday"}, {"actor": "Alice"}):
            response = get(platform, path, **asked)
            assert response.status_code == 400, (path, asked)
            said = response.json()
            assert (said["code"], said["errors"][0]["field"]) == ("invalid", *asked)


# --- Files ----------------------------------------------------------------------------------------


def test_each_form_comes_with_what_it_is(taker: Platform, cast: Cast) -> None:
    for name in HOSTILE:
        change_role(cast.acme.pk, actor=actor(name), target=target(name), reason=name)
    for form, schema, kind in (
        ("jsonl", "bailiwick.audit/1", "application/jsonl; charset=utf-8"),
        ("csv", "bailiwick.audit.csv/1", "text/csv; charset=utf-8"),
        ("ocsf", "ocsf/1.5.0", "application/jsonl; charset=utf-8"),
    ):
        response = get(taker, EXPORT, format=form)
        assert (response.status_code, response["Content-Type"]) == (200, kind)
        assert response["X-Schema"] == schema
        assert "Content-Length" not in response
        text = text_of(response)
        entries = {"jsonl": lambda: lines(text)[1:-1], "csv": lambda: table(text)}
        found = entries.get(form, lambda: lines(text))()
        assert len(found) == int(response["X-Entries"])


def test_events_of_ocsf_name_the_entry(taker: Platform, cast: Cast) -> None:
    sequence = change_role(cast.acme.pk)
    said = lines(text_of(get(taker, EXPORT, format="ocsf", action="member.role_changed")))[-1]
    assert said["metadata"]["uid"] == f"{cast.acme.pk}:{sequence}"
    assert (said["class_uid"], said["activity_id"], said["privileges"]) == (3005, 1, ["Admin"])
    assert said["user"]["name"] == "Priya Raman"
    assert said["actor"]["user"]["name"] == "Alice Marlow"
    assert said["src_endpoint"] == {"ip": "203.0.113.9"}


def test_filters_are_said_again(taker: Platform, cast: Cast) -> None:
    change_role(cast.acme.pk, outcome=Outcome.DENIED)
    response = get(taker, EXPORT, outcome="denied")
    head, *entries, end = lines(text_of(response))
    assert (head["filters"], response["X-Filters"]) == ({"outcome": "denied"}, "outcome=denied")
    assert {entry["outcome"] for entry in entries} == {"denied"}
    assert end["entries"] == len(entries) > 0


def test_every_filter_of_the_page_narrows_the_file(taker: Platform, cast: Cast) -> None:
    other = Actor("key", uuid4(), "Importer", "198.51.100.7", "curl", "0193f00e")
    change_role(cast.acme.pk)
    sequence = change_role(cast.acme.pk, actor=other, reason="A peculiar pretext.")
    today = timezone.localdate().isoformat()
    for asked in (
        {"q": "peculiar"},
        {"ip": "198.51.100."},
        {"key": str(other.id)},
        {"actor": str(other.id), "area": "member"},
        {"area": "member", "since": today, "until": today, "q": "pretext", "outcome": "done"},
    ):
        head, *entries, end = lines(text_of(get(taker, EXPORT, **asked)))
        assert [entry["sequence"] for entry in entries] == [sequence], asked
        assert set(head["filters"]) == set(asked)
        assert head["entries"] == end["entries"] == 1
    nothing = get(taker, EXPORT, q="nowhere to be found")
    assert nothing["X-Entries"] == "0"
    assert len(lines(text_of(nothing))) == 2


def test_a_form_that_is_none_is_refused(taker: Platform) -> None:
    response = get(taker, EXPORT, format="pdf")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "format"


def test_taking_it_is_remembered_under_the_account(taker: Platform, cast: Cast) -> None:
    text_of(get(taker, EXPORT, format="csv", outcome="done"))
    with bound(cast.acme.pk):
        entry = queries.recent(cast.acme.pk, 1)[0]
    assert (entry.event, entry.actor_kind) == (Event.AUDIT_EXPORTED, "service")
    assert (entry.actor_id, entry.reason) == (taker.token.account_id, "outcome=done")


def test_reading_is_another_scope_than_exporting(
    reader: Platform, taker: Platform, cast: Cast
) -> None:
    refused = get(reader, EXPORT)
    assert (refused.status_code, refused.json()["code"]) == (403, "token_scope")
    assert get(taker, EVENTS).status_code == 403
    assert get(taker, CHECKPOINTS).status_code == 403
    assert SCOPES["audit.export"] is Permission.AUDIT_EXPORT
    assert set(SCOPES) == set(ServiceToken.Scope.values)


def test_no_token_and_a_foreign_one(cast: Cast, taker: Platform) -> None:
    assert taker.client.get(EXPORT).status_code == 401
    umbrella = Platform(cast.umbrella, "audit.export")
    change_role(cast.acme.pk)
    head = lines(text_of(get(umbrella, EXPORT)))[0]
    assert head["organization"] == str(cast.umbrella.pk)


def test_a_token_that_is_revoked_gets_no_further_piece(
    taker: Platform, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK", 2)
    pieces = iter(get(taker, EXPORT).streaming_content)
    assert next(pieces)
    assert next(pieces)
    with bound(cast.acme.pk):
        token = ServiceToken.objects.in_org(cast.acme.pk).filter(pk=taker.token.pk)
        token.update(revoked_at=taker.token.created_at)
        change_role(cast.acme.pk)
    with pytest.raises(ProblemError, match="Send a service token"):
        list(pieces)


def test_only_a_few_are_written_at_once(taker: Platform) -> None:
    open_ones = [get(taker, EXPORT) for _ in range(MOST)]
    late = get(taker, EXPORT)
    assert (late.status_code, late["Retry-After"], late.json()["code"]) == (429, "30", "busy")
    for each in open_ones:
        text_of(each)
    text_of(get(taker, EXPORT))


# --- What was signed ------------------------------------------------------------------------------


def test_checkpoints_come_as_the_file_that_is_checked(reader: Platform, cast: Cast) -> None:
    response = get(reader, CHECKPOINTS)
    assert (response.status_code, response["Content-Type"]) == (
        *(200, "application/jsonl; charset=utf-8"),
    )
    assert response.content == b""
    assert "X-Next" not in response
