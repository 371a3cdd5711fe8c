"""`bin/bailiwick` against servers that mean it ill: it ends, says why, and keeps nothing half."""

from __future__ import annotations

import http.server
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.projects.api.test_command_line import COMMAND, HEAD, TOKEN, end, run
from tests.receivers import Receiver, certificate

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/jsonl"}
WHOLE = HEAD + b"{}\n{}\n" + end(HEAD + b"{}\n{}\n")


class Hostile(http.server.ThreadingHTTPServer):
    """Each request is answered by `say`, which gets the handler and how many came before it."""

    daemon_threads = True

    def __init__(self, say: Callable[[Any, int], None]) -> None:
        self.say, self.asked, self.gone = say, [], threading.Event()
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answers(http.server.BaseHTTPRequestHandler):
    server: Hostile

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        self.close_connection = True
        with suppress(OSError):  # It went away, as it should.
            self.server.say(self, len(self.server.asked) - 1)

    def answer(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def on_and_on(self, piece: bytes, pause: float = 0) -> None:
        while not self.server.gone.wait(pause):
            self.wfile.write(piece)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def hostile(say: Callable[[Any, int], None]) -> Iterator[Hostile]:
    server = Hostile(say)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        server.server_close()


def env_of(url: str) -> dict[str, str]:
    return {"BAILIWICK_URL": url, "BAILIWICK_TOKEN": TOKEN}


def page(*numbers: int, more: bool = True) -> bytes:
    events = [
        {"sequence": n, "at": "2026-11-22T14:03:00+00:00", "outcome": "done", "sentence": "\x1b[2J"}
        for n in numbers
    ]
    said = {"events": events, "next": min(numbers, default=9), "more": more}
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (page(7, 6), "the same entries again and again"),
        (page(6, 7), "the same entries again and again"),
        (page(), "the same entries again and again"),
        (page(0), "the same entries again and again"),
        (b"[]", "cannot be read"),
        (b'{"events": 7, "more": true}', "cannot be read"),
        (b'{"events": [{"sequence": "x"}], "more": false}', "again and again"),
        (b'{"events": [{"sequence": 5}], "more": false}', "cannot be read"),
        (b'{"events": [7], "more": false}', "cannot be read"),
        (b"[" * 100_000, "no JSON"),
        (b'{"events": ' + b"9" * 5_000 + b"}", "no JSON"),
    ],
)
def test_pages_that_lead_nowhere_end(body: bytes, words: str) -> None:
    with hostile(lambda handler, _: handler.answer(body, JSON)) as server:
        done = run("query", "--limit=9000", env=env_of(server.url))
    assert (done.code, words in done.err) == (2, True), done.err
    assert len(server.asked) <= 2
    assert "\x1b" not in done.out + done.err


def test_a_page_with_more_than_was_asked_for_is_cut_to_it() -> None:
    with hostile(lambda handler, _: handler.answer(page(9, 8, 7, 6), JSON)) as server:
        done = run("query", "--limit=2", env=env_of(server.url))
    assert (done.code, len(done.out.splitlines()), len(server.asked)) == (0, 2, 1)


def test_checkpoints_that_lead_nowhere_end(tmp_path: Path) -> None:
    with hostile(lambda handler, _: handler.answer(b"", LINES | {"X-Next": "5"})) as server:
        done = run("verify", env=env_of(server.url))
    assert (done.code, "the same checkpoints again" in done.err) == (2, True)
    assert len(server.asked) == 2


def test_an_endless_answer_ends() -> None:
    def say(handler: Any, _: int) -> None:
        handler.answer(b'{"events": ["', JSON)
        handler.on_and_on(b"x" * 65536)

    with hostile(say) as server:
        done = run("query", env=env_of(server.url))
    assert (done.code, "does not come to an end" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        (b"x" * 65536, "a line that does not come to an end"),
        (b"{}\n" * 9000, "sends more than the 2 entries it announced"),
    ],
)
def test_an_endless_file_ends(tmp_path: Path, piece: bytes, words: str) -> None:
    def say(handler: Any, _: int) -> None:
        handler.answer(HEAD, LINES | {"X-Entries": "2"})
        handler.on_and_on(piece)

    with hostile(say) as server:
        done = run("export", f"--output={tmp_path}/log", env=env_of(server.url))
    assert (done.code, words in done.err) == (2, True), done.err
    assert len(server.asked) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["log.part"]


@pytest.mark.parametrize("place", ["status", "headers", "body", "chunk"])
@pytest.mark.parametrize("deed", ["query", "export"])
def test_a_slow_drip_ends(tmp_path: Path, deed: str, place: str) -> None:
    def say(handler: Any, _: int) -> None:
        if place in ("body", "chunk"):
            headers = (LINES | {"X-Entries": "2"}) if deed == "export" else JSON
            chunked = {"Transfer-Encoding": "chunked"} if place == "chunk" else {}
            handler.answer(b"", headers | chunked)
        elif place == "headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        handler.on_and_on(b"0" if place == "chunk" else b"x", pause=0.05)

    with hostile(say) as server:
        done = run(
            deed, "--timeout=0.5", "--tries=2",
            *([f"--output={tmp_path}/log"] if deed == "export" else []),
            env=env_of(server.url),
        )  # fmt: skip
    assert done.code == 2, done.err
    assert "did not answer in time" in done.err or "was cut" in done.err
    assert len(server.asked) <= 2
    assert not (tmp_path / "log").exists()


def test_a_file_that_broke_off_is_begun_anew_and_comes_whole(tmp_path: Path) -> None:
    def say(handler: Any, before: int) -> None:
        body = WHOLE if before == 2 else WHOLE[: 40 * (before + 1)]
        handler.answer(body, LINES | {"X-Entries": "2"})

    with hostile(say) as server:
        done = run("export", f"--output={tmp_path}/log", env=env_of(server.url))
    assert done.code == 0, done.err
    assert "Try 2 of 4" in done.err
    assert "Try 3 of 4" in done.err
    assert (tmp_path / "log").read_bytes() == WHOLE
    assert [one.name for one in tmp_path.iterdir()] == ["log"]


def test_what_went_to_the_next_program_is_not_begun_anew() -> None:
    with hostile(lambda h, _: h.answer(WHOLE[:40], LINES | {"X-Entries": "2"})) as server:
        done = run("export", "--output=-", env=env_of(server.url))
    assert (done.code, done.out, len(server.asked)) == (2, WHOLE[:40].decode(), 1)
    assert "Run it again" in done.err


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_when_it_says(status: int) -> None:
    def say(handler: Any, before: int) -> None:
        if before == 0:
            handler.answer(b'{"detail": "\\u001b[31m"}', JSON | {"Retry-After": "1"}, status)
        else:
            handler.answer(page(3, more=False), JSON)

    with hostile(say) as server:
        done = run("query", env=env_of(server.url))
    assert (done.code, len(server.asked)) == (0, 2), done.err
    assert "Try 2 of 4 in 1.0 s." in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("after", ["86400", "Fri, 01 Jan 2199 00:00:00 GMT"])
def test_a_wait_that_is_too_long_is_not_waited(after: str) -> None:
    busy = JSON | {"Retry-After": after}
    with hostile(lambda handler, _: handler.answer(b"{}", busy, 503)) as server:
        done = run("query", env=env_of(server.url))
    assert (done.code, len(server.asked)) == (2, 1)


@pytest.mark.parametrize("after", ["", "-1", "soon", "Fri, 99 Foo", "1" * 40])
def test_a_wait_that_is_none_is_that_of_the_command(after: str) -> None:
    busy = JSON | {"Retry-After": after}
    with hostile(lambda handler, _: handler.answer(b"{}", busy, 503)) as server:
        done = run("query", "--tries=2", env=env_of(server.url))
    assert (done.code, len(server.asked)) == (2, 2)
    assert "Traceback" not in done.err


def test_a_failure_of_the_server_is_not_tried_again() -> None:
    with hostile(lambda handler, _: handler.answer(b"", {}, 500)) as server:
        assert run("query", env=env_of(server.url)).code == 2
    assert len(server.asked) == 1


@pytest.mark.parametrize("deed", ["query", "export", "verify"])
def test_no_token_travels_where_a_server_sends_it(tmp_path: Path, deed: str) -> None:
    with hostile(lambda handler, _: handler.answer(b"", JSON)) as elsewhere:
        to = {"Location": f"{elsewhere.url}/v1/audit-events"}
        with hostile(lambda handler, _: handler.answer(b"", to, 307)) as server:
            words = [f"--output={tmp_path}/log"] if deed == "export" else []
            done = run(deed, *words, env=env_of(server.url))
    assert (done.code, elsewhere.asked) == (2, [])
    assert "leads to" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content-Type": "text/html", "X-Entries": "2"}, "answered with text/html"),
        (LINES | {"X-Entries": "2", "Content-Encoding": "gzip"}, "a packed file"),
        (LINES, "does not say how many entries"),
        (LINES | {"X-Entries": "-2"}, "does not say how many entries"),
        (LINES | {"X-Entries": "9" * 99}, "does not say how many entries"),
    ],
)
def test_what_is_no_export_makes_no_file(
    tmp_path: Path, headers: dict[str, str], words: str
) -> None:
    with hostile(lambda handler, _: handler.answer(WHOLE, headers)) as server:
        done = run("export", f"--output={tmp_path}/log", env=env_of(server.url))
    assert (done.code, words in done.err) == (2, True), done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../../up.jsonl", "/etc/passwd", "a\\b", ".hidden", "\x1b[2J", ""]
)
def test_the_name_that_a_server_gives_is_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    given = LINES | {"X-Entries": "2", "Content-Disposition": f'attachment; filename="{name}"'}
    with hostile(lambda handler, _: handler.answer(WHOLE, given)) as server:
        done = run("export", env=env_of(server.url), cwd=tmp_path)
    (file,) = tmp_path.iterdir()
    assert done.code == 0
    assert file.read_bytes() == WHOLE
    assert not file.name.startswith(".")


def test_a_link_in_the_place_of_the_part_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "log.part").symlink_to(precious)
    with hostile(lambda h, _: h.answer(WHOLE, LINES | {"X-Entries": "2"})) as server:
        done = run("export", f"--output={tmp_path}/log", env=env_of(server.url))
    assert (done.code, precious.read_text()) == (2, "mine")


def test_a_certificate_that_is_not_trusted_is_told_plainly(tmp_path: Path) -> None:
    with Receiver(certificate=certificate(tmp_path, "127.0.0.1")) as receiver:
        done = run("query", env=env_of(receiver.url.removesuffix("/hook")))
        assert receiver.got == []
    assert (done.code, "a certificate that is not trusted" in done.err) == (2, True), done.err
    assert "Traceback" not in done.err
    with hostile(lambda handler, _: handler.answer(b"", JSON)) as server:
        plain = run("query", env=env_of(server.url.replace("http:", "https:")))
    assert (plain.code, "(TLS)" in plain.err) == (2, True), plain.err


# --- The token, and stopping ----------------------------------------------------------------------


def test_token_is_read_from_the_standard_input_and_from_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    with hostile(lambda handler, _: handler.answer(page(3, more=False), JSON)) as server:
        env = {"BAILIWICK_URL": server.url, "PATH": os.environ["PATH"]}
        piped = subprocess.run(
            [sys.executable, "-I", COMMAND, "audit", "query", "--token-file", "-"],
            input=f"{TOKEN}\n".encode(), capture_output=True, env=env, timeout=60, check=False,
        )  # fmt: skip
        assert piped.returncode == 0, piped.stderr
        file.chmod(0o644)
        seen = run("query", f"--token-file={file}", env=env)
        file.chmod(0o600)
        own = run("query", f"--token-file={file}", env=env)
    assert (seen.code, "Others may read" in seen.err) == (0, True)
    assert (own.code, own.err) == (0, "")
    assert {token for _, token in server.asked} == {f"Bearer {TOKEN}"}
    assert TOKEN not in seen.err + own.err


def test_no_word_takes_a_token() -> None:
    for words in (["--token", TOKEN], [f"--token={TOKEN}"]):
        done = run("query", *words, env={"BAILIWICK_URL": "http://127.0.0.1:9"})
        assert done.code == 2


def test_stopping_says_so_and_leaves_no_half_file_under_the_name(tmp_path: Path) -> None:
    begun = threading.Event()

    def say(handler: Any, _: int) -> None:
        handler.answer(HEAD + b"{}\n" * 900, LINES | {"X-Entries": "9999"})
        begun.set()
        handler.server.gone.wait()

    with hostile(say) as server:
        process = subprocess.Popen(
            [sys.executable, "-I", COMMAND, "audit", "export", f"--output={tmp_path}/log"],
            env={"PATH": os.environ["PATH"], **env_of(server.url)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_heeds_ctrl_c,
        )  # fmt: skip
        assert begun.wait(60)
        part = tmp_path / "log.part"
        while not part.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"stopped." in said
    assert b"log.part" in said
    assert b"Traceback" not in said
    assert [one.name for one in tmp_path.iterdir()] == ["log.part"]


def _heeds_ctrl_c() -> None:
    """What is started in the background of a shell, as these tests may be, would ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_terminal_is_not_written_to(tmp_path: Path) -> None:
    with hostile(lambda h, _: h.answer(b"\x1b[2J", LINES | {"X-Entries": "2"})) as server:
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [sys.executable, "-I", COMMAND, "audit", "export", "--output=-"],
            env={"PATH": os.environ["PATH"], **env_of(server.url)},
            stdout=theirs, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        os.close(theirs)
        os.close(ours)
    assert (done.returncode, server.asked) == (2, [])
    assert b"A terminal is no place for it" in done.stderr


def test_help_is_the_manual() -> None:
    for words in ([], ["query"], ["export"], ["verify"]):
        done = run(*words, "--help", env={})
        assert done.code == 0
    for word in ("BAILIWICK_TOKEN", "--tries", "FILE.part", "exit code", "130", "chmod 600"):
        assert word in run("export", "--help", env={}).out
