"""`manage.py audit`: the same filters as the page, and an exit code that a schedule can read."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit import actions, queries
from audit.events import Event
from audit.ledger import Actor
from audit.models import Outcome
from orgs.tenancy import bound
from tests.audit.ledgers import change_role
from tests.factories import Cast


def audit(*words: str) -> str:
    out = io.StringIO()
    call_command("audit", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def as_json(*words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in audit("query", "--format=jsonl", *words).splitlines()]


def test_verify_counts_the_entries_that_hold(cast: Cast) -> None:
    with bound(cast.acme.id):
        length = queries.newest_sequence(cast.acme.id)
    assert audit("verify", "--org", cast.acme.slug) == f"{cast.acme.slug}: {length} entries hold\n"


def test_verify_leaves_an_entry(cast: Cast) -> None:
    audit("verify", "--org", cast.acme.slug)
    with bound(cast.acme.id):
        entry = queries.recent(cast.acme.id, 1)[0]
    assert (entry.event, entry.actor_kind) == (Event.AUDIT_VERIFIED, "command")
    assert entry.actor_label == "manage.py audit verify"


def test_verify_all_goes_through_every_ledger(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests leave broken chains behind: what was tampered with cannot be mended.
    holds = actions.Verdict(1, None)
    monkeypatch.setattr(actions, "event_verify", lambda **_: holds)
    lines = audit("verify", "--all").splitlines()
    assert any(line.startswith(f"{cast.acme.slug}: ") for line in lines)
    assert any(line.startswith(f"{cast.umbrella.slug}: ") for line in lines)


def test_verify_fails_with_the_first_entry_that_does_not_hold(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaw = queries.Flaw(3, "entries are missing before it")
    monkeypatch.setattr("audit.actions.entries.first_flaw", lambda *_, **__: flaw)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 ledgers") as failure:
        call_command("audit", "verify", "--org", cast.acme.slug, stdout=out)
    assert failure.value.returncode == 1
    assert "Entry #3 does not hold: entries are missing before it." in out.getvalue()


def test_query_prints_one_line_an_entry_newest_first(cast: Cast) -> None:
    change_role(cast.acme.id)
    first, second, *_ = audit("query", "--org", cast.acme.slug).splitlines()
    assert "Alice Marlow changed Priya Raman’s role from Member to Admin" in first
    assert "203.0.113.9" in first
    assert int(first.split()[0][1:]) == int(second.split()[0][1:]) + 1


def test_query_takes_the_filters_of_the_page(cast: Cast) -> None:
    adam = Actor("member", uuid.uuid4(), "Adam Brandt")
    change_role(cast.acme.id, actor=adam)
    change_role(cast.acme.id, actor=adam, outcome=Outcome.DENIED)
    org = ("--org", cast.acme.slug)
    assert len(as_json(*org, "--actor", str(adam.id))) == 2
    assert len(as_json(*org, "--actor", str(adam.id), "--outcome", "denied")) == 1
    assert len(as_json(*org, "--action", "member.role_changed")) == 2
    assert as_json(*org, "--since", "2200-01-01") == []
    assert as_json(*org, "--until", "2000-01-01") == []


def test_query_goes_past_one_page_and_stops_at_its_limit(cast: Cast) -> None:
    for _ in range(210):
        change_role(cast.acme.id)
    found = as_json("--org", cast.acme.slug, "--limit", "205")
    assert len(found) == 205
    numbers = [entry["sequence"] for entry in found]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "99999-13-01"], "--since: Write a date like"),
        (["--actor", "abc"], "--actor: Copy the whole id"),
        (["--action", "nonsense"], "--action: "),
        (["--outcome", "maybe"], "--outcome: "),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(cast: Cast, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        audit("query", "--org", cast.acme.slug, *words)


@pytest.mark.parametrize("deed", ["verify", "query"])
def test_an_address_of_nobody_is_refused(cast: Cast, deed: str) -> None:
    with pytest.raises(CommandError, match="No organization has the address"):
        audit(deed, "--org", "no-such-\x1b[31m")


def test_query_is_a_reading_and_leaves_an_entry(cast: Cast) -> None:
    audit("query", "--org", cast.acme.slug, "--outcome", "denied")
    with bound(cast.acme.id):
        entry = queries.recent(cast.acme.id, 1)[0]
    assert (entry.event, entry.actor_label) == (Event.AUDIT_READ, "manage.py audit query")
    assert entry.reason == "outcome=denied"


def test_no_name_writes_to_the_terminal(cast: Cast) -> None:
    change_role(cast.acme.id, actor=Actor("member", uuid.uuid4(), "\x1b[2J\u202eeve", "\x1b]0;x"))
    for kind in ("table", "jsonl"):
        text = audit("query", "--org", cast.acme.slug, "--format", kind)
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_an_organization_is_asked_for_alone(cast: Cast) -> None:
    found = as_json("--org", cast.umbrella.slug)
    assert not any("Alice" in line["sentence"] for line in found)
