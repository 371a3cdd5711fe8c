"""Which entries of the log a request asks for: the filters of the log's page, by the same names."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.forms import ChoiceField, Field, UUIDField
from django.http import HttpRequest

from audit.forms import EventFilterForm
from projects.api.problems import ProblemError

_SAID = {
    "since": "The first day or minute, 2026-11-22 or 2026-11-22T14:03, in the installation’s zone.",
    "until": "The last day or minute, that one included.",
    "actor": "The id of who acted.",
    "action": "The action, as member.role_changed.",
    "area": "What it is about: the first word of its actions.",
    "outcome": "done, denied or failed.",
    "target": "The id of what it was done to.",
    "ip": "The address it came from, or its beginning.",
    "key": "The id of a key.",
    "q": "Words that the entry holds.",
}


def asked_of(request: HttpRequest, *, beside: Collection[str]) -> EventFilterForm:
    """The filters of a request. Raises ProblemError 400: what is misread would be another log.

    `beside` are the parameters of the endpoint itself; any other name is a mistake.
    """
    form = EventFilterForm(request.GET)
    known = {*form.fields, *beside}
    errors = [
        {"field": name[:100], "message": f"There is no such filter. Send one of {_listed(known)}."}
        for name in request.GET
        if name not in known
    ]
    form.is_valid()
    errors += [
        {"field": name, "message": str(messages[0])} for name, messages in form.errors.items()
    ]
    if errors:
        detail = f"{errors[0]['field']}: {errors[0]['message']}"
        raise ProblemError(400, "invalid", detail, errors=errors)
    return form


def parameters() -> list[dict[str, Any]]:
    """The filters for the OpenAPI document."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": _SAID.get(name, f"{field.label}."),
            "schema": {"type": "string", **_shape(field)},
        }
        for name, field in EventFilterForm.base_fields.items()
    ]


def _shape(field: Field) -> dict[str, Any]:
    if isinstance(field, UUIDField):
        return {"format": "uuid"}
    if isinstance(field, ChoiceField):
        offered: Any = field.choices
        return {"enum": [str(value) for value, _ in offered]}
    longest = getattr(field, "max_length", None)
    return {"maxLength": longest} if longest else {}


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
