"""What every part of an organization's account is told with: times, rows, and entries."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from audit.events import Event
from audit.ledger import SYSTEM, Actor, Change, Target
from billing.demo import bills
from billing.demo.lines import Account
from billing.models import Invoice
from config.moments import format_money
from orgs.demo.days import id_at
from orgs.demo.history import Entry, History
from orgs.models import Organization


class Telling:
    """One organization's account, as of today; its entries go among the others of its year."""

    def __init__(self, history: History, account: Account) -> None:
        self.history, self.account = history, account
        self.currency = settings.CURRENCY
        self.today = history.calendar.now.date()

    @property
    def org(self) -> Organization:
        return self.history.organization

    def steps(self) -> list[tuple[datetime.date, int]]:
        """From which day on there were so many seats."""
        return [
            (bills.months_before(self.today, months).replace(day=day), seats)
            for months, day, seats in self.account.seats
        ]

    @property
    def first(self) -> datetime.datetime:
        return bills.at_night(self.steps()[0][0]) + datetime.timedelta(hours=9)

    def owner(self, at: datetime.datetime) -> Actor:
        member = self.history.members[self.account.by]
        place = self.history.actor(member.name)
        return Actor("member", member.id, member.name, place.ip, place.user_agent, id_at(at).hex)

    def recipients(self, at: datetime.datetime) -> str:
        return ", ".join(self.account.recipients) or self.owner(at).label

    def new(self, at: datetime.datetime) -> dict[str, Any]:
        """What every row begins with."""
        return {"id": id_at(at), "organization_id": self.org.pk}

    def words(self, amount: int) -> str:
        return format_money(amount, self.currency)

    def say(
        self,
        event: Event,
        at: datetime.datetime,
        changes: Mapping[str, Change],
        *,
        target: Target | None = None,
        actor: Actor = SYSTEM,
        reason: str = "",
    ) -> None:
        target = target or self.history.itself()
        self.history.entries.append(Entry(at, event, actor, target, changes, reason))


def target_of(row: Invoice) -> Target:
    return Target("invoice", row.pk, row.number)
