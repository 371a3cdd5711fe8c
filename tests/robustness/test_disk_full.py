"""A disk that is really full: deeds are refused with a page, reading goes on, room mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from config import database, embedded
from tests.robustness.judge import judge
from tests.robustness.server import ROOT, OwnServer, own_server, same_tables

PAGES = (
    "",
    "members/",
    "groups/",
    "projects/",
    "workspaces/",
    "settings/",
    "permissions/",
    "docs/",
)
SPARE = 4 * 1024 * 1024
"""Room for the first deeds; the tables have some as well."""


@contextmanager
def small_disk(server: OwnServer) -> Iterator[Path]:
    """The tables moved to a disk that has hardly more room than they take; the journal stays.

    Where the journal shares the full disk, PostgreSQL stops by itself, and nothing is read either.
    """
    disk = server.folder.parent / "disk"
    disk.mkdir()
    with server.as_postgres() as connection:
        size = connection.execute("SELECT pg_database_size(%s)", [database.DATABASE]).fetchone()
    assert size
    size = f"size={size[0] * 5 // 4 + SPARE}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "bailiwick", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED HERE, a full disk: it cannot be mounted. {mounted.stderr}")
    try:
        place, owner = disk / "tables", embedded.cluster_folder(server.folder).stat()
        place.mkdir(mode=0o700)
        os.chown(place, owner.st_uid, owner.st_gid)
        with psycopg.connect(server.admin, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            connection.execute(f"ALTER DATABASE {database.DATABASE} SET TABLESPACE small")
        yield disk
    finally:
        embedded.stop(server.folder)
        subprocess.run(["umount", str(disk)], check=True)


class Visitor:
    """The console in a process of its own, on that server."""

    def __init__(self, server: OwnServer, person: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.robustness.visitor", person],
            env=server.environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(server.folder / "visitor.log").open("ab"),
            text=True,
        )

    def ask(self, path: str, **posted: Any) -> tuple[int, str]:
        assert self.process.stdin
        assert self.process.stdout
        asked = {"path": path} | ({"posted": posted} if posted else {})
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        return said["status"], said["text"]


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return ballast


@pytest.mark.race
@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED HERE, a full disk: only root mounts one")
def test_a_full_disk_refuses_deeds_with_a_page_and_lets_pages_be_read(committed):
    with own_server(like=same_tables()) as server:
        stage = json.loads(server.run("-m", "tests.robustness.worker", "stage"))
        with small_disk(server) as disk:
            _check(server, disk, stage)


def _check(server: OwnServer, disk: Path, stage: dict[str, Any]) -> None:
    home, member = f"/o/{stage['slug']}/", stage["members"]["ada"][0]
    visitor = Visitor(server, stage["owner"])

    def change_role(number: int) -> tuple[int, str]:
        role = ("viewer", "member")[number % 2]
        return visitor.ask(f"{home}members/{member}/role/", role=role, reason=f"deed {number}")

    for page in PAGES:
        assert visitor.ask(home + page)[0] == 200, page
    with server.as_postgres() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE orgs_membership SET last_active_at = NULL")
    ballast = fill(disk)
    done = []
    for number in range(2000):
        status, text = change_role(number)
        if status != 302:
            break
        done.append(f"deed {number}")
    assert status == 507, (status, text)
    assert "Nothing was changed. The storage of this installation is full" in text
    for page in PAGES:
        assert visitor.ask(home + page)[0] == 200, page
    status, text = visitor.ask(f"{home}audit-log/")
    assert (status, "The storage of this installation is full" in text) == (507, True)
    ballast.unlink()
    assert change_role(len(done))[0] == 302
    done.append(f"deed {len(done)}")
    assert visitor.ask(f"{home}audit-log/")[0] == 200
    visitor.process.kill()
    visitor.process.wait()
    with server.as_postgres() as connection:
        verdict = judge(connection, UUID(stage["organization"]), done)
    assert verdict.holds, verdict
