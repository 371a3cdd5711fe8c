"""Takes the pictures in docs/screenshots: the demo, in a database of its own, as its people see it.

python -m tests.screenshots
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config import database

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
NAME = "bailiwick_screenshots"
LARGEST = 150_000
SCREEN, PHONE = (1280, 860), (390, 844)


class Shot(NamedTuple):
    """A page, seen by one of the demo's cast; nobody sees it signed out."""

    name: str
    page: str
    part: str | None = "alice"
    size: tuple[int, int] = SCREEN
    schemes: tuple[str, ...] = ("light", "dark")


SHOTS = (
    Shot("sign-in", "/sign-in/", part=None),
    Shot("dashboard", "/o/acme/"),
    Shot("members", "/o/acme/members/"),
    Shot("members-phone", "/o/acme/members/", size=PHONE, schemes=("light",)),
    Shot("groups", "/o/acme/groups/"),
    Shot("matrix", "/o/acme/permissions/"),
    Shot("audit-log", "/o/acme/audit-log/"),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _database() as env, _server(env) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or None)
        for shot in SHOTS:
            for scheme in shot.schemes:
                _take(browser, address, shot, scheme)
        browser.close()


def _take(browser: Browser, address: str, shot: Shot, scheme: str) -> None:
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    if shot.part:
        _enter(page, address, shot.part)
    answer = page.goto(address + shot.page)
    page.wait_for_load_state("networkidle")
    if answer is None or answer.status != 200:
        sys.exit(f"{shot.page} answered {answer and answer.status}")
    path = FOLDER / f"{shot.name}-{scheme}.png"
    path.write_bytes(_packed(page.screenshot()))
    context.close()
    size = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(ROOT)}  {size // 1000} kB\n")
    if size > LARGEST:
        sys.exit(f"{path.name} is larger than {LARGEST // 1000} kB")


def _enter(page: Page, address: str, part: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.click(f"form[action='/demo/{part}/'] button")
    page.wait_for_url("**/o/**")


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """The demo in a new database; yields the environment that leads there."""
    urls = database.urls(ROOT, os.environ)
    admin = urls.admin or os.environ.get("DATABASE_ADMIN_URL") or urls.owner
    if admin is None or urls.owner is None:
        sys.exit("Set DATABASE_OWNER_URL, for a database to take the pictures in.")
    web, owner = (make_conninfo(url, dbname=NAME) for url in (urls.web, urls.owner))
    env = os.environ | {
        "DATABASE_URL": web,
        "DATABASE_OWNER_URL": owner,
        "DEBUG": "1",
        "DEMO": "1",
        "TIME_ZONE": "UTC",
    }
    _drop(admin)
    try:
        database.prepare(admin, web_url=web, owner_url=owner, say=lambda line: None)
        for command in (["migrate", "--database", "owner", "--verbosity", "0"], ["demo"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=env, check=True)
        yield env
    finally:
        _drop(admin)


def _drop(admin: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(NAME)))


@contextmanager
def _server(env: dict[str, str]) -> Iterator[str]:
    port = _free_port()
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            sys.exit("The server did not start.")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("The server does not answer.")


def _packed(png: bytes) -> bytes:
    """The same picture, its data pressed harder than a browser in a hurry does it."""
    chunks, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    data = zlib.compress(zlib.decompress(b"".join(d for kind, d in chunks if kind == b"IDAT")), 9)
    head = [chunk for chunk in chunks if chunk[0] == b"IHDR"]
    pressed = [*head, (b"IDAT", data), (b"IEND", b"")]
    return png[:8] + b"".join(_chunk(kind, body) for kind, body in pressed)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


if __name__ == "__main__":
    main()
