"""Importing a real roster by its command, against copying the same rows in bulk."""

from __future__ import annotations

import io
import random
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import yaml
from django.core.management import call_command
from psycopg import sql

from accounts.models import User
from tests.bench import seed
from tests.bench.seed import PERSON, uuid_of
from tests.bench.timing import Line, in_turn
from tests.orgs.rosters import MERGED

ROUNDS = 3
COPIED = "the same rows by COPY"
# The tables that an import writes, those that others refer to last.
WRITTEN = (
    "projects_projectgroupgrant",
    "projects_project",
    "orgs_groupmembership",
    "orgs_membership",
    "orgs_group",
    "audit_particulars",
    "audit_event",
    "audit_head",
)
Rows = dict[str, tuple[list[str], bytes]]


def roster_import(owner: psycopg.Connection[Any]) -> list[Line]:
    """The whole command: reading, planning, every change with its entry, one commit."""
    with tempfile.TemporaryDirectory() as folder:
        path = MERGED if MERGED.exists() else _made_up(Path(folder))
        document = yaml.safe_load(path.read_text(encoding="utf-8"))["orgs"]
        slugs = [key.lower() for key in document]
        _forget(owner, slugs)
        _import(path)
        rows, count = _rows(owner, slugs)
        _make_copies(owner, rows)
        seconds, base = in_turn(
            lambda: _import(path),
            lambda: _copy(owner, rows),
            rounds=ROUNDS,
            before=lambda: _clean(owner, slugs, rows),
        )
        _clean(owner, slugs, rows)
        _drop_copies(owner)
    people = sum(
        len(org.get(key) or ()) for org in document.values() for key in ("admins", "members")
    )
    real = path == MERGED
    return [
        Line(
            work="Import of the Kubernetes roster" if real else "Import of a roster",
            size=f"{len(slugs)} organizations, {people:,} people, {count:,} rows",
            seconds=seconds,
            floor=base,
            floor_is=COPIED,
        )
    ]


def _import(path: Path) -> None:
    founder = User.objects.get(pk=uuid_of(PERSON, 1))
    quiet = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    call_command("import_roster", str(path), owner=founder.email, yes=True, **quiet)


def _copy(owner: psycopg.Connection[Any], rows: Rows) -> None:
    """One transaction into tables with the same columns, indexes and checks."""
    with owner.transaction(), owner.cursor() as cursor:
        for table, (columns, content) in rows.items():
            statement = "COPY {} ({}) FROM STDIN (FORMAT binary)"
            place = sql.SQL(statement).format(_copy_of(table), _names(columns))
            with cursor.copy(place) as stream:
                stream.write(content)


def _make_copies(owner: psycopg.Connection[Any], rows: Rows) -> None:
    _drop_copies(owner)
    for table in rows:
        statement = "CREATE TABLE {} (LIKE {} INCLUDING ALL)"
        owner.execute(sql.SQL(statement).format(_copy_of(table), sql.Identifier(table)))


def _drop_copies(owner: psycopg.Connection[Any]) -> None:
    for table in WRITTEN:
        owner.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_copy_of(table)))


def _clean(owner: psycopg.Connection[Any], slugs: list[str], rows: Rows) -> None:
    _forget(owner, slugs)
    for table in rows:
        owner.execute(sql.SQL("TRUNCATE {}").format(_copy_of(table)))


def _rows(owner: psycopg.Connection[Any], slugs: list[str]) -> tuple[Rows, int]:
    """What an import wrote, ready to be copied in again, and how many rows that is."""
    ids = [row[0] for row in _organizations(owner, slugs)]
    found: Rows = {}
    count = 0
    for table in WRITTEN:
        columns = [
            row[0]
            for row in owner.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
                [table],
            )
        ]
        statement = sql.SQL(
            "COPY (SELECT {} FROM {} WHERE organization_id = ANY ({})) TO STDOUT (FORMAT binary)"
        ).format(_names(columns), sql.Identifier(table), sql.Literal(ids))
        with owner.cursor() as cursor:
            with cursor.copy(statement) as stream:
                found[table] = (columns, b"".join(bytes(part) for part in stream))
            count += cursor.rowcount
    return found, count


def _forget(owner: psycopg.Connection[Any], slugs: list[str]) -> None:
    """Remove organizations and their ledgers, which only their database's owner can."""
    ids = [row[0] for row in _organizations(owner, slugs)]
    seed.triggers(owner, "DISABLE")
    try:
        with owner.transaction():
            for table in WRITTEN:
                owner.execute(f"DELETE FROM {table} WHERE organization_id = ANY (%s)", [ids])
            owner.execute("DELETE FROM orgs_organization WHERE id = ANY (%s)", [ids])
    finally:
        seed.triggers(owner, "ENABLE")


def _organizations(owner: psycopg.Connection[Any], slugs: list[str]) -> list[tuple[Any, ...]]:
    return owner.execute(
        "SELECT id FROM orgs_organization WHERE slug = ANY (%s)", [slugs]
    ).fetchall()


def _copy_of(table: str) -> sql.Identifier:
    return sql.Identifier(f"bench_{table}")


def _names(columns: list[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _made_up(folder: Path) -> Path:
    """A roster of about the size of the real one, for a machine that does not have that."""
    draw = random.Random(11)
    orgs = {}
    for number in range(1, 3):
        people = [f"person-{number}-{i}" for i in range(1_300)]
        orgs[f"made-up-{number}"] = {
            "admins": people[:10],
            "members": people[10:],
            "teams": {
                f"team {i}": {"description": f"Team {i}", "members": draw.sample(people, 5)}
                for i in range(380)
            },
        }
    path = folder / "roster.yaml"
    path.write_text(yaml.safe_dump({"orgs": orgs}))
    return path
