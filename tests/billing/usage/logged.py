"""Rows of the request log for tests, written by the owner on connections of their own."""

from __future__ import annotations

import datetime
import itertools
import json
import time
from typing import Any

import psycopg
from django.conf import settings

from billing.actions.rollup import usage_roll
from billing.queries.usage_check import Compared, usage_compared
from orgs.models import Organization
from tests.factories import make_organization, make_person
from tests.projects.calls import UTC, id_at

PATIENCE = 300
_INSERT = """
    INSERT INTO projects_call (
        id, organization_id, at, endpoint, key_id, project_id, creator_id, cost_centre_id,
        action, model, task, allowed, reason, layer, units, estimate, cost, noted)
    VALUES (%(id)s, %(organization)s, %(at)s, %(endpoint)s, %(key)s, %(project)s, %(person)s,
            %(group)s, '', %(model)s, %(task)s, %(allowed)s, '', '', %(units)s, 0, %(cost)s, true)
"""
_NOTHING = {
    **dict.fromkeys(("key", "project", "person", "group")),
    **dict.fromkeys(("model", "task"), ""),
    "allowed": True,
    "units": None,
    "cost": 0,
    "endpoint": "/v1/keys/verify",
}
_numbers = itertools.count(1)


def organization() -> Organization:
    """One of its own, for tests whose rows stay."""
    return make_organization(make_person(), f"Usage {next(_numbers)}")


def log(
    connection: psycopg.Connection[Any],
    organization: Organization,
    *,
    at: datetime.datetime | None = None,
    **said: Any,
) -> None:
    """One row, at any time; what is not said is empty."""
    row = row_of(organization, at, said)
    units = row["units"]
    connection.execute(_INSERT, row | {"units": None if units is None else json.dumps(units)})


def row_of(
    organization: Organization, at: datetime.datetime | None, said: dict[str, Any]
) -> dict[str, Any]:
    at = at or datetime.datetime.now(UTC)
    return _NOTHING | said | {"id": id_at(at), "organization": organization.pk, "at": at}


def roll_past(number: int) -> None:
    """Add up until this transaction is: others of the same server may have to end first."""
    deadline = time.monotonic() + PATIENCE
    while mark() <= number:
        assert time.monotonic() < deadline, "An old transaction never ended."
        usage_roll()
        time.sleep(0.02)


def mark() -> int:
    with owner() as connected:
        row = connected.execute("SELECT counted FROM billing_usagemark").fetchone()
    assert row
    return int(row[0])


def number(connection: psycopg.Connection[Any]) -> int:
    """Of the running transaction."""
    row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row
    return int(row[0])


def compared(organization: Organization) -> dict[str, Compared]:
    return {one.dimension: one for one in usage_compared(organization.pk)}


def owner(*, autocommit: bool = True, database: str = "") -> psycopg.Connection[Any]:
    """The test database, or another of its server, as its owner, beside the test's transaction."""
    known = settings.DATABASES["owner"] | ({"NAME": database} if database else {})
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    said = {name: known[key] for name, key in names.items() if known.get(key)}
    if known.get("PORT"):
        said["port"] = known["PORT"]
    return psycopg.connect(**said, autocommit=autocommit)
