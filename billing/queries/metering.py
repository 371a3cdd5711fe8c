"""Sums of usage that other pages and the invoices need: of a month so far, of one person, metered.

The Usage page's own are in `usage.py`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum
from django.urls import reverse

from billing.forecast import WEEKS, Comparison, Forecast, forecast
from billing.models import UsageDay, UsageFact
from billing.periods import DAY, Period, month_of, today_here
from billing.queries.usage_rows import Sums
from config.roles import Permission
from orgs.access import Access
from orgs.usage import Footprint

_FIELDS = ("calls", "refused", "tokens_in", "tokens_out", "cost")
LATEST = 14


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthToDate:
    """This month so far beside the last one on the same day, and the last fourteen days."""

    period: Period
    sums: Sums
    before: Sums
    latest: list[tuple[datetime.date, Sums]]
    forecast: Forecast | None

    @property
    def cost(self) -> Comparison:
        return Comparison(self.sums.cost, self.before.cost, self.period.before_words)

    @property
    def calls(self) -> Comparison:
        return Comparison(self.sums.calls, self.before.calls, self.period.before_words)

    @property
    def expected(self) -> int | None:
        """What the whole month is expected to cost; None where nothing is to go by."""
        return None if self.forecast is None else self.sums.cost + self.forecast.total


def month_to_date(organization: UUID, *, today: datetime.date | None = None) -> MonthToDate:
    """One query, of a row a day."""
    period = Period.month(today or today_here(), today or today_here())
    first = min(period.before.start, period.today - WEEKS * 7 * DAY)
    rows = UsageDay.objects.in_org(organization).filter(
        dimension=UsageDay.Dimension.TOTAL, day__gte=first, day__lte=period.today
    )
    days = {row[0]: Sums(*row[1:]) for row in rows.values_list("day", *_FIELDS)}

    def together(part: list[datetime.date]) -> Sums:
        return sum((days.get(day, Sums()) for day in part), Sums())

    latest = [period.today - n * DAY for n in range(LATEST - 1, -1, -1)]
    return MonthToDate(
        period=period,
        sums=together(period.days),
        before=together(period.before.days),
        latest=[(day, days.get(day, Sums())) for day in latest],
        forecast=forecast({day: sums.cost for day, sums in days.items()}, period),
    )


def own_to_date(access: Access) -> Footprint | None:
    """What one's own keys used this month: a person always sees that of themselves. One query."""
    if access.membership_id is None:
        return None
    today = today_here()
    rows = UsageDay.objects.in_org(access.org.id).filter(
        dimension=UsageDay.Dimension.PERSON,
        subject=str(access.membership_id),
        day__gte=month_of(today),
        day__lte=today,
    )
    found = rows.aggregate(**{name: Sum(name) for name in _FIELDS})
    sums = Sums(*(int(found[name] or 0) for name in _FIELDS))
    page = f"{reverse('usage', args=[access.org.slug])}?person={access.membership_id}"
    return Footprint(
        calls=sums.calls,
        refused=sums.refused,
        tokens=sums.tokens,
        cost=sums.cost,
        url=page if access.can(Permission.BILLING_VIEW_USAGE) else "",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Metered:
    """What the days cost, and of that each project; None stands for what was in none."""

    total: int
    projects: dict[UUID | None, int]


def metered(organization: UUID, start: datetime.date, end: datetime.date) -> Metered:
    """The cost of the days [start, end) in nano-units, exactly, the largest project first.

    Whoever asks sees to it that these days are counted to their end. One query.
    """
    rows = UsageFact.objects.in_org(organization).filter(day__gte=start, day__lt=end)
    parts = (
        rows.values_list("project_id").annotate(cost=Sum("cost")).order_by("-cost", "project_id")
    )
    projects = {project: int(cost) for project, cost in parts if cost}
    return Metered(total=sum(projects.values()), projects=projects)
