"""Filters that are kept, as the log's page lists them, and how a span of days moves along.

No query and no HTTP.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from audit.forms import EventFilterForm
from audit.models import SavedFilter
from audit.pages import PRESETS, Address, number

_LONGEST_SPAN = 3_660


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter that is kept: its name, the log under it, and whether the reader may delete it."""

    id: UUID
    name: str
    address: Address
    is_shared: bool
    is_here: bool
    may_delete: bool


def saved(
    filters: Sequence[SavedFilter], address: Address, *, mine: UUID, may_delete: bool
) -> list[Saved]:
    """The kept filters, each with its address; a span that ends today moves along."""
    found = []
    for kept in filters:
        form = EventFilterForm(kept_query(kept.query))
        there = Address(address.path, form.query)
        own = kept.membership_id == mine
        found.append(
            Saved(
                kept.pk,
                kept.name,
                there,
                kept.shared,
                there.query == address.query,
                own or (kept.shared and may_delete),
            )
        )
    return found


def kept_query(query: Mapping[str, str]) -> dict[str, str]:
    """A kept filter as it stands in an address today: days before today become a date."""
    found = {str(name): str(value) for name, value in query.items()}
    days = number(found.pop("days", None))
    if days:
        first = timezone.localdate() - datetime.timedelta(days=min(days, _LONGEST_SPAN) - 1)
        found["since"] = first.isoformat()
    return found


def query_to_keep(query: Mapping[str, str]) -> dict[str, str]:
    """The fields of an address; one of the spans that end today is kept as its number of days."""
    kept = {name: value for name, value in query.items() if value}
    since = kept.get("since")
    today = timezone.localdate()
    for _, days in PRESETS:
        first = today - datetime.timedelta(days=days - 1)
        if since == first.isoformat() and "until" not in kept:
            return {name: v for name, v in kept.items() if name != "since"} | {"days": str(days)}
    return kept
