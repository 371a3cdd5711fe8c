"""Every route of the project as the self-test calls it: its parts, and which of them are ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from config.gate import Kind, doors, lock_of

_PART = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """An address with its parts still open, as `/o/<slug:slug>/projects/<uuid:pk>/`."""

    name: str
    pattern: str
    kind: Kind

    @property
    def is_inside(self) -> bool:
        """Does it lie under the address of an organization?"""
        return self.pattern.startswith("/o/<slug:slug>/")

    @property
    def parts(self) -> dict[str, str]:
        """The open parts besides the organization, with the kind of value each takes."""
        found = {m["name"]: m["kind"] or "str" for m in _PART.finditer(self.pattern)}
        found.pop("slug", None)
        return found

    @property
    def noun(self) -> str:
        """What it is about, as its name begins: "project" of "project_archive"."""
        return self.name.partition("_")[0]

    def address(self, *, slug: str, **values: object) -> str:
        filled: dict[str, object] = {"slug": slug, **values}
        return _PART.sub(lambda part: str(filled[part["name"]]), self.pattern)


def routes() -> Iterator[Route]:
    """All of them, in the order of the URLconf. Static files are none."""
    for pattern, door in doors():
        lock = lock_of(door.callback)
        if lock is not None and not pattern.startswith("/static"):
            yield Route(door.name or pattern, pattern, lock.kind)
