"""Every route of the project as the self-test calls it: where it lies, its parts, and which of
them are ids. What no call can be made to stands in `LEFT_OUT`, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from config.gate import Kind, doors, lock_of

_PART = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>[^)]*\)")

LEFT_OUT: Mapping[str, str] = {}
"""Routes that are not called, by name, each with its reason. All of them can be, at present."""


class Area(StrEnum):
    """A part of the address space, by who is in it and what is asked there."""

    INSIDE = "inside"
    INTERFACE = "interface"
    PORTAL = "portal"
    ELSEWHERE = "elsewhere"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Area.INSIDE: "Pages of organizations",
    Area.INTERFACE: "The interface",
    Area.PORTAL: "The portal",
    Area.ELSEWHERE: "Everything else",
}


@dataclass(frozen=True, slots=True)
class Route:
    """An address with its parts still open, as `/o/<slug:slug>/projects/<uuid:pk>/`."""

    name: str
    pattern: str
    kind: Kind

    @property
    def area(self) -> Area:
        if self.kind is Kind.SERVICE:
            return Area.INTERFACE
        if self.pattern.startswith("/o/<slug:slug>/"):
            return Area.INSIDE
        return Area.PORTAL if self.pattern.startswith("/admin/") else Area.ELSEWHERE

    @property
    def parts(self) -> dict[str, str]:
        """The open parts besides the organization, with the kind of value each takes."""
        found = {m["name"]: m["kind"] or "str" for m in _PART.finditer(self.pattern)}
        found.pop("slug", None)
        return found

    @property
    def has_id(self) -> bool:
        return "uuid" in self.parts.values()

    @property
    def noun(self) -> str:
        """What it is about, as its name begins: "project" of "project_archive"."""
        return self.name.partition("_")[0]

    def before(self, part: str) -> str:
        """The word that stands before a part in the address, as "project" in `projects/<pk>/`."""
        word = re.split(rf"<(?:\w+:)?{part}>", self.pattern)[0].rstrip("/").rpartition("/")[2]
        return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")

    def address(self, *, slug: str = "", **values: object) -> str:
        filled: dict[str, object] = {"slug": slug, **values}
        return _PART.sub(lambda part: str(filled[part["name"]]), self.pattern)


def routes() -> Iterator[Route]:
    """All that are called, in the order of the URLconf."""
    for pattern, door in doors():
        lock = lock_of(door.callback)
        if lock is not None and (door.name or pattern) not in LEFT_OUT:
            yield Route(door.name or pattern, _plain(pattern), lock.kind)


def _plain(pattern: str) -> str:
    """A regular expression in the form of the others: `^…(?P<key>.+)/$` becomes `…<key>/`."""
    if "^" not in pattern:
        return pattern
    return _GROUP.sub(r"<\1>", pattern.replace("^", "").replace("$", ""))
