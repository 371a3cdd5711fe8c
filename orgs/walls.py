"""The second wall, as a migration operation: one line for each tenant table.

`wall` gives a table its row security, the web role's rights, its composite keys and the refusal
of a change that leaves no entry in the ledger. The functions it rests on are in the migrations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import migrations
from django.db.backends.utils import names_digest

from config.rights import web_role

CASCADE = "CASCADE"
SET_NULL = "SET NULL"


def wall(
    table: str,
    *,
    keys: Mapping[str, tuple[str, str]] | None = None,
    rights: str = "SELECT, INSERT, UPDATE, DELETE",
    recorded: str | None = "INSERT OR UPDATE OR DELETE",
) -> migrations.RunSQL:
    """Wall in a tenant table.

    `keys` maps a column to the table it refers to and what happens when that row goes
    (CASCADE or SET_NULL): foreign-key checks pass row security, so a reference also names the
    organization. It is the row's id that is referred to, unless it says `table.column`.
    `recorded` lists the changes that need an entry in the ledger before commit.
    """
    forward: list[Any] = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY wall ON {table} USING (organization_id = (SELECT app_org()))"
        " WITH CHECK (organization_id = (SELECT app_org()))",
        f"GRANT {rights} ON {table} TO {web_role()}",
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_in_org UNIQUE (organization_id, id)",
        # Plans for the average organization are ruinous in a large one; the other way round it
        # costs next to nothing. So PostgreSQL is told that there are two.
        f"ALTER TABLE {table} ALTER COLUMN organization_id SET (n_distinct = 2)",
    ]
    reverse: list[Any] = [
        f"ALTER TABLE {table} ALTER COLUMN organization_id RESET (n_distinct)",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_in_org",
        f"REVOKE ALL ON {table} FROM {web_role()}",
        f"DROP POLICY wall ON {table}",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]
    for column, (target, on_delete) in (keys or {}).items():
        add, drop = _composite_key(table, column, target, on_delete)
        forward.append(add)
        reverse.insert(0, drop)
    if recorded:
        forward.append(
            f"CREATE CONSTRAINT TRIGGER recorded AFTER {recorded} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            " EXECUTE FUNCTION refuse_unrecorded('organization_id')"
        )
        reverse.insert(0, f"DROP TRIGGER recorded ON {table}")
    return migrations.RunSQL(forward, reverse)


def _composite_key(table: str, column: str, target: str, on_delete: str) -> tuple[str, str]:
    name = f"{table}_{column}_{names_digest(target, length=6)}_wall"
    action = f"SET NULL ({column})" if on_delete == SET_NULL else on_delete
    table_of, _, column_of = target.partition(".")
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (organization_id, {column})"
        f" REFERENCES {table_of} (organization_id, {column_of or 'id'}) ON DELETE {action}"
        " DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
