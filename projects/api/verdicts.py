"""The answer to a verification: decision, reason, the limit that binds, and what is left of each.

Money is written as decimals of the installation's currency, in strings: no float loses any of it.
"""

from __future__ import annotations

import datetime
import json
import math
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse

from config.money import amount_text
from projects import limits
from projects.api.documented import documented
from projects.limits import Binding, LimitState
from projects.refusals import sentence_of


@dataclass(frozen=True, slots=True)
class Row:
    """What `key_verify` returned, after the id of the call."""

    call: UUID
    status: str
    reason: str
    layer: str
    limit_id: UUID | None
    key_id: UUID | None
    key_name: str | None
    reserved: int
    limits: str
    at: datetime.datetime

    @property
    def allowed(self) -> bool:
        return self.status == "allowed"


def answered(row: Row) -> HttpResponse:
    found = [_after(state, row) for state in limits.states(row.limits)]
    binding = _refusing(found, row) or limits.binding(found)
    layer = row.layer if not row.allowed else binding.state.layer if binding else ""
    said = {
        "decision": row.allowed,
        "id": str(row.call),
        "reason": row.reason,
        "message": sentence_of(row.reason, row.layer),
        "layer": layer,
        "binding": binding and _binding(binding),
        "limits": [_limit(state) for state in found],
        "key": {"id": str(row.key_id), "name": row.key_name},
        "reserved": amount_text(row.reserved if row.allowed else 0),
        "currency": settings.CURRENCY,
        "at": _moment(row.at),
    }
    response = HttpResponse(json.dumps(said), content_type="application/json")
    for name, value in _headers(row, found, binding).items():
        response[name] = value
    return response


def _after(state: LimitState, row: Row) -> LimitState:
    """As this call left it: the database says how it found it."""
    if not row.allowed:
        return state
    held = row.reserved if state.budget is not None else 0
    return replace(state, reserved=state.reserved + held, used=state.used + 1)


def _refusing(found: list[LimitState], row: Row) -> Binding | None:
    """The limit that refused, where it was one of money or of rate."""
    kind = row.reason
    if kind not in ("budget", "rpm"):
        return None
    return next((Binding(state, kind) for state in found if state.id == row.limit_id), None)  # type: ignore[arg-type]


def _headers(row: Row, found: list[LimitState], binding: Binding | None) -> dict[str, str]:
    """`RateLimit` of the tightest rate (draft-ietf-httpapi-ratelimit-headers-10); when again."""
    said: dict[str, str] = {}
    refused = binding if row.reason in ("budget", "rpm") else None
    rate = refused if refused and refused.kind == "rpm" else limits.binding(found, "rpm")
    if rate and rate.resets_at:
        name = f'"{rate.state.layer}"'
        said["RateLimit-Policy"] = f"{name};q={rate.limit};w=60"
        said["RateLimit"] = f"{name};r={rate.remaining};t={_seconds(rate.resets_at, row.at)}"
    if refused and refused.resets_at:
        said["Retry-After"] = str(max(_seconds(refused.resets_at, row.at), 1))
    return said


def _binding(binding: Binding) -> dict[str, Any]:
    shown = amount_text if binding.kind == "budget" else int
    return {
        "layer": binding.state.layer,
        "kind": binding.kind,
        "limit": shown(binding.limit),
        "remaining": shown(binding.remaining),
        "resets_at": _moment(binding.resets_at),
    }


def _limit(state: LimitState) -> dict[str, Any]:
    said: dict[str, Any] = {"layer": state.layer}
    if state.budget is not None:
        said["budget"] = {
            "limit": amount_text(state.budget),
            "window": state.window,
            "spent": amount_text(state.spent),
            "reserved": amount_text(state.reserved),
            "remaining": amount_text(state.remaining),
            "resets_at": _moment(state.resets_at),
        }
    if state.rpm is not None:
        said["rpm"] = {
            "limit": state.rpm,
            "used": state.used,
            "remaining": state.requests_remaining,
            "resets_at": _moment(state.minute_resets_at),
        }
    return said


def _seconds(until: datetime.datetime, now: datetime.datetime) -> int:
    return max(math.ceil((until - now).total_seconds()), 0)


def _moment(at: datetime.datetime | None) -> str | None:
    return at.astimezone(datetime.UTC).isoformat(timespec="seconds") if at else None


_AMOUNT = {"type": "string", "pattern": r"^[0-9]+\.[0-9]{2,9}$"}
_WHEN = {"type": ["string", "null"], "format": "date-time"}
_BINDING = {
    "type": ["object", "null"],
    "description": "The limit with the least share left; on a refusal by one, that one.",
    "properties": {
        "layer": {"enum": list(limits.NEAREST_FIRST)},
        "kind": {"enum": ["budget", "rpm"]},
        "limit": {"type": ["string", "integer"]},
        "remaining": {"type": ["string", "integer"]},
        "resets_at": _WHEN,
    },
}
_ANSWER = {
    "type": "object",
    "required": ["decision", "id", "reason", "message", "layer", "limits", "key", "reserved"],
    "properties": {
        "decision": {"type": "boolean"},
        "id": {"type": "string", "format": "uuid", "description": "Report usage under it."},
        "reason": {"type": "string"},
        "message": {"type": "string"},
        "layer": {"enum": [*limits.NEAREST_FIRST, ""]},
        "binding": _BINDING,
        "limits": {"type": "array", "items": {"type": "object"}},
        "key": {"type": "object"},
        "reserved": _AMOUNT,
        "currency": {"type": "string"},
        "at": _WHEN,
    },
}
_TEXT = {"schema": {"type": "string"}}
_ASKED = {
    "key": "bw_live_0000000000000000000000000000000000000000d1b6ab9e",
    "action": "workflows.execute",
    "model": "north-large",
    "task": "nightly-figures",
    "ip": "192.0.2.7",
    "estimated_cost": "0.0125",
}
_ANSWERED = {
    "decision": True,
    "id": "0192f0c1-3b5e-7c1a-9d2e-5f60718293a4",
    "reason": "",
    "message": "",
    "layer": "project",
    "binding": {
        "layer": "project",
        "kind": "budget",
        "limit": "50.00",
        "remaining": "12.2475",
        "resets_at": "2026-04-01T00:00:00+00:00",
    },
    "limits": [
        {
            "layer": "key",
            "rpm": {
                "limit": 60,
                "used": 3,
                "remaining": 57,
                "resets_at": "2026-03-12T09:31:00+00:00",
            },
        },
        {
            "layer": "project",
            "budget": {
                "limit": "50.00",
                "window": "month",
                "spent": "37.74",
                "reserved": "0.0125",
                "remaining": "12.2475",
                "resets_at": "2026-04-01T00:00:00+00:00",
            },
        },
    ],
    "key": {"id": "0192f0c0-77aa-7d10-8b3c-1c2d3e4f5a6b", "name": "Nightly figures"},
    "reserved": "0.0125",
    "currency": "USD",
    "at": "2026-03-12T09:30:12+00:00",
}
DOCUMENTED = documented(
    "Verify a key",
    "Looks the key up, decides, limits, sets money aside and logs. A refusal is an answer as well,"
    " with its reason and the layer that refused, and costs nothing. What is set aside waits 15"
    " minutes for its report. Money is in decimals of the installation's currency.",
    "Keys and usage",
    _ASKED,
    _ANSWER,
    _ANSWERED,
)
DOCUMENTED["openapi_extra"]["responses"][200]["headers"] = {
    "RateLimit": _TEXT,
    "RateLimit-Policy": _TEXT,
    "Retry-After": _TEXT,
}
