"""Two people at one configuration: what the other one changed, and what would become of it.

Also the steps from version to version, which are the same question asked of the past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orgs.access import Access
from projects.kinds import Kind, kind_of
from projects.models import Resource, ResourceVersion
from projects.queries.configurations import (
    Difference,
    Names,
    differences,
    names_in,
    plain_difference,
)
from projects.queries.resources import VERSIONS_A_PAGE, version_rows

PLAIN = {"name": "Name", "description": "Description"}
Entries = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One version, and in what it differs from the one before."""

    version: ResourceVersion
    differences: list[Difference]
    is_first: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Overtaken:
    """What somebody saved since a form was opened, beside what its person typed.

    `changed` goes from what the form began with to what stands now, `mine` from what stands now
    to what was typed, and `both` names the fields that both changed. `mergeable` says whether
    one may have both.
    """

    steps: list[Step]
    changed: list[Difference]
    mine: list[Difference]
    both: list[str]
    mergeable: bool


def steps_between(
    access: Access,
    kind: Kind,
    versions: Sequence[ResourceVersion],
    before: ResourceVersion | None,
) -> list[Step]:
    """Each version with its differences; newest first, `before` stands below the last one."""
    rows = [*versions, *([before] if before else [])]
    names = names_in(access, kind, [row.configuration for row in rows])
    return [
        Step(
            version=version,
            differences=_between(kind, rows, place, names),
            is_first=place + 1 == len(rows),
        )
        for place, version in enumerate(versions)
    ]


def overtaken(
    access: Access, resource: Resource, *, base: int, began: Entries, typed: Entries
) -> Overtaken:
    """What to tell whoever comes second; `began` and `typed` hold all fields of the form."""
    kind, now = kind_of(resource), entries_of(resource)
    later = list(
        version_rows(resource).filter(number__gt=base).order_by("-number")[:VERSIONS_A_PAGE]
    )
    at_base = version_rows(resource).filter(number=base).first()
    steps = steps_between(access, kind, later, at_base)
    names = names_in(access, kind, [began, typed, now])
    changed = _all_differences(kind, began, now, names) if began else []
    mine = _all_differences(kind, now, typed, names)
    own = {name for name in typed if began and began.get(name) != typed[name]}
    return Overtaken(
        steps=steps,
        changed=changed,
        mine=mine,
        both=[one.label for one in mine if one.name in own & {other.name for other in changed}],
        mergeable=any(one.name not in own for one in changed),
    )


def differences_to(
    access: Access, resource: Resource, version: ResourceVersion
) -> list[Difference]:
    """From the configuration of today to that of a version."""
    kind = kind_of(resource)
    names = names_in(access, kind, [resource.configuration, version.configuration])
    return differences(kind, resource.configuration, version.configuration, names)


def began_with(resource: Resource, base: int, *, name: str, description: str) -> dict[str, Any]:
    """All fields as they stood when a form was opened; nothing where that version is not kept."""
    version = version_rows(resource).filter(number=base).first()
    if version is None:
        return {}
    return {"name": name, "description": description, **version.configuration}


def merged(*, began: Entries, typed: Entries, now: Entries) -> dict[str, Any]:
    """What was typed, and in the fields that were left alone what stands there now."""
    return {
        name: now.get(name, value) if began.get(name) == value else value
        for name, value in typed.items()
    }


def entries_of(resource: Resource) -> dict[str, Any]:
    return {
        "name": resource.name,
        "description": resource.description,
        **resource.configuration,
    }


def _between(
    kind: Kind, rows: Sequence[ResourceVersion], place: int, names: Names
) -> list[Difference]:
    if place + 1 == len(rows):
        return []
    return differences(kind, rows[place + 1].configuration, rows[place].configuration, names)


def _all_differences(kind: Kind, before: Entries, after: Entries, names: Names) -> list[Difference]:
    plain = [
        plain_difference(name, label, str(before.get(name, "")), str(after.get(name, "")))
        for name, label in PLAIN.items()
        if before.get(name, "") != after.get(name, "")
    ]
    return plain + differences(kind, _configured(before), _configured(after), names)


def _configured(entries: Entries) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if name not in PLAIN}
