"""The server's own settings, with the views of `served.py` beside what it answers."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE as _MIDDLEWARE

_DOOR = "projects.api.door.InterfaceMiddleware"
MIDDLEWARE = [
    "tests.bench.served.Door" if middleware == _DOOR else middleware for middleware in _MIDDLEWARE
]
ROOT_URLCONF = "tests.bench.served"
