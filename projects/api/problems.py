"""What the interface answers when it cannot do what was asked: RFC 9457, in one shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}


class ProblemError(Exception):
    """Answered as it stands: `code` is for programs, `detail` says the mend to people."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = errors, headers or {}


def problem(error: ProblemError) -> HttpResponse:
    said: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES[error.status],
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
    }
    if error.errors:
        said["errors"] = list(error.errors)
    response = HttpResponse(
        json.dumps(said), status=error.status, content_type="application/problem+json"
    )
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="bailiwick"'
    for name, value in error.headers.items():
        response[name] = value
    return response


# One body for every token, and one for every key, that is not one: nothing tells which it was.
def token_invalid() -> ProblemError:
    return ProblemError(
        401, "token_invalid", "Send a service token: Authorization: Bearer bw_svc_…"
    )


def token_scope(scope: str) -> ProblemError:
    return ProblemError(403, "token_scope", f"This token has no scope {scope}.")


def key_invalid() -> ProblemError:
    return ProblemError(401, "key_invalid", "This key is not valid here.")
