"""Reads of the portal: how many there are of what, and in what state. Nothing inside of anything.

What is counted over organizations comes from functions of the database that return numbers alone.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models
from django.db.models import Count, Sum
from django.db.models.functions import TruncWeek
from django.utils import timezone

from accounts.models import ACCOUNT_FIELDS, User
from orgs.models import Organization


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How many there are in one state."""

    state: str
    label: str
    number: int


def organizations_by_state() -> list[Standing]:
    return _standings(Organization, Organization.State)


def accounts_by_state() -> list[Standing]:
    return _standings(User, User.State)


def waiting_accounts(most: int = 5) -> list[User]:
    """Who waits for a superadmin's look, those who have waited longest first."""
    waiting = User.objects.only(*ACCOUNT_FIELDS).filter(state=User.State.PENDING)
    return list(waiting.order_by("date_joined", "pk")[:most])


def _standings(model: type[models.Model], states: type[models.TextChoices]) -> list[Standing]:
    """Every state in the order of its choices, those that nobody is in as well."""
    counted = dict(
        model._default_manager.values_list("state").annotate(number=Count("pk")).order_by()
    )
    return [
        Standing(state=state.value, label=state.label, number=counted.get(state.value, 0))
        for state in states
    ]


def keys_of(organization: UUID) -> tuple[int, int]:
    """How many live keys and tokens of service accounts a container has."""
    ((keys, tokens),) = _called("SELECT keys, tokens FROM container_stops(%s)", organization)
    return keys, tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """The platform as a whole, in numbers."""

    storage: int
    entries: int
    jobs_waiting: int
    jobs_running: int
    jobs_failed: int
    checkpoint_at: datetime.datetime | None
    members: int


def platform_metrics() -> Metrics:
    """Two queries."""
    ((*counted, checkpoint_at),) = _called(
        "SELECT storage, entries, jobs_waiting, jobs_running, jobs_failed, checkpoint_at"
        " FROM platform_metrics()"
    )
    storage, entries, waiting, running, failed = counted
    members = Organization.objects.aggregate(number=Sum("member_count"))["number"]
    return Metrics(
        storage=storage,
        entries=entries,
        jobs_waiting=waiting,
        jobs_running=running,
        jobs_failed=failed,
        checkpoint_at=checkpoint_at,
        members=members or 0,
    )


def sign_ups_by_week(weeks: int = 12) -> list[tuple[datetime.date, int]]:
    """How many accounts were created, from the Monday of each week up to this one. One query."""
    today = timezone.localdate()
    this = today - datetime.timedelta(days=today.weekday())
    mondays = [this - datetime.timedelta(weeks=n) for n in reversed(range(weeks))]
    since = timezone.make_aware(datetime.datetime.combine(mondays[0], datetime.time()))
    rows = (
        User.objects.filter(date_joined__gte=since)
        .annotate(week=TruncWeek("date_joined"))
        .values_list("week")
        .annotate(number=Count("pk"))
        .order_by()
    )
    counted = {timezone.localtime(week).date(): number for week, number in rows}
    return [(monday, counted.get(monday, 0)) for monday in mondays]


def calls_by_day(days: int = 30) -> list[tuple[datetime.date, int | None]]:
    """Calls of everybody together, day by day; None where too few called for a sum to be told."""
    return [
        (day, calls)
        for day, calls in _called(
            "SELECT day, calls FROM platform_calls(%s, %s)", days, settings.TIME_ZONE
        )
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """How much one organization's ledger took up: by day, and of it what was refused."""

    days: tuple[int, ...] = ()
    denied: int = 0
    failed: int = 0

    @property
    def entries(self) -> int:
        return sum(self.days)


def ledger_counters(organizations: Sequence[UUID], days: int) -> dict[UUID, Written]:
    """Opaque counters: no actor, no action, nothing of what an entry says. One query."""
    found: dict[UUID, list[tuple[int, int, int]]] = defaultdict(list)
    rows = _called(
        "SELECT organization, entries, denied, failed FROM ledger_counters(%s::uuid[], %s, %s)",
        list(organizations),
        days,
        settings.TIME_ZONE,
    )
    for organization, *numbers in rows:
        found[organization].append((numbers[0], numbers[1], numbers[2]))
    return {
        organization: Written(
            days=tuple(day[0] for day in counted),
            denied=sum(day[1] for day in counted),
            failed=sum(day[2] for day in counted),
        )
        for organization, counted in found.items()
    }


def _called(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(params))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
