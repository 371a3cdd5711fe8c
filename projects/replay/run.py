"""The replay itself: threads that verify and report, and the tally of what came of it."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from projects.replay.journal import Journal
from projects.replay.trace import ReplayError, Row
from projects.replay.wire import Address, Platform

MOST_THREADS = 64
FAILED = "failed "
"""What was allowed and could not be reported; it is tried again the next time."""


@dataclass(slots=True)
class Tally:
    """What was sent and what came of it; kept under the lock of its replay."""

    sent: int = 0
    allowed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    read: int = 0
    written: int = 0
    cost: int = 0

    def count(self, row: Row, how: str, cost: int) -> None:
        self.sent += 1
        if how.startswith(FAILED):
            self.failed[how.removeprefix(FAILED)] += 1
        elif how:
            self.refused[how] += 1
        else:
            self.allowed += 1
            self.read, self.written = self.read + row.read, self.written + row.written
            self.cost += cost


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """With which key, for what, and how much is set aside for what is not written yet."""

    address: Address
    token: str
    key: str
    action: str
    model: str
    most_written: int


class Replay:
    """Rows on their way. `go` returns when all are through, or `stop` was called."""

    def __init__(self, asked: Asked, journal: Journal, *, speed: float = 0) -> None:
        self.asked, self.journal, self.speed = asked, journal, speed
        self.tally = Tally()
        self.error: ReplayError | None = None
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._rows: queue.SimpleQueue[Row] = queue.SimpleQueue()

    def go(self, rows: list[Row], *, threads: int, watch: Callable[[], None]) -> None:
        """Raises ReplayError where it cannot go on; what was sent until then is told."""
        self._began, self._first = time.monotonic(), rows[0].at if rows else None
        for row in rows:
            self._rows.put(row)
        workers = [threading.Thread(target=self._work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            while any(worker.is_alive() for worker in workers):
                workers[0].join(0.05)
                watch()
        finally:
            # Also on Ctrl-C: each finishes the call that it is at, and reports it.
            self.stop()
            for worker in workers:
                worker.join()
        if self.error:
            raise self.error

    def stop(self) -> None:
        self._stop.set()

    def _work(self) -> None:
        platform = Platform(self.asked.address, self.asked.token)
        try:
            while not self._stop.is_set():
                row = self._rows.get_nowait()
                if self._wait_for(row):
                    how, cost = self._send(row, platform)
                    if not how.startswith(FAILED):
                        self.journal.end(row, how, cost)
                    with self._lock:
                        self.tally.count(row, how, cost)
        except queue.Empty:
            pass
        except ReplayError as error:
            self.error = error
            self.stop()
        finally:
            platform.close()

    def _wait_for(self, row: Row) -> bool:
        if not self.speed or self._first is None:
            return True
        due = self._began + (row.at - self._first).total_seconds() / self.speed
        return not self._stop.wait(max(due - time.monotonic(), 0))

    def _send(self, row: Row, platform: Platform) -> tuple[str, int]:
        """Verify, then report: how it ended, and what it cost in nano-units."""
        verification = self.journal.allowed.get(row.name)
        if verification is None:
            answer = self._verified(row, platform)
            if not answer["decision"]:
                return answer["reason"], 0
            verification = str(answer["id"])
            self.journal.allow(row, verification)
        said = {
            "verification": verification,
            "input_tokens": row.read,
            "output_tokens": row.written,
        }
        name = f"{self.journal.run}-{row.name}"
        status, answer = platform.post("/v1/usage", said, Idempotency_Key=name)
        if status != 200:
            return f"{FAILED}{answer.get('code', status)}", 0
        return "", nano(answer["cost"])

    def _verified(self, row: Row, platform: Platform) -> dict[str, Any]:
        said = {
            "key": self.asked.key,
            "action": self.asked.action,
            "model": self.asked.model,
            "input_tokens": row.read,
            "output_tokens": self.asked.most_written,
        }
        status, answer = platform.post("/v1/keys/verify", said)
        if status != 200:
            # A token or a key that is none stays none for every row.
            raise ReplayError(f"{status}: {answer.get('detail', 'the interface refused')}")
        return answer


def nano(amount: str) -> int:
    """Nano-units of an amount that the interface wrote. Raises ReplayError."""
    try:
        return int(Decimal(amount).scaleb(9))
    except (InvalidOperation, ValueError):
        raise ReplayError(f"{amount!r} is no amount: is this Bailiwick?") from None
