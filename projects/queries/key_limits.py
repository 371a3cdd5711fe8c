"""How a list of keys says what holds each of them: its spending, what binds, and all five limits.

What a limit is and which one binds is in `limits.py`; this words it for a line of a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from config.moments import format_local
from config.money import money
from config.roles import Permission
from orgs.access import Access
from projects.allowance import Names, listed
from projects.limits import Binding, Kind, binding
from projects.models import Key
from projects.queries.limits import Standing, standings

_SCARCE = 10  # Percent left at which a limit is worth a warning.
_WINDOWS = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly"}
_LISTS = (
    ("networks", "IP allowlist", "network", "globe-alt"),
    ("tasks", "Task allowlist", "task", "list-bullet"),
    ("models", "Model allowlist", "model", "cpu-chip"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spend:
    """What a key's own budget is used up by, for a bar."""

    taken: int
    budget: int

    @property
    def low(self) -> int:
        return self.budget * 9 // 10

    @property
    def high(self) -> int:
        """The bar is red once nothing is left."""
        return self.budget - 1

    @property
    def shown(self) -> int:
        return min(self.taken, self.budget)

    @property
    def percent(self) -> int:
        return 100 * self.taken // self.budget


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One of the five limits, or the one that binds."""

    icon: str
    title: str
    value: str
    note: str = ""
    tone: str = ""
    binds: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """All limits that bind one key, nearest the key first.

    Of the layers in `veiled` this reader sees shares, and no money: what others spend is a cost.
    """

    standings: tuple[Standing, ...]
    veiled: frozenset[str] = frozenset()

    @property
    def spend(self) -> Spend | None:
        own = next((each for each in self.standings if each.layer == "key"), None)
        if own is None or own.state.budget is None:
            return None
        return Spend(taken=own.taken, budget=own.state.budget)

    @property
    def binds(self) -> Cell | None:
        """The tightest limit in two lines; of lists the first, where no number holds it."""
        found = binding(each.state for each in self.standings)
        if found is not None:
            return _number(found, self.veiled, short=True)
        cells = [_list(self.standings, *each) for each in _LISTS]
        return next((cell for cell in cells if cell.note), None)

    @property
    def five(self) -> list[Cell]:
        """Budget, requests a minute and the three lists, each from the layer that holds it most."""
        states = [each.state for each in self.standings]
        first = binding(states)
        kinds: tuple[Kind, ...] = ("budget", "rpm")
        cells = [
            _number(found, self.veiled, binds=found == first)
            if (found := binding(states, kind))
            else _none(kind)
            for kind in kinds
        ]
        return cells + [_list(self.standings, *each) for each in _LISTS]


def held_by(access: Access, keys: Iterable[Key]) -> dict[UUID, Held]:
    """What holds each of these keys. One query."""
    keys = list(keys)
    org = access.org.id
    subjects = {key.pk: _subjects(key) for key in keys}
    if not keys:
        return {}
    found = standings(org, {org}.union(*subjects.values()))
    return {
        key.pk: Held(
            tuple(s for s in found if s.subject == org or s.subject in subjects[key.pk]),
            veiled_for(access, key),
        )
        for key in keys
    }


def veiled_for(access: Access, key: Key) -> frozenset[str]:
    """The layers of a key whose money is not for this person: what others spend there."""
    may = access.can
    if may(Permission.KEYS_SET_POLICIES) or may(Permission.BILLING_VIEW_COSTS):
        return frozenset()
    layers = {"plan", "organization", "group", "project", "creator"}
    if key.project and may(Permission.PROJECTS_VIEW_COSTS, key.project):
        layers.discard("project")
    if key.creator_id == access.membership_id:
        layers.discard("creator")
    return frozenset(layers)


def _subjects(key: Key) -> set[UUID]:
    ids = (key.pk, key.creator_id, key.project_id, key.cost_centre_id)
    return {each for each in ids if each}


def _number(
    found: Binding, veiled: frozenset[str], *, short: bool = False, binds: bool = False
) -> Cell:
    """A budget or a rate, and how much of it is left."""
    state, left = found.state, found.state.left(found.kind) or 0
    tone = "bad" if not found.remaining else "warn" if left * 100 <= _SCARCE else ""
    whose = "" if state.layer == "key" else f"of the {_whose(state.layer)}"
    above = "" if state.layer == "key" else _whose(state.layer).capitalize()
    if found.kind == "budget":
        title = (
            (f"{above} budget" if above else "Budget")
            if short
            else f"Budget, {_WINDOWS[state.window]}"
        )
        taken = f"{money(state.spent + state.reserved)} of {money(found.limit)}"
        note = f"{money(found.remaining)} left" if found.remaining else "Used up"
        if state.layer in veiled:
            note = f"{math.floor(left * 100)} % left" if found.remaining else "Used up"
            taken = note
        until = f"Anew {format_local(state.resets_at, 'j M, H:i')}" if state.resets_at else ""
        icon = "exclamation-triangle" if tone else "banknotes"
    else:
        title = f"{found.limit:,} requests a minute" if short else "Requests a minute"
        # It is anew each minute: only a rate that is used up is worth a warning.
        tone = "warn" if tone == "bad" else "info"
        taken = f"{state.used:,} of {found.limit:,}"
        note, until, icon = f"{state.used:,} in this minute", "In this minute", "bolt"
    if short:
        notes = [note, whose if found.kind == "rpm" else ""]
    else:
        title, notes = title + (", binds" if binds else ""), [until, whose]
    return Cell(
        icon=icon,
        title=title,
        value=taken,
        note=", ".join(filter(None, notes)),
        tone=tone,
        binds=binds,
    )


def _none(kind: Kind) -> Cell:
    if kind == "budget":
        return Cell(icon="banknotes", title="Budget", value="No limit")
    return Cell(icon="bolt", title="Requests a minute", value="No limit")


def _list(found: Iterable[Standing], name: str, title: str, what: str, icon: str) -> Cell:
    """An allowlist: the nearest layer's, and how many layers have one."""
    lists: list[tuple[str, Names]] = [(s.layer, getattr(s.allowance, name)) for s in found]
    said = [(layer, values) for layer, values in lists if values is not None]
    if not said:
        return Cell(icon=icon, title=title, value=f"Any {what}")
    layer, values = said[0][0], said[0][1] or ()
    known = next((len(each or ()) for of, each in said if of == "organization" != layer), None)
    value = f"{len(values):,} {what}{'' if len(values) == 1 else 's'}" if values else "None"
    if known is not None:
        value = f"{len(values):,} of {known:,} {what}s"
    elif len(values) == 1:
        value = values[0]
    notes = [listed(values, 2)] if values and value != values[0] else []
    notes += [f"of the {_whose(layer)}"] if layer != "key" else []
    return Cell(icon=icon, title=title, value=value, note=", ".join(notes) or "of the key")


def _whose(layer: str) -> str:
    return {"group": "cost centre"}.get(layer, layer)
