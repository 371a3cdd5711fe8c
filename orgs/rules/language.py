"""The plain form of a rule: a few kinds of sentence, read strictly and written in one way.

What a sentence means for the people of an organization is in judge.py. Nothing here asks the
database; words come from the rule book alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from django.core.exceptions import ValidationError

from config.roles import GROUP_ROLES, ORGANIZATION_ROLES, Permission, Role
from orgs.rules.vocabulary import (
    listed,
    plural,
    quoted,
    read_domains,
    read_number,
    read_permission,
    read_role,
    read_roles,
    read_two_permissions,
    spoken,
    unclear,
)

TEXT_LENGTH = 600
_MOST_PEOPLE = 100_000
_MOST_DAYS = 3650


class Form(StrEnum):
    """The kinds of sentence."""

    NO = "no"
    ONLY = "only"
    EVERY = "every"
    ALONE = "alone"
    BOTH = "both"
    COUNT = "count"
    GROUP = "group"
    TWO = "two"
    OUTSIDE = "outside"
    ENDS = "ends"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One rule, taken apart. `str` writes it the one way in which it is stored."""

    form: Form
    roles: tuple[Role, ...] = ()
    permissions: tuple[Permission, ...] = ()
    low: int | None = None
    high: int | None = None
    days: int = 0
    domains: tuple[str, ...] = ()

    def __str__(self) -> str:
        return _WRITE[self.form](self)

    @property
    def is_of_a_number(self) -> bool:
        """It is broken by how many there are, and by nobody in particular."""
        return self.form is Form.COUNT


# What the page offers to begin with, one of each kind.
EXAMPLES = (
    "no Member may view invoices",
    "only Owners and Admins may create, rotate and revoke organization API keys",
    "every Viewer may view the audit log, here and from the command line",
    "Owners, Admins, Viewers and nobody else may view invoices",
    "nobody but Owners may both keys.create and org.approve_production",
    "between 2 and 3 Owners",
    "no Viewer is in a group with Billing Viewer",
    "nobody is both Billing Viewer and Audit Log Reader",
    "nobody outside example.com is Admin",
    "every Projects Admin ends within 90 days",
)


@lru_cache(maxsize=2048)
def parse(text: str) -> Sentence:
    """Read a rule. Raises ValidationError `language`, which names the word that was not understood
    and offers the nearest one."""
    said = " ".join(text.split()).rstrip(" .")
    if len(said) > TEXT_LENGTH:
        raise unclear(f"A rule has {TEXT_LENGTH} characters at most.")
    for pattern, read in _READ:
        found = pattern.fullmatch(said)
        if found:
            return _sound(read(found))
    raise _no_form(said)


def _sound(sentence: Sentence) -> Sentence:
    # A superadmin stands in no organization: what is said of permissions is all there is to say.
    if Role.SUPERADMIN in sentence.roles and not sentence.permissions:
        raise unclear("Superadmins are in no organization, so there is nothing to keep.")
    return sentence


def _no_form(said: str) -> ValidationError:
    first = said.split(" ", 1)[0]
    if not first:
        return unclear("Write a rule, as in “no Member may view invoices”.")
    begun = next((one for one in _BEGINNINGS if said.casefold().startswith(f"{one} ")), "")
    if begun:
        return unclear(f"“{begun}” goes on like this: {_BEGINNINGS[begun]}.")
    near = difflib.get_close_matches(first.casefold(), _BEGINNINGS, 1)
    offer = f" Did you mean “{near[0]}”?" if near else ""
    known = ", ".join(_BEGINNINGS)
    return unclear(
        f"“{first}” begins no rule.{offer} A rule begins with {known}, or with roles that"
        " end in “and nobody else”."
    )


# --- reading -------------------------------------------------------------------------------------

Match = re.Match[str]
Read = Callable[[Match], Sentence]


def _one_may(form: Form) -> Read:
    def read(found: Match) -> Sentence:
        return Sentence(
            form=form,
            roles=(read_role(found["who"]),),
            permissions=(read_permission(found["what"]),),
        )

    return read


def _several_may(form: Form) -> Read:
    def read(found: Match) -> Sentence:
        return Sentence(
            form=form, roles=read_roles(found["who"]), permissions=(read_permission(found["what"]),)
        )

    return read


def _both(found: Match) -> Sentence:
    return Sentence(
        form=Form.BOTH,
        roles=read_roles(found["but"]) if found["but"] else (),
        permissions=read_two_permissions(found["what"]),
    )


def _counted(found: Match, low: int | None, high: int | None) -> Sentence:
    role = read_role(found["who"])
    if role not in (*ORGANIZATION_ROLES, *GROUP_ROLES):
        raise unclear(f"{role.label}s are not counted: only roles of the whole organization are.")
    if low is not None and high is not None and low > high:
        raise unclear(f"Between {low} and {high} there is no number.")
    return Sentence(form=Form.COUNT, roles=(role,), low=low, high=high)


def _one_bound(found: Match) -> Sentence:
    number = read_number(found["n"], _MOST_PEOPLE)
    word = found["how"].casefold()
    low = number if word in ("at least", "exactly") else None
    return _counted(found, low, number if word in ("at most", "exactly") else None)


def _two_bounds(found: Match) -> Sentence:
    low, high = read_number(found["low"], _MOST_PEOPLE), read_number(found["high"], _MOST_PEOPLE)
    return _counted(found, low, high)


def _group(found: Match) -> Sentence:
    role, carried = read_role(found["who"]), read_role(found["what"])
    if carried not in GROUP_ROLES:
        raise unclear(f"No group carries the role {carried.label}.")
    if role is carried:
        raise unclear(f"This names {role.label} twice.")
    return Sentence(form=Form.GROUP, roles=(role, carried))


def _two(found: Match) -> Sentence:
    one, other = read_role(found["who"]), read_role(found["what"])
    if one is other:
        raise unclear(f"This names {one.label} twice.")
    if one in ORGANIZATION_ROLES and other in ORGANIZATION_ROLES:
        raise unclear("Everybody has one organization role, so nobody is both.")
    return Sentence(form=Form.TWO, roles=tuple(r for r in Role if r in (one, other)))


def _outside(found: Match) -> Sentence:
    role = read_role(found["who"])
    return Sentence(form=Form.OUTSIDE, roles=(role,), domains=read_domains(found["where"]))


def _ends(found: Match) -> Sentence:
    days = read_number(found["n"], _MOST_DAYS)
    return Sentence(form=Form.ENDS, roles=(read_role(found["who"]),), days=days)


def _patterns() -> list[tuple[re.Pattern[str], Read]]:
    written: list[tuple[str, Read]] = [
        (r"(?P<how>at least|at most|exactly) (?P<n>[0-9]+) (?P<who>.+)", _one_bound),
        (r"(?:between )?(?P<low>[0-9]+) (?:and|to) (?P<high>[0-9]+) (?P<who>.+)", _two_bounds),
        (r"no (?P<who>.+) is in (?:a|any) group with (?P<what>.+)", _group),
        (r"no (?P<who>.+?) may (?P<what>.+)", _one_may(Form.NO)),
        (r"only (?P<who>.+?) may (?P<what>.+)", _several_may(Form.ONLY)),
        (r"every (?P<who>.+) ends within (?P<n>[0-9]+) days?", _ends),
        (r"every (?P<who>.+?) may (?P<what>.+)", _one_may(Form.EVERY)),
        (r"nobody(?: but (?P<but>.+?))? may both (?P<what>.+)", _both),
        (r"nobody is both (?P<who>.+) and (?P<what>.+)", _two),
        (r"nobody outside (?P<where>.+) is (?P<who>.+)", _outside),
        (r"(?P<who>.+?),? and nobody else may (?P<what>.+)", _several_may(Form.ALONE)),
    ]
    return [(re.compile(pattern, re.IGNORECASE), read) for pattern, read in written]


_READ: list[tuple[re.Pattern[str], Read]] = _patterns()

# How each beginning goes on, for whoever stopped half way.
_BEGINNINGS = {
    "no": "no Member may view invoices, or: no Viewer is in a group with Billing Viewer",
    "only": "only Owners and Admins may view invoices",
    "every": "every Viewer may view invoices, or: every Projects Admin ends within 90 days",
    "nobody": (
        "nobody may both … and …, nobody is both … and …, or: nobody outside example.com is Admin"
    ),
    "between": "between 2 and 3 Owners",
    "at least": "at least 2 Owners",
    "at most": "at most 3 Owners",
    "exactly": "exactly 1 Owner",
}


# --- writing -------------------------------------------------------------------------------------


def _write_count(s: Sentence) -> str:
    role = s.roles[0].label
    if s.low is None or s.high is None or s.low == s.high:
        number = s.high if s.low is None else s.low
        how = "at most" if s.low is None else "at least" if s.high is None else "exactly"
        return f"{how} {number} {role}{'' if number == 1 else 's'}"
    return f"between {s.low} and {s.high} {role}s"


def _write_both(s: Sentence) -> str:
    but = f" but {plural(s.roles)}" if s.roles else ""
    return f"nobody{but} may both {' and '.join(map(quoted, s.permissions))}"


_WRITE: dict[Form, Callable[[Sentence], str]] = {
    Form.NO: lambda s: f"no {s.roles[0].label} may {spoken(s.permissions[0])}",
    Form.ONLY: lambda s: f"only {plural(s.roles)} may {spoken(s.permissions[0])}",
    Form.EVERY: lambda s: f"every {s.roles[0].label} may {spoken(s.permissions[0])}",
    Form.ALONE: lambda s: (
        f"{', '.join(f'{role.label}s' for role in s.roles)} and nobody else may"
        f" {spoken(s.permissions[0])}"
    ),
    Form.BOTH: _write_both,
    Form.COUNT: _write_count,
    Form.GROUP: lambda s: f"no {s.roles[0].label} is in a group with {s.roles[1].label}",
    Form.TWO: lambda s: f"nobody is both {s.roles[0].label} and {s.roles[1].label}",
    Form.OUTSIDE: lambda s: f"nobody outside {listed(list(s.domains))} is {s.roles[0].label}",
    Form.ENDS: lambda s: (
        f"every {s.roles[0].label} ends within {s.days} day{'' if s.days == 1 else 's'}"
    ),
}
