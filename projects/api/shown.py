"""The OpenAPI document as the page shows it: endpoints under headings, their fields in lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from projects.api.reference import operations

_DEEPEST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One member of a body, or a parameter, by its path."""

    name: str
    kind: str
    required: bool
    note: SafeString


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One operation, with what is sent and what comes back."""

    anchor: str
    method: str
    path: str
    scope: str
    summary: str
    description: SafeString
    fields: list[Field]
    request: str
    answer: str
    refusals: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    endpoints: list[Endpoint]


def chapters(document: Mapping[str, Any]) -> list[Chapter]:
    """The endpoints under their tags, decisions first."""
    found: dict[str, list[Endpoint]] = {}
    for path, method, operation in operations(document):
        endpoint = _endpoint(document, path, method, operation)
        found.setdefault(operation["tags"][0], []).append(endpoint)
    return [Chapter(title, found[title]) for title in sorted(found)]


def _endpoint(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Endpoint:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = {status: one for status, one in operation["responses"].items() if status < "300"}
    refusals = {status: one for status, one in operation["responses"].items() if status >= "300"}
    first: Mapping[str, Any] = next(iter(answers.values()), {})
    answer = first.get("content", {}).get("application/json", {})
    return Endpoint(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        scope=operation["x-token-scope"],
        summary=operation["summary"],
        description=_marked(operation["description"]),
        fields=[
            *_parameters(operation),
            *_members(document, body.get("schema", {})),
        ],
        request=_pretty(body.get("example")),
        answer=_pretty(answer.get("example")),
        refusals=[(status, one["description"]) for status, one in refusals.items()],
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[Field]:
    """Those of this operation; every one answers to `X-Request-ID`, which the page says once."""
    for one in operation["parameters"]:
        if one["name"] != "X-Request-ID":
            yield Field(
                name=one["name"],
                kind=f"{one['in']}, {_kind(one['schema'])}",
                required=one["required"],
                note=_marked(one.get("description", "")),
            )


def _members(
    document: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "", depth: int = 1
) -> Iterator[Field]:
    schema = _resolved(document, schema)
    required = schema.get("required", ())
    members = schema.get("properties", {}).items()
    for name, one in sorted(members, key=lambda member: member[0] not in required):
        whole = _resolved(document, one)
        yield Field(
            name=f"{prefix}{name}",
            kind=_kind(whole),
            required=name in required,
            note=_marked(one.get("description") or whole.get("description", "")),
        )
        if depth < _DEEPEST:
            yield from _members(document, whole, f"{prefix}{name}.", depth + 1)


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The shape that a reference names; of a choice with nothing, the other."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if "properties" not in schema and "$ref" not in schema and len(options) == 1:
        return {**_resolved(document, options[0]), **_described(schema)}
    if "$ref" not in schema:
        return schema
    named: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return named


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": schema["description"]} if "description" in schema else {}


def _kind(schema: Mapping[str, Any]) -> str:
    """In a word or two: "text", "list", "one of execute_all, …"."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if schema.get("format") in ("uuid", "date-time", "ipv4"):
        return str(schema["format"])
    words = {"string": "text", "array": "list", "integer": "whole number", "boolean": "yes or no"}
    options = {_kind(one) for one in schema.get("anyOf", ()) if "type" in one}
    kind = schema.get("type", "")
    return words.get(kind, kind) or " or ".join(sorted(options)) or "any"


def _pretty(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def _marked(text: str) -> SafeString:
    """What stands between backticks, as code."""
    parts = enumerate(text.split("`"))
    return format_html_join("", "{}", ((_code(part) if n % 2 else part,) for n, part in parts))


def _code(text: str) -> SafeString:
    return format_html("<code>{}</code>", text)
