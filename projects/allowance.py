"""What one layer allows, as values: what is typed, compared, put into words and stored.

How far it is used up is in `limits.py`; the rows are in `models/limits.py`.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError

from config.money import money
from projects.models import Limit
from projects.networks import Network, network_text

Names = tuple[str, ...] | None
"""A list of what is allowed: None for no limit, nothing in it for nothing at all."""

LISTS = ("networks", "tasks", "models")
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Approved:
    """The tasks and models that the organization approves: every list lies within (S1-021)."""

    tasks: Names = None
    models: Names = None
    longest_days: int | None = None

    def outside(self, said: Allowance) -> dict[str, list[str]]:
        """What a list names that is not approved, by the list's name."""
        pairs = {"tasks": (said.tasks, self.tasks), "models": (said.models, self.models)}
        found = {
            name: [each for each in wanted or () if each not in approved]
            for name, (wanted, approved) in pairs.items()
            if approved is not None
        }
        return {name: extra for name, extra in found.items() if extra}

    def check(self, said: Allowance) -> None:
        """Raises ValidationError with the code `not_approved`, naming the entries by their list."""
        errors = {
            name: ValidationError(
                "The organization approves other %(name)s alone. Take out: %(extra)s.",
                code="not_approved",
                params={"name": name, "extra": listed(extra, 10)},
            )
            for name, extra in self.outside(said).items()
        }
        if errors:
            raise ValidationError(errors)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a layer allows. Without a budget there is no window to speak of."""

    budget: int | None = None
    window: str = Limit.Window.MONTH.value
    zone: str = ""
    rpm: int | None = None
    networks: Names = None
    tasks: Names = None
    models: Names = None
    longest_days: int | None = None

    def __post_init__(self) -> None:
        window = self.window if self.budget is not None else Limit.Window.MONTH.value
        zone = self.zone if self.budget is not None else ""
        object.__setattr__(self, "window", str(window))
        object.__setattr__(self, "zone", zone or settings.TIME_ZONE)

    @classmethod
    def of(cls, limit: Limit | None) -> Self:
        """What a row says; nothing where there is none."""
        if limit is None:
            return cls()
        return cls(
            budget=limit.budget,
            window=limit.window,
            zone=limit.zone,
            rpm=limit.rpm,
            networks=names(_texts(limit.allowed_networks)),
            tasks=names(limit.allowed_tasks),
            models=names(limit.allowed_models),
            longest_days=limit.longest_days,
        )

    @property
    def is_empty(self) -> bool:
        """Does it hold nothing back?"""
        return self == Allowance()

    @property
    def money(self) -> tuple[int | None, str, str]:
        """What it says of money: the budget, and what it is for."""
        return self.budget, self.window, self.zone

    @property
    def lists(self) -> tuple[Names, Names]:
        """What has to be approved."""
        return self.tasks, self.models

    @property
    def without_money(self) -> Self:
        """All else that it says: a window and a zone are the budget's."""
        nothing = type(self)()
        return replace(self, budget=None, window=nothing.window, zone=nothing.zone)

    @property
    def mark(self) -> str:
        """What a form remembers of it, to notice that somebody changed it meanwhile."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:16]

    @property
    def budget_words(self) -> str:
        """ "$12.50 a month, Europe/Berlin"; empty without a budget."""
        if self.budget is None:
            return ""
        return f"{money(self.budget, exact=True)} {a_window(self.window)}, {self.zone}"

    def fields(self) -> dict[str, Any]:
        """The columns of the row."""
        return {
            "budget": self.budget,
            "window": self.window,
            "zone": self.zone,
            "rpm": self.rpm,
            "allowed_networks": _stored(self.networks),
            "allowed_tasks": _stored(self.tasks),
            "allowed_models": _stored(self.models),
            "longest_days": self.longest_days,
        }

    def facts(self) -> dict[str, Any]:
        """In words, as the ledger keeps it."""
        said = asdict(self)
        lists = {name: "nothing" if said[name] == () else _stored(said[name]) for name in LISTS}
        rest = {"rpm": said["rpm"], "longest_days": said["longest_days"]}
        return {"budget": self.budget_words or None} | lists | rest


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changes, in a sentence; wider (more is allowed), narrower, or neither."""

    text: str
    wider: bool | None


def names(values: Iterable[Any] | None) -> Names:
    """A list in the one order in which it is stored and compared."""
    return None if values is None else tuple(sorted(map(str, values)))


def _texts(networks: Iterable[Any] | None) -> list[str] | None:
    """As read from the database, or as they were just given to the row."""
    if networks is None:
        return None
    return [network_text(ipaddress.ip_network(each)) for each in networks]


def a_window(window: str) -> str:
    return "an hour" if window == Limit.Window.HOUR else f"a {window}"


def differences(before: Allowance, after: Allowance) -> list[Difference]:
    """What is allowed otherwise than before, in words; nothing where both are the same."""
    found = [
        _of_budget(before, after),
        _of_number(before.rpm, after.rpm, "{} requests a minute"),
        _of_number(before.longest_days, after.longest_days, "{} days of life for a new key"),
    ]
    for name in LISTS:
        found += _of_list(name.removesuffix("s"), getattr(before, name), getattr(after, name))
    return [each for each in found if each]


def listed(values: Iterable[str], most: int = _SHOWN) -> str:
    """ "a, b, c and 7 more"."""
    values = list(values)
    if len(values) <= most + 1:
        return ", ".join(values)
    return f"{', '.join(values[:most])} and {len(values) - most:,} more"


def _of_budget(before: Allowance, after: Allowance) -> Difference | None:
    old, new = before.budget, after.budget
    if (old, before.window, before.zone) == (new, after.window, after.zone):
        return None
    if old is None:
        return Difference(f"At most {after.budget_words}, where there was no budget", False)
    if new is None:
        return Difference(f"No budget any more, instead of {before.budget_words}", True)
    text = f"{after.budget_words}, instead of {before.budget_words}"
    same_window = (before.window, before.zone) == (after.window, after.zone)
    return Difference(text, new > old if same_window else None)


def _of_number(old: int | None, new: int | None, words: str) -> Difference | None:
    if old == new:
        return None
    if new is None:
        return Difference(f"No longer at most {words.format(f'{old:,}')}", True)
    said = f"At most {words.format(f'{new:,}')}"
    if old is None:
        return Difference(f"{said}, where there was no limit", False)
    return Difference(f"{said}, instead of {old:,}", new > old)


def _of_list(what: str, old: Names, new: Names) -> list[Difference]:
    if old == new:
        return []
    if new is None:
        return [Difference(f"Every {what}, instead of {_counted(old or (), what)}", True)]
    if old is None:
        only = f"Only {_counted(new, what)}: {listed(new)}" if new else f"No {what} at all"
        return [Difference(f"{only}, where every {what} was allowed", False)]
    added, dropped = _outside(what, new, old), _outside(what, old, new)
    elsewhere = set(_outside(what, new, dropped))
    kept = [each for each in new if each not in old and each not in elsewhere]
    found = (
        [Difference(f"Allows the {_plural(what, added)} {listed(added)}", True)] if added else []
    )
    if dropped:
        text = f"Shuts out the {_plural(what, dropped)} {listed(dropped)}"
        found.append(Difference(f"{text}, all but {listed(kept)}" if kept else text, False))
    return found


def _outside(what: str, some: Iterable[str], others: Iterable[str]) -> list[str]:
    """Those of `some` that `others` leave out; an address lies within its network."""
    if what != "network":
        known = set(others)
        return [each for each in some if each not in known]
    wider = {ipaddress.ip_network(each) for each in others}
    lengths = {each.prefixlen for each in wider}
    return [each for each in some if wider.isdisjoint(_around(each, lengths))]


def _around(said: str, lengths: set[int]) -> Iterable[Network]:
    """The networks of these lengths that this one lies in."""
    network = ipaddress.ip_network(said)
    return (
        network.supernet(new_prefix=length) for length in lengths if length <= network.prefixlen
    )


def _counted(values: Iterable[str], what: str) -> str:
    number = len(tuple(values))
    return f"{number:,} {what}{'' if number == 1 else 's'}" if number else f"no {what}"


def _plural(what: str, values: list[str]) -> str:
    return what if len(values) == 1 else f"{what}s"


def _stored(values: Names) -> list[str] | None:
    return None if values is None else list(values)
