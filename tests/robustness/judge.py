"""Does every change have its entry, and every entry its change? Asked of one moment, from outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

# What is there, and what the effects and the entries say is there: the same, row by row.
AGREE = {
    "roles and effects": (
        "SELECT id, role FROM orgs_membership WHERE organization_id = %(org)s",
        """SELECT "row", after ->> 'role' FROM (
               SELECT DISTINCT ON ("row") "row", text::jsonb -> 'after' AS after FROM audit_effect
               WHERE organization_id = %(org)s AND kind = 'membership' ORDER BY "row", id DESC
           ) n WHERE after <> 'null'""",
    ),
    "roles and entries": (
        """SELECT id, initcap(role) FROM orgs_membership m WHERE organization_id = %(org)s
           AND EXISTS (SELECT FROM audit_event e WHERE e.organization_id = %(org)s
                       AND e.action = 'member.role_changed' AND e.target_id = m.id
                       AND e.outcome = 'done')""",
        """SELECT DISTINCT ON (target_id) target_id, body::jsonb #>> '{changes,role,1}'
           FROM audit_event WHERE organization_id = %(org)s AND action = 'member.role_changed'
           AND outcome = 'done' ORDER BY target_id, sequence DESC""",
    ),
    "seats and effects": (
        "SELECT id, membership_id FROM orgs_groupmembership WHERE organization_id = %(org)s",
        """SELECT "row", holder FROM (
               SELECT DISTINCT ON ("row") "row", holder, text::jsonb -> 'after' AS after
               FROM audit_effect
               WHERE organization_id = %(org)s AND kind = 'seat' ORDER BY "row", id DESC
           ) n WHERE after <> 'null'""",
    ),
    "seats and entries": (
        """SELECT s.membership_id, g.name FROM orgs_groupmembership s
           JOIN orgs_group g ON g.id = s.group_id WHERE s.organization_id = %(org)s""",
        """SELECT target_id, name FROM (
               SELECT target_id, action,
                      coalesce(body::jsonb #>> '{changes,group,1}',
                               body::jsonb #>> '{changes,group,0}') AS name, sequence
               FROM audit_event WHERE organization_id = %(org)s AND outcome = 'done'
               AND action IN ('group.member_added', 'group.member_removed')
           ) e GROUP BY target_id, name
           HAVING (array_agg(action ORDER BY sequence DESC))[1] = 'group.member_added'""",
    ),
    "keys and entries": (
        "SELECT id, name FROM projects_key WHERE organization_id = %(org)s",
        """SELECT target_id, body::jsonb ->> 'request' FROM audit_event
           WHERE organization_id = %(org)s AND action = 'key.created' AND outcome = 'done'""",
    ),
    "keys' secrets and keys": (
        "SELECT DISTINCT key_id, true FROM projects_keysecret WHERE organization_id = %(org)s",
        "SELECT id, true FROM projects_key WHERE organization_id = %(org)s",
    ),
    "revoked keys and entries": (
        "SELECT id, true FROM projects_key WHERE organization_id = %(org)s"
        " AND revoked_at IS NOT NULL",
        """SELECT target_id, true FROM audit_event
           WHERE organization_id = %(org)s AND action = 'key.revoked' AND outcome = 'done'""",
    ),
    "effects without an entry": (
        "SELECT id, organization_id FROM audit_effect WHERE sequence IS NULL",
        "SELECT NULL::bigint, NULL::uuid WHERE false",
    ),
    "entries without their words": (
        "SELECT sequence, true FROM audit_event WHERE organization_id = %(org)s",
        "SELECT sequence, true FROM audit_particulars WHERE organization_id = %(org)s",
    ),
}
TOLD = """
    SELECT coalesce(nullif(body::jsonb ->> 'reason', ''), body::jsonb ->> 'request'), count(*)
    FROM audit_event WHERE organization_id = %(org)s AND outcome = 'done' GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What did not hold; all of it is empty when everything did."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    flaw: str = ""
    entries: int = 0

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.orphaned or self.flaw)


def judge(
    connection: psycopg.Connection[Any], organization: UUID, acknowledged: Iterable[str]
) -> Verdict:
    """What was acknowledged before this call must be there; others may be at work meanwhile."""
    acknowledged = list(acknowledged)
    asked = {"org": organization}
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        told = dict(connection.execute(TOLD, asked).fetchall())
        orphaned = [
            f"{name}: {row}"
            for name, (here, said) in AGREE.items()
            for row in set(connection.execute(here, asked).fetchall())
            ^ set(connection.execute(said, asked).fetchall())
        ]
        flaw = connection.execute("SELECT * FROM ledger_verify(%(org)s)", asked).fetchone()
        entries = connection.execute(
            "SELECT sequence FROM audit_head WHERE organization_id = %(org)s", asked
        ).fetchone()
    return Verdict(
        lost=[tag for tag in acknowledged if tag not in told],
        doubled=[tag for tag, number in told.items() if tag in acknowledged and number > 1],
        orphaned=orphaned,
        flaw=str(flaw or ""),
        entries=entries[0] if entries else 0,
    )
