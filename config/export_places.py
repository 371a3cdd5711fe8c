"""How many files are written at once. Each holds a connection and a thread for as long as somebody
reads it, however slowly, so two may be open and the console keeps the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

MOST = 2
"""In one process, which on the smallest machine serves three requests at once (`serve`)."""

RETRY_SECONDS = 30

_free = threading.BoundedSemaphore(MOST)


def place_take() -> Callable[[], None] | None:
    """A place, given back by calling what is returned, which may be called again; None where all
    are taken."""
    if not _free.acquire(blocking=False):
        return None
    once = threading.Lock()

    def give_back() -> None:
        if once.acquire(blocking=False):
            _free.release()

    return give_back
