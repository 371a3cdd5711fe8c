"""What a roster file says, once read: organizations, teams, logins, and what is wrong with it.

Plain data. A list that is `None` was absent from the file and is not managed by it; an empty
tuple was written as an empty list. Reading lives in `peribolos`, the rules in `checks`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]
Privacy = Literal["closed", "secret"]

_SIMPLE_STEP = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or worth knowing, and where; `org` is empty for the whole file."""

    level: Level
    code: str
    message: str
    path: str = ""
    line: int | None = None
    file: str = ""
    org: str = ""

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(part for part in (self.file, line, self.path) if part)
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, slots=True)
class Login:
    """A person as the file names them; `key` is what is compared."""

    value: str
    key: str
    line: int

    @property
    def email(self) -> str | None:
        return self.key if "@" in self.key else None


@dataclass(frozen=True, slots=True)
class TeamFile:
    """A team; its name is the key under which it stands."""

    name: str
    path: str
    line: int
    description: str | None = None
    privacy: Privacy | None = None
    members: tuple[Login, ...] | None = None
    maintainers: tuple[Login, ...] | None = None
    previously: tuple[str, ...] = ()
    children: tuple[TeamFile, ...] = ()
    repos: Mapping[str, object] | None = None

    def people(self) -> Iterator[Login]:
        yield from self.maintainers or ()
        yield from self.members or ()

    def walk(self, parent: TeamFile | None = None) -> Iterator[tuple[TeamFile, TeamFile | None]]:
        """This team and all below it, each with its parent, parents first."""
        yield self, parent
        for child in self.children:
            yield from child.walk(self)


@dataclass(frozen=True, slots=True)
class OrgFile:
    """One organization of the file."""

    key: str
    path: str
    line: int
    name: str | None = None
    description: str | None = None
    admins: tuple[Login, ...] | None = None
    members: tuple[Login, ...] | None = None
    teams: tuple[TeamFile, ...] | None = None
    repos: Mapping[str, object] | None = None

    def walk(self) -> Iterator[tuple[TeamFile, TeamFile | None]]:
        for team in self.teams or ():
            yield from team.walk()


@dataclass(frozen=True, slots=True)
class Document:
    """A whole file: its organizations as far as they could be read, and its problems."""

    file: str
    orgs: tuple[OrgFile, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.level == "error")

    @property
    def ok(self) -> bool:
        return not self.errors

    def org(self, key: str) -> OrgFile | None:
        """The organization of this name; letter case does not matter."""
        return next((org for org in self.orgs if org.key.lower() == key.lower()), None)

    def problems_of(self, key: str) -> tuple[Problem, ...]:
        """What concerns one organization: its own problems and those of the whole file."""
        return tuple(p for p in self.problems if p.org.lower() in ("", key.lower()))


def step(path: str, name: str) -> str:
    """The path one key further; a name that would blur the dots is quoted."""
    if _SIMPLE_STEP.fullmatch(name):
        return f"{path}.{name}" if path else name
    return f"{path}[{json.dumps(name, ensure_ascii=False)}]"
