"""The only writer of the ledger.

`record` runs in the transaction of the change it describes, so both stand or fall together.
Chaining and hashing happen in the database (`ledger_append`; the portal's role has a door of its
own, which lets its deeds alone through). Reading is in `audit/queries/`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from audit.events import Event
from audit.models import PLATFORM, Outcome
from config import portal
from config.prepared import prepared_row


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the ledger remembers it: kind (person, system, command), id, label, origin."""

    kind: str
    id: uuid.UUID | None
    label: str
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What a deed is done to: kind, id and the name it has today."""

    kind: str
    id: uuid.UUID | None
    label: str


NOBODY = Actor("anonymous", None, "Someone")
SYSTEM = Actor("system", None, "Bailiwick")

# The escape of NUL, as against a backslash of the text itself that "u0000" happens to follow.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

Change = tuple[Any, Any]
"""The value before and the value after; None where there is none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of many changes that an actor makes in one go."""

    event: Event
    target: Target
    changes: Mapping[str, Change] = field(default_factory=dict)


# For whoever asks at the end of a unit of work what it has recorded; None: nobody does.
_noted: ContextVar[dict[uuid.UUID, int] | None] = ContextVar("noted", default=None)


@contextmanager
def noting(*, apart: bool = False) -> Iterator[dict[uuid.UUID, int] | None]:
    """Note where what is done from here on begins: organization to the number of its first entry.

    Only the outermost gets the notes, the others None; one that stands `apart` keeps its own.
    """
    if _noted.get() is not None and not apart:
        yield None
        return
    token = _noted.set({})
    try:
        yield _noted.get()
    finally:
        _noted.reset(token)


def _note(organization: uuid.UUID, sequence: int) -> None:
    noted = _noted.get()
    if noted is not None:
        noted.setdefault(organization, sequence)


_APPEND = "SELECT {append}(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"
_APPEND_MANY = """
    SELECT min({append}(
        %s, %s, %s, e.action, e.kind, e.id, 'done', e.facts::jsonb, e.words::jsonb))
    FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[])
        AS e (action, kind, id, facts, words)
"""


def _through_its_door(statement: str) -> str:
    return statement.format(append="portal_append" if portal.is_asking() else "ledger_append")


def record(
    event: Event,
    *,
    organization: uuid.UUID,
    actor: Actor,
    target: Target,
    changes: Mapping[str, Change] | None = None,
    reason: str = "",
    outcome: Outcome = Outcome.DONE,
) -> int:
    """Append one entry to the organization's chain (`PLATFORM` for the platform's own).

    Write it last in the transaction: the chain's lock is held until commit. For the outcome
    *done* the keys of `changes` must be the fields that `audit/events.py` declares for the
    event. Returns the sequence number. Raises LookupError for other fields.
    """
    facts, words = texts(
        event, actor=actor, target=target, changes=changes, reason=reason, outcome=outcome
    )
    row = prepared_row(
        _through_its_door(_APPEND),
        [
            organization,
            actor.kind,
            actor.id,
            event.value,
            target.kind,
            target.id,
            outcome.value,
            facts,
            words,
        ],
    )
    sequence = int(cast("tuple[int]", row)[0])
    if outcome is Outcome.DONE:
        _note(organization, sequence)
    return sequence


def record_many(
    entries: Sequence[Entry], *, organization: uuid.UUID, actor: Actor, reason: str = ""
) -> None:
    """Append what was done, in this order and in one statement: the same rules as `record`."""
    said = [
        texts(
            entry.event,
            actor=actor,
            target=entry.target,
            changes=entry.changes,
            reason=reason,
            outcome=Outcome.DONE,
        )
        for entry in entries
    ]
    row = prepared_row(
        _through_its_door(_APPEND_MANY),
        [
            organization,
            actor.kind,
            actor.id,
            [entry.event.value for entry in entries],
            [entry.target.kind for entry in entries],
            [entry.target.id for entry in entries],
            [facts for facts, _ in said],
            [words for _, words in said],
        ],
    )
    if entries:
        _note(organization, int(cast("tuple[int]", row)[0]))


def record_platform(event: Event, *, actor: Actor, target: Target, **rest: Any) -> int:
    """Append one entry to the platform's own chain."""
    return record(event, organization=PLATFORM, actor=actor, target=target, **rest)


def texts(
    event: Event,
    *,
    actor: Actor,
    target: Target,
    changes: Mapping[str, Change] | None,
    reason: str,
    outcome: Outcome,
) -> tuple[str, str]:
    """An entry's facts, hashed as they stand, and its words, which can be erased: both JSON.

    Raises LookupError for fields other than those declared.
    """
    changes = dict(changes or {})
    declared = {field.name: field for field in event.fields}
    if outcome is Outcome.DONE and set(changes) != set(declared):
        raise LookupError(f"{event.value} declares {sorted(declared)}, not {sorted(changes)}")
    personal = {name for name in changes if declared[name].personal}
    facts = {
        "reason": reason,
        "request": actor.request_id,
        "changes": {name: pair for name, pair in changes.items() if name not in personal},
    }
    words = {
        "actor": actor.label,
        "target": target.label,
        "ip": actor.ip,
        "agent": actor.user_agent[:300],
        "changes": {name: pair for name, pair in changes.items() if name in personal},
    }
    return _json(facts), _json(words)


def _json(value: Mapping[str, Any]) -> str:
    # PostgreSQL's text holds no NUL and no half of a character; a hostile name or header must not
    # stop the entry.
    text = json.dumps(value, default=str, ensure_ascii=False)
    return _NUL.sub("\\1\ufffd", text).encode("utf-8", "replace").decode()
