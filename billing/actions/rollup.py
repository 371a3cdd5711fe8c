"""The deed of the clock that adds up usage, and of the operator who has it added up again.

What is added is the database's business (`usage_roll`); here is how long and on which connection.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connections, transaction

logger = logging.getLogger(__name__)

MOST = 250_000
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Batch:
    """`place`: up to where in time a long stretch is taken, None where nothing is left of it."""

    state: str
    rows: int
    place: datetime.datetime | None


class ForeignLogError(Exception):
    """The log comes from another cluster, as after a restore: it is to be added up again."""

    def __str__(self) -> str:
        return "The request log comes from another database: run manage.py usage rebuild."


def usage_roll(
    *,
    most: int = MOST,
    said: Callable[[Batch], None] = lambda batch: None,
    using: str = "default",
) -> int:
    """Add up what was logged since the last time; each batch is a transaction of its own.

    Returns how many rows of the log were taken; none where another process is at it. Raises
    ForeignLogError.
    """
    taken = 0
    while True:
        batch = _batch(most, using)
        if batch.state == "foreign":
            raise ForeignLogError
        taken += batch.rows
        said(batch)
        if batch.state != "more":
            return taken


def usage_rebuild(
    *, most: int = MOST, said: Callable[[Batch], None] = lambda batch: None
) -> datetime.date:
    """Add up the whole log again, in the days of the installation's time zone, or not at all.

    Everybody reads the former sums until it is done. Returns the first day that was counted; days
    before it are no longer whole in the log, and stay as they are.
    """
    with transaction.atomic(using=OWNER):
        with connections[OWNER].cursor() as cursor:
            cursor.execute("SELECT usage_reset(%s)", [settings.TIME_ZONE])
            first: datetime.date = cursor.fetchone()[0]
        usage_roll(most=most, said=said, using=OWNER)
    return first


def _batch(most: int, using: str) -> Batch:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT * FROM usage_roll(%s, %s)", [settings.TIME_ZONE, most])
        return Batch(*cursor.fetchone())
