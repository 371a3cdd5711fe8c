"""`POST /v1/usage`: what a verified call really used. One call of the database, `key_use`.

It is recorded whatever has become of the key, the budget or the window since: it was used.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Self

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from pydantic import Field, model_validator
from uuid6 import uuid7

from config.money import amount_text
from projects.api.documented import documented
from projects.api.fields import TOKENS, Money, Name, Used, Uuid
from projects.api.idempotency import idempotency_key, once, replayed
from projects.api.one_call import row_of
from projects.api.problems import ProblemError, token_invalid, token_scope
from projects.api.tokens import bearer

SCOPE = "record"
_USE = "SELECT status, answer FROM key_use(%s, %s, %s, %s, %s, %s, %s::jsonb, %s::bigint)"


_SAYS_SOMETHING = {
    "anyOf": [{"required": [name]} for name in ("cost", *TOKENS)]
    + [{"required": ["units"], "properties": {"units": {"minProperties": 1}}}]
}
_AMOUNT = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2,9}$"}
_ANSWER = {
    "type": "object",
    "required": ["id", "verification", "model", "cost", "estimate", "currency", "at"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "verification": {"type": "string", "format": "uuid"},
        "model": {"type": "string"},
        "cost": _AMOUNT,
        "estimate": _AMOUNT,
        "currency": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
    },
}
_ANSWERED = {
    "id": "0192f0c2-0b11-7f3a-8c4d-2a3b4c5d6e7f",
    "verification": "0192f0c1-3b5e-7c1a-9d2e-5f60718293a4",
    "model": "north-large",
    "cost": "0.0061",
    "estimate": "0.0125",
    "currency": "USD",
    "at": "2026-03-12T09:30:15+00:00",
}


class Usage(Used):
    verification: Uuid = Field(description="The id that the verification answered with.")
    model: Name = Field("", description="Where it was another than the one asked for.")
    cost: Money | None = Field(
        None, description="What it cost; without it, what the units cost by the price list."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.cost is None and self.as_units() is None:
            raise ValueError("Send what was used, like input_tokens, or what it cost.")
        return self


def usage_report(request: HttpRequest, said: Usage) -> HttpResponse:
    """Raises ProblemError 400, 401, 403, 404, 409, 422."""
    name = idempotency_key(request)
    status, answer = row_of(
        _USE,
        [
            bearer(request),
            uuid7(),
            said.verification,
            name and f"usage {name}",
            # The name is of the report: under another name the same words are a second report.
            hashlib.sha256(f"{name or ''}\n".encode() + request.body).digest(),
            said.model,
            said.as_units(),
            said.cost,
        ],
    )
    if status in ("settled", "repeated"):
        return replayed(_answer(json.loads(answer)), again=status == "repeated")
    raise _refusal(status, said)


def _answer(settled: dict[str, Any]) -> dict[str, Any]:
    amounts = {name: amount_text(settled[name]) for name in ("cost", "estimate")}
    return settled | amounts | {"currency": settings.CURRENCY}


def _refusal(status: str, said: Usage) -> ProblemError:
    if status == "token":
        return token_invalid()
    if status == "scope":
        return token_scope(SCOPE)
    if status == "unknown":
        detail = "No allowed verification of the last 30 days has this id here."
        return ProblemError(404, "verification_unknown", detail)
    if status == "settled_before":
        detail = "This verification was reported before, in other words. What was said first holds."
        return ProblemError(409, "settled_before", detail)
    if status == "price":
        model = said.model or "the model that was verified"
        detail = f"No price is known for all of this of {model}. Send cost, or import prices first."
        return ProblemError(422, "no_price", detail)
    return ProblemError(
        422, "idempotency_key_used", "This Idempotency-Key came with another report before."
    )


ENDPOINTS = (
    (
        "/v1/usage",
        SCOPE,
        usage_report,
        once(
            documented(
                "Report what a call used",
                "Settles a verification of the last 30 days, once. Each kind of token is counted"
                " beside the others: input_tokens are those that came from no cache. The same"
                " report again gets the same answer; an Idempotency-Key is kept for 30 days, for"
                " the organization and this address.",
                "Keys and usage",
                {
                    "verification": _ANSWERED["verification"],
                    "input_tokens": 1200,
                    "output_tokens": 310,
                },
                _ANSWER,
                _ANSWERED,
                also=_SAYS_SOMETHING,
            )
        ),
    ),
)
