"""What is taken out of a log: of whom, in which form, under which filters, and how much it is."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone
from django.utils.text import slugify

from audit import models
from audit.exports.ocsf_classes import VERSION as OCSF_VERSION
from audit.forms import EventFilterForm
from audit.queries import EventFilter, matching, newest_sequence
from config.keyset import capped_count

MOST_COUNTED = 100_000
"""How far a page counts under filters. The file itself counts to the end: it reads it all."""

_LONGEST_NAME = 120


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    OCSF = "ocsf"


SCHEMAS = {
    Form.CSV: "bailiwick.audit.csv/1",
    Form.JSONL: "bailiwick.audit/1",
    Form.OCSF: f"ocsf/{OCSF_VERSION}",
}
TYPES = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.JSONL: "application/jsonl; charset=utf-8",
    Form.OCSF: "application/jsonl; charset=utf-8",
}
SUFFIXES = {Form.CSV: "csv", Form.JSONL: "jsonl", Form.OCSF: "ocsf.jsonl"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """The entries from `first` to `newest` that match; those that come later are in the next one.

    `said` is the filters as they were asked for, to be said again.
    """

    organization: UUID
    slug: str
    form: Form
    filters: EventFilter
    said: Mapping[str, str]
    first: int
    newest: int
    entries: int
    at: datetime.datetime = field(default_factory=timezone.now)

    @property
    def schema(self) -> str:
        return SCHEMAS[self.form]

    @property
    def content_type(self) -> str:
        return TYPES[self.form]

    @property
    def file(self) -> str:
        """Its name, which says up to which entry, and under which filters."""
        filters = [f"{name}-{slugify(value) or 'set'}" for name, value in self.said.items()]
        name = ".".join([f"{self.slug}-audit-{self.newest}", *filters])[:_LONGEST_NAME]
        return f"{name}.{SUFFIXES[self.form]}"

    @property
    def headers(self) -> dict[str, str]:
        """What the file is, for those of its forms that cannot say it themselves."""
        return {
            "Content-Disposition": f'attachment; filename="{self.file}"',
            "X-Schema": self.schema,
            "X-Filters": urlencode(self.said),
            "X-Entries": str(self.entries),
        }

    @property
    def reason(self) -> str:
        """What the log remembers of what was asked for."""
        return " ".join(f"{name}={value}" for name, value in self.said.items())


def export_of(*, organization: UUID, slug: str, form: Form, asked: EventFilterForm) -> Export:
    """As the log stands now. At most three queries; counting costs less than writing it."""
    newest = newest_sequence(organization)
    first = _first(organization)
    return Export(
        organization=organization,
        slug=slug,
        form=form,
        filters=asked.asked,
        said=asked.query,
        first=first,
        newest=newest,
        entries=_number(organization, asked, first=first, newest=newest),
    )


def export_size(*, organization: UUID, asked: EventFilterForm) -> tuple[int, bool]:
    """How many entries there would be, and whether there are more than were counted."""
    if asked.query:
        number = capped_count(
            matching(organization=organization, filters=asked.asked), cap=MOST_COUNTED
        )
        return min(number, MOST_COUNTED), number > MOST_COUNTED
    first, newest = _first(organization), newest_sequence(organization)
    return newest - first + 1, False


def _first(organization: UUID) -> int:
    """Where the log begins: what was kept long enough is gone from the beginning of it."""
    rows = models.Event.objects.filter(organization_id=organization).order_by("sequence")
    return rows.values_list("sequence", flat=True).first() or 1


def _number(organization: UUID, asked: EventFilterForm, *, first: int, newest: int) -> int:
    if not asked.query:
        return newest - first + 1
    found = matching(organization=organization, filters=asked.asked)
    return found.filter(sequence__lte=newest).order_by().count()
