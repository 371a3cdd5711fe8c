"""The platform in numbers: counters over everybody, and none of any one organization's insides."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateformat import format as format_date
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from config.charts import Column, columns
from config.gate import gate
from config.roles import Permission
from orgs.portal.deeds import PortalRequest
from orgs.queries import containers as counted


@gate(Permission.PLATFORM_VIEW_METRICS)
@require_safe
def platform_metrics(request: PortalRequest) -> HttpResponse:
    weeks, days = counted.sign_ups_by_week(), counted.calls_by_day()
    known = [calls for _, calls in days if calls is not None]
    context = {
        "organizations": counted.organizations_by_state(),
        "accounts": counted.accounts_by_state(),
        "metrics": counted.platform_metrics(),
        "sign_ups": sum(number for _, number in weeks),
        "days": days,
        "calls": sum(known),
        "withheld": len(days) - len(known),
        # Days on which nobody called are told too; they alone make no chart.
        "told": len(days) == len(known) or sum(known) > 0,
        "weeks_chart": _chart(weeks, "accounts", "Accounts created in each of 12 weeks", every=3),
        "days_chart": _chart(days, "calls", "Calls on each of 30 days", every=7),
    }
    return render(request, "admin/metrics.html", admin.site.each_context(request) | context)


def _chart(
    counted: Sequence[tuple[datetime.date, int | None]], noun: str, said: str, *, every: int
) -> SafeString:
    """Columns by day or week; what is not told has none, and says so."""
    last = len(counted) - 1
    drawn = [
        Column(
            label=format_date(day, "j M") if (last - place) % every == 0 else "",
            title=f"{format_date(day, 'j M Y')}: "
            + (f"{number:,} {noun}" if number is not None else "not told"),
            parts=(number or 0,),
            is_now=place == last,
        )
        for place, (day, number) in enumerate(counted)
    ]
    return columns(drawn, f"{said}, {sum(number or 0 for _, number in counted):,} in all")
