"""How an endpoint says in the OpenAPI document what it takes and what it answers."""

from __future__ import annotations

from typing import Any

from projects.api.problems import TITLES

_WORDS = {
    400: "The body is not what the endpoint takes",
    401: "No service token, or one that is not valid",
    403: "A token without the scope for it",
    404: "What is named is not there",
    409: "It does not fit what is there",
    413: "The body is too large",
    422: "Sent before with another body",
    429: "A limit is reached",
    500: "It failed here, and nothing was changed",
    503: "The database does not answer",
    507: "The storage is full, and nothing was changed",
}


def documented(
    summary: str,
    description: str,
    tag: str,
    request: Any,
    schema: dict[str, Any],
    answer: Any,
    *,
    also: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The options of an endpoint: its words, an example of a request, its answer with one.

    `also` is what its body keeps to beyond its shape.
    """
    body: dict[str, Any] = {"example": request} | ({"schema": also} if also else {})
    return {
        "summary": summary,
        "description": description,
        "tags": [tag],
        "openapi_extra": {
            "requestBody": {"content": {"application/json": body}},
            "responses": {
                200: {
                    "description": "The answer",
                    "content": {"application/json": {"schema": schema, "example": answer}},
                }
            },
        },
    }


def problems(*statuses: int) -> dict[str, Any]:
    """The responses of these statuses, as RFC 9457 problems."""
    return {str(status): _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    said: dict[str, Any] = {
        "description": _WORDS.get(status, TITLES[status]),
        "content": {"application/problem+json": {"schema": schema}},
    }
    required = {401: "WWW-Authenticate", 503: "Retry-After"}.get(status)
    if required:
        said["headers"] = {required: {"required": True, "schema": {"type": "string"}}}
    return said
