"""A row of every tenant table for two organizations, in SQL, as the catalogue says it must look.

What a table refers to is looked up there, so a new table costs a line here at most: the values
that its own checks ask for.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

import psycopg

Cursor = psycopg.Cursor[Any]

ACME, UMBRELLA = (f"00000000-0000-7000-8000-00000000000{n}" for n in (1, 2))
ALICE, OSCAR, MIA = (f"00000000-0000-7000-8000-0000000000a{n}" for n in (1, 2, 3))
# Each organization's own member and group, told apart by the last digit.
MEMBER, GROUP = (f"00000000-0000-7000-8000-0000000000{kind}" for kind in ("b{}", "c{}"))
INNER = "00000000-0000-7000-8000-0000000000ca"

# What a check or a partial index asks for; everything else is plain.
VALUES: dict[str, dict[str, Any]] = {
    "orgs_invitation": {"email": "invited@example.com", "role": "member", "state": "pending"},
    "orgs_ownershipoffer": {"state": "pending"},
    "orgs_supportwindow": {"opened_at": "now"},
    "orgs_ownerclaim": {
        "state": "open",
        "notice_at": "now",
        "ripe_at": "2126-01-01",
        "second_id": None,
    },
    "orgs_webhook": {"state": "active"},
    "projects_project": {"state": "active"},
    "projects_resource": {"kind": "agent"},
    "projects_request": {"state": "pending"},
    "projects_key": {"kind": "project", "executes": True, "account_id": None},
    "projects_serviceaccount": {"role": ""},
    "billing_subscription": {
        "state": "active",
        "next_plan": "",
        **dict.fromkeys(("next_seats", "next_on", "ends_on")),
    },
    # As a provider's, a draft may have its number already, as its unique index asks for.
    "billing_invoice": {
        "kind": "invoice",
        "state": "draft",
        "provider": "stripe",
        "net": 1,
        "tax": 0,
        "gross": 1,
        "paid": 0,
        "corrects_id": None,
    },
    "billing_billingdetails": {"credit": 0},
    "projects_limit": {
        "layer": "key",
        "window": "month",
        "zone": "UTC",
        **dict.fromkeys(("group_id", "project_id", "creator_id")),
    },
}
# The ledger is written by its own function, the organization and its first rows by hand.
BY_HAND = {"audit_event", "audit_head", "audit_particulars", "orgs_organization"} | {
    # What was done to who holds what is noted by triggers.
    "audit_effect",
    *("orgs_membership", "orgs_group"),
    # A limit brings its meter along.
    "projects_meter",
}
PLAIN = {
    "uuid": "gen_random_uuid()",
    "boolean": "false",
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric"), "1"),
    "bytea": "uuid_send(gen_random_uuid())",
    "jsonb": "'{}'",
    **dict.fromkeys(("text[]", "uuid[]", "character varying[]"), "'{}'"),
    "date": "current_date",
    # Tomorrow: what has an end has not come to it.
    "timestamp with time zone": "now() + interval '1 day'",
}
OURS = ("orgs_", "projects_", "billing_")
# What has to be said in a row of this table: what cannot be empty, and every reference.
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL), k.target, k.of_target
    FROM pg_attribute a LEFT JOIN LATERAL (
        SELECT c.confrelid::regclass::text AS target, t.attname AS of_target
        FROM pg_constraint c JOIN pg_attribute t ON t.attrelid = c.confrelid
        WHERE c.contype = 'f' AND c.conrelid = a.attrelid
          AND a.attnum = c.conkey[cardinality(c.conkey)]
          AND t.attnum = c.confkey[cardinality(c.confkey)]
        ORDER BY cardinality(c.conkey) DESC LIMIT 1
    ) k ON true
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
      AND NOT a.atthasdef AND a.attidentity = '' AND (a.attnotnull OR k.target IS NOT NULL)
"""
TENANT_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relrowsecurity AND NOT c.relispartition AND a.attname = 'organization_id'
      AND c.relnamespace = 'public'::regnamespace
"""
REFERENCES = """
    SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid
"""


def seed(cursor: Cursor) -> None:
    for person in (ALICE, OSCAR, MIA):
        insert(
            cursor,
            "accounts_user",
            id=person,
            email=f"{person}@example.com",
            state="active",
            is_active=True,
        )
    for number, organization, person in ((1, ACME, ALICE), (2, UMBRELLA, OSCAR)):
        _seed_organization(cursor, number, organization, person)
    insert(cursor, "orgs_platformprovider")
    tables = in_order(cursor)
    # What is seeded is a draft, which nobody pays.
    cursor.execute("ALTER TABLE billing_payment DISABLE TRIGGER counted")
    for organization in (ACME, UMBRELLA):
        for table in tables:
            insert(cursor, table, organization_id=organization, **VALUES.get(table, {}))
        cursor.execute("SELECT bind_organization(%s)", [organization])
        cursor.execute(
            "SELECT ledger_append(%s, 'system', NULL, 'organization.created', '', NULL, 'done',"
            " '{}', '{}')",
            [organization],
        )
    inner = {"id": INNER, "organization_id": ACME, "parent_id": GROUP.format(1)}
    insert(cursor, "orgs_group", name="Inner", **inner)
    cursor.execute("SELECT bind_organization(%s)", [ACME])
    # What would be looked at on commit is looked at now, and from here on at once.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("ALTER TABLE billing_payment ENABLE TRIGGER counted")


def _seed_organization(cursor: Cursor, number: int, organization: str, person: str) -> None:
    counters = dict.fromkeys(("owner_count", "member_count", "group_count", "seats_used"), 0)
    insert(
        cursor,
        "orgs_organization",
        id=organization,
        slug=f"guard-{number}",
        state="pending",
        seats=3,
        **counters,
    )
    member = {"id": MEMBER.format(number), "organization_id": organization, "person_id": person}
    insert(cursor, "orgs_membership", role="owner", **member)
    insert(cursor, "orgs_group", id=GROUP.format(number), organization_id=organization)
    cursor.execute("UPDATE orgs_organization SET state = 'open' WHERE id = %s", [organization])


def in_order(cursor: Cursor) -> list[str]:
    """The tables still to be filled, each after those it refers to."""
    cursor.execute(TENANT_TABLES)
    wanted = {name for (name,) in cursor.fetchall()} - BY_HAND
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(sorted(wanted), ()))
    cursor.execute(REFERENCES)
    for table, target in cursor.fetchall():
        if {table, target} <= wanted:
            order.add(table, target)
    return list(order.static_order())


def insert(cursor: Cursor, table: str, **values: Any) -> None:
    """A row with these values, and with what its organization has already got for every key."""
    cursor.execute(COLUMNS, [table])
    named, sql, params = list(values), ["%s"] * len(values), list(values.values())
    for column, kind, target, of_target in cursor.fetchall():
        if column in values:
            continue
        named.append(column)
        if target == "orgs_organization":
            sql.append("%s::uuid")
            params.append(values["organization_id"])
        elif target and "organization_id" in values and target.startswith(OURS):
            sql.append(f"(SELECT {of_target} FROM {target} WHERE organization_id = %s LIMIT 1)")
            params.append(values["organization_id"])
        elif target:
            sql.append(f"(SELECT {of_target} FROM {target} LIMIT 1)")
        else:
            sql.append(PLAIN.get(kind, "'x'"))
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(map(quoted, named))}) VALUES ({', '.join(sql)})",
        params,
    )


def quoted(name: str) -> str:
    return f'"{name}"'
