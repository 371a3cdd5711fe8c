"""When a look at the log counts as a reading: once a session in ten minutes for each log."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

READ_AGAIN_AFTER = 600
"""Seconds in which a session's next look at the log counts as the same reading."""


def is_new_reading(session: Any, log: UUID) -> bool:
    """Is it one? Then the session remembers it, so that the log does not fill with looks at
    itself.
    """
    key, now = f"audit-read:{log}", time.time()
    if now - session.get(key, 0) < READ_AGAIN_AFTER:
        return False
    session[key] = now
    return True
