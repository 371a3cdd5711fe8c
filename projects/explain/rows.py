"""How people come to hold roles, read in one round trip: one row for each path.

What a path is called is in `paths.py`, what the roles amount to in `standing.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from config.prepared import prepared_row
from config.roles import Permission, Role, Scope
from orgs.access import Access

# Beyond this a group is large, and its exact size says no more.
COUNTED = 1000

# A secret group is named to those in it and to those who manage who is in groups.
_ROWS = """
SELECT p.membership_id, p.role, p.via, p.scope, p.place_id, p.grant_id, p.since,
       coalesce(g.name, ''), p.reason, p.expires_at, p.group_id,
       CASE WHEN %(sees_all)s OR NOT t.secret OR EXISTS (
           SELECT 1 FROM orgs_groupmembership o
           WHERE o.group_id = p.group_id AND o.membership_id = %(asker)s
       ) THEN p.group_name END,
       CASE WHEN %(counting)s AND p.group_id IS NOT NULL THEN (SELECT count(*) FROM (
           SELECT 1 FROM orgs_groupmembership o
           WHERE o.group_id = p.group_id AND (o.expires_at IS NULL OR o.expires_at > now())
           LIMIT %(counted)s
       ) few) END,
       p.seat_since, coalesce(b.name, ''), coalesce(s.reason, ''), p.seat_until
FROM access_paths(%(places)s::uuid[], %(roles)s::text[], %(members)s::uuid[]) p
LEFT JOIN orgs_membership g ON g.id = p.granted_by_id
LEFT JOIN orgs_group t ON t.id = p.group_id
LEFT JOIN orgs_groupmembership s ON s.id = p.seat_id
LEFT JOIN orgs_membership b ON b.id = p.seat_by_id
"""

_CARRIED = """
SELECT coalesce(array_agg(DISTINCT a.codename::text), '{}')
FROM orgs_groupmembership s
JOIN orgs_grouprole g ON g.group_id = s.group_id
JOIN auth_permission a ON a.id = g.permission_id
WHERE s.membership_id = %s AND (s.expires_at IS NULL OR s.expires_at > now())
  AND (g.expires_at IS NULL OR g.expires_at > now())
"""


class _Raw(NamedTuple):
    member: UUID
    role: str
    via: str
    scope: str
    place: UUID
    grant: UUID | None
    since: datetime.datetime
    by: str
    reason: str
    until: datetime.datetime | None
    group: UUID | None
    group_name: str | None
    people: int | None
    seat_since: datetime.datetime | None
    seat_by: str
    seat_reason: str
    seat_until: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One path: `via` is the membership itself, a grant to the person, or a group."""

    member: UUID
    role: Role
    via: str
    scope: Scope
    place: UUID
    grant: UUID | None
    since: datetime.datetime
    by: str
    reason: str
    until: datetime.datetime | None
    group: UUID | None
    group_name: str
    people: int | None
    seat_since: datetime.datetime | None
    seat_by: str
    seat_reason: str
    seat_until: datetime.datetime | None

    @property
    def ends(self) -> datetime.datetime | None:
        """When the first of its links ends."""
        return min(filter(None, (self.until, self.seat_until)), default=None)

    @property
    def hidden(self) -> bool:
        return self.group is not None and not self.group_name


def rows_of(
    *,
    places: Sequence[UUID],
    members: Sequence[UUID],
    asker: Access | None,
    roles: Sequence[Role] | None = None,
    counting: bool = False,
) -> list[Row]:
    """The paths of these members at these places; None for `asker` names secret groups too.

    The organization's own id among the places stands for roles of the whole organization.
    """
    named = {
        "places": list(places),
        "members": list(members),
        "roles": None if roles is None else [role.value for role in roles],
        "asker": asker.membership_id if asker else None,
        "sees_all": asker is None or asker.can(Permission.GROUPS_MANAGE_MEMBERS),
        "counting": counting,
        "counted": COUNTED + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, named)
        raw = [_Raw(*row) for row in cursor.fetchall()]
    return sorted((_row(one) for one in raw), key=_lasting_first)


def carried_roles(membership: UUID) -> frozenset[Role]:
    """What a member's groups carry, whether or not the membership itself is in force."""
    row = prepared_row(_CARRIED, [membership])
    return frozenset(map(Role, row[0])) if row else frozenset()


def _row(raw: _Raw) -> Row:
    said = raw._asdict() | {"role": Role(raw.role), "scope": Scope(raw.scope)}
    return Row(**(said | {"group_name": raw.group_name or ""}))


def _lasting_first(row: Row) -> tuple[bool, float, str, datetime.datetime]:
    """What holds longest comes first; among those without an end, a group before a lone grant."""
    end = row.ends
    order = ("membership", "group", "direct").index(row.via)
    return (end is not None, -end.timestamp() if end else 0.0, str(order), row.since)
