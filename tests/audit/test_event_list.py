"""The log's page: who reads it, its filters, its pages, and that reading it leaves an entry."""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import pages, queries
from audit.entries import Entry
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from audit.queries import EventFilter
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, PRIYA, change_role
from tests.factories import Cast, sign_in

HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice(cast: Cast) -> Client:
    return sign_in(cast.alice)


def log(client: Client, cast: Cast, **query: str) -> Any:
    return client.get(f"{cast.url('audit-log/')}?{urlencode(query)}")


def entries(response: Any) -> list[Entry]:
    return [entry for day in response.context["days"] for entry in day.entries]


def readings(cast: Cast) -> int:
    asked = EventFilter(action=Event.AUDIT_READ.value, outcome=Outcome.DONE)
    with bound(cast.acme.id):
        return queries.event_count(organization=cast.acme.id, filters=asked)


def made_up(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.requirement("S2-030", "S4-005", "S4-016", "S4-051", "S2-123")
def test_the_owner_reads_every_entry(alice: Client, cast: Cast) -> None:
    change_role(cast.acme.id)
    response = log(alice, cast)
    assert response.status_code == 200
    with bound(cast.acme.id):
        everything = queries.recent(cast.acme.id, 100)
    assert [e.sequence for e in entries(response)] == [
        e.sequence for e in everything if e.event is not Event.AUDIT_READ
    ]


@pytest.mark.requirement("S4-016")
def test_the_short_address_leads_to_the_log(alice: Client, cast: Cast) -> None:
    response = alice.get("/settings/audit-log", follow=True)
    assert response.redirect_chain[-1][0] == cast.url("audit-log/")
    assert response.status_code == 200


@pytest.mark.parametrize("who", ["mia", "eddie"])
@pytest.mark.requirement("S4-005", "S4-018", "S4-051", "S2-099", "S2-123")
def test_who_may_not_read_it_is_led_away(cast: Cast, who: str) -> None:
    response = sign_in(getattr(cast, who)).get("/settings/audit-log", follow=True)
    home = "hub/" if who == "eddie" else ""
    assert response.redirect_chain[-1][0] == cast.url(home)
    assert b"audit log" in response.content


@pytest.mark.requirement("S1-026")
def test_a_viewer_reads_every_entry_and_a_member_none(cast: Cast) -> None:
    change_role(cast.acme.id)
    viewer = log(sign_in(cast.vera), cast)
    assert "member.role_changed" in {entry.action for entry in entries(viewer)}
    member = log(sign_in(cast.mia), cast)
    assert (member.status_code, member.url) == (302, cast.url())


@pytest.mark.requirement("S2-136")
def test_an_owner_sees_no_other_organizations_log(cast: Cast) -> None:
    change_role(cast.acme.id)
    client = sign_in(cast.oscar)
    assert log(client, cast).status_code == 404
    assert client.get(cast.url("audit-log/1/")).status_code == 404
    own = client.get(cast.url("audit-log/", cast.umbrella))
    assert b"Alice Marlow" not in own.content
    assert {entry.organization_id for entry in entries(own)} == {cast.umbrella.id}


def test_reading_the_log_leaves_one_entry_in_ten_minutes(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        log(alice, cast)
    log(alice, cast, outcome="denied")
    assert readings(cast) == 1
    log(sign_in(cast.alice), cast)
    assert readings(cast) == 2
    monkeypatch.setattr("audit.readings.READ_AGAIN_AFTER", 0)
    log(alice, cast)
    assert readings(cast) == 3


def test_an_attempt_to_read_is_no_reading(cast: Cast) -> None:
    """Otherwise a program would read unseen right after it was refused by another token."""
    org, asked = cast.acme.id, {"actor": ALICE.id, "action": Event.AUDIT_READ.value}
    since = timezone.now() - datetime.timedelta(minutes=10)
    change_role(org, event=Event.AUDIT_READ, outcome=Outcome.DENIED)
    with bound(org):
        assert not queries.acted_since(organization=org, since=since, **asked)
    change_role(org, event=Event.AUDIT_READ, changes={})
    with bound(org):
        assert queries.acted_since(organization=org, since=since, **asked)


def test_an_older_page_is_no_new_reading(alice: Client, cast: Cast) -> None:
    log(alice, cast, page=made_up(">", 3))
    assert readings(cast) == 0


def test_pages_lead_from_the_newest_to_the_first_and_back(alice: Client, cast: Cast) -> None:
    for _ in range(110):
        change_role(cast.acme.id)
    first = log(alice, cast)
    second = alice.get(first.context["older"])
    third = alice.get(second.context["older"])
    numbers = [e.sequence for page in (first, second, third) for e in entries(page)]
    assert numbers == list(range(numbers[0], 0, -1))
    assert third.context["older"] is None
    again = alice.get(third.context["newer"])
    assert entries(again) == entries(second)


@pytest.mark.requirement("S1-059")
def test_filters_hold_alone_and_together(alice: Client, cast: Cast) -> None:
    adam = Actor("member", uuid.uuid4(), "Adam Brandt")
    leila = Target("member", uuid.uuid4(), "Leila Haddad")
    change_role(cast.acme.id, actor=adam)
    change_role(cast.acme.id, actor=adam, target=leila)
    change_role(cast.acme.id, outcome=Outcome.DENIED)
    change_role(cast.acme.id, actor=adam, outcome=Outcome.FAILED)
    by_adam = {"actor": str(adam.id)}
    assert len(entries(log(alice, cast, **by_adam))) == 3
    assert len(entries(log(alice, cast, target=str(leila.id)))) == 1
    assert len(entries(log(alice, cast, outcome="denied"))) == 1
    assert len(entries(log(alice, cast, action="member.role_changed"))) == 4
    assert len(entries(log(alice, cast, outcome="failed", **by_adam))) == 1
    response = log(alice, cast, outcome="failed", **by_adam)
    assert {name: chip.value for name, chip in response.context["bar"]["chips"].items()} == {
        "actor": "Adam Brandt",
        "outcome": "Failed",
    }


def test_days_count_whole_and_in_the_organizations_time_zone(
    alice: Client, cast: Cast, settings: Any
) -> None:
    change_role(cast.acme.id)
    today = timezone.localdate()
    tomorrow, yesterday = (today + datetime.timedelta(days=n) for n in (1, -1))
    everything = len(entries(log(alice, cast)))
    assert len(entries(log(alice, cast, since=str(today), until=str(today)))) >= everything
    assert entries(log(alice, cast, since=str(tomorrow))) == []
    assert entries(log(alice, cast, until=str(yesterday))) == []
    response = log(alice, cast, until=str(yesterday))
    assert "No entry matches." in response.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"since": "99999-13-01"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"since": "2026-11-22", "until": "2026-11-01"},
        {"until": "\x00"},
        {"actor": "abc"},
        {"target": "\u202e"},
        {"action": "nonsense", "outcome": "maybe"},
        {"page": "-1"},
        {"page": "x" * 3000},
        {"page": made_up("<", "abc")},
        {"page": made_up(">", ["t", "2026-11-22T00:00:00"])},
        {"page": made_up(">", ["u", "0" * 32])},
        {"page": made_up(">", 10**40)},
        {"page": made_up("<", -(10**40))},
        {"page": made_up(">", True)},
        {"page": made_up(">", None)},
        {"nonsense": "x"},
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_no_address_breaks_the_page(
    alice: Client, cast: Cast, query: dict[str, str], headers: dict[str, str]
) -> None:
    url = f"{cast.url('audit-log/')}?{urlencode(query)}"
    assert alice.get(url, headers=headers).status_code == 200


def test_what_cannot_be_read_is_left_out_and_said(alice: Client, cast: Cast) -> None:
    change_role(cast.acme.id, outcome=Outcome.DENIED)
    response = log(alice, cast, actor="abc", since="yesterday", outcome="denied")
    assert response.context["misread"] == ["From", "Actor"]
    assert "Not understood: From, Actor" in response.content.decode()
    assert len(entries(response)) == 1


def test_hostile_names_do_not_act_on_the_page(alice: Client, cast: Cast) -> None:
    name = "</b><script>alert(1)</script>\u202e"
    change_role(cast.acme.id, actor=Actor("member", uuid.uuid4(), name, "<i>", "<u>"))
    page = log(alice, cast).content.decode()
    assert "<script>alert" not in page
    assert "<i>" not in page
    assert "<u>" not in page
    assert "<bdi>&lt;/b&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u202e</bdi>" in page


def test_a_page_costs_the_same_however_many_entries_there_are(alice: Client, cast: Cast) -> None:
    log(alice, cast)

    def cost(**query: str) -> int:
        with CaptureQueriesContext(connection) as queried:
            log(alice, cast, **query)
        return sum("audit_" in query["sql"] for query in queried)

    few, found, area = cost(), cost(q="admin"), cost(area="member")
    for _ in range(60):
        change_role(cast.acme.id)
    today = str(timezone.localdate())
    assert few == cost() <= 8
    assert found == cost(q="admin") == cost(since=today, until=today, outcome="done") <= 8
    assert area == cost(area="member") <= 8


def test_htmx_gets_the_list_alone_and_the_clean_address(alice: Client, cast: Cast) -> None:
    query = "?since=&until=&actor=&action=&outcome=denied"
    response = alice.get(cast.url("audit-log/") + query, headers=HTMX)
    assert b"<html" not in response.content
    assert b'class="log"' in response.content
    assert response["HX-Push-Url"] == cast.url("audit-log/") + "?outcome=denied"
    restored = HTMX | {"HX-History-Restore-Request": "true"}
    assert b"<html" in alice.get(cast.url("audit-log/"), headers=restored).content


def test_a_database_that_does_not_answer_is_said_so(
    alice: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(queries, "event_list", fail)
    response = log(alice, cast)
    assert response.status_code == 503
    assert "The log did not arrive" in response.content.decode()
    assert readings(cast) == 0


@pytest.mark.django_db
def test_a_log_without_entries_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = queries.EventPage([], None, None)
    monkeypatch.setattr(queries, "event_list", lambda **_: nothing)
    page = log(sign_in(cast.alice), cast).content.decode()
    assert "Nothing has happened yet." in page


@pytest.mark.parametrize(
    ("number", "most", "words"),
    [
        (0, 10_000, "0 entries"),
        (1, 10_000, "1 entry"),
        (9_999, 10_000, "9,999 entries"),
        (10_000, 10_000, "10,000 entries"),
        (10_001, 10_000, "10,000+ entries"),
        (1_001, 1_000, "1,000+ entries"),
    ],
)
def test_the_count_stops_and_says_so(number: int, most: int, words: str) -> None:
    assert pages.count_words(number, most=most) == words


def test_several_places_of_an_index_are_counted_less_far() -> None:
    one, several = EventFilter(action="member.role_changed"), EventFilter(area="member")
    assert (one.most_counted, several.most_counted) == (10_000, 1_000)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Alice\nMarlow", "Alice\\u000aMarlow"),
        ("\x1b[31mAlice", "\\u001b[31mAlice"),
        ("\u202eevil", "\\u202eevil"),
    ],
)
def test_a_name_reads_as_it_is_stored(alice: Client, cast: Cast, name: str, shown: str) -> None:
    change_role(cast.acme.id, actor=Actor("member", uuid.uuid4(), name))
    assert f"<bdi>{shown}</bdi>" in log(alice, cast).content.decode()


def test_every_filter_is_in_the_address_and_shown(alice: Client, cast: Cast) -> None:
    entry = change_role(cast.acme.id)
    query = {
        "q": "priya",
        "since": "2026-01-01",
        "actor": str(ALICE.id),
        "action": "member.role_changed",
        "area": "member",
        "outcome": "done",
        "target": str(PRIYA.id),
        "ip": "203.0.113.9",
    }
    response = log(alice, cast, **query)
    assert [e.sequence for e in entries(response)] == [entry]
    chips = response.context["bar"]["chips"]
    assert {name: chip.value for name, chip in chips.items() if name not in ("when",)} == {
        "q": "priya",
        "actor": "Alice Marlow",
        "action": "member.role_changed",
        "area": "Member",
        "outcome": "Done",
        "target": "Priya Raman",
        "ip": "203.0.113.9",
    }
    assert response.context["total"] == "1 entry"
    assert response.context["address"].query == query


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113", "203.0.113.…"),
        ("203.0.113.0/24", "203.0.113.…"),
        ("10.0.0.0/8", "10.…"),
        ("2001:DB8::7", "2001:db8::7"),
        ("2001:db8:", "2001:db8:…"),
    ],
)
def test_an_address_may_be_the_beginning_of_one(
    alice: Client, cast: Cast, said: str, meant: str
) -> None:
    assert log(alice, cast, ip=said).context["bar"]["chips"]["ip"].value == meant


@pytest.mark.parametrize("ip", ["1.2.3.4.5", "10.0.0.0/9", "x", "203.0.113.9/32", "::/0"])
def test_an_address_that_is_none_is_named(alice: Client, cast: Cast, ip: str) -> None:
    assert log(alice, cast, ip=ip).context["misread"] == ["Address"]


def test_a_minute_bounds_a_span_too(alice: Client, cast: Cast) -> None:
    change_role(cast.acme.id)
    now = timezone.localtime().replace(tzinfo=None)
    later = (now + datetime.timedelta(minutes=5)).isoformat(timespec="minutes")
    before = (now - datetime.timedelta(minutes=5)).isoformat(timespec="minutes")
    assert entries(log(alice, cast, since=before, until=later))
    assert entries(log(alice, cast, since=later)) == []
    assert entries(log(alice, cast, until=before)) == []
    assert log(alice, cast, since="2026-11-22T99:00").context["misread"] == ["From"]
    assert log(alice, cast, q="\u2192").context["misread"] == ["Search"]
