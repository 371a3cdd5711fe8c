"""Who may do what a suggestion asks for: two by name, and whether the asker is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from config.roles import Permission, Role, roles_with
from orgs.access import Access
from orgs.ceiling import may_grant
from projects.explain import words
from projects.explain.answer import Deed, Part
from projects.explain.standing import Standing

NAMED = 2
# Some of those found are passed over: who cannot sign in, and the person it is about.
_LOOKED_AT = 8

_PEOPLE = """
SELECT %s::integer AS asked, a.sort_name, a.id
FROM access_people(%s::uuid[], %s::text[], '', '', false, NULL, NULL, %s) a
"""
_NAMES = """
SELECT f.asked, m.name FROM ({people}) f JOIN orgs_membership m ON m.id = f.id
WHERE m.person_id IS NOT NULL AND m.role NOT IN ('owner', 'end_user') AND m.id <> %s
ORDER BY f.asked, f.sort_name, f.id
"""

Asked = tuple[Permission, tuple[UUID, ...]]


def with_givers(
    parts: Sequence[Part], standing: Standing, asker: Access | None
) -> dict[Part, tuple[str, ...]]:
    """Who besides the owners may do each part. One query for all; no names for whom hides them."""
    asked = {part: _asked(part, standing) for part in parts}
    if asker is not None and not asker.can(Permission.MEMBERS_VIEW):
        return dict.fromkeys(parts, ())
    questions = sorted({one for one in asked.values() if one}, key=str)
    names = _names(questions, standing) if questions else {}
    return {part: names.get(one, ()) if one else () for part, one in asked.items()}


def sentence(names: tuple[str, ...]) -> str:
    """ "By Leila Haddad or an owner"."""
    return f"By {words.listed([*names, 'an owner'], 'or')}"


def may_do(asker: Access, part: Part, member: UUID) -> bool:
    """May the asker do this part now? Nobody gives a role to themself."""
    if part.needs_approval and not asker.can(Permission.ORG_APPROVE_PRODUCTION):
        return False
    if part.deed is Deed.SHARE and part.role:
        return member != asker.membership_id and may_grant(asker, part.role, part.on)
    if part.deed is Deed.JOIN:
        ceiling = all(may_grant(asker, role) for role in part.brings)
        other = member != asker.membership_id
        return other and ceiling and asker.can(Permission.GROUPS_MANAGE_MEMBERS)
    return asker.can(part.takes, part.on)


def _asked(part: Part, standing: Standing) -> Asked | None:
    """Which permission, held where; None where only owners decide."""
    if part.needs_approval:
        return None
    places = part.on.places if part.on is not None else ()
    return part.takes, (standing.org.id, *places)


def _names(questions: list[Asked], standing: Standing) -> dict[Asked, tuple[str, ...]]:
    numbers: list[Any] = []
    for number, (permission, places) in enumerate(questions):
        roles = [r for r in roles_with(permission, standing.org.policies) if r is not Role.OWNER]
        numbers += [number, list(places), [role.value for role in roles], _LOOKED_AT]
    people = " UNION ALL ".join([_PEOPLE] * len(questions))
    with connection.cursor() as cursor:
        cursor.execute(_NAMES.format(people=people), [*numbers, standing.member.pk])
        found = cursor.fetchall()
    return {
        asked: tuple(name for number, name in found if number == position)[:NAMED]
        for position, asked in enumerate(questions)
    }
