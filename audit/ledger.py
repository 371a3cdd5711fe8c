"""The only writer of the ledger.

`record` runs in the transaction of the change it describes, so both stand or fall together.
Chaining and hashing happen in the database (`ledger_append`). Reading is in `audit/queries.py`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.events import Event
from audit.models import PLATFORM, Outcome
from config.database import prepared_row


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

Change = tuple[Any, Any]
"""The value before and the value after; None where there is none."""

_APPEND = "SELECT ledger_append(%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"


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
    row = prepared_row(
        _APPEND,
        [
            organization,
            actor.kind,
            actor.id,
            event.value,
            target.kind,
            target.id,
            outcome.value,
            _json(facts),
            _json(words),
        ],
    )
    assert row is not None
    return int(row[0])


def record_platform(event: Event, *, actor: Actor, target: Target, **rest: Any) -> int:
    """Append one entry to the platform's own chain."""
    return record(event, organization=PLATFORM, actor=actor, target=target, **rest)


def _json(value: Mapping[str, Any]) -> str:
    # PostgreSQL's jsonb holds no NUL; a hostile header must not stop the entry.
    return json.dumps(value, default=str, ensure_ascii=False).replace("\\u0000", "\ufffd")
