"""The weeks of insights: twelve whole ones, the one that runs, and the twelve to compare with.

A week begins on Monday, where the installation's clocks stand (`settings.TIME_ZONE`). The database
counts executions by the same weeks, so it has to know the zone too.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

WEEKS = 12
WEEK = datetime.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Everything is said by the Monday of `this` week, the one that runs."""

    this: datetime.date

    @classmethod
    def now(cls) -> Self:
        today = timezone.localdate(timezone=timezone.get_default_timezone())
        return cls(today - datetime.timedelta(days=today.weekday()))

    @property
    def first(self) -> datetime.date:
        return self.this - WEEKS * WEEK

    @property
    def before(self) -> datetime.date:
        """The first of the weeks to compare with."""
        return self.first - WEEKS * WEEK

    @property
    def last_day(self) -> datetime.date:
        """The Sunday with which the last whole week ended."""
        return self.this - datetime.timedelta(days=1)

    @property
    def weeks(self) -> list[datetime.date]:
        """The Mondays, from the first to that of the week that runs."""
        return [self.first + number * WEEK for number in range(WEEKS + 1)]

    @property
    def params(self) -> dict[str, Any]:
        """As the statements of insights name them."""
        return {
            "before": self.before,
            "first": self.first,
            "this": self.this,
            "zone": settings.TIME_ZONE,
        }


def keep_zone(*, using: str, **_: Any) -> None:
    """After `migrate`: where TIME_ZONE has changed, every week is counted anew by the new one."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regproc('public.execution_weeks_zone')")
        if cursor.fetchone()[0] is None:
            return
        cursor.execute("SELECT execution_weeks_zone()")
        if cursor.fetchone()[0] != settings.TIME_ZONE:
            cursor.execute("SELECT execution_weeks_rebuild(%s)", [settings.TIME_ZONE])
