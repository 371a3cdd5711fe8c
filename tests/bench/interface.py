"""The interface as it is served: requests a second beside a view that does nothing."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import psutil
import psycopg

from config.roles import Permission
from projects.api.decisions import decide
from projects.api.facts import Question, facts_for
from projects.keys import digest
from tests.bench import served
from tests.bench.database import BASE_DIR, BenchDatabase
from tests.bench.programs import MODEL, TASK, Program, programs
from tests.bench.seed import Scale
from tests.bench.timing import Line

HOST = "127.0.0.1"
CONNECTIONS, ROUNDS, SECONDS, WARM_UP = 12, 5, 1.5, 0.7
LEAST = 0.42
FLOOR, CONSOLE = "a trivial view", "one the console’s way"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Requests of one kind, each as the bytes that are sent, and what its answer holds."""

    work: str
    size: str
    asked: list[bytes]
    expected: str = '"decision": true'
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What one request took in one round: seconds of the clock, and of processors."""

    clock: float
    server: float
    database: float


def interface(scale: Scale, database: BenchDatabase, owner: psycopg.Connection[Any]) -> list[Line]:
    owner.execute(served.TABLES)
    owner.execute(
        f"GRANT SELECT, UPDATE, INSERT ON bench_metered, bench_called TO {_web(database)}"
    )
    kinds = _kinds(scale, owner)
    with _serving() as (port, process), _load(kinds) as load:
        meter = _Processors(process, database, owner)
        rounds: dict[str, list[Taken]] = {kind.work + kind.size: [] for kind in kinds}
        for kind in kinds:
            load(kind, port, WARM_UP)
        for _ in range(ROUNDS):
            for kind in kinds:
                rounds[kind.work + kind.size].append(_taken(kind, port, load, meter))
    floors = {
        is_what: median(taken.clock for taken in rounds[kind.work + kind.size])
        for is_what, kind in ((FLOOR, kinds[0]), (CONSOLE, kinds[1]))
    }
    lines = [_line(kind, rounds[kind.work + kind.size], FLOOR, floors[FLOOR]) for kind in kinds]
    promised = [kind for kind in kinds if kind.least is not None]
    # What a page of the console would cost at least, for whoever asks about people by a page.
    return lines + [
        replace(_line(kind, rounds[kind.work + kind.size], CONSOLE, floors[CONSOLE]), least=None)
        for kind in promised
    ]


def _line(kind: Kind, taken: list[Taken], floor_is: str, floor: float) -> Line:
    server, behind = (
        median(getattr(one, name) for one in taken) * 1e6 for name in ("server", "database")
    )
    return Line(
        work=kind.work,
        size=kind.size,
        seconds=median(one.clock for one in taken),
        floor=floor,
        floor_is=floor_is,
        least=kind.least,
        processors=f"{server:.0f} + {behind:.0f} µs",
    )


# --- What is asked --------------------------------------------------------------------------------


def _kinds(scale: Scale, owner: psycopg.Connection[Any]) -> list[Kind]:
    many = programs(owner, "slug <> 'large'", 1_000)
    large = programs(owner, "slug = 'large'", 1_000)
    organizations = f"{len(many):,} keys of as many organizations"
    keys = f"{len(large):,} keys of one organization"
    return [
        Kind(work="A trivial view", size="", asked=[_request(served.TRIVIAL, many[0], {})]),
        Kind(work="A trivial view, the console’s way", size="", asked=[_get(served.CONSOLE)]),
        Kind(work="`SELECT 1`", size="", asked=[_request(served.SELECT, many[0], {})]),
        Kind(
            work="Three statements",
            size=keys,
            asked=[_request(served.THREE, one, _verify(one)) for one in large],
        ),
        *(
            Kind(
                work="`POST /v1/keys/verify`",
                size=size,
                asked=[_request("/v1/keys/verify", one, _verify(one)) for one in asked],
                least=LEAST,
            )
            for size, asked in ((organizations, many), (keys, large))
        ),
        Kind(
            work="`POST /v1/keys/verify`",
            size="one key, with a budget and a rate",
            asked=[_request("/v1/keys/verify", large[0], _verify(large[0]))],
        ),
        *(
            Kind(
                work=f"`POST /access/v1/evaluation`, {word}",
                size=f"{scale.members:,} members, {scale.projects:,} projects",
                asked=_evaluations(large, permission, allowed=allowed),
                expected=f'"decision": {"true" if allowed else "false"}',
                least=LEAST,
            )
            for word, permission, allowed in (
                ("yes", Permission.AGENTS_CREATE, True),
                ("no", Permission.PROJECTS_DELETE, False),
            )
        ),
    ]


def _evaluations(asked: list[Program], permission: Permission, *, allowed: bool) -> list[bytes]:
    """May the creator of a key do this in its project? Those of whom the answer is known."""
    requests = []
    for one in asked:
        question = Question("user", str(one.creator), "project", str(one.project))
        facts = facts_for(digest(one.token), question)
        if decide(facts, permission, question.place_type).allowed == allowed:
            said = {
                "subject": {"type": "user", "id": question.subject},
                "action": {"name": permission.value},
                "resource": {"type": "project", "id": question.place},
            }
            requests.append(_request("/access/v1/evaluation", one, said))
    return requests


def _verify(program: Program) -> dict[str, Any]:
    return {"key": program.key, "action": "workflows.execute", "model": MODEL, "task": TASK}


def _request(path: str, program: Program, said: Any) -> bytes:
    body = json.dumps(said).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {program.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


# --- Asking ---------------------------------------------------------------------------------------


@contextmanager
def _serving() -> Iterator[tuple[int, psutil.Process]]:
    """`manage.py serve` with one process, and the views of `served.py` beside its own."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "manage.py", "serve", "--port", str(port), "--no-jobs"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    with subprocess.Popen(
        command, cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait(port)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(f"http://{HOST}:{port}{served.CONSOLE}", timeout=5).read()
            return
        time.sleep(0.1)
    raise SystemExit("The server to be measured does not answer.")


@contextmanager
def _load(kinds: list[Kind]) -> Iterator[Any]:
    """The process that asks: called with a kind, a port and a time, it says what came of it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load"],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        orders, answers = process.stdin, process.stdout

        def say(order: dict[str, Any]) -> dict[str, Any]:
            orders.write(json.dumps(order) + "\n")
            orders.flush()
            return json.loads(answers.readline())  # type: ignore[no-any-return]

        for kind in kinds:
            asked = [base64.b64encode(one).decode() for one in kind.asked]
            say({"kind": kind.work + kind.size, "asked": asked, "expected": kind.expected})

        def ask(kind: Kind, port: int, seconds: float) -> dict[str, Any]:
            order = {"kind": kind.work + kind.size, "host": HOST, "port": port}
            came = say(order | {"lines": CONNECTIONS, "seconds": seconds})
            if "wrong" in came:
                raise SystemExit(f"{kind.work} was answered otherwise:\n{came['wrong']}")
            return came

        try:
            yield ask
        finally:
            orders.close()


def _taken(kind: Kind, port: int, load: Any, meter: _Processors) -> Taken:
    server, database = meter.server(), meter.database()
    came = load(kind, port, SECONDS)
    count = came["count"]
    return Taken(
        came["seconds"] / count,
        (meter.server() - server) / count,
        (meter.database() - database) / count,
    )


class _Processors:
    """Seconds of processors that the server has used, and its connections in the database."""

    def __init__(
        self, process: psutil.Process, database: BenchDatabase, owner: psycopg.Connection[Any]
    ) -> None:
        self.processes = [process, *process.children(recursive=True)]
        self.name, self.owner = database.name, owner

    def server(self) -> float:
        return sum(_used(process.pid) for process in self.processes)

    def database(self) -> float:
        found = self.owner.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [self.name],
        ).fetchall()
        return sum(_used(pid) for (pid,) in found)


def _used(pid: int) -> float:
    """Zero for a process of another machine, or one that has gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _web(database: BenchDatabase) -> str:
    with database.as_web() as web:
        row = web.execute("SELECT quote_ident(session_user)").fetchone() or ("",)
        return str(row[0])
