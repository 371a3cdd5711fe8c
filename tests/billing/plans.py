"""Subscriptions for tests, made by the real deeds, on days of one's choosing."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from audit.models import Event as Entry
from billing.actions.subscriptions import subscription_start
from billing.models import Subscription, Term
from orgs.models import Organization
from orgs.tenancy import bound
from tests.factories import Cast

MODULES = (
    "billing.actions.provider",
    "billing.actions.subscriptions",
    "billing.queries.subscriptions",
    "billing.queries.seat_price",
    "billing.plan_pages",
    "billing.overview",
)
NOVEMBER = datetime.date(2026, 11, 20)
DECEMBER = datetime.date(2026, 12, 1)


@contextmanager
def on(day: datetime.date) -> Iterator[None]:
    """What is asked here is asked on that day."""
    with patch("billing.periods.today_here", return_value=day):
        patches = [patch(f"{module}.today_here", return_value=day) for module in MODULES]
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in patches:
                each.stop()


def subscribe(
    cast: Cast, plan: str = "team", seats: int = 12, *, day: datetime.date = NOVEMBER
) -> Subscription:
    """Alice subscribes for Acme."""
    with on(day):
        return subscription_start(plan=plan, seats=seats, actor=cast.access(cast.alice))


def living(organization: Organization) -> Subscription | None:
    with bound(organization.id):
        rows = Subscription.objects.in_org(organization).exclude(state="ended")
        return rows.first()


def terms(organization: Organization) -> list[tuple[Any, ...]]:
    """Plan, seats, first day, first day after, oldest first."""
    with bound(organization.id):
        found = Term.objects.in_org(organization).order_by("starts_on")
        return [(t.plan, t.seats, t.starts_on, t.ends_on) for t in found]


def row(organization: Organization) -> Organization:
    with bound(organization.id):
        return Organization.objects.get(pk=organization.pk)


def changes(entry: Entry) -> dict[str, Any]:
    """Before and after, as the ledger keeps them."""
    found: dict[str, Any] = json.loads(entry.body)["changes"]
    return found


def entries(organization: Organization, prefix: str) -> list[Entry]:
    with bound(organization.id):
        found = Entry.objects.filter(
            organization_id=organization.id, action__startswith=prefix, outcome="done"
        )
        return list(found.order_by("sequence"))
