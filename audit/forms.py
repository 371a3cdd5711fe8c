"""What is asked of the log: the same filters for the page's address and for the command."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from audit.events import Event
from audit.models import Outcome
from audit.queries import EventFilter, Origin
from config.text import clean_line

# A day more or less must still be a date, in any time zone.
EARLIEST, LATEST = datetime.date(1900, 1, 1), datetime.date(9998, 12, 31)
LONGEST_SEARCH = 200
LONGEST_NAME = 60
_WITHIN = [
    MinValueValidator(EARLIEST, "Choose a later date."),
    MaxValueValidator(LATEST, "Choose an earlier date."),
]
_BEGINS = re.compile(r"(\d{1,3}\.){1,3}|([0-9a-f]{1,4}:){1,7}:?")
_BEGINS_BARE = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}")
_NETWORKS = {8: 1, 16: 2, 24: 3}


class TimeField(forms.DateField):
    """A day, or a minute of one: "2026-11-22" or "2026-11-22T14:03"."""

    def to_python(self, value: Any) -> datetime.date | None:
        day, at, clock = str(value or "").partition("T")
        found = super().to_python(day)
        if found is None or not at:
            return found
        try:
            return datetime.datetime.combine(found, datetime.time.fromisoformat(clock[:5]))
        except ValueError as error:
            raise ValidationError("Write a time like 2026-11-22T14:03.") from error

    def run_validators(self, value: Any) -> None:
        day = value.date() if isinstance(value, datetime.datetime) else value
        super().run_validators(day)


class OriginField(forms.CharField):
    """An address, the beginning of one, or a network that ends where a part of it does."""

    def clean(self, value: Any) -> Origin | None:
        text = str(super().clean(value)).lower()
        if _BEGINS_BARE.fullmatch(text):
            text += "."
        if not text or _BEGINS.fullmatch(text):
            return Origin(text, is_whole=False) if text else None
        try:
            if "/" not in text:
                return Origin(str(ipaddress.ip_address(text)))
            network = ipaddress.IPv4Network(text, strict=False)
            parts = str(network.network_address).split(".")[: _NETWORKS[network.prefixlen]]
        except (ValueError, KeyError) as error:
            raise ValidationError("Write an address, or how it begins: 203.0.113.") from error
        return Origin(".".join([*parts, ""]), is_whole=False)


class SearchField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if text and not any(char.isalnum() for char in text):
            raise ValidationError("Write a word.")
        return text


def _id(label: str) -> forms.UUIDField:
    return forms.UUIDField(
        label=label, required=False, error_messages={"invalid": "Copy the whole id from an entry."}
    )


def _time(label: str) -> TimeField:
    return TimeField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        validators=_WITHIN,
        error_messages={"invalid": "Write a date like 2026-11-22."},
    )


def area_choices() -> list[tuple[str, str]]:
    """The nouns of the catalogue, each with its label, by name."""
    nouns = sorted({event.value.partition(".")[0] for event in Event})
    return [(noun, noun.replace("_", " ").capitalize()) for noun in nouns]


class EventFilterForm(forms.Form):
    """Each field stands for itself: one that cannot be read leaves the others in force."""

    q = SearchField(label="Search", required=False, max_length=LONGEST_SEARCH)
    since = _time("From")
    until = _time("To")
    actor = _id("Actor")
    action = forms.ChoiceField(
        label="Action", required=False, choices=[(event.value, event.value) for event in Event]
    )
    area = forms.ChoiceField(label="Area", required=False, choices=area_choices)
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=Outcome.choices)
    target = _id("Target")
    key = _id("Key")
    ip = OriginField(label="Address", required=False, max_length=45)

    @property
    def asked(self) -> EventFilter:
        """The filter of the fields that can be read; days are whole, in the current time zone."""
        values = self._values()
        until = values.get("until")
        return EventFilter(
            text=values.get("q", ""),
            since=_moment(values.get("since")),
            until=_moment(until and until + _length(until), pick=max),
            actor=values.get("actor"),
            action=values.get("action", ""),
            area=values.get("area", ""),
            outcome=Outcome(values["outcome"]) if "outcome" in values else None,
            target=values.get("target"),
            key=values.get("key"),
            origin=values.get("ip"),
        )

    @property
    def query(self) -> dict[str, str]:
        """The same fields as they stand in an address, without the empty ones."""
        return {name: _written(value) for name, value in self._values().items()}

    @property
    def misread(self) -> list[str]:
        """The labels of the fields that could not be read."""
        return [str(self.fields[name].label) for name in self.errors if name in self.fields]

    def _values(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class SavedFilterForm(forms.Form):
    """What a kept filter is called, and whose it is."""

    name = forms.CharField(label="Name", max_length=200)
    shared = forms.BooleanField(
        label="Share it with everyone who may read the audit log", required=False
    )

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"], max_length=LONGEST_NAME)


def action_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The catalogue by noun, for a select: "Member": "role changed", …"""
    return [
        (noun.capitalize(), [(event.value, _verb(event)) for event in events])
        for noun, events in groupby(Event, key=lambda event: event.value.partition(".")[0])
    ]


def _verb(event: Event) -> str:
    return str(event.value).partition(".")[2].replace("_", " ").capitalize()


def _length(moment: datetime.date) -> datetime.timedelta:
    """How long the last day or minute of a span is."""
    is_minute = isinstance(moment, datetime.datetime)
    return datetime.timedelta(minutes=1) if is_minute else datetime.timedelta(days=1)


def _moment(
    value: datetime.date | None, *, pick: Callable[..., datetime.datetime] = min
) -> datetime.datetime | None:
    """In the current time zone. An hour that the clock shows twice is within a span both times."""
    if value is None:
        return None
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time.min)
    zone = timezone.get_current_timezone()
    both = (value.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return pick(both, key=datetime.datetime.timestamp)


def _written(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="minutes")
    return str(value)
