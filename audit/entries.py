"""An entry of the ledger as it is read: its columns, its facts, and its words.

What is asked of the database stands in `audit/queries/`; the sentence in `audit/sentences.py`.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit import models, sentences
from audit.events import Event
from audit.models import Outcome
from config.moments import local

ERASED = "erased"
CATALOGUE = {event.value: event for event in Event}
ICONS = {
    "system": "cog-6-tooth",
    "command": "command-line",
    "program": "cpu-chip",
    "service": "cpu-chip",
    "anonymous": "question-mark-circle",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A field before and after, in words; empty for none. Of a list, what stayed, went and came."""

    label: str
    before: str
    after: str
    kept: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        return bool(self.kept or self.removed or self.added)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry as it is read: its columns, the facts of its text, and its words.

    `words` is None when they were erased. Whatever cannot be read counts as absent, so that a
    page shows even an entry that was tampered with.
    """

    organization_id: UUID
    sequence: int
    at: datetime.datetime
    actor_kind: str
    actor_id: UUID | None
    action: str
    target_kind: str
    target_id: UUID | None
    outcome: Outcome
    body: str
    hash: bytes
    facts: dict[str, Any]
    words: dict[str, Any] | None

    @cached_property
    def event(self) -> Event | None:
        """The event in the catalogue; None for an action that it does not know."""
        return CATALOGUE.get(self.action)

    @cached_property
    def sentence(self) -> SafeString:
        return sentences.sentence(self)

    @property
    def breakable_action(self) -> SafeString:
        """The action, with a place to break the line after its noun."""
        noun, dot, verb = self.action.partition(".")
        return format_html("{}{}<wbr>{}", noun, dot, verb)

    @property
    def number(self) -> str:
        return f"{self.sequence:,}"

    @property
    def hash_words(self) -> str:
        return hash_words(self.hash)

    @property
    def actor_label(self) -> str:
        return str((self.words or {}).get("actor") or "")

    @property
    def target_label(self) -> str:
        return str((self.words or {}).get("target") or "")

    @property
    def actor_icon(self) -> str:
        """The icon of an actor without a face: no person, or one who was erased."""
        return ICONS.get(self.actor_kind, "" if self.words else "user-minus")

    @property
    def ip(self) -> str:
        return str((self.words or {}).get("ip") or "")

    @property
    def agent(self) -> str:
        return str((self.words or {}).get("agent") or "")

    @property
    def reason(self) -> str:
        return str(self.facts.get("reason") or "")

    @property
    def reason_label(self) -> str:
        """What the reason is: a person's own words, the permission that was missing, or a code."""
        if self.outcome is Outcome.DENIED:
            return "Permission missing"
        return "Reason given" if self.outcome is Outcome.DONE else "Why it failed"

    @property
    def request_id(self) -> str:
        return str(self.facts.get("request") or "")

    @property
    def day(self) -> datetime.date:
        return local(self.at).date()

    @cached_property
    def changes(self) -> list[Change]:
        """What changed, in the order that the catalogue declares."""
        labels = {field.name: field.label for field in self.event.fields} if self.event else {}
        names = dict.fromkeys([*labels, *changes_in(self.facts), *changes_in(self.words or {})])
        found = ((labels.get(name, name), self.change_of(name), name) for name in names)
        return [
            Change(label, *pair, *self._items(name))
            for label, pair, name in found
            if pair is not None
        ]

    def change_of(self, name: str) -> tuple[str, str] | None:
        """A field before and after, in words; None when the entry does not have it."""
        pair = self._pair(name)
        if isinstance(pair, list) and len(pair) == 2:
            before, after = (sentences.words_of(value, field=name) for value in pair)
            return before, after
        if self.words is None and self.outcome is Outcome.DONE and self._is_personal(name):
            return ERASED, ERASED
        return None

    def _pair(self, name: str) -> Any:
        return changes_in(self.facts).get(name, changes_in(self.words or {}).get(name))

    def _items(self, name: str) -> tuple[tuple[str, ...], ...]:
        """What stayed, went and came of a list that is one on both sides, or on one beside none."""
        pair = self._pair(name)
        if not isinstance(pair, list) or not any(isinstance(side, list) for side in pair):
            return ()
        if not all(isinstance(side, list | None) for side in pair):
            return ()
        before, after = ([sentences.words_of(item) for item in side or []] for side in pair)
        return (
            tuple(item for item in before if item in after),
            tuple(item for item in before if item not in after),
            tuple(item for item in after if item not in before),
        )

    def _is_personal(self, name: str) -> bool:
        fields = self.event.fields if self.event else ()
        return any(field.personal for field in fields if field.name == name)


def hash_words(value: bytes) -> str:
    """A hash short enough to compare by eye: "9c41 e07b … 55da"."""
    text = value.hex()
    return f"{text[:4]} {text[4:8]} … {text[-4:]}" if text else ""


def entry_of(row: models.Event, words: str | None) -> Entry:
    return Entry(
        organization_id=row.organization_id,
        sequence=row.sequence,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        action=row.action,
        target_kind=row.target_kind,
        target_id=row.target_id,
        outcome=Outcome(row.outcome) if row.outcome in Outcome else Outcome.FAILED,
        body=row.body,
        hash=bytes(row.hash),
        facts=parsed(row.body),
        words=None if words is None else parsed(words),
    )


def parsed(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def changes_in(stored: dict[str, Any]) -> dict[str, Any]:
    changes = stored.get("changes")
    return changes if isinstance(changes, dict) else {}
