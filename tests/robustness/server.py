"""A PostgreSQL of a test's own, to be killed and filled up: beside that of the other tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from config import database, embedded, logins

ROOT = Path(__file__).parents[2]

# What migrations have written beside the tables. Everything else of a database that is copied
# belongs to somebody.
WRITTEN_BY_MIGRATIONS = (
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "billing_usagemark",
)


class OwnServer:
    """The embedded server in a folder of its own, with a migrated database in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web = embedded.url(folder, user=database.WEB_ROLE, database=database.DATABASE)
        self.owner = embedded.url(folder, user=database.OWNER_ROLE, database=database.DATABASE)
        self.portal = embedded.url(folder, user=database.PORTAL_ROLE, database=database.DATABASE)
        self.admin = embedded.url(folder, user="postgres", database="postgres")

    @property
    def environment(self) -> dict[str, str]:
        """For a process that uses this server, and would never start one."""
        return os.environ | {
            "DATABASE_URL": self.web,
            "DATABASE_OWNER_URL": self.owner,
            "DATABASE_PORTAL_URL": self.portal,
            "BAILIWICK_DATA": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEBUG": "1",
            "DEMO": "0",
            "SECRET_KEY": "what holds when things break",
            "LOG_LEVEL": "ERROR",
        }

    def start(self) -> None:
        embedded.start(self.folder, write=lambda text: None)

    def prepare(self, like: str | None = None) -> None:
        """Roles, database and tables: migrated, or as empty as those at the address `like`."""
        self.start()
        logins.prepare(
            self.admin,
            web_url=self.web,
            owner_url=self.owner,
            portal_url=self.portal,
            say=lambda line: None,
        )
        if like is None:
            self.run("manage.py", "migrate", "--database", "owner", "--verbosity", "0")
        else:
            self._copy(like)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} failed.\n{done.stderr[-3000:]}")
        return done.stdout

    def _copy(self, like: str) -> None:
        inside = make_conninfo(self.admin, dbname=database.DATABASE)
        tables = [f"--table=public.{table}" for table in WRITTEN_BY_MIGRATIONS]
        for parts in (["--schema-only"], ["--data-only", "--disable-triggers", *tables]):
            written = self.folder / "copied.sql"
            _program("pg_dump", *parts, f"--file={written}", like)
            _program("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(written), inside)

    @contextmanager
    def as_postgres(self) -> Iterator[psycopg.Connection[Any]]:
        """Past every wall, to compare what is there."""
        inside = make_conninfo(self.admin, dbname=database.DATABASE)
        with psycopg.connect(inside, autocommit=True) as connection:
            yield connection

    @property
    def postmaster(self) -> int:
        cluster = embedded.cluster_folder(self.folder)
        return int((cluster / "postmaster.pid").read_text().split()[0])

    def kill_postmaster(self) -> None:
        os.kill(self.postmaster, signal.SIGKILL)

    def kill_backend(self) -> bool:
        """Kill one that serves the web role, at work if there is one; the server then starts over.

        False where none was there any more.
        """
        with self.as_postgres() as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = %s"
                " ORDER BY state <> 'idle' DESC, random() LIMIT 1",
                [database.WEB_ROLE],
            ).fetchone()
            if row is None:
                return False
            try:
                os.kill(row[0], signal.SIGKILL)
            except ProcessLookupError:
                return False
        return True


def same_tables() -> str:
    """Where the tests of this run are, for a server that is to have the same tables."""
    admin = database.urls(ROOT, os.environ).admin or os.environ.get("DATABASE_ADMIN_URL")
    name = connections["default"].settings_dict["NAME"]
    return make_conninfo(admin or str(database.urls(ROOT, os.environ).owner), dbname=name)


def _program(name: str, *arguments: str) -> None:
    program = embedded._binaries() / name
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name} failed.\n{done.stderr[-3000:]}")


@contextmanager
def own_server(*, like: str | None = None) -> Iterator[OwnServer]:
    """One that is gone afterwards."""
    # Not pytest's own folder: every session closes that to the account that runs the server.
    made = Path(tempfile.mkdtemp(prefix="bailiwick-test-"))
    server = OwnServer(made / ".data")
    try:
        server.prepare(like)
        yield server
    finally:
        embedded.stop(server.folder)
        shutil.rmtree(made)
