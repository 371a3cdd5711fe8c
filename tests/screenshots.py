"""Takes pictures of the demo, in a database of its own, as its people see it.

python -m tests.screenshots                  those of docs/screenshots, named in tests/shots.py
python -m tests.screenshots FOLDER [NAME …]  all, or those whose names begin so, into a folder
"""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from playwright.sync_api import Browser, Page, StorageState, sync_playwright
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config import database, logins
from tests.shots import ROOMS, SHOTS, Scheme, Shot

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
NAME = "bailiwick_screenshots"
LARGEST = 150_000

_TO_PALETTE = """
async (png) => {
  const bytes = Uint8Array.from(atob(png), (char) => char.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const { width, height } = image;
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.drawImage(image, 0, 0);
  const pixels = new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) || 0) + 1);
  const colours = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  // The most frequent of each hue comes first: a small red word must not turn grey.
  const hues = new Map();
  for (const colour of colours) {
    const hue = parts(colour).map((part) => part >> 5).join();
    if (!hues.has(hue)) hues.set(hue, colour);
  }
  const ordered = [...new Set([...hues.values(), ...colours])];
  const kept = ordered.slice(0, 256).map(parts);
  const places = new Map(ordered.map((colour, n) => [colour, n < 256 ? n : nearest(parts(colour))]));
  let text = "";
  for (const colour of pixels) text += String.fromCharCode(places.get(colour));
  return { width, height, colours: kept.flat(), pixels: btoa(text) };

  function parts(colour) {
    return [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
  }
  function nearest(asked) {
    const far = kept.map((has) => has.reduce((sum, part, n) => sum + (part - asked[n]) ** 2, 0));
    return far.indexOf(Math.min(...far));
  }
}
"""


def main(asked: list[str]) -> None:
    folder = Path(asked[0]).resolve() if asked else FOLDER
    names = tuple(asked[1:]) or ("",)
    shots = [shot for shot in (*SHOTS, *ROOMS) if shot.name.startswith(names)] if asked else SHOTS
    folder.mkdir(parents=True, exist_ok=True)
    with _database() as env, _server(env) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or None)
        people = sorted({shot.who for shot in shots} - {""})
        signed_in = {who: _signed_in(browser, address, who) for who in people}
        for shot in shots:
            for scheme in shot.schemes:
                path = folder / f"{shot.name}-{scheme}.png"
                _take(browser, address, shot, scheme, signed_in.get(shot.who), path)
                _weigh(path)
        browser.close()


def _signed_in(browser: Browser, address: str, who: str) -> StorageState:
    """Their cookies, from the demo's own button; once, for a sign-in is in the log."""
    page = browser.new_page()
    page.goto(f"{address}/sign-in/")
    page.click(f"form[action='/demo/{who}/'] button")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    state = page.context.storage_state()
    page.context.close()
    return state


def _take(
    browser: Browser,
    address: str,
    shot: Shot,
    scheme: Scheme,
    state: StorageState | None,
    path: Path,
) -> None:
    width, height = shot.size
    context = browser.new_context(
        storage_state=state,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    answer = page.goto(address + shot.page)
    page.wait_for_load_state("networkidle")
    if answer is None or answer.status != 200:
        sys.exit(f"{shot.page} answered {answer and answer.status}")
    for words in shot.then:
        page.locator("main").get_by_role("link", name=words).first.click()
        page.wait_for_load_state("networkidle")
    if shot.explain:
        page.get_by_role("link", name=f"Explain the access of {shot.explain}").click()
        page.locator("#explain > *").first.wait_for()
        page.wait_for_load_state("networkidle")
    if shot.do:
        shot.do(page)
        page.wait_for_load_state("networkidle")
    picture = page.screenshot()
    # A page without a policy of its own: Bailiwick's would not let this script in.
    page.goto("about:blank")
    path.write_bytes(_with_palette(page, picture))
    context.close()


def _weigh(path: Path) -> None:
    size = path.stat().st_size
    sys.stdout.write(f"{path.parent.name}/{path.name}  {size // 1000} kB\n")
    if size > LARGEST:
        sys.exit(f"{path.name} is larger than {LARGEST // 1000} kB")


@contextmanager
def _database() -> Iterator[dict[str, str]]:
    """The demo in a new database; yields the environment that leads there."""
    urls = database.urls(ROOT, os.environ)
    admin = urls.admin or os.environ.get("DATABASE_ADMIN_URL") or urls.owner
    if admin is None or urls.owner is None:
        sys.exit("Set DATABASE_OWNER_URL, for a database to take the pictures in.")
    web, owner = (make_conninfo(url, dbname=NAME) for url in (urls.web, urls.owner))
    portal = make_conninfo(urls.portal, dbname=NAME) if urls.portal else None
    env = (
        os.environ
        | {
            "DATABASE_URL": web,
            "DATABASE_OWNER_URL": owner,
            "DEBUG": "1",
            "DEMO": "1",
            "TIME_ZONE": "UTC",
        }
        | ({"DATABASE_PORTAL_URL": portal} if portal else {})
    )
    _drop(admin)
    try:
        logins.prepare(
            admin, web_url=web, owner_url=owner, portal_url=portal, say=lambda line: None
        )
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


def _with_palette(page: Page, png: bytes) -> bytes:
    """The same picture with its 256 most frequent colours, a third as large.

    The browser decodes it and gives each pixel a place in the palette; here they become a PNG.
    """
    found = page.evaluate(_TO_PALETTE, base64.b64encode(png).decode())
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    rows = (pixels[at : at + width] for at in range(0, width * height, width))
    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 3, 0, 0, 0])
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", head), (b"PLTE", bytes(found["colours"])), (b"IDAT", data), (b"IEND", b""))
    return png[:8] + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


if __name__ == "__main__":
    main(sys.argv[1:])
