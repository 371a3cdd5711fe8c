"""`GET /v1/audit-checkpoints`: what was signed of the log, as the file that a verifier reads."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from pydantic import Field

from audit.proof import checkpoint_lines
from projects.api.one_call import until_won
from projects.api.tokens import service

SCOPE = "audit.read"
MOST = 10_000
_LAST = 2**63 - 1


def audit_checkpoints(
    request: HttpRequest,
    after: Annotated[int, Field(ge=0, le=_LAST, description="The last sequence one has.")] = 0,
    limit: Annotated[int, Field(ge=1, le=MOST)] = MOST,
) -> HttpResponse:
    """Raises ProblemError 400, 401, 403. `X-Next` is where to go on, as long as there is more."""
    return until_won(lambda: _read(request, after, limit))


def _read(request: HttpRequest, after: int, limit: int) -> HttpResponse:
    with service(request, SCOPE) as asking:
        found = checkpoint_lines(asking.access.org.id, after=after)
        lines = list(islice(found, limit + 1))
    shown = lines[:limit]
    body = "".join(f"{json.dumps(line)}\n" for line in shown)
    response = HttpResponse(body, content_type="application/jsonl; charset=utf-8")
    if len(lines) > limit:
        response["X-Next"] = str(shown[-1]["sequence"])
    return response


_DOCUMENTED = {
    "description": "One checkpoint a line",
    "headers": {
        "X-Next": {
            "description": "Send it as `after`; only as long as there is more.",
            "schema": {"type": "string"},
        }
    },
    "content": {"application/jsonl": {"schema": {"type": "string"}}},
}

ENDPOINTS = (
    (
        "/v1/audit-checkpoints",
        SCOPE,
        audit_checkpoints,
        {
            "method": "GET",
            "summary": "Read the checkpoints of the audit log",
            "description": "What was signed of the log: each says which hash an entry had. The"
            " public keys are at /.well-known/bailiwick-checkpoint-keys.json, and"
            " verify_ledger.py holds an export against both.",
            "tags": ["Members and log"],
            "openapi_extra": {"responses": {200: _DOCUMENTED}},
        },
    ),
)
