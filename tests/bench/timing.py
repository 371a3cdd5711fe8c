"""Taking times side by side, and what one line of the tables says. What is measured is elsewhere."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]

WARM_UP = 12
"""Calls before the clock starts: past the sixth, PostgreSQL may take its generic plan."""

SLICE, LEAST_ROUNDS, MOST_ROUNDS = 0.02, 9, 400


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table: a work, its floor of the same run, and what it should stay under.

    `limit` is a ratio to the floor, `longest` a time in seconds, `most` a number of queries; None
    where nothing is promised. `least` is a share of the floor's rate; such a line is told in
    requests a second, with the time of `processors` that one of them took.
    """

    work: str
    size: str
    seconds: float
    floor: float
    floor_is: str
    limit: float | None = None
    longest: float | None = None
    most: int | None = None
    least: float | None = None
    queries: int | None = None
    processors: str | None = None

    @property
    def ratio(self) -> float:
        return self.seconds / self.floor

    @property
    def share(self) -> float:
        return self.floor / self.seconds

    @property
    def met(self) -> bool | None:
        kept = [
            held
            for promise, held in (
                (self.limit, round(self.ratio, 2) <= (self.limit or 0)),
                (self.longest, self.seconds <= (self.longest or 0)),
                (self.most, (self.queries or 0) <= (self.most or 0)),
                (self.least, round(self.share, 2) >= (self.least or 0)),
            )
            if promise is not None
        ]
        return all(kept) if kept else None


def side_by_side(*works: Work, seconds: float = 1.0) -> list[float]:
    """The median seconds of one call of each, in slices taken in turn: A B C A B C …

    Whatever else the machine does meets all of them alike. Each runs for about `seconds`.
    """
    counts = [_calls_in_a_slice(work) for work in works]
    samples: list[list[float]] = [[] for _ in works]
    gc.collect()
    for _ in range(MOST_ROUNDS):
        for work, count, taken in zip(works, counts, samples, strict=True):
            taken.append(_time(work, count))
        spent = min(sum(taken) * count for taken, count in zip(samples, counts, strict=True))
        if spent >= seconds and len(samples[0]) >= LEAST_ROUNDS:
            break
    return [median(taken) for taken in samples]


def in_turn(*works: Work, rounds: int, before: Work = lambda: None) -> list[float]:
    """The same for work of seconds: each once a round. `before` tidies up, off the clock."""
    samples = []
    for _ in range(rounds):
        before()
        samples.append([_time(work, 1) for work in works])
    return [median(column) for column in zip(*samples, strict=True)]


def _calls_in_a_slice(work: Work) -> int:
    for _ in range(WARM_UP):
        work()
    return max(1, round(SLICE / _time(work, 3)))


def _time(work: Work, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - started) / count
