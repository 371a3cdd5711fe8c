"""What the benchmarks find: one large organization and one of fifty among many small ones.

Written by the owner in plain SQL with the triggers off, because a million deeds would take hours;
the counters are set afterwards, and every ledger is chained for real. The SQL is in `rows.py` and
`places.py` and `programs.py`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from tests.bench import places, programs, rows

TABLES = (
    "accounts_user",
    "orgs_organization",
    "orgs_membership",
    "orgs_group",
    "orgs_groupmembership",
    "orgs_invitation",
    "audit_event",
    "audit_particulars",
    "audit_head",
    *places.TABLES,
    *programs.TABLES,
)
BATCH = 100_000
PERSON, ORGANIZATION, MEMBERSHIP, GROUP, SEAT, INVITATION, WORKSPACE, PROJECT = range(1, 9)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of everything. Fifty members are a page, and the ledger of those fifty is short."""

    small: int = 1_000
    members: int = 50_000
    groups: int = 2_000
    workspaces: int = 200
    projects: int = 20_000
    events: int = 5_000_000
    short: int = 10_000

    @property
    def fifty(self) -> UUID:
        return uuid_of(ORGANIZATION, self.small + 1)

    @property
    def large(self) -> UUID:
        return uuid_of(ORGANIZATION, self.small + 2)


TINY = Scale(
    small=40, members=2_000, groups=80, workspaces=8, projects=800, events=60_000, short=1_000
)


def uuid_of(kind: int, number: int) -> UUID:
    """The id of the number-th row of a kind, shaped and ordered like a UUIDv7."""
    return UUID(f"{1_700_000_000_000 + number:012x}7{kind:03x}8000{number:012x}")


def is_seeded(owner: psycopg.Connection[Any], scale: Scale) -> bool:
    found = owner.execute("SELECT to_regclass('bench_seed')").fetchone()
    if found is None or found[0] is None:
        return False
    row = owner.execute("SELECT scale FROM bench_seed").fetchone()
    return row is not None and row[0] == asdict(scale)


def seed(owner: psycopg.Connection[Any], scale: Scale) -> None:
    """Fill an empty database. The mark that it is done is written last."""
    started = time.monotonic()
    for setting, value in (
        ("synchronous_commit", "off"),
        ("work_mem", "256MB"),
        ("maintenance_work_mem", "1GB"),
    ):
        owner.execute("SELECT set_config(%s, %s, false)", [setting, value])
    owner.execute(rows.FUNCTIONS)
    owner.execute(rows.PLAN, asdict(scale))
    triggers(owner, "DISABLE")
    for statement in rows.IN_ORDER:
        owner.execute(statement)
    _places(owner, scale)
    _events(owner, scale)
    triggers(owner, "ENABLE")
    owner.execute(
        "CREATE TABLE bench_seed AS SELECT %s::jsonb AS scale", [json.dumps(asdict(scale))]
    )
    for setting in ("synchronous_commit", "work_mem", "maintenance_work_mem"):
        owner.execute(sql.SQL("RESET {}").format(sql.Identifier(setting)))
    _tell(f"Seeded in {time.monotonic() - started:.0f} s\n")


def complete(owner: psycopg.Connection[Any]) -> None:
    """What came to the benchmarks later, for a database that was seeded before."""
    if programs.are_seeded(owner):
        return
    _tell("Keys, limits and tokens\n")
    triggers(owner, "DISABLE")
    programs.seed(owner)
    triggers(owner, "ENABLE")


def refresh(owner: psycopg.Connection[Any]) -> None:
    """Everyone was here a moment ago, so that binding has nothing to write down."""
    triggers(owner, "DISABLE")
    owner.execute("""
        UPDATE orgs_membership SET last_active_at = now()
        WHERE id IN (SELECT membership FROM bench_viewers UNION SELECT membership FROM bench_askers)
    """)
    triggers(owner, "ENABLE")


def analyze(owner: psycopg.Connection[Any]) -> None:
    """Let the planner know what a run before this one left, and what a migration told it."""
    for table in TABLES:
        owner.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))


def _places(owner: psycopg.Connection[Any], scale: Scale) -> None:
    """Their foreign keys are checked all at once at the end, not a million times."""
    owner.execute(places.PLAN, asdict(scale))
    keys = owner.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid::regclass::text = ANY (%s)",
        [list(places.TABLES)],
    ).fetchall()
    for table, name, _ in keys:
        owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for number, statement in enumerate(places.IN_ORDER, 1):
        _tell(f"Places and grants: {number} of {len(places.IN_ORDER)}")
        owner.execute(statement)
    for table, name, definition in keys:
        _tell(f"Key {name}")
        owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _events(owner: psycopg.Connection[Any], scale: Scale) -> None:
    """The ledgers, in batches that each go on where the one before ended."""
    indexes = owner.execute(
        "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = 'audit_event' AND indexname LIKE 'event%'"
    ).fetchall()
    for name, _ in indexes:
        owner.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    for first in range(1, scale.events + 1, BATCH):
        _tell(f"Ledger: {first - 1:,} of {scale.events:,} entries")
        owner.execute(rows.EVENTS, {"first": first, "last": first + BATCH - 1})
    for name, definition in indexes:
        _tell(f"Index {name}")
        owner.execute(definition)


def triggers(owner: psycopg.Connection[Any], word: str) -> None:
    """ENABLE or DISABLE those of every table that is written here."""
    for table in TABLES:
        owner.execute(
            sql.SQL("ALTER TABLE {} " + word + " TRIGGER USER").format(sql.Identifier(table))
        )


def _tell(text: str) -> None:
    sys.stderr.write(f"\r\x1b[2K{text}")
    sys.stderr.flush()
