"""Which deeds on the keys of a page this person may do: what the locks and ceilings say, for many.

A decision about one key is `projects/doors.py` and `projects/actions/service_ceiling.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from config.roles import Permission, Role, Scope, roles_with
from orgs.access import Access
from orgs.ceiling import may_grant
from projects.actions.service_ceiling import only_of_holder, working_beyond
from projects.models import Key, Project
from projects.queries.standing import holding


@dataclass(frozen=True, kw_only=True, slots=True)
class Deeds:
    """Of some keys: those that may be changed and revoked, given away, and get a new secret."""

    manage: frozenset[UUID]
    give: frozenset[UUID]
    rotate: frozenset[UUID]


def deeds_on(access: Access, keys: Sequence[Key], seen: frozenset[UUID]) -> Deeds:
    """`seen` are the projects this person sees. Two queries at most."""
    made_here = _where_one_makes_keys(access, keys)
    mine = [key for key in keys if key.kind == Key.Kind.PERSONAL and key.is_own_of(access)]
    manage = {key.pk for key in made_here}
    manage |= {key.pk for key in mine if key.project_id in seen}
    managed = [key for key in keys if key.pk in manage]
    beyond = _beyond(access, managed)
    return Deeds(
        manage=frozenset(manage),
        give=frozenset(key.pk for key in made_here if _is_open(key)),
        rotate=frozenset(key.pk for key in managed if _may_rotate(access, key, beyond)),
    )


def given_away(access: Access, keys: Sequence[Key]) -> frozenset[UUID]:
    """Of these keys, those that this person may let an account hold. One query at most."""
    return frozenset(key.pk for key in _where_one_makes_keys(access, keys) if _is_open(key))


def _may_rotate(access: Access, key: Key, beyond: set[UUID]) -> bool:
    """As `require_holding` says: a new secret acts for whoever holds the key."""
    if key.is_own_of(access):
        return True
    if key.kind == Key.Kind.PERSONAL:
        return False
    if key.project is not None:
        # Whoever creates a project's keys does there what any of them does.
        holder = key.creator or key.account
        return _is_open(key) and not (holder and only_of_holder(holder.role, access))
    if key.account is None:
        return access.can(Permission.MEMBERS_CHANGE_ROLE)
    role = key.account.role
    return key.account_id not in beyond and (not role or may_grant(access, Role(role)))


def _beyond(access: Access, keys: Sequence[Key]) -> set[UUID]:
    lent = {key.account_id for key in keys if key.account_id and key.project_id is None}
    return working_beyond(lent, access) if lent else set()


def _is_open(key: Key) -> bool:
    """An archived project takes nobody in, and nothing runs there."""
    return key.project is None or key.project.state == Project.State.ACTIVE


def _where_one_makes_keys(access: Access, keys: Sequence[Key]) -> list[Key]:
    places = _projects(access, {key.project_id for key in keys if key.project_id})
    everywhere = access.can(Permission.KEYS_CREATE)
    return [key for key in keys if (key.project_id in places if key.project_id else everywhere)]


def _projects(access: Access, places: set[UUID]) -> set[UUID]:
    """Of these projects, those whose keys this person may create."""
    if not places or access.can(Permission.PROJECTS_CREATE_KEYS):
        return places
    book = roles_with(Permission.PROJECTS_CREATE_KEYS, access.policies)
    roles = [role for role in book if role.scope is Scope.PROJECT]
    rows = Project.objects.in_org(access.org.id).filter(pk__in=places)
    return set(rows.filter(holding(Scope.PROJECT, roles, access)).values_list("pk", flat=True))
