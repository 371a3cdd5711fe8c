"""Entries in words: plain verbs, names that stand out, and nothing that a label could do."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

import pytest

from audit.entries import Change, Entry
from audit.events import Event
from audit.models import Outcome
from audit.sentences import plain, sentence, visible, words_of


def entry(event: Event | str = Event.MEMBER_ROLE_CHANGED, **overrides: Any) -> Entry:
    words = {"actor": "Alice Marlow", "target": "Priya Raman", "changes": {}}
    usual: dict[str, Any] = {
        "organization_id": uuid.UUID(int=1),
        "sequence": 7,
        "at": datetime.datetime(2026, 11, 22, 13, 58, 7, tzinfo=datetime.UTC),
        "actor_kind": "member",
        "actor_id": uuid.UUID(int=2),
        "action": event if isinstance(event, str) else event.value,
        "target_kind": "member",
        "target_id": uuid.UUID(int=3),
        "outcome": Outcome.DONE,
        "body": "{}",
        "hash": b"\x9c" * 32,
        "facts": {"changes": {"role": ["Member", "Admin"]}},
        "words": words,
    }
    return Entry(**usual | overrides)


def test_a_deed_names_who_whom_and_both_values() -> None:
    assert plain(entry()) == "Alice Marlow changed Priya Raman’s role from Member to Admin"
    assert sentence(entry()) == (
        "<b><bdi>Alice Marlow</bdi></b> changed <b><bdi>Priya Raman</bdi></b>’s role from"
        " <bdi>Member</bdi> to <bdi>Admin</bdi>"
    )


def test_a_denied_attempt_says_tried() -> None:
    denied = entry(outcome=Outcome.DENIED)
    assert plain(denied) == "Alice Marlow tried to change Priya Raman’s role"


def test_a_denied_attempt_at_a_wall_says_what_the_permission_allows() -> None:
    words = {"actor": "Vera Lindqvist", "target": "Change member roles"}
    denied = entry(outcome=Outcome.DENIED, target_kind="permission", words=words)
    assert plain(denied) == "Vera Lindqvist tried to change member roles"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event.MEMBER_ROLE_CHANGED, "change someone’s role"),
        (Event.INVITATION_SENT, "invite someone"),
        (Event.GROUP_CHANGED, "change a group"),
        (Event.ORGANIZATION_CHANGED, "change the settings of the organization"),
        (Event.ACCOUNT_STATE_CHANGED, "change the state of an account"),
        (Event.ROSTER_IMPORTED, "import a roster"),
    ],
)
def test_a_failed_attempt_of_which_only_the_page_is_known(event: Event, words: str) -> None:
    failed = entry(event, outcome=Outcome.FAILED, target_kind="page")
    assert plain(failed) == f"Alice Marlow tried to {words}, and it failed"


def test_who_was_erased_is_someone_erased() -> None:
    erased = entry(words=None)
    assert plain(erased) == "Someone erased changed someone erased’s role from Member to Admin"
    changed = entry(Event.MEMBER_CHANGED, words=None, facts={"changes": {}})
    assert changed.changes[0] == Change("Name", "erased", "erased")


def test_who_is_not_known_is_someone() -> None:
    assert plain(entry(words={})) == "Someone changed someone’s role from Member to Admin"


def test_an_action_of_another_version_still_reads() -> None:
    assert plain(entry("robot.rebooted")) == (
        "Alice Marlow left the entry robot.rebooted on Priya Raman"
    )


def test_an_empty_value_reads_as_nothing() -> None:
    facts = {"changes": {"role": [None, "Admin"]}}
    assert plain(entry(facts=facts)).endswith("from nothing to Admin")


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "a\nb", "\u202egroup", "\u2066x", "\U000e0041", "\ue000"]
)
def test_unseen_characters_are_written_out_for_a_terminal(text: str) -> None:
    line = plain(entry(words={"actor": text, "target": text}))
    assert line.isprintable()
    assert f"{ord(text.strip('abgroupx')[0]):04x}" in line
    assert json.loads(json.dumps(visible(text))) == visible(text)


def test_scripts_that_need_joiners_stay_as_they_are() -> None:
    assert visible("नमस्ते क्\u200dष") == "नमस्ते क्\u200dष"


def test_markup_in_a_label_is_text() -> None:
    words = {"actor": "<script>", "target": "&amp;", "changes": {}}
    facts = {"changes": {"role": ["<i>", "{target}"]}}
    assert sentence(entry(words=words, facts=facts)) == (
        "<b><bdi>&lt;script&gt;</bdi></b> changed <b><bdi>&amp;amp;</bdi></b>’s role from"
        " <bdi>&lt;i&gt;</bdi> to <bdi>{target}</bdi>"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        ("", ""),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["Owner", "Admin"], "Owner, Admin"),
        ({"added": 4, "removed": 0}, "added 4, removed 0"),
        ("2026-13-45", "2026-13-45"),
    ],
)
def test_values_are_read_as_people_write_them(value: Any, words: str) -> None:
    assert words_of(value) == words


def test_a_moment_is_read_as_day_and_time() -> None:
    assert words_of("2026-11-29 08:05:00+00:00", field="expires_at") == "29 Nov 2026, 08:05"
    assert words_of("2026-99-99 08:05:00", field="expires_at") == "2026-99-99 08:05:00"


@pytest.mark.parametrize(
    "facts", [{}, {"changes": None}, {"changes": {"role": "x"}}, {"changes": []}]
)
def test_an_entry_that_was_tampered_with_still_has_a_sentence(facts: dict) -> None:
    assert plain(entry(facts=facts, words={"changes": 3}))
