"""The catalogue of events is whole: each is named, worded and declared as the log needs it."""

from __future__ import annotations

import datetime
import re
import string
import uuid
from typing import Any

import pytest

from audit.entries import Entry
from audit.events import Event
from audit.forms import EventFilterForm, action_choices
from audit.models import Outcome
from audit.sentences import plain
from config.gate import doors, lock_of

EVERY_EVENT = pytest.mark.parametrize("event", Event, ids=lambda event: event.value)

# Verbs whose past tense does not end in -ed.
IRREGULAR = {"sent", "resent", "left", "read", "withdrawn", "given", "taken", "made"}


def entry(event: Event, outcome: Outcome, words: dict[str, Any] | None) -> Entry:
    values = {field.name: [f"old {field.name}", f"new {field.name}"] for field in event.fields}
    return Entry(
        organization_id=uuid.UUID(int=1),
        sequence=1,
        at=datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
        actor_kind="member",
        actor_id=None,
        action=event.value,
        target_kind="thing",
        target_id=None,
        outcome=outcome,
        body="",
        hash=b"",
        facts={"changes": values if outcome is Outcome.DONE else {}},
        words=words,
    )


def slots(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@EVERY_EVENT
def test_its_name_is_a_noun_and_a_verb_in_the_past(event: Event) -> None:
    name = r"([a-z]+(?:_[a-z]+)*)"
    noun, verb = re.fullmatch(rf"{name}\.{name}", event.value).groups()
    assert event.name == f"{noun}_{verb}".upper()
    last = verb.split("_")[-1]
    assert last.endswith("ed") or last in IRREGULAR


def test_no_two_events_share_a_name() -> None:
    # An Enum would make the second an alias of the first.
    assert len(Event.__members__) == len({event.value for event in Event}) == len(list(Event))


@EVERY_EVENT
def test_its_sentences_name_the_target_and_declared_fields_alone(event: Event) -> None:
    sides = {f"{field.name}.{side}" for field in event.fields for side in ("old", "new")}
    assert slots(event.done) <= {"target"} | sides
    assert slots(event.attempt) <= {"target"}


@EVERY_EVENT
def test_its_fields_are_declared_once_and_labelled(event: Event) -> None:
    names = [field.name for field in event.fields]
    assert len(names) == len(set(names))
    assert all(field.label[0].isupper() for field in event.fields)


@EVERY_EVENT
def test_it_reads_as_a_sentence_in_every_outcome(event: Event) -> None:
    words = {"actor": "Alice Marlow", "target": "Priya Raman"}
    for outcome in Outcome:
        for known in (words, {}, None):
            text = plain(entry(event, outcome, known))
            assert not re.search(r"[{}]|None|  ", text), text
            assert text[0].isupper()
            assert not text.endswith((".", " "))
    done = plain(entry(event, Outcome.DONE, words))
    assert done.startswith("Alice Marlow ")
    assert plain(entry(event, Outcome.DENIED, words)).startswith("Alice Marlow tried to ")
    assert plain(entry(event, Outcome.FAILED, words)).endswith(", and it failed")


@EVERY_EVENT
def test_an_attempt_of_which_only_the_page_is_known_reads_too(event: Event) -> None:
    words = {"actor": "Alice Marlow", "target": "/o/acme/x/"}
    text = plain(entry_at_page(event, words))
    assert "/o/acme" not in text
    assert "{" not in text


def entry_at_page(event: Event, words: dict[str, Any]) -> Entry:
    known = entry(event, Outcome.FAILED, words)
    return Entry(**{**known.__dict__, "target_kind": "page"})


@EVERY_EVENT
def test_it_can_be_asked_for(event: Event) -> None:
    assert EventFilterForm({"action": event.value}).asked.action == event.value
    offered = [value for _, choices in action_choices() for value, _ in choices]
    assert offered.count(event.value) == 1


def test_the_catalogue_keeps_each_noun_together() -> None:
    nouns = [noun for noun, _ in action_choices()]
    assert len(nouns) == len(set(nouns))


def test_every_door_that_records_names_an_event() -> None:
    recorded = [lock_of(door.callback).records for _, door in doors() if lock_of(door.callback)]
    assert all(isinstance(event, Event) for event in recorded if event is not None)
