"""One transaction for one request, taken again when PostgreSQL says so.

At the stricter levels of isolation whoever comes second is sent away, undone, to come again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from config.prepared import prepared_rows_alone

_SERIALIZATION, _DEADLOCK = "40001", "40P01"
MOST_TIMES = 60
_LONGEST_WAIT = 0.05

Answer = TypeVar("Answer")


def row_of(statement: str, params: Sequence[Any]) -> tuple[Any, ...]:
    """The one row of a function that does everything, in a transaction of its own."""
    rows = until_won(lambda: prepared_rows_alone(statement, params))
    if not rows:
        raise LookupError("The function returned no row.")
    return rows[0]


def until_won(deed: Callable[[], Answer]) -> Answer:
    """Do it, and again when it lost to another: it was undone whole, so its ids are free.

    Raises OperationalError when it lost too often, and for everything that is no race.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    times = 1
    while True:
        try:
            return deed()
        except OperationalError as error:
            lost = getattr(error.__cause__, "sqlstate", None) in (_SERIALIZATION, _DEADLOCK)
            if not lost or connection.in_atomic_block or times == MOST_TIMES:
                raise
        # Apart by chance, so that the same ones do not meet again.
        time.sleep(random.uniform(0, min(0.002 * 2 ** min(times, 10), _LONGEST_WAIT)))  # noqa: S311
        times += 1
