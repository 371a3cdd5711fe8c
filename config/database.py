"""Where the database is, how Django connects to it, and what is wrong when it refuses.

Three roles share one database: the web role serves requests and owns nothing, the portal's role
serves the platform portal and sees containers only, the owner migrates. How they are made is in
`logins.py`, the server of a machine without PostgreSQL in `embedded.py`, the way to run a prepared
statement in `prepared.py`; tables and row security are not here.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, IntegrityError, InterfaceError
from psycopg.conninfo import conninfo_to_dict

from config import embedded

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
    parts = parts_of(url)
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


def parts_of(url: str) -> dict[str, str]:
    """A database's address taken apart. Raises ImproperlyConfigured without a user or a name."""
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
