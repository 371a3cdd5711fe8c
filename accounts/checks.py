"""What the process refuses to start with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from accounts import demo


@checks.register(checks.Tags.security)
def demo_stays_at_home(**_: Any) -> list[checks.CheckMessage]:
    """The demo signs anybody in as anybody, so it never serves a network in earnest."""
    if not settings.DEMO or demo.is_open():
        return []
    return [
        checks.Error(
            f"DEMO=1 with DEBUG=0 on {settings.BIND_ADDRESS} would let everybody in as anybody.",
            hint="Unset DEMO, or set BIND_ADDRESS=127.0.0.1.",
            id="accounts.E001",
        )
    ]
