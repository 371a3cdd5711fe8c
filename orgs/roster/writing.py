"""Writes organizations as a peribolos file: the same state gives the same bytes.

The text is written by hand, not dumped, so that YAML 1.1 and 1.2 readers agree on every name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from orgs.roster.projects import LEVEL_OF_ROLE
from orgs.roster.snapshot import OWNER, GroupNow, Snapshot

_HEADER = """\
# Roster in peribolos form. admins are Owners; members are everyone else.
# maintainers are marked as such, which carries no permission.
"""
# Anything else is quoted: it might be read as a number, a flag, a date, nothing or a comment.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")
_RESERVED = frozenset(
    ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity")
)
# JSON leaves these as they are; YAML counts them as line breaks or as not printable.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def write(*snapshots: Snapshot) -> str:
    """The file for these organizations; reading it back and planning it changes nothing."""
    lines = ["orgs:" if snapshots else "orgs: {}"]
    for snapshot in sorted(snapshots, key=lambda one: _order(one.key)):
        lines.extend(_org(snapshot))
    return _HEADER + "\n".join(lines) + "\n"


def _org(snapshot: Snapshot) -> Iterator[str]:
    yield f"  {_text(snapshot.key)}:"
    for key, value in (("name", snapshot.name), ("description", snapshot.description)):
        if value is not None:
            yield f"    {key}: {_text(value)}"
    people = snapshot.people
    yield from _list("    ", "admins", (p.handle for p in people if p.role == OWNER))
    yield from _list("    ", "members", (p.handle for p in people if p.role != OWNER))
    handles = {person.id: person.handle for person in people}
    below: dict[str | None, list[GroupNow]] = {}
    for group in snapshot.groups:
        below.setdefault(group.parent_id, []).append(group)
    yield from _teams("    ", None, below, handles, snapshot) if below else ("    teams: {}",)
    yield from _repos(snapshot)


def _repos(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.projects:
        yield "    repos:"
    for project in sorted(snapshot.projects, key=lambda one: _order(one.name)):
        yield f"      {_text(project.name)}:"
        yield f"        description: {_text(project.description)}"
        yield f"        archived: {'true' if project.archived else 'false'}"


def _teams(
    indent: str,
    parent_id: str | None,
    below: dict[str | None, list[GroupNow]],
    handles: dict[str, str],
    snapshot: Snapshot,
) -> Iterator[str]:
    if parent_id not in below:
        return
    yield f"{indent}teams:"
    inner = indent + "    "
    for group in sorted(below[parent_id], key=lambda one: _order(one.name)):
        yield f"{indent}  {_text(group.name)}:"
        yield f"{inner}description: {_text(group.description)}"
        yield f"{inner}privacy: {'secret' if group.secret else 'closed'}"
        for key, marked in (("maintainers", True), ("members", False)):
            people = (handles[who] for who, is_one in group.members.items() if is_one is marked)
            yield from _list(inner, key, people)
        yield from _levels(inner, group, snapshot)
        yield from _teams(inner, group.id, below, handles, snapshot)


def _levels(indent: str, group: GroupNow, snapshot: Snapshot) -> Iterator[str]:
    """What the team has, an empty map included: an absent key would mean that it is not managed."""
    shared = [project for project in snapshot.projects if group.id in project.shares]
    yield f"{indent}repos:" if shared else f"{indent}repos: {{}}"
    for project in sorted(shared, key=lambda one: _order(one.name)):
        yield f"{indent}  {_text(project.name)}: {LEVEL_OF_ROLE[project.shares[group.id]]}"


def _list(indent: str, key: str, values: Iterable[str]) -> Iterator[str]:
    """A sorted list, empty ones included: an absent key would mean that it is not managed."""
    found = sorted(values, key=_order)
    yield f"{indent}{key}:" if found else f"{indent}{key}: []"
    for value in found:
        yield f"{indent}- {_text(value)}"


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04X}", quoted)


def _order(value: str) -> tuple[str, str]:
    return value.casefold(), value
