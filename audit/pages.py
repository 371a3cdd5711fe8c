"""What the log's page is put together from: its days, its filters, and their addresses.

No query and no HTTP: what was found comes from `audit/queries/`, the markup from the templates.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils import dateformat, timezone

from audit.entries import Entry
from audit.forms import EventFilterForm, action_choices, area_choices
from audit.models import Outcome
from audit.queries import EventFilter, EventPage, Someone
from audit.sentences import visible

MOST_FOLLOWED = 200
"""How many new entries a page that follows takes in before it stops."""

PRESETS = (("Today", 1), ("Last 7 days", 7), ("Last 30 days", 30))
LABELS = {
    "q": "Search",
    "when": "When",
    "actor": "Actor",
    "action": "Action",
    "area": "Area",
    "outcome": "Outcome",
    "target": "Target",
    "key": "Key",
    "ip": "From",
}
"""The filters in the order of the bar, each with its word."""


class Address:
    """The address of the log under some filters, and of its neighbours with one more or less."""

    def __init__(self, path: str, query: Mapping[str, str] | None = None) -> None:
        self.path, self.query = path, dict(query or {})

    def __str__(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def having(self, **filters: object) -> Address:
        return Address(
            self.path, self.query | {name: str(value) for name, value in filters.items()}
        )

    def without(self, *names: str) -> Address:
        return Address(self.path, {k: v for k, v in self.query.items() if k not in names})

    def at(self, cursor: str | None) -> str | None:
        """The page at this cursor; None for none, as the pager wants it."""
        return str(self.having(page=cursor)) if cursor else None


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set: its value in words, and the log without it."""

    value: str
    without: Address


@dataclass(frozen=True, slots=True)
class Link:
    """A filter that an entry offers, and the log with it."""

    key: str
    value: str
    address: Address


@dataclass(frozen=True, slots=True)
class Day:
    heading: str
    entries: list[Entry]


def by_day(entries: Sequence[Entry]) -> list[Day]:
    """Entries under the day they fall on, in the current time zone."""
    today = timezone.localdate()
    return [
        Day(day_heading(day, today), list(group))
        for day, group in groupby(entries, key=lambda entry: entry.day)
    ]


def presets(address: Address) -> list[tuple[str, Address]]:
    """Spans of days that end today. The address holds the date, so that a link keeps its sense."""
    today = timezone.localdate()
    anytime = address.without("since", "until")
    return [
        (label, anytime.having(since=today - datetime.timedelta(days=days - 1)))
        for label, days in PRESETS
    ]


def last_hour(address: Address) -> tuple[str, Address]:
    begun = timezone.localtime() - datetime.timedelta(hours=1)
    since = begun.replace(tzinfo=None).isoformat(timespec="minutes")
    return "Last hour", address.without("since", "until").having(since=since)


def bar(
    form: EventFilterForm, address: Address, entries: Sequence[Entry], actors: Sequence[Someone]
) -> dict[str, Any]:
    """What the bar of filters is made of."""
    return {
        "chips": chips(form, address, entries, actors),
        "presets": [last_hour(address), *presets(address)],
        "actors": actors,
        "actions": action_choices(),
        "areas": area_choices(),
        "outcomes": Outcome.choices,
    }


def number(text: str | None) -> int:
    """A number of an address; 0 for what is none."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def arrived_words(number: int) -> str:
    words = "1 new entry" if number == 1 else f"{number} new entries"
    return f"{words} at {dateformat.format(timezone.localtime(), 'H:i:s')}"


def chips(
    form: EventFilterForm, address: Address, entries: Sequence[Entry], actors: Sequence[Someone]
) -> dict[str, Chip]:
    """The filters that are set, by name; `when` stands for both dates."""
    asked, query = form.asked, form.query
    found = {
        "q": asked.text,
        "when": span_words(query.get("since"), query.get("until")),
        "actor": _actor_name(asked.actor, entries, actors),
        "action": asked.action,
        "area": dict(area_choices()).get(asked.area, ""),
        "outcome": asked.outcome.label if asked.outcome else "",
        "target": _name_here(asked.target, entries),
        "key": _name_here(asked.key, entries),
        "ip": _origin_words(asked),
    }
    names = {"when": ("since", "until")}
    return {
        name: Chip(value, address.without(*names.get(name, (name,))))
        for name, value in found.items()
        if value
    }


def narrowing(entry: Entry, address: Address) -> list[Link]:
    """What to ask for next: the same actor, the same target, the same action."""
    links = [Link("Action", entry.action, address.having(action=entry.action))]
    if entry.ip:
        links.insert(0, Link("From", entry.ip, address.having(ip=entry.ip)))
    for key, identity, label in (
        ("Target", entry.target_id, entry.target_label),
        ("Actor", entry.actor_id, entry.actor_label),
    ):
        if identity:
            narrower = address.having(**{key.lower(): identity})
            links.insert(0, Link(key, label or _short(identity), narrower))
    return links


def raw(entry: Entry) -> str:
    """The stored text, laid out to be read; as it stands when it is no JSON object."""
    text = json.dumps(entry.facts, indent=2, ensure_ascii=False) if entry.facts else entry.body
    return "\n".join(visible(line) for line in text.split("\n"))


def found_words(page: EventPage) -> str:
    """What a search knows of its number: all of it, that there is more, or nothing."""
    if page.newer or (page.older and not page.rows):
        return ""
    return count_words(len(page.rows) + bool(page.older), most=len(page.rows))


def count_words(number: int, *, most: int) -> str:
    if number > most:
        return f"{most:,}+ entries"
    return f"{number:,} {'entry' if number == 1 else 'entries'}"


def day_heading(day: datetime.date, today: datetime.date) -> str:
    words = dateformat.format(day, "l j F" if day.year == today.year else "l j F Y")
    near = {0: "Today, ", 1: "Yesterday, "}
    return near.get((today - day).days, "") + words


def span_words(since: str | None, until: str | None) -> str:
    """Two days, or minutes where the address names them, as short as they can be said."""
    if "T" in f"{since}{until}":
        return _minutes_words(since, until)
    first, last = (datetime.date.fromisoformat(text) if text else None for text in (since, until))
    this_year = timezone.localdate().year
    year = "" if {day.year for day in (first, last) if day} <= {this_year} else " Y"
    if first and last:
        if first == last:
            return dateformat.format(first, f"j M{year}")
        same_month = (first.year, first.month) == (last.year, last.month)
        start = dateformat.format(first, "j" if same_month else f"j M{year}")
        return f"{start} to {dateformat.format(last, f'j M{year}')}"
    if first:
        return f"from {dateformat.format(first, f'j M{year}')}"
    return f"to {dateformat.format(last, f'j M{year}')}" if last else ""


def _minutes_words(since: str | None, until: str | None) -> str:
    first, last = (
        dateformat.format(datetime.datetime.fromisoformat(text), f"j M{', H:i' * ('T' in text)}")
        if text
        else ""
        for text in (since, until)
    )
    if first and last:
        return f"{first} to {last}"
    return f"from {first}" if first else f"to {last}"


def _actor_name(actor: UUID | None, entries: Sequence[Entry], actors: Sequence[Someone]) -> str:
    if actor is None:
        return ""
    recently = (someone.label for someone in actors if someone.id == actor)
    here = (entry.actor_label for entry in entries if entry.actor_id == actor)
    return next((label for label in (*recently, *here) if label), _short(actor))


def _name_here(identity: UUID | None, entries: Sequence[Entry]) -> str:
    """What an entry of the page calls a target or a key; the end of its id where none does."""
    if identity is None:
        return ""
    targets = (entry.target_label for entry in entries if entry.target_id == identity)
    actors = (entry.actor_label for entry in entries if entry.actor_id == identity)
    return next((label for label in (*targets, *actors) if label), _short(identity))


def _origin_words(asked: EventFilter) -> str:
    origin = asked.origin
    return "" if origin is None else origin.text if origin.is_whole else f"{origin.text}…"


def _short(identity: UUID) -> str:
    return f"…{identity.hex[-8:]}"
