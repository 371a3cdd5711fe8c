"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-06): read, kept and answered again.

A name holds for an organization and an address, for 30 days. What failed is not kept: it may be
sent again, mended, under the same name.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest, HttpResponse

from projects.api.problems import ProblemError
from projects.models import Receipt

LONGEST = 255
# A string of structured fields (RFC 9651), or bare, as most send it.
_SAID = r'"(?:[ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~](?:[ !#-~]{0,253}[!#-~])?'
PARAMETER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same report again, under the same key, gets the same answer.",
    "schema": {"type": "string", "pattern": f"^(?:{_SAID})$"},
}


def idempotency_key(request: HttpRequest) -> str | None:
    """The name of this report, quoted or bare; None without one. Raises ProblemError 400."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    said = header.strip()
    if not re.fullmatch(_SAID, said):
        raise ProblemError(
            400,
            "idempotency_key",
            f"An Idempotency-Key has 1 to {LONGEST} printable ASCII characters.",
        )
    return re.sub(r"\\(.)", r"\1", said[1:-1]) if said.startswith('"') else said


def once(options: dict[str, Any]) -> dict[str, Any]:
    """The options of an endpoint, with the header in its documentation."""
    options["openapi_extra"]["parameters"] = [PARAMETER]
    return options


def replayed(answer: dict[str, Any], *, again: bool, status: int = 200) -> HttpResponse:
    response = HttpResponse(
        json.dumps(answer, sort_keys=True), status=status, content_type="application/json"
    )
    if again:
        response["Idempotent-Replayed"] = "true"
    return response


def answered_before(request: HttpRequest, name: str | None, org: UUID) -> dict[str, Any] | None:
    """What was answered under this name. Raises ProblemError 422 where it stood for another body.

    In the transaction of `service`; the name begins with the address.
    """
    if name is None:
        return None
    receipt = Receipt.objects.in_org(org).filter(name=_full(request, name)).first()
    if receipt is None:
        return None
    if bytes(receipt.digest) != hashlib.sha256(request.body).digest():
        raise ProblemError(
            422, "idempotency_key_used", "This Idempotency-Key came with another body before."
        )
    answer: dict[str, Any] = receipt.answer
    return answer


def keep_answer(request: HttpRequest, name: str | None, answer: dict[str, Any]) -> None:
    """Raises ProblemError 409 where somebody else is answered under this name just now."""
    if name is None:
        return
    digest = hashlib.sha256(request.body).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT receipt_kept(%s, %s, %s::jsonb)",
            [_full(request, name), digest, json.dumps(answer)],
        )
        (kept,) = cursor.fetchone()
    if not kept:
        detail = "A request under this Idempotency-Key is under way. Send it again in a moment."
        raise ProblemError(409, "under_way", detail, headers={"Retry-After": "1"})


def _full(request: HttpRequest, name: str) -> str:
    return f"{request.path_info.removeprefix('/v1/')} {name}"
