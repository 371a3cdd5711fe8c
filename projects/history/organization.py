"""A whole organization at a moment, counted in the database: roles, groups, places.

Who they are is asked one by one, in judge.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from config.roles import ORGANIZATION_ROLES, Role
from projects.history.fold import Fact, of_kinds
from projects.history.judge import GROUP_ROLE
from projects.history.moments import Moment

# The newest effect of each row up to the entry; a row that is gone says so with its own. Each text
# is parsed once: what stands behind OFFSET is not put together with the rest.
_COUNTS = """
    SELECT s.kind, s.after ->> 'role', s.after ->> 'state', count(*),
           CASE WHEN s.after ->> 'role' = %(named)s THEN (array_agg(s."row"))[1:%(most)s] END
    FROM (
        SELECT n.kind, n."row", n.text::jsonb -> 'after' AS after
        FROM (
            SELECT DISTINCT ON (e.kind, e."row") e.kind, e."row", e.text FROM audit_effect e
            WHERE e.organization_id = %(organization)s AND e.sequence <= %(sequence)s
              AND e.kind = ANY (%(kinds)s)
            ORDER BY e.kind, e."row", e.id DESC
        ) n
        OFFSET 0
    ) s
    WHERE jsonb_typeof(s.after) = 'object'
      AND coalesce((s.after ->> 'is_person')::boolean, true)
      AND coalesce((s.after ->> 'expires_at')::timestamptz > %(at)s, true)
    GROUP BY 1, 2, 3, s.after ->> 'role' = %(named)s
"""
MOST_NAMED = 50
_COUNTED = ["membership", "group", "workspace", "project"]


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
    """Two queries; they read each row's newest effect, so they grow with the organization."""
    named: dict[str, Any] = {
        "organization": organization,
        "sequence": moment.sequence,
        "at": moment.at,
        "kinds": _COUNTED,
        "named": Role.ADMIN.value,
        "most": MOST_NAMED + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, named)
        rows = cursor.fetchall()
    of = {(kind, role or state): number for kind, role, state, number, _ in rows}
    return Counts(
        roles={role: of.get(("membership", role.value), 0) for role in ORGANIZATION_ROLES},
        admins=next((some for kind, *_, some in rows if kind == "membership" and some), []),
        groups=of.get(("group", None), 0),
        workspaces=of.get(("workspace", None), 0),
        projects=of.get(("project", "active"), 0),
        archived=of.get(("project", "archived"), 0),
        carried=[one for one in of_kinds(organization, moment, GROUP_ROLE) if one.lasts(moment)],
    )
