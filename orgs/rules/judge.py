"""Who breaks a rule now: a sentence is worked out by the rule book, then asked of the people.

Judged is the person, by every role that counts for them: that of the membership, those of their
groups, and those on workspaces, projects and resources, each while it has not ended. A permission
of the organization is held by roles of the whole organization. One on projects is held when it is
held on any one thing at all, in whatever state that is: archived, or not published yet. As
`Access.permissions_on` has it, an End User's own leave counts for nothing without a role there.

What the rule book makes impossible under these policies costs no question. Nothing is written here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from config.prepared import prepared_rows
from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    roles_with,
)
from orgs.grants import permission_id
from orgs.rules.language import Form, Sentence

_WITNESSES = "SELECT * FROM rule_witnesses(%s::jsonb, %s::uuid[], %s, %s, %s)"

Roles = frozenset[Role]
_OF_MEMBERS: Roles = frozenset(ORGANIZATION_ROLES)
_OF_THE_WHOLE: Roles = frozenset({*ORGANIZATION_ROLES, *GROUP_ROLES})


@dataclass(frozen=True, slots=True)
class Witness:
    """Who breaks a rule; without a member it is a number, which is `number`."""

    rule: UUID
    membership: UUID | None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """Members with one of these organization roles, who hold one of each of `needs` besides and
    none of `lacks`: they break the rule. What is in `needs` and `lacks` is never a member's."""

    roles: Roles
    needs: tuple[Roles, ...] = ()
    lacks: Roles = frozenset()


@lru_cache(maxsize=4096)
def carriers(permission: Permission, policies: frozenset[Policy]) -> Roles:
    """The roles that give a person this permission, where the judge looks for it."""
    roles = frozenset(roles_with(permission, policies)) - {Role.SUPERADMIN}
    if permission.scope in (Scope.ORGANIZATION, Scope.PLATFORM):
        return roles & _OF_THE_WHOLE
    return roles - {Role.END_USER}


@lru_cache(maxsize=4096)
def cases(sentence: Sentence, policies: frozenset[Policy]) -> tuple[Case, ...]:
    """Which people would break it; none where nobody can, as the book stands."""
    roles = frozenset(sentence.roles) - {Role.SUPERADMIN}
    carrying = [carriers(permission, policies) for permission in sentence.permissions]
    if sentence.form is Form.NO:
        return _cases([roles, *carrying])
    if sentence.form is Form.ONLY:
        return _cases(carrying, roles)
    if sentence.form is Form.EVERY:
        return _cases([roles], carrying[0])
    if sentence.form is Form.ALONE:
        others = _cases(carrying, roles)
        missing = (_cases([frozenset({role})], carrying[0]) for role in _asked(sentence))
        return others + tuple(case for found in missing for case in found)
    if sentence.form is Form.BOTH:
        return _cases(carrying, roles)
    if sentence.form in (Form.GROUP, Form.TWO):
        return _cases([frozenset({role}) for role in sentence.roles])
    return _cases([roles])


def _asked(sentence: Sentence) -> Iterable[Role]:
    """Of whom “A, B and nobody else may” says that they may. What an End User may do in projects
    is for what is shared with them, so it is let to them and not asked."""
    below = sentence.permissions[0].scope not in (Scope.ORGANIZATION, Scope.PLATFORM)
    left_out = {Role.SUPERADMIN, *({Role.END_USER} if below else ())}
    return (role for role in sentence.roles if role not in left_out)


def _cases(needs: Sequence[Roles], lacks: Roles = frozenset()) -> tuple[Case, ...]:
    """Everybody has one organization role, so each of the five is thought through by itself."""
    found: dict[tuple[tuple[Roles, ...], Roles], set[Role]] = {}
    rest = lacks - _OF_MEMBERS
    for role in ORGANIZATION_ROLES:
        if role in lacks:
            continue
        open_needs = {need - _OF_MEMBERS - rest for need in needs if role not in need}
        if frozenset() in open_needs:
            continue
        # Whoever meets the narrower of two needs meets the wider one.
        least = [need for need in open_needs if not any(other < need for other in open_needs)]
        key = tuple(sorted(least, key=sorted)), rest
        found.setdefault(key, set()).add(role)
    return tuple(Case(frozenset(who), *key) for key, who in found.items())


def witnesses(
    rules: Iterable[tuple[UUID, Sentence]],
    policies: frozenset[Policy],
    *,
    people: Collection[UUID] | None = None,
    limit: int = 1,
    excepted: bool = False,
    known: bool = False,
) -> list[Witness]:
    """Who breaks these rules of the bound organization now, in one round trip or none.

    Of each rule `limit` are found at least where there are as many. `people` are the memberships
    that are looked at; a number is judged all the same. Whoever has an exception, and whoever is
    known to break the rule, is left out unless asked for.
    """
    asked = [one for key, sentence in rules for one in _asked_of(key, sentence, policies)]
    if not asked:
        return []
    who = None if people is None else list(people)
    rows = prepared_rows(_WITNESSES, [json.dumps(asked), who, limit, excepted, known])
    return [Witness(*row) for row in dict.fromkeys(rows)]


def _asked_of(key: UUID, sentence: Sentence, policies: frozenset[Policy]) -> list[dict[str, Any]]:
    """The cases of one rule as `rule_witnesses` reads them."""
    if sentence.form is Form.COUNT:
        role = sentence.roles[0]
        counted = {"low": sentence.low, "high": sentence.high, "counts": True, "rule": str(key)}
        if role in _OF_MEMBERS:
            return [counted | {"roles": [role.value]}]
        return [counted | {"need": _ids({role})}]
    return [_as_json(key, sentence, case) for case in cases(sentence, policies)]


def _as_json(key: UUID, sentence: Sentence, case: Case) -> dict[str, Any]:
    held = frozenset[Role]().union(*case.needs, case.lacks)
    said: dict[str, Any] = {
        "rule": str(key),
        "roles": sorted(case.roles),
        "places": bool(held - _OF_THE_WHOLE),
    }
    for name, need in zip(("need", "too"), case.needs, strict=False):
        said[name] = _ids(need)
    if case.lacks:
        said["lacks"] = _ids(case.lacks)
    if sentence.form is Form.OUTSIDE:
        said["domains"] = list(sentence.domains)
    if sentence.form is Form.ENDS:
        said["days"] = sentence.days
    return said


def _ids(roles: Iterable[Role]) -> list[int]:
    return sorted(permission_id(role) for role in roles)


def off_by(sentence: Sentence, number: int) -> int:
    """How far a counted number is from its bounds."""
    below = sentence.low - number if sentence.low is not None else 0
    above = number - sentence.high if sentence.high is not None else 0
    return max(below, above, 0)
