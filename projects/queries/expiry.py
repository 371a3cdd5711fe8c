"""Reads about ends: what ends soon, what has ended, and in which organizations there is any."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from config.keyset import Page, page_of, read_cursor
from config.roles import Role

SOON = datetime.timedelta(days=30)
ENDED = datetime.timedelta(days=90)  # Older ones are in the audit log.
MOST_AT_ONCE = 500
_ENDS = "SELECT * FROM access_ends(%s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Ending:
    """A membership, a place in a group, a group's role or a share, with when it ends."""

    kind: str
    scope: str
    place_id: UUID
    place_name: str | None
    place_kind: str
    role: str | None
    id: UUID
    membership_id: UUID | None
    member_name: str | None
    group_id: UUID | None
    group_name: str | None
    since: datetime.datetime
    by_id: UUID | None
    by_name: str | None
    reason: str
    expires_at: datetime.datetime

    @property
    def ends_this_week(self) -> bool:
        return datetime.timedelta() < self.expires_at - timezone.now() <= datetime.timedelta(days=7)

    @property
    def distance(self) -> str:
        """How far away the end is, in whole hours or days."""
        left = self.expires_at - timezone.now()
        seconds = abs(left.total_seconds())
        number = int(seconds // 86400) if seconds >= 2 * 86400 else int(seconds // 3600)
        unit = "day" if seconds >= 2 * 86400 else "hour"
        words = f"{number} {unit}{'' if number == 1 else 's'}" if number else "less than an hour"
        return f"in {words}" if left > datetime.timedelta() else f"{words} ago"

    @property
    def role_label(self) -> str:
        return Role(self.role).label if self.role else ""

    @property
    def holder(self) -> str:
        """Who holds it: the person, or the group."""
        return self.member_name or self.group_name or ""


def endings(*, ended: bool, cursor: str | None, size: int = 50) -> Page[Any]:
    """One page of what ends soon, the soonest first, or of what has ended, the latest first.

    One round trip, in the organization that is bound.
    """
    now = timezone.now()
    start, until = (now - ENDED, now) if ended else (now, now + SOON)
    backwards, after = read_cursor(cursor, 2)
    if after is not None and not _is_place(after):
        backwards, after = False, None
    at = after or (None, None)
    rows = _rows(start, until, ended != backwards, at[0], at[1], size + 1)
    return page_of(rows, ("expires_at", "id"), size=size, backwards=backwards, first=after is None)


def all_endings(*, until: datetime.datetime) -> Iterator[list[Ending]]:
    """Everything of the bound organization that ends from now until then, in batches."""
    at: datetime.datetime | None = None
    last: UUID | None = None
    now = timezone.now()
    while rows := _rows(now, until, False, at, last, MOST_AT_ONCE):
        yield rows
        at, last = rows[-1].expires_at, rows[-1].id


def organizations_with_ends(*, until: datetime.datetime) -> list[UUID]:
    """The open organizations in which something ends until then; asked unbound, by a job."""
    return _ids("SELECT ends_due(%s)", until)


def organizations_with_requests_due() -> list[UUID]:
    """Those in which a request waits that nobody answered in time; asked unbound, by a job."""
    return _ids("SELECT requests_due(%s)", timezone.now())


def _ids(statement: str, moment: datetime.datetime) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [moment])
        return [row[0] for row in cursor.fetchall()]


def _rows(
    start: datetime.datetime,
    until: datetime.datetime,
    descending: bool,
    at: datetime.datetime | None,
    last: UUID | None,
    size: int,
) -> list[Ending]:
    with connection.cursor() as cursor:
        cursor.execute(_ENDS, [start, until, descending, at, last, size])
        return [Ending(*row) for row in cursor.fetchall()]


def _is_place(values: list[object]) -> bool:
    return isinstance(values[0], datetime.datetime) and isinstance(values[1], UUID)
