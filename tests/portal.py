"""The portal's role in tests: put on within a test's own transaction, with all its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from config.portal import asking

# Of every run on this server, each in its own session: the last to end takes back what was lent.
_LENT = "hashtext('bailiwick tests put on the portal')"


def roles() -> tuple[str, str]:
    return settings.DATABASES["portal"]["USER"], settings.DATABASES["default"]["USER"]


@contextmanager
def putting_on_the_portal() -> Iterator[None]:
    """As `config.portal.as_portal`, on the connection of this test; on both sides it is the web's.

    Past Django, which counts the queries of a page.
    """
    connection.ensure_connection()
    raw: Any = connection.connection
    role, _ = roles()
    raw.execute("SAVEPOINT before_the_portal")
    raw.execute(f'SET LOCAL ROLE "{role}"')
    try:
        with asking():
            yield
    except BaseException:
        raw.execute("ROLLBACK TO SAVEPOINT before_the_portal")
        raise
    raw.execute("RESET ROLE")
    raw.execute("RELEASE SAVEPOINT before_the_portal")


@contextmanager
def logged_in_as_the_portal() -> Iterator[psycopg.Connection[Any]]:
    """A connection beside those of the requests, whose transaction is rolled back at the end."""
    said = settings.DATABASES["portal"]
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    where = {ours: str(said[theirs]) for theirs, ours in names.items() if said[theirs]}
    if said["PORT"]:
        where["port"] = str(said["PORT"])
    with psycopg.connect(**where) as connected:
        yield connected
        connected.rollback()


def lend_portal(admin_url: str) -> psycopg.Connection[Any]:
    """Let the web role put on the portal's, which it inherits nothing from, while tests run."""
    admin = psycopg.connect(admin_url, autocommit=True)
    role, web = roles()
    admin.execute(f"SELECT pg_advisory_lock({_LENT} - 1), pg_advisory_lock_shared({_LENT})")
    admin.execute(f'GRANT "{role}" TO "{web}" WITH INHERIT FALSE, SET TRUE')
    admin.execute(f"SELECT pg_advisory_unlock({_LENT} - 1)")
    return admin


def take_back_portal(admin: psycopg.Connection[Any]) -> None:
    role, web = roles()
    admin.execute(f"SELECT pg_advisory_unlock_shared({_LENT})")
    alone = admin.execute(f"SELECT pg_try_advisory_lock({_LENT})").fetchone()
    if alone and alone[0]:
        admin.execute(f'REVOKE "{role}" FROM "{web}"')
    admin.close()
