"""The embedded server under rough handling, the two roles, and the prepared statement."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import ConnectionHandler
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext
from psycopg_pool import ConnectionPool

from config import database, embedded, logins, prepared
from config.database import DatabaseURLs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own folder: every session closes that to the account that runs the server.
    made = Path(tempfile.mkdtemp(prefix="bailiwick-test-"))
    yield made / ".data"
    for data in made.rglob("postgres"):
        embedded.stop(data.parent)
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseURLs]:
    """One prepared server for all tests that leave it running."""
    made = Path(tempfile.mkdtemp(prefix="bailiwick-test-"))
    found = database.urls(made, {})
    prepare(found, for_tests=True)
    yield found
    embedded.stop(made / ".data")
    shutil.rmtree(made)


@pytest.fixture
def connections(server: DatabaseURLs, django_db_blocker) -> Iterator[ConnectionHandler]:
    handler = ConnectionHandler(database.django_databases(server, env={"DATABASE_POOL_SIZE": "2"}))
    with django_db_blocker.unblock():
        yield handler
        for connection in handler.all():
            connection.close()
            connection.close_pool()


def prepare(urls: DatabaseURLs, *, for_tests: bool = False) -> list[str]:
    said: list[str] = []
    assert urls.admin is not None
    assert urls.owner is not None
    logins.prepare(
        urls.admin,
        web_url=urls.web,
        owner_url=urls.owner,
        portal_url=urls.portal,
        say=said.append,
        for_tests=for_tests,
    )
    return said


def start(folder: Path, script: str = "") -> str:
    """Start the server from a process of its own, which runs the script and ends."""
    setup = """
        import os, signal, sys
        from pathlib import Path
        from config import embedded
        folder = Path(sys.argv[1])
        def start():
            embedded.start(folder, write=sys.stderr.write)
            return postmaster(folder)
        def postmaster(folder):
            return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    """
    program = textwrap.dedent(setup) + textwrap.dedent(script or "start()")
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def query(folder: Path, statement: str) -> object:
    url = embedded.url(folder, user="postgres", database="postgres")
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


# --- The embedded server --------------------------------------------------------------------------


def test_server_outlives_the_process_that_started_it_and_the_next_one_joins(folder):
    assert "Preparing PostgreSQL in .data … done" in start(folder)
    first = postmaster(folder)
    assert start(folder) == ""
    assert postmaster(folder) == first
    assert query(folder, "SHOW synchronous_commit") == ("on",)


def test_three_processes_starting_at_once_share_one_server(folder):
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(start, [folder] * 3))
    assert sum("Preparing" in line for line in said) == 1
    assert query(folder, "SELECT 1") == (1,)


def test_killed_server_comes_back_with_its_data(folder):
    start(folder)
    query(folder, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(postmaster(folder), signal.SIGKILL)
    assert "Starting PostgreSQL" in start(folder)
    assert query(folder, "SELECT answer FROM kept") == (42,)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a process that adopts orphans")
def test_killed_server_that_stays_a_zombie_comes_back(folder):
    start(
        folder,
        """
        import ctypes, psutil, time
        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        first = start()
        os.kill(first, signal.SIGKILL)
        while psutil.Process(first).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert start() != first
        """,
    )
    assert query(folder, "SELECT 1") == (1,)


def test_stranger_with_the_recorded_number_is_not_taken_for_the_server(folder):
    start(folder)
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(folder)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    start(folder)
    assert psutil.Process(postmaster(folder)).name() == "postgres"


def test_deep_and_unusual_path_works_and_leaves_nothing_behind(folder):
    deep = folder / ("d" * 80) / 'it\'s a "$HOME", really' / ("e" * 80) / ".data"
    start(deep)
    assert query(deep, "SELECT 1") == (1,)
    sockets = embedded.socket_folder(deep / "postgres")
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert embedded.stop(deep)
    assert not sockets.exists()
    assert not embedded.stop(deep)


def test_lost_socket_is_mended_by_a_restart(folder):
    start(folder)
    (folder / "postgres" / embedded.SOCKET).unlink()
    start(folder)
    assert query(folder, "SELECT 1") == (1,)


def test_interrupted_first_start_leaves_nothing_half_made(folder):
    (folder / "postgres.new-interrupted").mkdir(parents=True)
    start(folder)
    assert not list(folder.glob("postgres.new-*"))


# --- Addresses and settings -----------------------------------------------------------------------


def test_configured_addresses_win_over_the_embedded_server(tmp_path):
    env = {"DATABASE_URL": "postgresql://w@db/x", "DATABASE_OWNER_URL": "postgresql://o@db/x"}
    assert database.urls(tmp_path, env) == DatabaseURLs(
        web="postgresql://w@db/x", owner="postgresql://o@db/x"
    )
    assert not list(tmp_path.iterdir())


def test_web_process_need_not_know_the_owner(tmp_path):
    urls = database.urls(tmp_path, {"DATABASE_URL": "postgresql://w@db/x"})
    assert list(database.django_databases(urls, env={})) == ["default"]


def test_owner_without_a_web_role_is_refused(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not"):
        database.urls(tmp_path, {"DATABASE_OWNER_URL": "postgresql://o@db/x"})


def test_portal_has_an_address_and_a_small_pool_of_its_own(tmp_path):
    env = {"DATABASE_URL": "postgresql://w@db/x", "DATABASE_PORTAL_URL": "postgresql://p@db/x"}
    databases = database.django_databases(database.urls(tmp_path, env), env={})
    assert databases["portal"]["USER"] == "p"
    assert databases["portal"]["OPTIONS"]["pool"]["min_size"] == 0
    assert (
        databases["portal"]["OPTIONS"]["pool"]["max_size"]
        < databases["default"]["OPTIONS"]["pool"]["max_size"]
    )
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL is not"):
        database.urls(tmp_path, {"DATABASE_PORTAL_URL": "postgresql://p@db/x"})


def test_offline_work_starts_nothing(tmp_path):
    urls = database.urls(tmp_path, {"BAILIWICK_OFFLINE": "1"})
    assert "bailiwick_web" in urls.web
    assert not list(tmp_path.iterdir())


def test_address_becomes_settings_with_a_pool():
    urls = DatabaseURLs(
        web="postgresql://w:p%40ss@db.example:6432/x?sslmode=require", owner="postgresql://o@db/x"
    )
    databases = database.django_databases(urls, env={"DATABASE_POOL_SIZE": "7"})
    default = databases["default"]
    assert (default["USER"], default["PASSWORD"], default["HOST"]) == ("w", "p@ss", "db.example")
    assert (default["PORT"], default["NAME"]) == ("6432", "x")
    assert default["OPTIONS"]["sslmode"] == "require"
    assert default["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 7, "timeout": 10}
    assert "pool" not in databases["owner"]["OPTIONS"]


def test_address_without_a_role_is_refused():
    with pytest.raises(ImproperlyConfigured, match="lacks its user"):
        database.django_databases(DatabaseURLs(web="postgresql://db/x", owner=None), env={})


def test_secret_is_made_once_and_kept_private(tmp_path):
    secret = database.local_secret(tmp_path, {})
    assert database.local_secret(tmp_path, {}) == secret
    assert len(secret) > 50
    assert (tmp_path / ".data" / "secret-key").stat().st_mode & 0o077 == 0


# --- Roles and rights -----------------------------------------------------------------------------


def test_preparing_again_changes_nothing(server):
    assert prepare(server, for_tests=True) == []


def test_roles_have_the_rights_they_need_and_no_more(server):
    with psycopg.connect(server.admin) as admin:
        rows = admin.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin"
            " FROM pg_roles WHERE rolname LIKE 'bailiwick%' ORDER BY 1"
        ).fetchall()
    assert rows == [
        ("bailiwick_owner", False, False, False, True, True),
        ("bailiwick_portal", False, False, False, False, True),
        ("bailiwick_web", False, False, False, False, True),
    ]


def test_owner_creates_databases_only_for_tests(server):
    prepare(server)
    with (
        psycopg.connect(server.owner, autocommit=True) as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        owner.execute("CREATE DATABASE forbidden")
    prepare(server, for_tests=True)


def test_web_role_reads_only_what_was_granted_and_creates_nothing(server):
    with psycopg.connect(server.owner, autocommit=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS plain (a int)")
    with psycopg.connect(server.web, autocommit=True) as web:
        assert web.execute("SELECT session_user").fetchone() == ("bailiwick_web",)
        for statement in ("SELECT * FROM plain", "CREATE TABLE mine (a int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(statement)


def test_risky_rights_are_taken_back_and_passwords_are_hashed_here(server):
    with psycopg.connect(server.admin, autocommit=True) as admin:
        admin.execute("ALTER ROLE bailiwick_web BYPASSRLS")
        assert server.owner is not None
        logins.prepare(
            server.admin or "",
            web_url=server.web.replace("bailiwick_web@", "bailiwick_web:pass%20word@"),
            owner_url=server.owner,
            say=print,
            for_tests=True,
        )
        row = admin.execute(
            "SELECT rolbypassrls, rolpassword FROM pg_authid WHERE rolname = 'bailiwick_web'"
        ).fetchone()
    assert row is not None
    assert row[0] is False
    assert row[1].startswith("SCRAM-SHA-256$")


def test_unusual_names_are_quoted(server):
    web, owner = (
        url.replace("bailiwick_web", "We%22b").replace("bailiwick_owner", "O%27wner%3B")
        for url in (server.web, server.owner or "")
    )
    web, owner = (url.replace("/bailiwick?", "/Bai%22l%20i?") for url in (web, owner))
    logins.prepare(server.admin or "", web_url=web, owner_url=owner, say=print)
    with psycopg.connect(web) as connection:
        assert connection.execute("SELECT current_database(), session_user").fetchone() == (
            'Bai"l i',
            'We"b',
        )


def test_administrator_who_is_no_superuser_can_prepare(server):
    with psycopg.connect(server.admin, autocommit=True) as admin:
        admin.execute("CREATE ROLE keeper LOGIN CREATEROLE CREATEDB")
    keeper, web, owner = (
        (url or "").replace("/bailiwick?", "/kept?")
        for url in (
            (server.admin or "").replace("postgres@", "keeper@"),
            server.web.replace("bailiwick_web", "kept_web"),
            (server.owner or "").replace("bailiwick_owner", "kept_owner"),
        )
    )
    for _ in range(2):
        logins.prepare(keeper, web_url=web, owner_url=owner, say=print)
    with psycopg.connect(owner) as connection:
        connection.execute("CREATE TABLE made (a int)")


def test_one_role_for_both_is_refused(server):
    with pytest.raises(ImproperlyConfigured, match="two different roles"):
        logins.prepare(server.admin or "", web_url=server.web, owner_url=server.web, say=print)


def test_portal_that_shares_a_role_is_refused(server):
    for shared in (server.web, server.owner):
        with pytest.raises(ImproperlyConfigured, match="two different roles"):
            logins.prepare(
                server.admin or "",
                web_url=server.web,
                owner_url=server.owner or "",
                portal_url=shared,
                say=print,
            )


def test_old_server_is_refused(server, monkeypatch):
    monkeypatch.setattr(logins, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(ImproperlyConfigured, match="needs PostgreSQL 99 or newer"):
        prepare(server)


def test_web_role_may_serve_and_the_owner_may_not(server, connections):
    logins.refuse_unsafe_role(connections["default"])
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS plain (a int)")
    with pytest.raises(ImproperlyConfigured, match="who owns the table plain"):
        logins.refuse_unsafe_role(connections["owner"])


@pytest.mark.parametrize(
    ("role", "right"),
    [("boss", "SUPERUSER"), ("ghost", "BYPASSRLS"), ("heir", "IN ROLE bailiwick_owner")],
)
def test_roles_that_pass_row_security_by_may_not_serve(server, role, right, django_db_blocker):
    with (
        psycopg.connect(server.owner, autocommit=True) as owner,
        psycopg.connect(server.admin, autocommit=True) as admin,
    ):
        owner.execute("CREATE TABLE IF NOT EXISTS plain (a int)")
        admin.execute(f"CREATE ROLE {role} LOGIN {right}")
        admin.execute(f"GRANT CONNECT ON DATABASE bailiwick TO {role}")
    risky = DatabaseURLs(web=server.web.replace("bailiwick_web", role), owner=None)
    connection = ConnectionHandler(
        database.django_databases(risky, env={"DATABASE_POOL_SIZE": "0"})
    )["default"]
    with (
        django_db_blocker.unblock(),
        pytest.raises(ImproperlyConfigured, match="prepare_database"),
    ):
        logins.refuse_unsafe_role(connection)
    connection.close()


# --- Prepared statements --------------------------------------------------------------------------


@pytest.fixture
def default(connections: ConnectionHandler, monkeypatch):
    monkeypatch.setattr(prepared, "connections", connections)
    return connections["default"]


def test_prepared_row_is_planned_once_and_binds_on_the_server(default):
    for number in range(3):
        assert prepared.prepared_row("SELECT %s::int + 1", [number]) == (number + 1,)
    with default.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert cursor.fetchall() == [("SELECT $1::int + 1",)]


def test_prepared_row_shares_the_transaction(default):
    default.set_autocommit(False)
    with default.cursor() as cursor:
        cursor.execute("SELECT set_config('app.word', 'bound', true)")
    assert prepared.prepared_row("SELECT current_setting('app.word')", []) == ("bound",)
    default.rollback()
    default.set_autocommit(True)


def test_prepared_row_is_counted_and_logged(default):
    with CaptureQueriesContext(default) as captured:
        prepared.prepared_row("SELECT %s::text", ["a"])
    assert [entry["sql"] for entry in captured.captured_queries] == ["SELECT $1::text"]


def test_prepared_row_without_a_row_is_none(default):
    assert prepared.prepared_row("SELECT 1 WHERE %s::boolean", [False]) is None


def test_prepared_row_raises_as_django_does(default):
    with pytest.raises(ProgrammingError):
        prepared.prepared_row("SELECT nothing", [])


def test_connections_that_the_server_closed_are_not_handed_out(server, default):
    """What a restart of the database leaves in the pool fails nobody."""
    with default.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (first,) = cursor.fetchone()
    default.close()
    with psycopg.connect(server.admin, autocommit=True) as admin:
        for _ in range(3):
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                [database.WEB_ROLE],
            )
            with default.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                assert cursor.fetchone() != (first,)
            default.close()


def test_connection_is_kept_when_the_server_only_says_something(default):
    default.settings_dict["OPTIONS"]["pool"]["max_size"] = 1
    with default.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (first,) = cursor.fetchone()
        cursor.execute("LISTEN news")
        with psycopg.connect(**default.connection.info.get_parameters()) as other:
            other.execute("NOTIFY news")
    default.close()
    with default.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == (first,)


def test_taking_a_connection_asks_the_server_nothing(default, monkeypatch):
    with default.cursor() as cursor:
        cursor.execute("SELECT 1")
    default.close()
    asked = []
    monkeypatch.setattr(ConnectionPool, "check_connection", asked.append)
    default.ensure_connection()
    assert not asked
