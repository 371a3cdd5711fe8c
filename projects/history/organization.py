"""A whole organization at a moment, counted in the database: roles, groups, places.

Counted from the last point that was kept on, so a page costs what it shows and not the length of
the ledger. Who they are is asked one by one, in judge.py.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from config.prepared import prepared_row
from config.roles import ORGANIZATION_ROLES, Role
from projects.history.fold import Fact, of_kinds
from projects.history.judge import GROUP_ROLE
from projects.history.moments import Moment
from projects.history.people import with_role_then

_COUNTED = "SELECT effects_counted(%s::uuid, %s::bigint)::text"

# An end comes without an entry: those who ever had one are looked at, by the index that has this
# very condition.
_ENDED = """
    SELECT stood.after ->> 'role', count(*)
    FROM (
        SELECT DISTINCT e."row" FROM audit_effect e
        WHERE e.organization_id = %(organization)s AND e.sequence <= %(sequence)s
          AND e.kind = 'membership' AND e.text LIKE '%%"expires_at": "%%'
    ) r
    CROSS JOIN LATERAL (
        SELECT n.text::jsonb -> 'after' AS after FROM audit_effect n
        WHERE n.organization_id = %(organization)s AND n.kind = 'membership' AND n."row" = r."row"
          AND n.sequence <= %(sequence)s
        ORDER BY n.id DESC LIMIT 1
    ) AS stood
    WHERE jsonb_typeof(stood.after) = 'object' AND (stood.after ->> 'is_person')::boolean
      AND (stood.after ->> 'expires_at')::timestamptz <= %(at)s
    GROUP BY 1
"""
MOST_NAMED = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many there were of each: people by role, places, groups and what those carried.

    `admins` are some of the Admins, no more than can be named.
    """

    roles: dict[Role, int]
    admins: list[UUID]
    groups: int
    workspaces: int
    projects: int
    archived: int
    carried: list[Fact]

    @property
    def people(self) -> int:
        return sum(self.roles.values())


def counts_then(organization: UUID, moment: Moment) -> Counts:
    """Five queries. The first look at a long past counts it once, and keeps where it got to."""
    row = prepared_row(_COUNTED, [organization, moment.sequence])
    of: dict[str, int] = json.loads(row[0]) if row else {}
    ended = _ended(organization, moment)
    admins = with_role_then(organization, moment, Role.ADMIN)
    return Counts(
        roles={
            role: of.get(f"membership {role.value}", 0) - ended[role.value]
            for role in ORGANIZATION_ROLES
        },
        admins=[fact.row for fact in admins[: MOST_NAMED + 1]],
        groups=of.get("group", 0),
        workspaces=of.get("workspace", 0),
        projects=of.get("project active", 0),
        archived=of.get("project archived", 0),
        carried=[one for one in of_kinds(organization, moment, GROUP_ROLE) if one.lasts(moment)],
    )


def _ended(organization: UUID, moment: Moment) -> Counter[str]:
    """By role those whose membership was over, and had not been tidied away."""
    named: dict[str, Any] = {
        "organization": organization,
        "sequence": moment.sequence,
        "at": moment.at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, named)
        return Counter(dict(cursor.fetchall()))
