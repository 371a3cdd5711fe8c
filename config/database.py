"""Where the database is, who logs in to it, and what each of them may do.

Three roles share one database: the web role serves requests and owns nothing, the portal's role
serves the platform portal and sees containers only, the owner migrates. The server of a machine
without PostgreSQL is in `embedded.py`, the way to run a prepared statement in `prepared.py`; tables
and row security are not here.
"""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, IntegrityError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config import embedded

Say = Callable[[str], None]

OLDEST_POSTGRESQL = 16
WEB_ROLE = "bailiwick_web"
OWNER_ROLE = "bailiwick_owner"
PORTAL_ROLE = "bailiwick_portal"
DATABASE = "bailiwick"
PORTAL_POOL = 4


@dataclass(frozen=True, kw_only=True)
class DatabaseURLs:
    """The same database, as the web role and, where this process may know them, as the others.

    Without `portal` the platform portal is shut. `admin` may create roles and databases; it is
    known for the embedded server only.
    """

    web: str
    owner: str | None
    portal: str | None = None
    admin: str | None = None


def local_secret(
    base_dir: Path, env: Mapping[str, str] = os.environ, *, name: str = "secret-key"
) -> str:
    """The secret key of an installation that was given none: made once, kept with its data."""
    path = embedded.data_folder(base_dir, env) / name
    try:
        if not path.exists():
            _make_secret(path)
        return path.read_text()
    except PermissionError as error:
        raise ImproperlyConfigured(embedded.BELONGS_TO_ANOTHER.format(path=path)) from error


def _make_secret(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(50))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was first: everyone uses its key.
    finally:
        draft.unlink()


def urls(base_dir: Path, env: Mapping[str, str]) -> DatabaseURLs:
    """The configured database or, without one, that of the embedded server, which it starts.

    `BAILIWICK_OFFLINE=1` names the embedded database without starting it, for work that never
    connects: linting, type checks, collecting static files.
    """
    web, owner = env.get("DATABASE_URL"), env.get("DATABASE_OWNER_URL")
    portal = env.get("DATABASE_PORTAL_URL")
    if web:
        return DatabaseURLs(web=web, owner=owner or None, portal=portal or None)
    for name, given in (("DATABASE_OWNER_URL", owner), ("DATABASE_PORTAL_URL", portal)):
        if given:
            raise ImproperlyConfigured(
                f"{name} is set, but DATABASE_URL is not: set it to the web role's address."
            )
    folder = embedded.data_folder(base_dir, env)
    if env.get("BAILIWICK_OFFLINE") != "1":
        embedded.start(folder, write=_write_progress)
    return DatabaseURLs(
        web=embedded.url(folder, user=WEB_ROLE, database=DATABASE),
        owner=embedded.url(folder, user=OWNER_ROLE, database=DATABASE),
        portal=embedded.url(folder, user=PORTAL_ROLE, database=DATABASE),
        admin=embedded.url(folder, user="postgres", database="postgres"),
    )


def _write_progress(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


# --- Django's settings ----------------------------------------------------------------------------


def django_databases(
    urls: DatabaseURLs, *, env: Mapping[str, str] = os.environ
) -> dict[str, dict[str, Any]]:
    """`default` is the web role and `portal` the portal's, each over a pool; `owner`, for
    migrations, opens plain connections.

    `DATABASE_POOL_SIZE` caps the connections of one process; 0 means no pool. Superadmins are
    few: their pool is small, and empty while none of them is here.
    """
    pool_size = int(env.get("DATABASE_POOL_SIZE") or 20)
    found = {"default": _pooled(urls.web, least=1, most=pool_size)}
    if urls.portal is not None:
        found["portal"] = _pooled(urls.portal, least=0, most=min(pool_size, PORTAL_POOL))
    if urls.owner is not None:
        found["owner"] = _django_database(urls.owner)
    return found


def _pooled(url: str, *, least: int, most: int) -> dict[str, Any]:
    found = _django_database(url)
    if most:
        found["OPTIONS"]["pool"] = {"min_size": least, "max_size": most, "timeout": 10}
    return found


def _django_database(url: str) -> dict[str, Any]:
    parts = _parts(url)
    return {
        "ENGINE": "config.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user"),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        # The pool keeps connections, and a database restart must not fail the next requests: the
        # engine looks at each one that it takes, where Django would ask the server.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        # Django turns preparing off; with a number, `prepared_row` may ask for it.
        "OPTIONS": {"prepare_threshold": 5, **parts},
    }


def _parts(url: str) -> dict[str, str]:
    try:
        found = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError as error:
        raise ImproperlyConfigured(f"A database address cannot be read: {error}") from error
    for part, example in (("user", WEB_ROLE), ("dbname", DATABASE)):
        if not found.get(part):
            raise ImproperlyConfigured(
                f"A database address lacks its {part}, as in "
                f"postgresql://{WEB_ROLE}:secret@host/{DATABASE} ({example})."
            )
    return found


# --- Roles and rights -----------------------------------------------------------------------------


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
    web, owner = _parts(web_url), _parts(owner_url)
    served = {"web role": web} | ({"portal's role": _parts(portal_url)} if portal_url else {})
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


def refuse_unsafe_role(connection: BaseDatabaseWrapper) -> None:
    """Row security does not hold for superusers, for BYPASSRLS, nor for the owner of a table.

    Asked of the role that logged in, because SET ROLE can be reset, and of every role that it is
    a member of, because it could become that one.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls)"
            " AND pg_has_role(session_user, oid, 'MEMBER') LIMIT 1"
        )
        above = cursor.fetchone()
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND pg_has_role(session_user, relowner, 'MEMBER') LIMIT 1"
        )
        owned = cursor.fetchone()
        cursor.execute("SELECT session_user")
        user = cursor.fetchone()[0]
    is_portal = connection.alias == "portal"
    address = "DATABASE_PORTAL_URL" if is_portal else "DATABASE_URL"
    role = PORTAL_ROLE if is_portal else WEB_ROLE
    mend = (
        f"{address} must log in as a role of its own, such as {role}: "
        "'manage.py prepare_database' creates it."
    )
    if above:
        raise ImproperlyConfigured(
            f"The web process logged in as {user}, whose {above[0]} rights pass row security by. "
            f"{mend}"
        )
    if owned:
        raise ImproperlyConfigured(
            f"The web process logged in as {user}, who owns the table {owned[0]}. {mend}"
        )


# --- Refusals -------------------------------------------------------------------------------------

_FULL = frozenset({"53000", "53100", "53200", "53400"})
_READ_ONLY = "25006"
_AWAY = frozenset({"53300", "57P01", "57P02", "57P03"})


class Trouble(StrEnum):
    """What keeps a database from doing anything for anybody, whatever was asked of it."""

    FULL = "full"
    READ_ONLY = "read_only"
    AWAY = "away"


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What is wrong with the database itself; None for what is wrong with a statement.

    Looks behind the error, too: Django's session store says of every failure that it was deleted.
    """
    while error is not None:
        cause = error.__cause__ if isinstance(error, Error) else None
        if isinstance(cause, psycopg.Error):
            return _trouble(cause)
        if isinstance(error, InterfaceError):
            return Trouble.AWAY
        error = error.__cause__ or error.__context__
    return None


def _trouble(error: psycopg.Error) -> Trouble | None:
    if error.sqlstate in _FULL:
        return Trouble.FULL
    if error.sqlstate == _READ_ONLY:
        return Trouble.READ_ONLY
    # A connection that broke, or that the pool could not get, has no code.
    of_connections = (psycopg.OperationalError, psycopg.InterfaceError)
    broken = isinstance(error, of_connections) and error.sqlstate is None
    return Trouble.AWAY if broken or error.sqlstate in _AWAY else None


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that refused, for an action to put into a sentence; or ''."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
