"""Where a request of the interface may name something, read from the interface's own document.

An endpoint that is documented tomorrow is asked tomorrow. Nothing here knows any endpoint.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orgs.isolation.calls import Call

Place = tuple[str | int, ...]
Types = tuple[str, ...]
_TYPES = re.compile(r"`(\w+)`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A member of the body or a parameter that takes a text; `types` are kinds of what it names."""

    where: str
    place: Place
    is_id: bool
    types: Types = ()

    @property
    def name(self) -> str:
        """What it is called, and about what it is: that is how values are chosen."""
        named = [part for part in self.place if isinstance(part, str)]
        return named[-2] if named[-1:] == ["id"] and len(named) > 1 else str(named[-1])


@dataclass(frozen=True, slots=True)
class Value:
    """What is put into a place, and as what kind of thing, where the place has kinds."""

    text: str
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An address of the interface with an example of what it takes."""

    address: str
    method: str
    example: Any
    slots: list[Slot] = field(default_factory=list)

    def call(self, values: Mapping[Slot, Value], *, method: str = "") -> Call:
        """The example with these values in their places."""
        query, headers, said = {}, {}, copy.deepcopy(self.example)
        for slot, value in values.items():
            if slot.where == "query":
                query[str(slot.place[0])] = value.text
            elif slot.where == "header":
                headers[str(slot.place[0])] = value.text
            else:
                said = _put(said or {}, slot.place, value.text)
                if value.kind:
                    said = _put(said, (*slot.place[:-1], "type"), value.kind)
        return Call(
            method=method or self.method,
            address=self.address,
            query=query,
            headers=headers,
            said=said,
            words=[value.text for value in values.values()],
        )


def endpoints(document: Mapping[str, Any]) -> Iterator[Endpoint]:
    shapes = document.get("components", {}).get("schemas", {})
    kinds = _kinds(shapes)
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = body.get("example")
            slots = [*_parameters(operation), *_members(body.get("schema", {}), shapes)]
            slots += _written(example, (), kinds)
            once = {(slot.where, slot.place): slot for slot in reversed(slots)}
            yield Endpoint(
                address=address, method=method, example=example, slots=list(once.values())
            )


def _kinds(shapes: Mapping[str, Any]) -> dict[str, Types]:
    """What each shape with a type and an id may name: the words that the document marks there."""
    return {
        name.lower(): _types(shape["properties"])
        for name, shape in shapes.items()
        if {"type", "id"} <= shape.get("properties", {}).keys()
    }


def _types(properties: Mapping[str, Any]) -> Types:
    return tuple(_TYPES.findall(properties.get("type", {}).get("description", "")))


def _parameters(operation: Mapping[str, Any]) -> Iterator[Slot]:
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        if parameter["in"] in ("query", "header") and _is_text(schema):
            is_id = schema.get("format") == "uuid"
            yield Slot(where=parameter["in"], place=(parameter["name"],), is_id=is_id)


def _members(
    schema: Mapping[str, Any], shapes: Mapping[str, Any], at: Place = ()
) -> Iterator[Slot]:
    """Every member of the shape that takes a text, whatever the example says of it."""
    for one in _alternatives(schema, shapes):
        properties = one.get("properties", {})
        for name, member in properties.items():
            for shape in _alternatives(member, shapes):
                typed = _types(properties) if name == "id" else ()
                if _is_text(shape) and name != "type":
                    is_id = shape.get("format") == "uuid" or name == "id"
                    yield Slot(where="body", place=(*at, name), is_id=is_id, types=typed)
            if len(at) < 3:
                yield from _members(member, shapes, (*at, name))


def _alternatives(
    schema: Mapping[str, Any], shapes: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    if "$ref" in schema:
        yield from _alternatives(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    for group in ("anyOf", "allOf", "oneOf"):
        for one in schema.get(group, []):
            yield from _alternatives(one, shapes)
    if "type" in schema:
        yield schema


def _is_text(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "string" and "enum" not in schema


def _written(example: Any, at: Place, kinds: Mapping[str, Types]) -> Iterator[Slot]:
    """Every text in the example: also where the shape says no more than that there is something."""
    members = example.items() if isinstance(example, dict) else enumerate(example or ())
    for name, value in members:
        if isinstance(value, dict | list):
            yield from _written(value, (*at, name), kinds)
        elif isinstance(value, str) and name != "type":
            typed = kinds.get(str(at[-1]), ()) if name == "id" and at else ()
            yield Slot(where="body", place=(*at, name), is_id=name == "id", types=typed)


def _put(said: Any, place: Place, value: str) -> Any:
    """The body with this in this place; what lies on the way is made where it is missing."""
    here, *rest = place
    if not rest:
        said[here] = value
    elif isinstance(said, list):
        said[int(here)] = _put(said[int(here)], tuple(rest), value)
    else:
        said[here] = _put(said.get(here) or {}, tuple(rest), value)
    return said
