"""The choices above usage: split, measure, days and the filters that are set, with their addresses.

No query and no HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import dateformat

from audit.pages import Address, Chip
from billing.forms.usage import (
    DIMENSIONS,
    LABELS,
    LAST,
    MEASURES,
    MONTH,
    SPANS,
    Dimension,
    months_to_choose,
)
from billing.queries.usage import UsagePage
from billing.queries.usage_names import WORDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    label: str
    url: str
    current: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """A filter that is set; `value` is how the address says it."""

    key: str
    name: str
    value: str
    chip: Chip


class Bar:
    """`inside` a project, what it is split by is never the project or the cost centre."""

    def __init__(self, page: UsagePage, address: Address, *, costs: bool, inside: bool) -> None:
        self.page, self.asked, self.address = page, page.asked, address
        self.costs, self.inside = costs, inside

    @property
    def tabs(self) -> list[Choice]:
        """What it may be split by: not by what it is filtered by, which would be one line."""
        here = self.address.without("page", "sort")
        left_out = {Dimension.PROJECT, Dimension.GROUP} if self.inside else set()
        return [
            Choice(
                label=LABELS[one], url=str(here.having(by=one.value)), current=one == self.asked.by
            )
            for one in DIMENSIONS
            if one not in left_out and (one not in self.asked.filters or one == self.asked.by)
        ]

    @property
    def measures(self) -> list[Choice]:
        here = self.address.without("page", "sort")
        return [
            Choice(
                label=label, url=str(here.having(measure=one)), current=one == self.asked.measure
            )
            for one, label in MEASURES.items()
            if self.costs or one != "cost"
        ]

    @property
    def spans(self) -> list[Choice]:
        """The usual stretches of days, those before the months."""
        ready = [(MONTH, "This month"), (LAST, "Last month")]
        return self._choices([*ready, *((code, f"Last {n} days") for code, n in SPANS.items())])

    @property
    def months(self) -> list[Choice]:
        months = months_to_choose(self.asked.period.today)
        return self._choices(
            [(dateformat.format(one, "Y-m"), dateformat.format(one, "M Y")) for one in months]
        )

    def _choices(self, ready: list[tuple[str, str]]) -> list[Choice]:
        here = self.address.without("since", "until", "period", "page")
        return [
            Choice(label=label, url=str(here.having(period=code)), current=code == self.asked.span)
            for code, label in ready
        ]

    @property
    def chips(self) -> list[Filter]:
        return [
            Filter(
                key=LABELS[dimension],
                name=dimension.value,
                value=self.asked.query[dimension.value],
                chip=Chip(self._filter_words(dimension), self._without(dimension)),
            )
            for dimension in self.asked.filters
        ]

    def _filter_words(self, dimension: Dimension) -> str:
        name = self.page.names[dimension]
        # Nothing was ever counted for it that this reader may know of: it may be anything.
        is_gone = name == WORDS[dimension].gone and not self.page.total
        return "Not found" if is_gone else name

    def _without(self, dimension: Dimension) -> Address:
        return self.address.without(dimension.value, "page", "by")

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the form of the days sends along, besides its chips."""
        return [(k, v) for k, v in self.asked.query.items() if k in ("by", "measure", "sort")]
