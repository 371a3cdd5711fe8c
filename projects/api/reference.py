"""What the interface says of itself: an OpenAPI 3.1 document, made of the endpoints that run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from ninja import NinjaAPI

from projects.api.documented import problems
from projects.api.problems import TITLES
from projects.api.reading import LARGEST_BODY

_SECURITY = "ServiceToken"
_COMMON = (400, 401, 403, 413, 500, 503, 507)
# What a report may meet beside: something named that is not there, and an earlier report.
_ONCE = (404, 409, 422)
_REPORTS = "Keys and usage"
_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is for programs, `detail` for people.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": _TEXT,
        "title": {"type": "string", "enum": sorted(TITLES.values())},
        "status": {"type": "integer"},
        "code": _TEXT,
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": _TEXT, "message": _TEXT},
            },
        },
    },
}
_REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Answered as it was sent; without it the answer brings one of its own.",
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}


def document(api: NinjaAPI, scopes: Mapping[str, str]) -> dict[str, Any]:
    """Every endpoint with its shapes and an example; `scopes` is what each takes of a token."""
    said: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="")))
    said["info"]["description"] = (
        f"{api.description} Every answer is about one organization: that of the service token."
        f" A body has at most {LARGEST_BODY:,} bytes, one of a batch more."
    )
    said["servers"] = [{"url": settings.PUBLIC_URL}]
    components = said.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        _SECURITY: {
            "type": "http",
            "scheme": "bearer",
            "description": "A service token, bw_svc_…, of a service account.",
        }
    }
    for path, _, operation in operations(said):
        operation["operationId"] = path.strip("/").replace("/", "_").replace(".", "_")
        _complete(operation, scopes[path])
    return said


def operations(said: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation, in the order of the document."""
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def answered(body: bytes) -> HttpResponse:
    return HttpResponse(
        body, content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
    )


def _complete(operation: dict[str, Any], scope: str) -> None:
    operation["security"] = [{_SECURITY: []}]
    operation["x-token-scope"] = scope
    operation.setdefault("tags", [_REPORTS])
    operation["parameters"] = [*operation.get("parameters", []), _REQUEST_ID]
    names = {parameter["name"] for parameter in operation["parameters"]}
    statuses = (*_COMMON, *(_ONCE if "Idempotency-Key" in names else ()))
    operation["responses"] = problems(*statuses) | operation["responses"]
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-ID"] = {"required": True, "schema": _TEXT}
