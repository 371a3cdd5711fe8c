"""The live keys of an organization; the app above this one, which has them, says which they are."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from django.db.models import QuerySet

from config.keyset import capped_count


class Finding(Protocol):
    def __call__(self, organization: UUID) -> QuerySet[Any]: ...


# Every team page counts them, so no further than it takes to say that there are many.
MOST = 1_000

_finds: list[Finding] = []


def on_finding(callback: Finding) -> None:
    """Ask this one. Called when the apps are ready."""
    if callback not in _finds:
        _finds.append(callback)


def live_keys(organization: UUID) -> QuerySet[Any] | None:
    """Neither revoked nor expired (S1-007), to be counted; None where nothing above has keys."""
    return next((find(organization) for find in _finds), None)


def active_keys(organization: UUID, *, creator: UUID | None = None) -> int:
    """How many live keys, all or those that act for one member. Counts to a cap."""
    rows = live_keys(organization)
    if rows is None:
        return 0
    return capped_count(rows.filter(creator=creator) if creator else rows, cap=MOST)


def counted_keys(number: int) -> str:
    """How many, as pages say it: "12", or "1,000+" past the cap."""
    return f"{MOST:,}+" if number > MOST else f"{number:,}"
