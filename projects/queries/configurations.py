"""A configuration in words: its facts for reading, and what differs between two of them.

Where configurations come from is in `resources.py`; which fields a kind has is in its form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import UUID

from django import forms

from orgs.access import Access
from projects.forms.fields import CronField, LinesField, ParagraphField
from projects.forms.kinds.workflow import STEP_KINDS, StepsField
from projects.kinds import KINDS, Kind
from projects.models import Resource

NONE = "none"
LONGEST_SHOWN = 1_500
Names = Mapping[str, str]
Configuration = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One field for reading; `style` says how it is set: text, long, code, list or steps."""

    label: str
    lines: tuple[str, ...]
    style: str = "text"

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One field before and after, both in words."""

    name: str
    label: str
    before: str
    after: str


def facts_of(kind: Kind, configuration: Configuration, names: Names) -> list[Fact]:
    """What the configuration says, in the order of the form; empty fields say so."""
    ordered = [name for row in kind.form.layout for name in row]
    return [
        Fact(
            label=_label(kind, name),
            lines=tuple(_lines(kind, name, configuration.get(name), names)) or (NONE,),
            style=_style(kind.form.base_fields[name]),
        )
        for name in ordered
        if name in configuration
    ]


def differences(
    kind: Kind, before: Configuration, after: Configuration, names: Names
) -> list[Difference]:
    """The fields in which two configurations differ; of long texts, the lines that do."""
    return [
        Difference(
            name=name,
            label=_label(kind, name),
            **_pair(
                list(_lines(kind, name, before.get(name), names)),
                list(_lines(kind, name, after.get(name), names)),
            ),
        )
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def plain_difference(name: str, label: str, before: str, after: str) -> Difference:
    """One of the fields beside the configuration: the name, or the description."""
    return Difference(name=name, label=label, before=before or NONE, after=after or NONE)


def names_in(access: Access, kind: Kind, configurations: Iterable[Configuration]) -> dict[str, str]:
    """What the resources are called that these configurations name. At most two queries.

    One that this person may not see has no name here, and one that is gone says so.
    """
    wanted = {key for said in configurations for key in named_by(kind, said)}
    if not wanted:
        return {}
    rows = Resource.objects.in_org(access.org.id).filter(pk__in=wanted)
    seen = dict(access.visible(Resource.objects).filter(pk__in=wanted).values_list("pk", "name"))
    kinds = dict(rows.values_list("pk", "kind")) if len(seen) < len(wanted) else {}
    return {
        str(key): seen.get(key) or (unseen(kinds[key]) if key in kinds else "One that is deleted")
        for key in wanted
    }


def named_by(kind: Kind, configuration: Configuration) -> list[UUID]:
    """The ids of the resources that a configuration names."""
    found: list[Any] = []
    for name in kind.form.refers:
        value = configuration.get(name) or []
        found += [value] if isinstance(value, str) else value
    return [key for key in map(_uuid, found) if key is not None]


def unseen(kind: str) -> str:
    """How one is called of which this person may not know more than that it is there."""
    found = KINDS[kind]
    return f"{found.article.capitalize()} {found.word} that you may not see"


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _label(kind: Kind, name: str) -> str:
    field = kind.form.base_fields.get(name)
    label = str(field.label) if field is not None and field.label else name.replace("_", " ")
    return label[:1].upper() + label[1:]


def _style(field: forms.Field) -> str:
    if isinstance(field, StepsField):
        return "steps"
    if isinstance(field, LinesField | forms.MultipleChoiceField):
        return "list"
    if isinstance(field, ParagraphField):
        return "long"
    return "code" if isinstance(field, CronField) else "text"


def _lines(kind: Kind, name: str, value: Any, names: Names) -> Sequence[str]:
    """A value in words, one line each; nothing for an empty one."""
    field = kind.form.base_fields.get(name)
    if isinstance(value, bool):
        return ["Yes" if value else "No"]
    if value in (None, "", []):
        return []
    if isinstance(field, StepsField):
        return [f"{STEP_KINDS.get(step['kind'], step['kind'])}: {step['name']}" for step in value]
    if name in kind.form.refers:
        return [names.get(str(key), str(key)) for key in _listed(value)]
    if isinstance(field, forms.ChoiceField):
        told = dict(field.choices)  # type: ignore[arg-type]
        return [str(told.get(one, one)) for one in _listed(value)]
    if isinstance(value, str):
        return value.split("\n")
    unit = kind.form.units.get(name, "")
    return [str(one) for one in value] if isinstance(value, list) else [_number(value, unit)]


def _number(value: Any, unit: str) -> str:
    words = f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return f"{words} {unit.removesuffix('s') if value == 1 else unit}".strip()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pair(before: list[str], after: list[str]) -> dict[str, str]:
    """Both without the lines they begin and end with in common, where there are several."""
    if min(len(before), len(after)) > 1:
        before, after = _apart(before, after)
    return {"before": _short(before), "after": _short(after)}


def _apart(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    first = _common(before, after)
    last = min(_common(before[::-1], after[::-1]), len(before) - first, len(after) - first)
    kept = [lines[first : len(lines) - last] for lines in (before, after)]
    head, tail = ["…"] if first else [], ["…"] if last else []
    return [*head, *kept[0], *tail], [*head, *kept[1], *tail]


def _common(one: list[str], other: list[str]) -> int:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in pairs)


def _short(lines: list[str]) -> str:
    text = "\n".join(lines)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
