"""Killing the worker, its backend and the postmaster while deeds are done, and looking at what is left."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

from tests.robustness.judge import Verdict, judge
from tests.robustness.server import ROOT, OwnServer

KINDS = ("worker", "backend", "postmaster")
LONGEST_PAUSE = 60
"""Seconds until a deed must have succeeded again; a busy machine needs some to start a process."""


class Worker:
    """One process that does deeds, and all that it ever acknowledged, killed or not."""

    def __init__(self, server: OwnServer, name: str, stage: str) -> None:
        self.server, self.name, self.stage = server, name, stage
        self.lives = 0
        self.done: list[str] = []
        self.failed = 0
        self.start()

    def start(self) -> None:
        self.lives += 1
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.robustness.worker",
                self.name,
                self.stage,
                f"{self.lives}",
            ],
            env=self.server.environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=(self.server.folder / "worker.log").open("ab"),
        )
        assert self.process.stdout is not None
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            said = json.loads(line)
            if "done" in said:
                self.done.append(said["done"])
            elif "failed" in said:
                self.failed += 1

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        # What it wrote before it died is still in the pipe.
        self.reader.join()


@dataclass(slots=True)
class Report:
    """The kills of a run and what they left."""

    organization: UUID
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    failed: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    pauses: dict[str, list[float]] = field(default_factory=dict)

    @property
    def broken(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if not verdict.holds]

    def __str__(self) -> str:
        kinds = ", ".join(f"{number} of the {kind}" for kind, number in self.kills.items())
        pauses = ", ".join(
            f"{kind} {sorted(taken)[len(taken) // 2]:.1f} s (longest {max(taken):.1f} s)"
            for kind, taken in self.pauses.items()
        )
        return (
            f"{self.kills.total()} kills: {kinds}. {self.acknowledged:,} deeds acknowledged, "
            f"{sum(len(one.lost) for one in self.broken)} lost, "
            f"{sum(len(one.doubled) for one in self.broken)} recorded twice, "
            f"{sum(len(one.orphaned) for one in self.broken)} changes or entries without the "
            f"other, {sum(bool(one.flaw) for one in self.broken)} broken chains; "
            f"{self.failed:,} deeds refused while the database was away. "
            f"{self.verdicts[-1].entries:,} entries. "
            f"Until the next deed, median: {pauses}."
        )


@contextmanager
def working(server: OwnServer) -> Iterator[tuple[UUID, list[Worker]]]:
    stage = server.run("-m", "tests.robustness.worker", "stage")
    workers = [Worker(server, name, stage) for name in json.loads(stage)["members"]]
    try:
        yield UUID(json.loads(stage)["organization"]), workers
    finally:
        for worker in workers:
            worker.kill()


def kill_and_look(server: OwnServer, kinds: Iterable[str], *, say: Any = None) -> Report:
    """Kill in this order, each at a moment of its own, and judge after each."""
    with working(server) as (organization, workers):
        report = Report(organization)
        _wait_for_a_deed(workers)
        for kind in kinds:
            # Early, late, in the middle of a commit: a deed takes some hundredths of a second.
            time.sleep(random.uniform(0.05, 0.6))
            if not _kill(server, kind, workers):
                continue
            report.kills[kind] += 1
            before = time.monotonic()
            _wait_for_a_deed(workers)
            report.pauses.setdefault(kind, []).append(time.monotonic() - before)
            report.verdicts.append(_look(server, organization, workers))
            if say:
                say(report)
        for worker in workers:
            worker.kill()
        report.verdicts.append(_look(server, organization, workers))
        report.acknowledged = sum(len(worker.done) for worker in workers)
        report.failed = sum(worker.failed for worker in workers)
    return report


def _kill(server: OwnServer, kind: str, workers: list[Worker]) -> bool:
    if kind == "worker":
        worker = random.choice(workers)
        worker.kill()
        worker.start()
        return True
    if kind == "backend":
        return server.kill_backend()
    server.kill_postmaster()
    server.start()
    return True


def _wait_for_a_deed(workers: list[Worker]) -> None:
    """Every worker works on, whatever was killed."""
    before = [len(worker.done) for worker in workers]
    until = time.monotonic() + LONGEST_PAUSE
    while any(len(worker.done) <= had for worker, had in zip(workers, before, strict=True)):
        if time.monotonic() > until:
            raise TimeoutError(f"No deed for {LONGEST_PAUSE} s.")
        for worker in workers:
            if worker.process.poll() is not None:
                said = (worker.server.folder / "worker.log").read_text(errors="replace")
                raise RuntimeError(f"{worker.name} ended by itself.\n{said[-3000:]}")
        time.sleep(0.01)


def _look(server: OwnServer, organization: UUID, workers: list[Worker]) -> Verdict:
    acknowledged = {tag for worker in workers for tag in list(worker.done)}
    with server.as_postgres() as connection:
        return judge(connection, organization, acknowledged)
