"""The roles that log in to the database: made once, and refused where row security would not hold.

Where the database is, is in `database.py`; what each role may do with tables, in `rights.py` and in
the walls of each table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config.database import PORTAL_ROLE, WEB_ROLE, parts_of

Say = Callable[[str], None]

OLDEST_POSTGRESQL = 16


def prepare(
    admin_url: str,
    *,
    web_url: str,
    owner_url: str,
    portal_url: str | None = None,
    say: Say,
    for_tests: bool = False,
) -> None:
    """Create the roles and their database; safe to run again, and with a portal for the first time.

    The owner may create databases only `for_tests`. Tables get no default rights: each migration
    grants what the web role needs, and what the portal's needs is granted after the last.
    """
    web, owner = parts_of(web_url), parts_of(owner_url)
    served = {"web role": web} | ({"portal's role": parts_of(portal_url)} if portal_url else {})
    for words, role in served.items():
        if role["user"] == owner["user"]:
            raise ImproperlyConfigured(f"The {words} and the owner must be two different roles.")
        if role["dbname"] != owner["dbname"]:
            raise ImproperlyConfigured(f"The {words} and the owner must name the same database.")
    if len({role["user"] for role in served.values()}) < len(served):
        raise ImproperlyConfigured("The web role and the portal's must be two different roles.")
    with _connect(admin_url) as admin:
        # Two at once would change the same role, which PostgreSQL refuses to either.
        admin.execute("SELECT pg_advisory_lock(hashtext('bailiwick prepare'))")
        _require_version(admin)
        _ensure_role(admin, owner, createdb=for_tests, say=say)
        for role in served.values():
            _ensure_role(admin, role, createdb=False, say=say)
        _ensure_database(admin, owner["dbname"], owner=owner["user"], say=say)
        with _connect(make_conninfo(admin_url, dbname=owner["dbname"])) as inside:
            _shut_to_others(inside, owner["dbname"], owner=owner["user"])
            for role in served.values():
                _grant_entry(inside, owner["dbname"], role=role["user"])


def _connect(url: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise ImproperlyConfigured(f"PostgreSQL does not let the admin in: {error}") from error


def _require_version(admin: psycopg.Connection[Any]) -> None:
    if admin.info.server_version < OLDEST_POSTGRESQL * 10_000:
        raise ImproperlyConfigured(
            f"Bailiwick needs PostgreSQL {OLDEST_POSTGRESQL} or newer; this server is "
            f"{admin.info.server_version // 10_000}."
        )


def _ensure_role(
    admin: psycopg.Connection[Any], parts: Mapping[str, str], *, createdb: bool, say: Say
) -> None:
    name = sql.Identifier(parts["user"])
    found = admin.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcanlogin, rolcreatedb"
        " FROM pg_roles WHERE rolname = %s",
        [parts["user"]],
    ).fetchone()
    if found is None:
        # NOSUPERUSER and NOBYPASSRLS are defaults that only a superuser may spell out.
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        say(f"Created the role {parts['user']}")
        found = (False, False, False, True, False)
    superuser, bypasses, creates_roles, may_login, creates_databases = found
    for has, wanted, word in (
        (superuser, False, "SUPERUSER"),
        (bypasses, False, "BYPASSRLS"),
        (creates_roles, False, "CREATEROLE"),
        (may_login, True, "LOGIN"),
        (creates_databases, createdb, "CREATEDB"),
    ):
        if has != wanted:
            change = sql.SQL(word if wanted else f"NO{word}")
            admin.execute(sql.SQL("ALTER ROLE {} {}").format(name, change))
    if parts.get("password"):
        _set_password(admin, parts["user"], parts["password"])


def _set_password(admin: psycopg.Connection[Any], user: str, password: str) -> None:
    # Hashed here, so that the server's log never shows it.
    hashed = admin.pgconn.encrypt_password(password.encode(), user.encode()).decode()
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    admin.execute(statement.format(sql.Identifier(user), sql.Literal(hashed)))


def _ensure_database(admin: psycopg.Connection[Any], name: str, *, owner: str, say: Say) -> None:
    if not _is_superuser(admin):
        # Who is no superuser may give a database only to a role that it can become.
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
    names = {"name": sql.Identifier(name), "owner": sql.Identifier(owner)}
    found = admin.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if found is None:
        create = "CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"
        admin.execute(sql.SQL(create).format(**names))
        say(f"Created the database {name}")
    elif found[0] != owner:
        admin.execute(sql.SQL("ALTER DATABASE {name} OWNER TO {owner}").format(**names))


def _is_superuser(admin: psycopg.Connection[Any]) -> bool:
    answer = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return answer is not None and bool(answer[0])


def _shut_to_others(admin: psycopg.Connection[Any], name: str, *, owner: str) -> None:
    names = {"name": sql.Identifier(name), "owner": sql.Identifier(owner)}
    for statement in (
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ):
        admin.execute(sql.SQL(statement).format(**names))


def _grant_entry(admin: psycopg.Connection[Any], name: str, *, role: str) -> None:
    names = {"name": sql.Identifier(name), "role": sql.Identifier(role)}
    for statement in (
        "GRANT CONNECT ON DATABASE {name} TO {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
    ):
        admin.execute(sql.SQL(statement).format(**names))


# Asked of the role that logged in, because SET ROLE can be reset, and of every role that it is a
# member of, because it could become that one.
_ABOVE = """
    SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls)
    AND pg_has_role(session_user, oid, 'MEMBER') LIMIT 1
"""
_OWNED = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p') AND pg_has_role(session_user, relowner, 'MEMBER') LIMIT 1
"""


def refuse_unsafe_role(connection: BaseDatabaseWrapper) -> None:
    """Row security does not hold for superusers, for BYPASSRLS, nor for the owner of a table.

    Raises ImproperlyConfigured where this connection logged in as one of them.
    """
    with connection.cursor() as cursor:
        user = _name(cursor, "SELECT session_user")
        if above := _name(cursor, _ABOVE):
            fault = f"whose {above} rights pass row security by"
        elif owned := _name(cursor, _OWNED):
            fault = f"who owns the table {owned}"
        else:
            return
    is_portal = connection.alias == "portal"
    address = "DATABASE_PORTAL_URL" if is_portal else "DATABASE_URL"
    raise ImproperlyConfigured(
        f"The web process logged in as {user}, {fault}. {address} must log in as a role of its "
        f"own, such as {PORTAL_ROLE if is_portal else WEB_ROLE}: "
        "'manage.py prepare_database' creates it."
    )


def _name(cursor: CursorWrapper, statement: str) -> str:
    cursor.execute(statement)
    found = cursor.fetchone()
    return found[0] if found else ""
