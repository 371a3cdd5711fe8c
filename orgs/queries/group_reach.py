"""What a group brings to whoever is in it, and who may therefore add people to it.

Projects stand above this app, so what a group holds there is read through a function of the
database (`group_reach`). The list of groups is in groups.py.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection

from config.roles import Permission, Role, Scope, permissions_of
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.models import Group, GroupRole, Membership

# The groups' shares in the order of the tree, each with whether this person holds a role there.
_SHARES = """
    WITH mine AS MATERIALIZED (
        SELECT own_workspaces(%(person)s, %(me)s) AS id
        UNION SELECT own_projects(%(person)s, %(me)s)
        UNION SELECT own_resources(%(person)s, %(me)s)
    )
    SELECT r.scope, r.kind, r.place_id, r.place_name, r.state, r.role,
           coalesce(r.granted_by, ''), r.granted_at, r.reason, r.expires_at,
           r.place_id IN (SELECT id FROM mine)
               OR coalesce(r.project_id IN (SELECT id FROM mine), false)
    FROM group_reach(%(group)s) r
    ORDER BY array_position(ARRAY['workspace', 'project', 'resource'], r.scope),
             fold_name(r.place_name), r.place_id
"""

# Has the group a role on a project, or on something in one, where Owners approve access?
_GUARDED = """
    SELECT EXISTS (
        SELECT FROM group_reach(%(group)s) r JOIN projects_project j ON j.id = r.project_id
        WHERE 'owners_approve' = ANY (j.policies)
    )
"""

_SEEN = """
    SELECT p.id FROM unnest(%(places)s::uuid[]) p (id)
    WHERE p.id IN (SELECT own_workspaces(%(person)s, %(me)s))
       OR p.id IN (SELECT own_projects(%(person)s, %(me)s))
       OR p.id IN (SELECT own_resources(%(person)s, %(me)s))
"""

# What a person holds, as far as it lasts until then: what ends sooner would be given anew.
_LASTS = """
    (h.via = 'membership'
     OR (coalesce(h.expires_at, 'infinity') >= coalesce({until}, 'infinity')
         AND coalesce(h.seat_until, 'infinity') >= coalesce({until}, 'infinity')))
"""
_LASTING = f"""
    SELECT DISTINCT h.role FROM access_paths(%(places)s::uuid[], NULL, ARRAY[%(me)s::uuid]) h
    WHERE {_LASTS.format(until="%(until)s::timestamptz")}
"""  # noqa: S608  only our own words are put in

# Each role the group would bring, beside what this person holds there for as long already.
_BESIDE = f"""
    WITH held AS MATERIALIZED (
        SELECT * FROM access_paths(NULL, NULL, ARRAY[%(me)s::uuid])
    )
    SELECT r.role, ARRAY(
        SELECT h.role FROM held h
        WHERE h.place_id IN (%(organization)s, r.place_id, r.project_id, j.workspace_id)
          AND {_LASTS.format(until="least(%(until)s::timestamptz, r.expires_at)")}
    )
    FROM group_reach(%(group)s) r LEFT JOIN projects_project j ON j.id = r.project_id
"""  # noqa: S608  as above

SEE_ALL = {
    "workspace": Permission.WORKSPACES_VIEW_ALL,
    "runner": Permission.RUNNERS_VIEW_ALL,
    "automation": Permission.AUTOMATIONS_VIEW_ALL,
}
ICONS = {
    "workspace": "rectangle-stack",
    "project": "folder",
    "agent": "cpu-chip",
    "workflow": "arrow-path-rounded-square",
    "tool": "wrench-screwdriver",
    "knowledge_base": "book-open",
    "runner": "server-stack",
    "automation": "bolt",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A role that a group holds on one place; `seen` where the viewer may see the place."""

    scope: Scope
    kind: str
    place_id: UUID
    place_name: str
    role: Role
    granted_by: str
    granted_at: datetime.datetime
    reason: str
    expires_at: datetime.datetime | None
    seen: bool

    @property
    def route(self) -> str:
        return f"{self.scope.value}_view"

    @property
    def icon(self) -> str:
        return ICONS[self.kind]

    @property
    def kind_label(self) -> str:
        return self.kind.replace("_", " ").capitalize()


def group_shares(*, group: Group, access: Access) -> list[Share]:
    """What the group holds below the organization. One query, whatever it holds."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARES, _asked(group, access))
        rows = cursor.fetchall()
    return [_share(row, access) for row in rows]


def places_seen(access: Access, places: set[UUID]) -> set[UUID]:
    """Those of these workspaces, projects and resources where this person holds a role."""
    asked = {"places": list(places), "person": access.person_id, "me": access.membership_id}
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, asked)
        return {place for (place,) in cursor.fetchall()}


def carried_roles(group: Group) -> list[GroupRole]:
    """The organization roles that the group carries at this moment, with who gave them."""
    rows = GroupRole.objects.in_org(group.organization_id).filter(group=group).live()
    order = list(Role)
    return sorted(rows.select_related("granted_by"), key=lambda row: order.index(row.role))


def needs_owner(access: Access, group: Group) -> bool:
    """Does it bring what an Owner gives final approval for, and is this none (S1-017)?"""
    if access.can(Permission.ORG_APPROVE_PRODUCTION):
        return False
    with connection.cursor() as cursor:
        cursor.execute(_GUARDED, _asked(group, access))
        row = cursor.fetchone()
    return bool(row and row[0])


def roles_above(access: Access, roles: list[Role]) -> list[Role]:
    """Those of the roles that this person may not give."""
    return [role for role in roles if not may_grant(access, role)]


def seat_refusal(
    *,
    access: Access,
    group: Group,
    membership: Membership,
    roles: list[Role] | None = None,
    until: datetime.datetime | None = None,
) -> ValidationError | None:
    """Why this person may not put that one into the group; None when they may.

    Adding somebody is giving them what the group carries: `ceiling` (C3-3). Who keeps groups may
    add others to what is shared with a group, and not themself to more than they hold: `oneself`.
    Where a project leaves the last word to an Owner, so does a group with a role there:
    `needs_approval`.
    `until` is when the place would end: what one holds for a shorter time does not count.
    """
    carried = [row.role for row in carried_roles(group)] if roles is None else roles
    above = roles_above(access, carried)
    if above:
        return ValidationError(
            "%(group)s carries %(role)s. Only owners may add people to it.",
            code="ceiling",
            params={"group": group.name, "role": above[0].label},
        )
    if needs_owner(access, group):
        return ValidationError(
            "%(group)s has a role on a project where Owners approve access. Only they may add"
            " people to it.",
            code="needs_approval",
            params={"group": group.name},
        )
    if membership.pk == access.membership_id and _brings_more(access, group, until):
        return ValidationError(
            "%(group)s would bring you more than you hold. Somebody else may add you.",
            code="oneself",
            params={"group": group.name},
        )
    return None


def lasting_roles(
    access: Access, places: list[UUID], until: datetime.datetime | None
) -> frozenset[Role]:
    """The roles that this person holds at these places until then, or without an end."""
    asked = {"places": places, "me": access.membership_id, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_LASTING, asked)
        return frozenset(Role(role) for (role,) in cursor.fetchall())


def _brings_more(access: Access, group: Group, until: datetime.datetime | None) -> bool:
    """Would this group let the person do anything, anywhere, that they may not do for as long?

    Not asked of who may give groups any role: there is nothing they could not bring themself to.
    """
    if access.can(Permission.GROUPS_ASSIGN_ROLES):
        return False
    with connection.cursor() as cursor:
        asked = _asked(group, access) | {"until": until, "organization": access.org.id}
        cursor.execute(_BESIDE, asked)
        rows = cursor.fetchall()
    for brought, beside in rows:
        held = frozenset(map(Role, beside)) - {Role.END_USER}
        more = permissions_of({Role(brought)}, access.policies)
        if more - permissions_of(held, access.policies):
            return True
    return False


def _share(row: tuple[object, ...], access: Access) -> Share:
    scope, kind, place, name, state, role, by, at, reason, until, own = row
    sees_all = access.can(SEE_ALL.get(str(kind), Permission.PROJECTS_VIEW_ALL))
    return Share(
        scope=Scope(str(scope)),
        kind=str(kind),
        place_id=place,  # type: ignore[arg-type]
        place_name=str(name),
        role=Role(str(role)),
        granted_by=str(by),
        granted_at=at,  # type: ignore[arg-type]
        reason=str(reason),
        expires_at=until,  # type: ignore[arg-type]
        seen=(bool(own) or sees_all) and state != "deleted",
    )


def _asked(group: Group, access: Access) -> dict[str, Any]:
    return {"group": group.pk, "person": access.person_id, "me": access.membership_id}
