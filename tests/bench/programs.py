"""The rows of programs: service accounts, their tokens, keys, and the limits that hold them.

Added to whatever database is seeded already; people and places are in `rows.py` and `places.py`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from projects.keys import KEY, TOKEN, digest

TABLES = (
    "projects_serviceaccount",
    "projects_servicetoken",
    "projects_key",
    "projects_keysecret",
    "projects_limit",
    "projects_meter",
)
MODEL, TASK = "bench-model", "bench-task"

# Ten keys of a small organization and ten thousand of the large one, each of somebody to whom its
# project was given.
PLAN = """
CREATE TABLE bench_keys AS
SELECT row_number() OVER (ORDER BY o.n, g.turn) AS number, o.n, o.slug, o.id AS organization,
       g.project, g.creator, g.person
FROM bench_plan o CROSS JOIN LATERAL (
    SELECT g.content_object_id AS project, m.id AS creator, m.person_id AS person,
           md5(g.id::text) AS turn
    FROM projects_projectgrant g
    JOIN bench_roles r ON r.permission_id = g.permission_id
        AND r.codename IN ('project_owner', 'project_member')
    JOIN projects_project p ON p.id = g.content_object_id AND p.state = 'active'
    JOIN orgs_membership m ON m.organization_id = g.organization_id AND m.person_id = g.user_id
        AND m.role IN ('member', 'viewer')
    WHERE g.organization_id = o.id AND (g.expires_at IS NULL OR g.expires_at > now() + interval '1 day')
    ORDER BY 4 LIMIT CASE WHEN o.slug = 'large' THEN 10000 ELSE 10 END
) g
"""

ACCOUNTS = """
INSERT INTO projects_serviceaccount (id, organization_id, name, description, role, created_at)
SELECT bench_id(20, n), id, 'Platform', '', '', now() FROM bench_plan
"""

TOKENS = """
INSERT INTO projects_servicetoken (id, organization_id, account_id, name, scopes, digest, prefix,
                                   suffix, created_at, created_by, revoked_by, revoke_reason)
SELECT bench_id(21, o.n), o.id, bench_id(20, o.n), 'Token', '{decide,record}', t.digest, 'bw_svc_0000',
       '0000', now(), 'Bench', '', ''
FROM bench_plan o JOIN unnest(%s::bytea[]) WITH ORDINALITY AS t (digest, n) ON t.n = o.n
"""

KEYS = """
INSERT INTO projects_key (id, organization_id, kind, name, project_id, creator_id, executes, chats,
                          created_at, created_by, revoked_by, revoke_reason)
SELECT bench_id(22, number), organization, 'project', 'Key ' || number, project, creator, true, true,
       now(), 'Bench', '', ''
FROM bench_keys
"""

SECRETS = """
INSERT INTO projects_keysecret (id, organization_id, key_id, digest, prefix, suffix, created_at,
                                created_by)
SELECT bench_id(23, k.number), k.organization, bench_id(22, k.number), s.digest, 'bw_live_0000',
       '0000', now(), 'Bench'
FROM bench_keys k JOIN unnest(%s::bytea[]) WITH ORDINALITY AS s (digest, number) USING (number)
"""

# A budget and a rate for each key, both out of reach; approved models and tasks for each
# organization.
LIMITS = f"""
INSERT INTO projects_limit (id, organization_id, layer, key_id, budget, "window", zone, rpm,
                            allowed_tasks, allowed_models, changed_at)
SELECT bench_id(24, number), organization, 'key', bench_id(22, number), 1000000000000000000, 'month',
       'Europe/Berlin', 1000000, NULL::text[], NULL::text[], now()
FROM bench_keys
UNION ALL
SELECT bench_id(25, n), id, 'organization', NULL, NULL, 'month', 'UTC', NULL, '{{{TASK}}}',
       '{{{MODEL},another-model}}', now()
FROM bench_plan
"""

METERS = """
INSERT INTO projects_meter (id, organization_id, window_at, spent, reserved, minute, minute_count,
                            told)
SELECT id, organization_id, date_trunc('month', now()), 0, 0, 'epoch', 0, 0 FROM projects_limit
"""

PRICE = f"""
INSERT INTO projects_modelprice (model, provider, mode, rates, imported_at)
VALUES ('{MODEL}', 'bench', 'chat', '{{"input": 2500000000, "output": 10000000000}}', now())
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A key in its project, with the token of the platform that asks about it."""

    token: str
    key: str
    organization: UUID
    project: UUID
    creator: UUID


def are_seeded(owner: psycopg.Connection[Any]) -> bool:
    """A migration made anew empties the tables and leaves the plan, so both are looked at."""
    found = owner.execute("SELECT to_regclass('bench_keys')").fetchone()
    if found is None or found[0] is None:
        return False
    row = owner.execute(
        "SELECT (SELECT count(*) FROM bench_keys) = (SELECT count(*) FROM projects_keysecret)"
    ).fetchone()
    return row is not None and bool(row[0])


def seed(owner: psycopg.Connection[Any]) -> None:
    """All of them, instead of what is there. The triggers are off: see `seed.py`."""
    owner.execute("DROP TABLE IF EXISTS bench_keys")
    owner.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    owner.execute(PLAN)
    owner.execute(ACCOUNTS)
    owner.execute(TOKENS, [_digests(owner, "bench_plan", TOKEN)])
    owner.execute(KEYS)
    owner.execute(SECRETS, [_digests(owner, "bench_keys", KEY)])
    for statement in (LIMITS, METERS, PRICE):
        owner.execute(statement)


def programs(owner: psycopg.Connection[Any], condition: str, most: int) -> list[Program]:
    """Some of those that meet it, of as many organizations as there are."""
    found = owner.execute(
        "SELECT number, n, organization, project, creator FROM ("
        " SELECT *, row_number() OVER (PARTITION BY n ORDER BY number) AS turn FROM bench_keys"
        f" WHERE {condition}) k ORDER BY turn, n LIMIT {most}"
    ).fetchall()
    return [
        Program(text(TOKEN, n), text(KEY, number), organization, project, creator)
        for number, n, organization, project, creator in found
    ]


def text(kind: str, number: int) -> str:
    """A key or a token in its true form, and the same one in every run."""
    said = f"{kind}{number:040x}"
    return f"{said}{zlib.crc32(said.encode()):08x}"


def _digests(owner: psycopg.Connection[Any], table: str, kind: str) -> list[bytes]:
    row = owner.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return [digest(text(kind, number)) for number in range(1, row[0] + 1)]
