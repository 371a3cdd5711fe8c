"""The interface: its endpoints, their locks, and how what goes wrong is answered (RFC 9457)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from audit.events import Event
from config.database import Trouble, trouble_of
from config.gate import public, token
from config.pages import TROUBLES
from orgs.rules.keeping import RuleBrokenError
from projects.api import (
    audit,
    audit_checkpoints,
    audit_export,
    evaluation,
    executions,
    members,
    metadata,
    reference,
    search,
    usage,
    verification,
)
from projects.api.problems import ProblemError, problem
from projects.api.reading import StrictParser, too_large
from projects.api.straight import straight
from projects.api.tokens import bearer

log = logging.getLogger(__name__)

api = NinjaAPI(
    title="Bailiwick",
    version="1.0.0",
    description="May this person, or this key, do this? And what was used.",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
    # Whoever sends no token is told so before anything of a body is read.
    auth=bearer,
    urls_namespace="api",
)


@api.exception_handler(ProblemError)
def _problem(request: HttpRequest, error: ProblemError) -> HttpResponse:
    return problem(error)


@api.exception_handler(RuleBrokenError)
def _broken(request: HttpRequest, error: RuleBrokenError) -> HttpResponse:
    return problem(ProblemError(409, "rule", error.messages[0]))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Each field that is wrong, as the sender wrote it, and what would be right."""
    errors = [
        {"field": _field(one["loc"]), "message": one["msg"].removeprefix("Value error, ")}
        for one in error.errors
    ]
    first = f"{errors[0]['field']}: {errors[0]['message']}" if errors else "The body is not valid."
    return problem(ProblemError(400, "invalid", first, errors=errors))


def _field(loc: tuple[str | int, ...]) -> str:
    """Where in the body, or in the address; pydantic says the parameter's name before it."""
    said = [str(part) for part in (loc[2:] if loc[0] == "body" else loc[1:])]
    return ".".join(said)[:200] or "body"


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    cause = error.__cause__
    if isinstance(cause, ProblemError):
        return problem(cause)
    return problem(ProblemError(400, "invalid", str(error)))


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """Ninja looks whether there is a body before the parser does."""
    return problem(too_large(request))


@api.exception_handler(DatabaseError)
def _unavailable(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    trouble = trouble_of(error)
    if trouble in (Trouble.FULL, Trouble.READ_ONLY):
        log.exception("The database saves nothing")
        status, _, detail = TROUBLES[trouble]
        headers = {"Retry-After": "10"} if status == 503 else {}
        return problem(ProblemError(status, f"storage_{trouble}", detail, headers=headers))
    if trouble is None and not isinstance(error, OperationalError):
        return _failed(request, error)
    log.exception("The database does not answer")
    detail = "The database does not answer. Try again in a moment."
    return problem(ProblemError(503, "unavailable", detail, headers={"Retry-After": "1"}))


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s failed", request.path)
    detail = "This failed here, and nothing was changed. The log has it under the request id."
    return problem(ProblemError(500, "failed", detail))


_ENDPOINTS: tuple[tuple[str, str, Any, dict[str, Any]], ...] = (
    *verification.ENDPOINTS,
    *usage.ENDPOINTS,
    *executions.ENDPOINTS,
    *members.ENDPOINTS,
    *audit.ENDPOINTS,
    *audit_export.ENDPOINTS,
    *audit_checkpoints.ENDPOINTS,
    *evaluation.ENDPOINTS,
    *search.ENDPOINTS,
)

# The scope of token each endpoint takes, beside the endpoint, and the event it leaves.
SCOPES: dict[str, str] = {}
RECORDS: dict[str, Event | None] = {}

for _path, _scope, _view, _options in _ENDPOINTS:
    SCOPES[_path], RECORDS[_path] = _scope, _options.get("records")
    _rest = {name: value for name, value in _options.items() if name not in ("method", "records")}
    api.api_operation([_options.get("method", "POST")], _path, **_rest)(_view)


def _marked(pattern: URLPattern) -> URLPattern:
    at = "/" + str(pattern.pattern)
    pattern.callback = token(SCOPES[at], records=RECORDS[at])(pattern.callback)
    return pattern


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, made once."""
    return reference.document(api, SCOPES)


@cache
def _document_bytes() -> bytes:
    return json.dumps(document(), ensure_ascii=False).encode()


@public
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return reference.answered(_document_bytes())


# Read once: ninja makes new views each time it is asked.
app_name = "api"
urlpatterns: list[URLPattern] = [
    _marked(pattern)
    for pattern in api.urls[0]
    if isinstance(pattern, URLPattern) and pattern.name != "api-root"
]
urlpatterns += [
    path("openapi.json", openapi, name="openapi"),
    path(metadata.PATH, metadata.authzen_configuration, name="authzen_configuration"),
]
WAYS: dict[str, Callable[..., Any]] = {
    f"/{pattern.pattern}": pattern.callback for pattern in urlpatterns
}
for _path, _view, _shape in (
    ("/v1/keys/verify", verification.key_verify, verification.Verify),
    ("/access/v1/evaluation", evaluation.evaluation, evaluation.Evaluation),
):
    WAYS[_path] = straight(api, WAYS[_path], _view, _shape)
