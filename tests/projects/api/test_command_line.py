"""`bin/bailiwick`, as its own process against a real server, and against broken ones."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from audit.models import Outcome
from audit.sentences import visible
from tests.audit.exported import HOSTILE, actor, lines, table, target
from tests.audit.ledgers import change_role
from tests.factories import make_cast
from tests.projects.keys import make_token
from tests.projects.servers import served

COMMAND = str(Path(settings.BASE_DIR, "bin", "bailiwick"))


def run(*words: str, env: dict[str, str], cwd: Any = None) -> Any:
    """A process of its own, with nothing of ours in its environment."""
    clean = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env}
    done = subprocess.run(
        [sys.executable, "-I", COMMAND, "audit", *words],
        capture_output=True, env=clean, cwd=cwd, timeout=120, check=False,
    )  # fmt: skip
    return SimpleNamespace(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


@pytest.fixture
def site(committed: None, tmp_path: Path) -> Iterator[Any]:
    """A server, an organization with hostile names in its log, and a token that reads and exports."""
    cast = make_cast()
    for name in HOSTILE:
        change_role(cast.acme.pk, actor=actor(name), target=target(name), reason=name)
    change_role(cast.acme.pk, outcome=Outcome.DENIED)
    _, token = make_token(cast.acme, "audit.read", "audit.export")
    with served() as url:
        env = {"BAILIWICK_URL": url, "BAILIWICK_TOKEN": token}
        yield SimpleNamespace(cast=cast, url=url, token=token, env=env, folder=tmp_path)


@pytest.mark.requirement("S3-057")
def test_log_is_queried_from_the_command_line(site: Any) -> None:
    done = run("query", "--action", "member.role_changed", "--limit", "600", env=site.env)
    assert (done.code, done.err) == (0, "")
    first, *others = done.out.splitlines()
    assert "denied" in first
    assert len(others) == len(HOSTILE)
    for line in done.out.split("\n"):
        assert visible(line) == line
    denied = run("query", "--outcome=denied", "--format=jsonl", env=site.env)
    assert [said["outcome"] for said in lines(denied.out)] == ["denied"]
    assert denied.out.isascii()


def test_query_without_an_answer_says_so(site: Any) -> None:
    done = run("query", "--since", "2999-01-01", env=site.env)
    assert (done.code, done.out, done.err) == (0, "", "No entry matches.\n")


@pytest.mark.parametrize("form", ["jsonl", "csv", "ocsf"])
def test_log_is_exported_into_a_file(site: Any, form: str) -> None:
    file = site.folder / f"log.{form}"
    done = run("export", "--format", form, "--output", str(file), env=site.env)
    assert done.code == 0, done.err
    text = file.read_text()
    entries = {"jsonl": lambda: lines(text)[1:-1], "csv": lambda: table(text)}
    found = entries.get(form, lambda: lines(text))()
    assert f"{len(found):,} entries in {file}" in done.err
    assert [one.name for one in site.folder.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o077 == 0
    again = run("export", "--format", form, "--output", str(file), env=site.env)
    assert again.code == 2
    assert "is there already" in again.err


def test_server_names_the_file_and_the_standard_output_takes_it(site: Any) -> None:
    done = run("export", "--format=csv", "--outcome=denied", env=site.env, cwd=site.folder)
    (file,) = site.folder.iterdir()
    assert done.code == 0
    assert file.name.startswith(f"{site.cast.acme.slug}-audit-")
    assert file.name.endswith(".outcome-denied.csv")
    piped = run("export", "--format=csv", "--outcome=denied", "--output=-", env=site.env)
    assert piped.out == file.read_text()


def test_log_is_verified_from_the_command_line(site: Any) -> None:
    done = run("verify", "--alone", env=site.env)
    assert done.code == 0, done.out + done.err
    file = site.folder / "log.jsonl"
    run("export", "--output", str(file), env=site.env)
    assert run("verify", "--alone", str(file), env={}).code == 0
    head, *entries, end = file.read_text().splitlines()
    (denied,) = [entry for entry in entries if '"outcome":"denied"' in entry]
    entries[entries.index(denied)] = denied.replace("Takes over", "Never had")
    file.write_text("\n".join([head, *entries, end, ""]))
    flawed = run("verify", "--alone", str(file), env={})
    assert flawed.code == 1, flawed.out + flawed.err


# --- What goes wrong ------------------------------------------------------------------------------


def test_wrong_token_is_named_and_never_printed(site: Any) -> None:
    wrong = "bw_svc_" + "0" * 48
    done = run("query", env=site.env | {"BAILIWICK_TOKEN": wrong})
    assert (done.code, done.out) == (2, "")
    assert "does not know this token" in done.err
    assert wrong not in done.err
    odd = run("query", env=site.env | {"BAILIWICK_TOKEN": "hunter2"})
    assert (odd.code, "begin with bw_svc_" in odd.err, "hunter2" in odd.err) == (2, True, False)


def test_scope_that_is_missing_is_named(site: Any) -> None:
    _, token = make_token(site.cast.acme, "audit.read")
    done = run("export", "--output=-", env=site.env | {"BAILIWICK_TOKEN": token})
    assert done.code == 2
    assert "no scope audit.export" in done.err


def test_filter_that_cannot_be_read_is_named(site: Any) -> None:
    done = run("query", "--since", "yesterday", env=site.env)
    assert (done.code, done.out) == (2, "")
    assert "since: Write a date like" in done.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9", "cannot be reached"),
        ("http://bailiwick.example", "would send the token for everyone to read"),
        ("ftp://bailiwick.example", "is no address"),
        ("http://user:secret@127.0.0.1", "no place for a name"),
        ("http://[", "is no address"),
        ("", "Set BAILIWICK_URL"),
        ("http://127.0.0.1\x1b[31m:99999", "is no address"),
    ],
)
def test_wrong_address_is_named(url: str, words: str) -> None:
    done = run("query", env={"BAILIWICK_URL": url, "BAILIWICK_TOKEN": "bw_svc_" + "0" * 48})
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert "\x1b" not in done.err


def test_token_may_stand_in_a_file(site: Any) -> None:
    file = site.folder / "token"
    file.write_text(f"{site.token}\n")
    env = {"BAILIWICK_URL": site.url}
    assert run("query", "--token-file", str(file), env=env).code == 0
    missing = run("query", "--token-file", str(site.folder / "none"), env=env)
    assert (missing.code, "cannot be read" in missing.err) == (2, True)


@contextmanager
def broken(body: bytes, headers: dict[str, str], status: int = 200) -> Iterator[str]:
    """A server that says this and goes away."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


HEAD = b'{"schema": "bailiwick.audit/1"}\n'
TOKEN = "bw_svc_" + "0" * 48
TYPES = {"jsonl": "application/jsonl", "csv": "text/csv", "ocsf": "application/jsonl"}


def end(body: bytes, entries: int = 2) -> bytes:
    """The last line of a file, as a server seals it."""
    digest = hashlib.sha256(body).hexdigest()
    said = {"end": True, "entries": entries, "sha256": digest, "key": "k", "signature": "s"}
    return json.dumps(said).encode() + b"\n"


END = end(HEAD + b"{}\n{}\n")


@pytest.mark.parametrize(
    ("form", "body", "headers"),
    [
        ("jsonl", HEAD + b"{}\n", {"X-Entries": "2"}),
        ("jsonl", HEAD + b"{}\n{1}\n" + END, {"X-Entries": "2"}),
        ("jsonl", HEAD + b"{}\n{}\n" + END.replace(b"signature", b"scribble"), {"X-Entries": "2"}),
        ("jsonl", HEAD + b"{}\n{}\n", {"X-Entries": "2"}),
        ("jsonl", HEAD + b"{}\n" + END, {"X-Entries": "2"}),
        ("jsonl", HEAD + b"{}\n{}\n" + END, {"Content-Length": "9999", "X-Entries": "3"}),
        ("jsonl", HEAD + b"{}\n{}\n" + END, {"Content-Length": "9999", "X-Entries": "2"}),
        ("csv", b"sequence\n1\n", {"X-Entries": "2"}),
        ("csv", b"sequence\n1\n2", {"X-Entries": "2"}),
        ("ocsf", b"{}\n", {"X-Entries": "2"}),
        ("csv", b"5\r\nseque", {"X-Entries": "0", "Transfer-Encoding": "chunked"}),
        ("csv", b"9\r\nsequence\n\r\n", {"X-Entries": "0", "Transfer-Encoding": "chunked"}),
    ],
)  # fmt: skip
def test_a_download_that_is_cut_is_noticed(
    tmp_path: Path, form: str, body: bytes, headers: dict[str, str]
) -> None:
    file = tmp_path / "log"
    with broken(body, headers | {"Content-Type": TYPES[form]}) as url:
        env = {"BAILIWICK_URL": url, "BAILIWICK_TOKEN": TOKEN}
        done = run("export", "--tries=1", "--format", form, "--output", str(file), env=env)
    assert done.code == 2
    assert "The download was cut" in done.err
    assert f"What came is in {file}.part" in done.err
    assert not file.exists()


def test_whole_file_of_another_server_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "log"
    headers = {"X-Entries": "2", "Content-Type": "application/jsonl"}
    with broken(HEAD + b"{}\n{}\n" + END, headers) as url:
        env = {"BAILIWICK_URL": url, "BAILIWICK_TOKEN": TOKEN}
        assert run("export", "--output", str(file), env=env).code == 0
        assert json.loads(file.read_text().splitlines()[-1])["entries"] == 2
        ignored = run("export", "--area", "member", "--output", f"{file}2", env=env)
    assert (ignored.code, "did not understand --area" in ignored.err) == (2, True)


def test_token_follows_no_redirect(tmp_path: Path) -> None:
    with broken(b"", {"Location": "http://127.0.0.1:9/\x7f"}, status=302) as url:
        env = {"BAILIWICK_URL": url, "BAILIWICK_TOKEN": TOKEN}
        done = run("query", env=env)
    assert done.code == 2
    assert "leads to http://127.0.0.1:9" in done.err


def test_what_is_no_bailiwick_is_said(tmp_path: Path) -> None:
    token = {"BAILIWICK_TOKEN": TOKEN}
    for status, body, words in (
        (404, b"<html>", "Is it a Bailiwick"),
        (500, b"\xff\x00", "status 500"),
        (429, b'{"detail": "Busy \\u001b[31m"}', "Busy \\u001b[31m It says: in 30 seconds."),
        (200, b"<html>", "no JSON"),
    ):
        with broken(body, {"Content-Type": "application/json"}, status=status) as url:
            done = run("query", "--tries=1", env=token | {"BAILIWICK_URL": url})
        assert (done.code, words in done.err) == (2, True), (status, done.err)
