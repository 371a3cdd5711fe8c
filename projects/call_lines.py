"""What a row of the request log says in words, and the filters above it.

No query and no HTTP: rows and names come from `queries/calls.py`, the markup from the templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from audit.pages import Address, Chip, Link, day_heading, presets, span_words
from config.moments import local
from config.roles import Permission
from orgs.access import Access
from projects.doors import managing
from projects.forms.calls import DECISIONS, CallFilterForm
from projects.models import Call, Key
from projects.queries.calls import VERIFY, Names
from projects.refusals import LAYERS, label_of, sentence_of

__all__ = ["Day", "Line", "Reader", "chips", "days_of", "presets"]

PERMISSIONS = {permission.value: permission.label for permission in Permission}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One request as it is read; an empty word is one that is not known, or not for this person."""

    call: Call
    key: str
    prefix: str
    key_url: str
    project: str
    token: str
    account: str
    holder: str
    tokens: int | None
    units: list[tuple[str, str]]
    verification: Call | None
    verification_url: Address | None
    settled_cost: int | None
    settled_url: Address | None
    links: list[Link]

    @property
    def is_verification(self) -> bool:
        return self.call.endpoint == VERIFY

    @property
    def doing(self) -> str:
        """The permission's own label; an action that is none as it was sent."""
        return PERMISSIONS.get(self.call.action, self.call.action)

    @property
    def reason(self) -> str:
        return label_of(self.call.reason)

    @property
    def layer(self) -> str:
        return LAYERS.get(self.call.layer, self.call.layer)

    @property
    def sentence(self) -> str:
        return sentence_of(self.call.reason, self.call.layer)

    @property
    def difference(self) -> int | None:
        """What a settled call cost more than was set aside; None where nothing is settled."""
        cost = self.call.cost if not self.is_verification else self.settled_cost
        return None if cost is None else cost - self.call.estimate


@dataclass(frozen=True, slots=True)
class Day:
    heading: str
    lines: list[Line]


class Reader:
    """Who reads, and what of a key they may know: a personal one is its creator's own."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.sees_all = access.can(Permission.KEYS_SET_POLICIES)

    def sees(self, key: Key) -> bool:
        if self.sees_all or key.is_own_of(self.access) or key.kind != Key.Kind.PERSONAL:
            return True
        return self.access.can(Permission.PROJECTS_CREATE_KEYS, key.project)

    def opens(self, key: Key) -> bool:
        if self.sees_all or key.is_own_of(self.access):
            return True
        return self.access.can(managing(key), key)


def days_of(
    rows: Sequence[Call], names: Names, reader: Reader, address: Address, *, fixed: Sequence[str]
) -> list[Day]:
    """The requests under the day they fall on, in the current time zone."""
    today = timezone.localdate()
    lines = [_line(call, names, reader, address, fixed) for call in rows]
    return [
        Day(day_heading(day, today), list(group))
        for day, group in groupby(lines, key=lambda line: local(line.call.at).date())
    ]


def chips(
    form: CallFilterForm, address: Address, names: Names, keys: Sequence[Key]
) -> dict[str, Chip]:
    """The filters that are set, by name; `when` stands for both dates."""
    asked, query = form.asked(), form.query
    chosen = {key.pk: key.name for key in keys} | {pk: key.name for pk, key in names.keys.items()}
    project = names.projects.get(asked.project) if asked.project else None
    found = {
        "when": span_words(query.get("since"), query.get("until")),
        "key": chosen.get(asked.key, _short(asked.key)) if asked.key else "",
        "project": (project.name if project else _short(asked.project)) if asked.project else "",
        "decision": dict(DECISIONS).get(query.get("decision", ""), ""),
        "reason": label_of(asked.reason),
        "model": asked.model,
        "task": asked.task,
        "ip": asked.ip,
        "call": _short(asked.call) if asked.call else "",
    }
    names_of = {"when": ("since", "until")}
    return {
        name: Chip(value, address.without(*names_of.get(name, (name,))))
        for name, value in found.items()
        if value
    }


def units_of(call: Call) -> list[tuple[str, str]]:
    """What was reported, as people read it: "input tokens", "1,204"."""
    units = call.units if isinstance(call.units, dict) else {}
    return [
        (
            str(name).replace("_", " ") + ("s" if str(name).endswith("_token") else ""),
            f"{amount:,}" if isinstance(amount, int) else str(amount),
        )
        for name, amount in units.items()
    ]


def tokens_of(call: Call) -> int | None:
    """All tokens of a report, of whatever kind; None for none."""
    units = call.units if isinstance(call.units, dict) else {}
    counted = [
        amount for name, amount in units.items() if "token" in name and isinstance(amount, int)
    ]
    return sum(counted) if counted else None


def _line(call: Call, names: Names, reader: Reader, address: Address, fixed: Sequence[str]) -> Line:
    key = names.keys.get(call.key_id) if call.key_id else None
    seen = key is None or reader.sees(key)
    secret = names.secrets.get(call.secret_id) if call.secret_id and seen else None
    token = names.tokens.get(call.token_id) if call.token_id else None
    holder = names.holders.get(call.creator_id) if call.creator_id and seen else None
    settled = names.settled.get(call.pk, {})
    verification = names.verifications.get(call.verification_id) if call.verification_id else None
    return Line(
        call=call,
        key=_key_words(call, key, seen=seen),
        prefix=secret.shown if secret else "",
        key_url=_key_url(reader, key) if key and seen else "",
        project=_project_words(call, names),
        token=token.name if token else "",
        account=token.account.name if token else "",
        holder=holder.name if holder else "",
        tokens=tokens_of(call),
        units=units_of(call),
        verification=verification,
        verification_url=_only(address, verification.pk) if verification else None,
        settled_cost=settled.get("cost"),
        settled_url=_only(address, settled["id"]) if settled.get("id") else None,
        links=_narrowing(call, key if seen else None, names, address, fixed),
    )


def _key_words(call: Call, key: Key | None, *, seen: bool) -> str:
    if call.key_id is None:
        return "Unknown key"
    if key is None:
        return "A deleted key"
    return key.name if seen else "A personal key"


def _key_url(reader: Reader, key: Key) -> str:
    return reverse("key_view", args=[reader.access.org.slug, key.pk]) if reader.opens(key) else ""


def _project_words(call: Call, names: Names) -> str:
    if call.project_id is None:
        return ""
    project = names.projects.get(call.project_id)
    return project.name if project else "A project you do not see"


def _narrowing(
    call: Call, key: Key | None, names: Names, address: Address, fixed: Sequence[str]
) -> list[Link]:
    """What to ask for next: the same key, project, reason, model, task, address."""
    project = names.projects.get(call.project_id) if call.project_id else None
    found = (
        ("key", "Key", key and key.name, call.key_id),
        ("project", "Project", project and project.name, call.project_id),
        ("reason", "Reason", call.reason and label_of(call.reason), call.reason),
        ("model", "Model", call.model, call.model),
        ("task", "Task", call.task, call.task),
        ("ip", "From", call.ip, call.ip),
    )
    anything = address.without("call")
    return [
        Link(label, str(words), anything.having(**{name: value}))
        for name, label, words, value in found
        if words and value and name not in fixed
    ]


def _only(address: Address, call: UUID | str) -> Address:
    """The log with that one request alone."""
    return Address(address.path, {"call": str(call)})


def _short(identity: UUID | None) -> str:
    return f"…{identity.hex[-8:]}" if identity else ""
