"""The charts of insights; the drawing itself is in `config/charts.py` and `line_charts.py`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.utils import dateformat
from django.utils.safestring import SafeString

from config.charts import Column, columns
from config.line_charts import Point, line
from projects.queries.insights import Week

LABEL_EVERY = 3


def runs_chart(weeks: Sequence[Week]) -> SafeString:
    """A column a week: runs below, conversations above."""
    drawn = [
        Column(
            label=_label(place, weeks),
            title=f"{_words(week)}: {week.sums.runs:,} runs,"
            f" {week.sums.conversations:,} conversations",
            parts=(week.sums.runs, week.sums.conversations),
            is_now=week.is_now,
        )
        for place, week in enumerate(weeks)
    ]
    total = sum(week.sums.total for week in weeks if not week.is_now)
    return columns(drawn, f"Runs and conversations in each of twelve weeks, {total:,} in all")


def people_chart(weeks: Sequence[Week]) -> SafeString:
    """How many people were active in each week."""
    drawn = [
        Point(
            label=_label(place, weeks),
            title=f"{_words(week)}: {week.people:,} active",
            value=week.people,
            is_now=week.is_now,
        )
        for place, week in enumerate(weeks)
    ]
    return line(drawn, f"Active people in each of twelve weeks: {_way(weeks)}")


def success_chart(weeks: Sequence[Week]) -> SafeString:
    """The success rate of each week that had an end."""
    drawn = [
        Point(
            label=_label(place, weeks),
            title=f"{_words(week)}: {week.sums.success} % succeeded",
            value=week.sums.success,
            is_now=week.is_now,
        )
        for place, week in enumerate(weeks)
    ]
    said = [week.sums.success for week in weeks if week.sums.success is not None]
    words = f"from {min(said)} to {max(said)} %" if said else "none has ended yet"
    return line(
        drawn, f"Success rate in each of twelve weeks: {words}", top=100, marks="{} %".format
    )


def _way(weeks: Sequence[Week]) -> str:
    whole = [week.people for week in weeks if not week.is_now]
    return f"{whole[0]:,} in the first, {whole[-1]:,} in the last"


def _words(week: Week) -> str:
    last = week.start + datetime.timedelta(days=6)
    words = f"{dateformat.format(week.start, 'j M')} to {dateformat.format(last, 'j M')}"
    return f"{words}, so far" if week.is_now else words


def _label(place: int, weeks: Sequence[Week]) -> str:
    last = len(weeks) - 1
    if place == last:
        return "So far"
    return dateformat.format(weeks[place].start, "j M") if place % LABEL_EVERY == 0 else ""
