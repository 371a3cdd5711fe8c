"""`POST /v1/executions`: what ran, was talked and proved on the platform, for the console."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from pydantic import AfterValidator, Field
from uuid6 import uuid7

from projects.actions.executions import Report, execution_record
from projects.api.deeds import refused
from projects.api.documented import documented
from projects.api.fields import Body, Line, Moment, Name, Uuid
from projects.api.idempotency import (
    answered_before,
    idempotency_key,
    keep_answer,
    once,
    replayed,
)
from projects.api.one_call import until_won
from projects.api.problems import ProblemError
from projects.api.tokens import service
from projects.models import Execution

SCOPE = "record"
LARGEST_DETAIL = 64 * 1024


def _storable(detail: dict[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(detail, allow_nan=False, ensure_ascii=False)
    except ValueError:
        raise ValueError("A number is too large.") from None
    if len(text.encode()) > LARGEST_DETAIL:
        raise ValueError(f"At most {LARGEST_DETAIL // 1024} KB of JSON.")
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueError("Leave out the character NUL.")
    return detail


Detail = Annotated[dict[str, Any], AfterValidator(_storable)]


class Recorded(Body):
    """One execution. Sent again under its id, it says what became of it."""

    id: Uuid | None = Field(None, description="Of the platform's own; without it, one is made.")
    kind: Literal["run", "conversation", "log", "proof"] = "run"
    state: Literal["running", "succeeded", "failed", "cancelled"] = "succeeded"
    project: Uuid | None = None
    resource: Uuid | None = None
    started_by: Name = Field("", description="A member, by id or address.")
    key: Uuid | None = Field(None, description="The key it ran with; its creator started it.")
    verification: Uuid | None = Field(None, description="The call that allowed it.")
    summary: Line = ""
    detail: Detail = Field(default_factory=dict)
    started_at: Moment | None = None
    finished_at: Moment | None = None


_CHANGES = ("state", "summary", "detail", "started_at", "finished_at")


def execution_report(request: HttpRequest, said: Recorded) -> HttpResponse:
    """Raises ProblemError 400, 401, 403, 404, 409, 422."""
    name = idempotency_key(request)
    try:
        return until_won(lambda: _recorded(request, said, name))
    except ProblemError as error:
        if error.code not in ("taken", "under_way"):
            raise
    # Whoever had the id or the name a moment ago may have sent this very report.
    return until_won(lambda: _recorded(request, said, name))


def _recorded(request: HttpRequest, said: Recorded, name: str | None) -> HttpResponse:
    with service(request, SCOPE) as asking:
        org = asking.access.org.id
        before = answered_before(request, name, org)
        if before is not None:
            return replayed(before, again=True)
        try:
            execution, is_new = execution_record(
                report=_report(said, name, org), actor=asking.access
            )
        except ValidationError as error:
            raise refused(error) from None
        answer = _answer(execution)
        keep_answer(request, name, answer)
    return replayed(answer, again=False, status=201 if is_new else 200)


def _report(said: Recorded, name: str | None, org: UUID) -> Report:
    """Without an id, a report under a name has the id that the name gives."""
    made = uuid5(NAMESPACE_URL, f"{org}/executions/{name}") if name else uuid7()
    sent = {
        field: getattr(said, field)
        for field in _CHANGES
        if field in said.model_fields_set and getattr(said, field) is not None
    }
    return Report(
        id=said.id or made,
        kind=said.kind,
        project=said.project,
        resource=said.resource,
        started_by=said.started_by,
        key=said.key,
        verification=said.verification,
        said={"state": said.state, **sent},
    )


_ID = {"type": ["string", "null"], "format": "uuid"}
_AT = {"type": ["string", "null"], "format": "date-time"}
_ANSWER = {
    "type": "object",
    "required": ["id", "kind", "state", "started_at", "finished_at"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": {"enum": Execution.Kind.values},
        "state": {"enum": Execution.State.values},
        "project": _ID,
        "resource": _ID,
        "started_by": _ID,
        "started_at": _AT,
        "finished_at": _AT,
    },
}
_ANSWERED = {
    "id": "0192f0c3-55aa-7b20-9e1f-3c4d5e6f7a8b",
    "kind": "run",
    "state": "succeeded",
    "project": "0192f0bf-1234-7abc-8def-0123456789ab",
    "resource": None,
    "started_by": "0192f0be-4321-7cba-9fed-ba9876543210",
    "started_at": "2026-03-12T09:30:12+00:00",
    "finished_at": "2026-03-12T09:31:40+00:00",
}


def _answer(execution: Execution) -> dict[str, Any]:
    moments = {name: getattr(execution, name) for name in ("started_at", "finished_at")}
    return {
        "id": str(execution.pk),
        "kind": execution.kind,
        "state": execution.state,
        "project": execution.project_id and str(execution.project_id),
        "resource": execution.resource_id and str(execution.resource_id),
        "started_by": execution.started_by_id and str(execution.started_by_id),
        **{name: at and at.isoformat() for name, at in moments.items()},
    }


_DOCUMENTED = documented(
    "Record an execution",
    "A run, a conversation, a line of a runner's log or a proof, for the console to show. Sent"
    " again under its id, it says what became of it; while it runs it has no end, and what has"
    " ended stays as it ended.",
    "Records",
    {
        "kind": "run",
        "state": "succeeded",
        "verification": "0192f0c1-3b5e-7c1a-9d2e-5f60718293a4",
        "summary": "Figures of March",
        "started_at": "2026-03-12T09:30:12Z",
    },
    _ANSWER,
    _ANSWERED,
)
_DOCUMENTED["openapi_extra"]["responses"][201] = _DOCUMENTED["openapi_extra"]["responses"][200] | {
    "description": "It is new"
}

ENDPOINTS = (
    (
        "/v1/executions",
        SCOPE,
        execution_report,
        once(_DOCUMENTED),
    ),
)
