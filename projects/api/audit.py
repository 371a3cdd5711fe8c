"""`GET /v1/audit-events`: the organization's log, page by page, for whoever keeps it elsewhere.

Reading is remembered as it is on the log's page: once in ten minutes for an account.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from pydantic import Field

from audit import actions, queries
from audit.entries import Entry
from audit.events import Event
from audit.exports.reading import rows_after, rows_before
from audit.forms import EventFilterForm
from audit.ledger import Target
from audit.sentences import plain
from projects.api.audit_asked import asked_of, parameters
from projects.api.one_call import until_won
from projects.api.tokens import Service, service

SCOPE = "audit.read"
MOST = 500
READ_AGAIN_AFTER = timedelta(minutes=10)
_LAST = 2**63 - 1


def audit_events(
    request: HttpRequest,
    after: Annotated[int, Field(ge=0, le=_LAST, description="The last sequence one has.")] = 0,
    before: Annotated[
        int, Field(ge=0, le=_LAST, description="From before this sequence, newest first; not 0.")
    ] = 0,
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100,
) -> HttpResponse:
    """Raises ProblemError 400, 401, 403. `next` is where to go on; `more` says there is more."""
    asked = asked_of(request, beside=("after", "before", "limit"))
    return until_won(lambda: _read(request, asked, after=after, before=before, limit=limit))


def _read(
    request: HttpRequest, asked: EventFilterForm, *, after: int, before: int, limit: int
) -> HttpResponse:
    rows, place = (rows_before, before) if before else (rows_after, after)
    with service(request, SCOPE) as asking:
        org = asking.access.org.id
        found = rows(organization=org, filters=asked.asked, sequence=place, size=limit + 1)
        shown = [row.entry for row in found[:limit]]
        answer = {
            "events": [_event(entry) for entry in shown],
            "next": shown[-1].sequence if shown else place,
            "more": len(found) > limit,
        }
        _remember_reading(asking, asked)
    return HttpResponse(json.dumps(answer), content_type="application/json")


def _event(entry: Entry) -> dict[str, Any]:
    """As the log has it: what the hash is of, and the words, unless they were erased."""
    return {
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "outcome": entry.outcome.value,
        "actor": {"kind": entry.actor_kind, "id": _id(entry.actor_id), "name": entry.actor_label},
        "target": {
            "kind": entry.target_kind,
            "id": _id(entry.target_id),
            "name": entry.target_label,
        },
        "sentence": plain(entry),
        "facts": entry.facts,
        "words": entry.words,
        "hash": entry.hash.hex(),
    }


def _id(value: Any) -> str | None:
    return str(value) if value else None


def _remember_reading(asking: Service, asked: EventFilterForm) -> None:
    org, identity = asking.access.org, asking.access.identity
    if not queries.acted_since(
        organization=org.id,
        actor=asking.account,
        action=Event.AUDIT_READ.value,
        since=timezone.now() - READ_AGAIN_AFTER,
    ):
        target = Target("organization", org.id, org.name)
        reason = " ".join(f"{name}={value}" for name, value in asked.query.items())
        actions.event_read(organization=org.id, target=target, actor=identity, reason=reason)


_DOCUMENTED = {
    "description": "The entries, and where to go on",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["events", "next", "more"],
                "properties": {
                    "events": {"type": "array", "items": {"type": "object"}},
                    "next": {"type": "integer"},
                    "more": {"type": "boolean"},
                },
            },
            "example": {"events": [], "next": 0, "more": False},
        }
    },
}

ENDPOINTS = (
    (
        "/v1/audit-events",
        SCOPE,
        audit_events,
        {
            "method": "GET",
            "records": Event.AUDIT_READ,
            "summary": "Read the audit log",
            "description": "Entries after a sequence number, oldest first, or before one, newest"
            " first; none is ever changed. The filters are those of the log's page. Reading is"
            " entered as well, once in ten minutes.",
            "tags": ["Members and log"],
            "openapi_extra": {"parameters": parameters(), "responses": {200: _DOCUMENTED}},
        },
    ),
)
