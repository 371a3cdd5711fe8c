"""What the Usage page says in words: its lines, its legend and their addresses.

No query and no HTTP: what was found comes from `queries/usage.py`, the markup from the templates.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.safestring import SafeString

from audit.pages import Address
from billing.forecast import METHOD
from billing.forms.usage import BY_ID, LABELS, NONE, SORTS, Dimension, UsageAsked
from billing.queries.rollup import clock_words
from billing.queries.usage import UsagePage
from billing.queries.usage_names import WORDS, Words
from billing.queries.usage_rows import Subject, Sums
from billing.usage_bar import Bar
from billing.usage_chart import MOST_COLUMNS, OTHERS, chart, shown, unit_words
from config.roles import Permission
from orgs.access import Access
from projects.models import Project

# What somebody who opened one of these asks next.
_NEXT = {
    Dimension.PROJECT: Dimension.PERSON,
    Dimension.GROUP: Dimension.KEY,
    Dimension.PERSON: Dimension.KEY,
    Dimension.KEY: Dimension.MODEL,
    Dimension.MODEL: Dimension.KEY,
    Dimension.TASK: Dimension.KEY,
}
_LOGGED = {Dimension.KEY, Dimension.PROJECT, Dimension.MODEL, Dimension.TASK}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the table: its share is of the measure that is looked at, in per mille."""

    name: str
    sums: Sums
    share: int
    url: str = ""
    icon: str = ""
    pk: str = ""
    is_person: bool = False
    is_nameless: bool = False
    has_part: bool = True

    @property
    def percent(self) -> str:
        if not self.share:
            return "under 0.1 %" if self.has_part else "0 %"
        return f"{self.share // 10}.{self.share % 10} %"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A line of the legend: the mark of its part in the chart, its name and its sum."""

    mark: int
    name: str
    value: str


class Shown:
    """The page in words, for one reader at one address."""

    def __init__(
        self,
        access: Access,
        page: UsagePage,
        path: str,
        *,
        costs: bool,
        project: Project | None = None,
    ) -> None:
        self.access, self.page, self.costs, self.project = access, page, costs, project
        self.asked: UsageAsked = page.asked
        self.address = Address(path, self.asked.query)
        self.number = shown(self.asked.measure)
        self.bar = Bar(page, self.address, costs=costs, inside=project is not None)

    @property
    def words(self) -> Words:
        return WORDS[self.asked.by]

    @cached_property
    def lines(self) -> list[Line]:
        return [self._line(subject) for subject in self.page.lines]

    def _line(self, subject: Subject) -> Line:
        whole = self.page.total.of(self.asked.measure)
        mine = subject.sums.of(self.asked.measure)
        by_id = self.asked.by in BY_ID and subject.standing == "seen"
        return Line(
            name=self.name_of(subject),
            sums=subject.sums,
            share=(2000 * mine + whole) // (2 * whole) if whole else 0,
            url=str(self._under(subject)) if subject.standing != "unseen" else "",
            icon=self.words.icon,
            pk=subject.subject if by_id else "",
            is_person=by_id and self.asked.by == Dimension.PERSON,
            is_nameless=subject.standing != "seen",
            has_part=mine > 0,
        )

    def name_of(self, subject: Subject) -> str:
        words = self.words
        if subject.standing == "unseen":
            return str(words.unseen if subject.together == 1 else words.unseen_many)
        return {"none": words.nothing, "gone": words.gone}.get(subject.standing, subject.name)

    def _under(self, subject: Subject) -> Address:
        """This page filtered by one line, split by what is asked of it next."""
        by = self.asked.by
        narrowed = self.address.without("page", "sort", "by").having(
            **{by.value: subject.subject or NONE}
        )
        following = _NEXT[by]
        taken = {*self.asked.filters, by} | ({Dimension.PROJECT} if self.project else set())
        if following in taken:
            return narrowed
        return narrowed.having(by=following.value)

    @property
    def query_part(self) -> str:
        """What an address says of this page, for one of the same."""
        return str(Address("", self.asked.query))

    @property
    def more_url(self) -> str | None:
        return self.address.at(self.page.more)

    @property
    def is_first(self) -> bool:
        return self.asked.cursor is None

    @property
    def whole_url(self) -> str:
        return str(self.address)

    @cached_property
    def chart(self) -> SafeString:
        names = [self.name_of(subject) for subject, _ in self.page.largest]
        return chart(self.page, names, self.log_url)

    @property
    def unit(self) -> str:
        return unit_words(self.asked.measure)

    @property
    def legend(self) -> list[Part]:
        """The parts of the chart from the ground up."""
        parts = [
            Part(
                mark=place,
                name=self.name_of(subject),
                value=self.number(subject.sums.of(self.asked.measure)),
            )
            for place, (subject, _) in enumerate(self.page.largest, 1)
        ]
        rest = self.page.rest.of(self.asked.measure)
        if rest:
            parts.append(Part(mark=OTHERS, name=self._others(), value=self.number(rest)))
        return parts

    def _others(self) -> str:
        number, words = self.page.others, self.words
        if not self.page.largest:
            unseen = [one for one in self.page.lines if one.standing == "unseen"]
            return self.name_of(unseen[0]) if unseen else str(words.unseen_many)
        return f"{number:,} other {words.many}" if number > 1 else "Others"

    @property
    def total(self) -> str:
        return self.number(self.page.total.of(self.asked.measure))

    @property
    def comparison(self) -> str:
        return self.page.comparison.words(self.number)

    @property
    def forecast(self) -> dict[str, str] | None:
        """What is still expected of a running month, and how that is reckoned."""
        found = self.page.forecast
        if found is None:
            return None
        days = len(found.days) - 1
        coming = "rest of today" if not days else f"{days} day{'' if days == 1 else 's'}"
        whole = self.page.total.of(self.asked.measure) + found.total
        return {
            "label": f"Forecast, {coming}",
            "value": self.number(found.total),
            "expected": self.number(whole),
            "month": dateformat.format(self.asked.period.start, "F"),
            "method": METHOD,
        }

    @property
    def days(self) -> list[tuple[datetime.date, Sums, str]]:
        """Each day that anything was counted on, newest first, with its requests."""
        return [
            (day, sums, self.log_url(day, day))
            for day, sums in sorted(self.page.days.items(), reverse=True)
            if sums
        ]

    def log_url(self, first: datetime.date, last: datetime.date) -> str:
        """The requests of these days, for who may see them; none where the log knows no such
        filter or does not count days as this page does."""
        filters = self.asked.filters
        if not set(filters) <= _LOGGED or not all(filters.values()) or not self._may_see_log:
            return ""
        if timezone.get_current_timezone_name() != timezone.get_default_timezone_name():
            return ""
        slug = self.access.org.slug
        page = (
            reverse("project_calls", args=[slug, self.project.pk])
            if self.project
            else reverse("call_list", args=[slug])
        )
        said = {dimension.value: value for dimension, value in filters.items()}
        return str(Address(page).having(since=first, until=last, **said))

    @cached_property
    def _may_see_log(self) -> bool:
        if self.project is not None:
            return self.access.can(Permission.PROJECTS_VIEW_AUDIT, self.project)
        return self.access.can(Permission.KEYS_SET_POLICIES)

    @property
    def sort_urls(self) -> dict[str, str]:
        here = self.address.without("page")
        return {name: str(here.having(sort=name)) for name in SORTS}

    @property
    def was_ever(self) -> bool:
        """Is it this choice of days and filters that finds nothing?"""
        return bool(self.page.was_ever or self.asked.query.keys() - {"by", "measure", "sort"})

    @property
    def nothing(self) -> str:
        under = " under these filters" if self.asked.filters else ""
        return f"Nothing counted in {self.asked.period.short}{under}"

    @property
    def heading(self) -> str:
        return f"{'Costs' if self.asked.measure == 'cost' else 'Usage'}, {self.asked.period.short}"

    @property
    def each(self) -> str:
        return "week" if self.is_wide else "day"

    @property
    def is_wide(self) -> bool:
        return len(self.asked.period.days) > MOST_COLUMNS

    @property
    def is_long(self) -> bool:
        """Does a phone show only a part of it at a time? Then the end, where today is."""
        return len(self.asked.period.days) > 14

    @property
    def by_words(self) -> str:
        return LABELS[self.asked.by].lower()

    @property
    def count_words(self) -> str:
        number = self.page.count
        return f"{number:,} {self.words.many}" if number != 1 else f"1 {self.words.one}"

    @property
    def days_lead(self) -> bool:
        return any(url for _, _, url in self.days)

    @property
    def counted_until(self) -> str:
        """How far the log is counted: "14:03", with the day where that is not today."""
        return clock_words(self.page.counted.until)
