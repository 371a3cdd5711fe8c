"""Reads a peribolos roster file into a `Document`; every fault is named, not only the first.

Nothing is compared with the present state here: that is `plan`. The limits against hostile
text are in `nodes`, the look of single values in `values`, the export in `writing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from orgs.roster.checks import check
from orgs.roster.document import (
    Document,
    Login,
    OrgFile,
    Privacy,
    Problem,
    TeamFile,
    step,
)
from orgs.roster.nodes import Node, UnreadableError, parse
from orgs.roster.values import Fields, Values
from orgs.roster.writing import write

__all__ = [
    "Document",
    "Login",
    "OrgFile",
    "Problem",
    "TeamFile",
    "read",
    "write",
]

T = TypeVar("T")

_LEVELS = ("read", "triage", "write", "maintain", "admin", "none")
_ORG_TEXTS = ("default_repository_permission", "billing_email", "email", "company", "location")
_ORG_FLAGS = (
    "has_organization_projects",
    "has_repository_projects",
    "members_can_create_repositories",
)
_ORG_KEYS = frozenset(
    ("name", "description", "admins", "members", "teams", "repos", *_ORG_TEXTS, *_ORG_FLAGS)
)
_TEAM_KEYS = frozenset(
    ("description", "privacy", "members", "maintainers", "repos", "teams", "previously")
)


def read(text: str | bytes, *, name: str, key: str | None = None) -> Document:
    """Read a roster file called `name`; never raises for what the file holds.

    The file has `orgs:` with an entry for each organization, or is one organization itself. The
    latter does not say which one it is, so `key` does.
    """
    values = Values(name)
    try:
        root = parse(text)
    except UnreadableError as fault:
        values.note("error", fault.code, fault.message, "", fault.line)
        return Document(name, (), values.told())
    orgs = tuple(_document(values, root, key))
    return Document(name, orgs, values.told())


def _document(values: Values, root: Node, key: str | None) -> Iterator[OrgFile]:
    fields = values.fields(root, "", what="A roster")
    if root.kind != "map":
        return
    if "orgs" in fields:
        values.unknown(fields, ("orgs",), "", what="a roster")
        yield from _orgs(values, *fields["orgs"])
    elif not _ORG_KEYS & fields.keys():
        message = "Neither 'orgs:' nor a key of an organization, such as 'members:', is here."
        values.note("error", "org.missing", message, "", root.line)
    elif key is None:
        message = (
            "The file holds one organization without saying which. Name it, or put the file's "
            "content below 'orgs:' and the name."
        )
        values.note("error", "org.unnamed", message, "", root.line)
    else:
        values.org = key
        yield _org(values, fields, key=key, path="", line=root.line)


def _orgs(values: Values, line: int, node: Node) -> Iterator[OrgFile]:
    fields = values.fields(node, "orgs", what="'orgs'")
    if not fields and node.kind != "list":
        message = "No organization stands below 'orgs:'."
        values.note("error", "org.missing", message, "orgs", line)
    seen: dict[str, str] = {}
    for key, (line, value) in fields.items():
        path = step("orgs", key)
        values.org = key
        if not key.strip():
            message = "The organization has no name."
            values.note("error", "name.invalid", message, path, line)
        if (first := seen.setdefault(key.lower(), key)) != key:
            message = (
                f"The organizations '{first}' (line {fields[first][0]}) and '{key}' (line {line}) "
                "differ in letter case only. Keep one."
            )
            values.note("error", "org.duplicate", message, path, line)
        keys = values.fields(value, path, what="An organization")
        yield _org(values, keys, key=key, path=path, line=line)
    values.org = ""


def _org(values: Values, fields: Fields, *, key: str, path: str, line: int) -> OrgFile:
    values.unknown(fields, _ORG_KEYS, path, what="an organization")
    for name in _ORG_TEXTS:
        _take(fields, name, path, values.description)
    for name in _ORG_FLAGS:
        _take(fields, name, path, values.flag)
    org = OrgFile(
        key=key,
        path=path,
        line=line,
        name=_take(fields, "name", path, values.description),
        description=_take(fields, "description", path, values.description),
        admins=_take(fields, "admins", path, values.logins),
        members=_take(fields, "members", path, values.logins),
        teams=_teams(values, fields, path),
        repos=_repos(values, fields, path),
    )
    values.problems.extend(check(org, file=values.file))
    return org


def _teams(values: Values, fields: Fields, path: str) -> tuple[TeamFile, ...] | None:
    """The teams below an organization or a team; None where the key is absent."""
    if "teams" not in fields:
        return None
    line, node = fields["teams"]
    path = step(path, "teams")
    if node.kind == "scalar" and node.tag == "null":
        message = "Nothing is written here, which means no teams. Write {} to say so."
        values.note("warning", "list.null", message, path, line)
    entries = values.fields(node, path, what="'teams'")
    return tuple(
        _team(values, value, name=name, path=step(path, name), line=line)
        for name, (line, value) in entries.items()
    )


def _team(values: Values, node: Node, *, name: str, path: str, line: int) -> TeamFile:
    fields = values.fields(node, path, what="A team")
    values.unknown(fields, _TEAM_KEYS, path, what="a team")
    return TeamFile(
        name=values.check_name(name, path, line) or name,
        path=path,
        line=line,
        description=_take(fields, "description", path, values.description),
        privacy=_privacy(values, fields, path),
        members=_take(fields, "members", path, values.logins),
        maintainers=_take(fields, "maintainers", path, values.logins),
        previously=_take(fields, "previously", path, values.names) or (),
        children=_teams(values, fields, path) or (),
        repos=_grants(values, fields, path),
    )


def _privacy(values: Values, fields: Fields, path: str) -> Privacy | None:
    text = _take(fields, "privacy", path, values.text)
    if text is None or text in ("closed", "secret"):
        return cast(Privacy | None, text)
    message = f"'{text}' is not a privacy. Write closed or secret."
    values.note("error", "team.privacy", message, step(path, "privacy"), fields["privacy"][0])
    return None


def _repos(values: Values, fields: Fields, path: str) -> dict[str, object] | None:
    """Repositories are kept as they are written, but for their names, which projects take."""
    if "repos" not in fields:
        return None
    path = step(path, "repos")
    entries = values.fields(fields["repos"][1], path, what="'repos'")
    repos: dict[str, object] = {}
    for name, (line, node) in entries.items():
        place = step(path, name)
        name = values.check_name(name, place, line) or name
        if node.kind == "map":
            repos[name] = values.plain(node, place)
        else:
            repos[name] = values.fields(node, place, what="A repository")
    return repos


def _grants(values: Values, fields: Fields, path: str) -> dict[str, object] | None:
    """A team's level on each repository."""
    if "repos" not in fields:
        return None
    path = step(path, "repos")
    entries = values.fields(fields["repos"][1], path, what="'repos'")
    grants: dict[str, object] = {}
    for name, (line, node) in entries.items():
        level = values.text(node, step(path, name))
        if level is not None and level not in _LEVELS:
            message = f"'{level}' is not a level. Write one of {', '.join(_LEVELS)}."
            values.note("error", "repo.level", message, step(path, name), line)
        grants[values.check_name(name, step(path, name), line) or name] = level
    return grants


def _take(fields: Fields, name: str, path: str, take: Callable[[Node, str], T]) -> T | None:
    """The value of a key, or None where it is absent."""
    return take(fields[name][1], step(path, name)) if name in fields else None
