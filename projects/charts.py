"""The chart of a project's usage; the drawing itself is in `config/charts.py`."""

from __future__ import annotations

from django.utils import dateformat
from django.utils.safestring import SafeString

from config.charts import Column, columns
from projects.queries.usage import DAYS, Usage

LABEL_EVERY = 7


def usage_chart(usage: Usage) -> SafeString:
    """Thirty columns, today the last: what succeeded, what failed, and the rest."""
    last = len(usage.days) - 1
    drawn = [
        Column(
            label=_label(place, last, dateformat.format(day, "j M")),
            title=f"{dateformat.format(day, 'j M')}: {count.succeeded:,} succeeded,"
            f" {count.failed:,} failed, {count.others:,} other",
            parts=(count.succeeded, count.failed, count.others),
            is_now=place == last,
        )
        for place, (day, count) in enumerate(usage.days)
    ]
    return columns(
        drawn, f"Executions on each of the last {DAYS} days, {usage.total.total:,} in all"
    )


def _label(place: int, last: int, day: str) -> str:
    if place == last:
        return "Today"
    return day if place % LABEL_EVERY == 0 and last - place > 2 else ""
