"""Calls for tests, made through the real functions, at any time: the clock is what a test says.

`still` (a fixture in `test_rehearsal.py` and others by name) puts a schema before the catalogue's
own, so that `clock_timestamp()` and `now()` in the functions read a setting.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, connections
from uuid6 import uuid7

from config.roles import Permission
from orgs.models import Organization
from projects.keys import ACTIONS, ROLES, digest
from tests.projects.keys import make_token

UTC = datetime.UTC

_SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS still;
    CREATE OR REPLACE FUNCTION still.clock_timestamp() RETURNS timestamptz
        LANGUAGE sql VOLATILE AS $$ SELECT current_setting('still.now')::timestamptz $$;
    CREATE OR REPLACE FUNCTION still.now() RETURNS timestamptz
        LANGUAGE sql STABLE AS $$ SELECT current_setting('still.now')::timestamptz $$;
    GRANT USAGE ON SCHEMA still TO PUBLIC;
"""


def build_clock() -> None:
    """The schema, once a database; only its owner may make one."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(_SCHEMA)
    connections["owner"].close()


@contextmanager
def at(moment: datetime.datetime) -> Iterator[None]:
    """Whatever the database does inside, it does at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('still.now', %s, true),"
            " set_config('search_path', 'still, pg_catalog, public', true)",
            [moment.isoformat()],
        )
        yield
        cursor.execute("SELECT set_config('search_path', 'public', true)")


def id_at(moment: datetime.datetime) -> UUID:
    """A new id that begins with this moment."""
    low = uuid7().int & ((1 << 80) - 1)
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | low)


class Caller:
    """A platform that asks the database itself, without the interface."""

    def __init__(self, organization: Organization) -> None:
        self.token = digest(make_token(organization)[1])

    def verify(
        self,
        key: str,
        *,
        when: datetime.datetime | None = None,
        action: str = Permission.WORKFLOWS_EXECUTE.value,
        model: str = "",
        task: str = "",
        ip: str | None = "192.0.2.1",
        cost: int | None = 0,
        project: UUID | None = None,
        units: Any = None,
    ) -> tuple[str, str, UUID]:
        """The status, the reason and the id of the call."""
        when = when or datetime.datetime.now(UTC)
        known = {p.value: p for p in ACTIONS}.get(action)
        call = id_at(when)
        row = self._row(
            when,
            "SELECT status, reason FROM key_verify(%s, %s, %s, %s, %s, %s::text[], %s::uuid, NULL,"
            " %s, %s, %s::inet, %s::bigint, %s::jsonb, interval '15 minutes')",
            [
                self.token,
                digest(key),
                call,
                action,
                ACTIONS[known] if known else "",
                [role.value for role in ROLES[known]] if known else [],
                project,
                model,
                task,
                ip,
                cost,
                json.dumps(units) if units is not None else None,
            ],
        )
        return row[0], row[1], call

    def use(
        self,
        verification: UUID,
        cost: int,
        *,
        when: datetime.datetime | None = None,
        units: Any = None,
        model: str = "",
    ) -> str:
        when = when or datetime.datetime.now(UTC)
        row = self._row(
            when,
            "SELECT status FROM key_use(%s, %s, %s, NULL, %s, %s, %s::jsonb, %s::bigint)",
            [
                self.token,
                id_at(when),
                verification,
                verification.bytes,
                model,
                json.dumps(units or {}),
                cost,
            ],
        )
        return str(row[0])

    def _row(self, when: datetime.datetime, statement: str, params: list[Any]) -> tuple[Any, ...]:
        with at(when), connection.cursor() as cursor:
            cursor.execute(statement, params)
            row: tuple[Any, ...] = cursor.fetchone()
        return row


def release(when: datetime.datetime) -> None:
    with at(when), connection.cursor() as cursor:
        cursor.execute("SELECT reservations_release(1000)")
