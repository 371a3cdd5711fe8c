"""What is asked of the log: the same filters for the page's address and for the command."""

from __future__ import annotations

import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from audit.events import Event
from audit.models import Outcome
from audit.queries import EventFilter

# A day more or less must still be a date, in any time zone.
EARLIEST, LATEST = datetime.date(1900, 1, 1), datetime.date(9998, 12, 31)
_WITHIN = [
    MinValueValidator(EARLIEST, "Choose a later date."),
    MaxValueValidator(LATEST, "Choose an earlier date."),
]


def _id(label: str) -> forms.UUIDField:
    return forms.UUIDField(
        label=label, required=False, error_messages={"invalid": "Copy the whole id from an entry."}
    )


def _days(label: str) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        input_formats=["%Y-%m-%d"],
        validators=_WITHIN,
        error_messages={"invalid": "Write a date like 2026-11-22."},
    )


class EventFilterForm(forms.Form):
    """Each field stands for itself: one that cannot be read leaves the others in force."""

    since = _days("From")
    until = _days("To")
    actor = _id("Actor")
    action = forms.ChoiceField(
        label="Action", required=False, choices=[(event.value, event.value) for event in Event]
    )
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=Outcome.choices)
    target = _id("Target")

    @property
    def asked(self) -> EventFilter:
        """The filter of the fields that can be read; days are whole, in the current time zone."""
        values = self._values()
        until = values.get("until")
        return EventFilter(
            since=_midnight(values.get("since")),
            until=_midnight(until + datetime.timedelta(days=1) if until else None),
            actor=values.get("actor"),
            action=values.get("action", ""),
            outcome=Outcome(values["outcome"]) if "outcome" in values else None,
            target=values.get("target"),
        )

    @property
    def query(self) -> dict[str, str]:
        """The same fields as they stand in an address, without the empty ones."""
        return {name: str(value) for name, value in self._values().items()}

    @property
    def misread(self) -> list[str]:
        """The labels of the fields that could not be read."""
        return [str(self.fields[name].label) for name in self.errors if name in self.fields]

    def _values(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def action_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The catalogue by noun, for a select: "Member": "role changed", …"""
    return [
        (noun.capitalize(), [(event.value, _verb(event)) for event in events])
        for noun, events in groupby(Event, key=lambda event: event.value.partition(".")[0])
    ]


def _verb(event: Event) -> str:
    return str(event.value).partition(".")[2].replace("_", " ").capitalize()


def _midnight(day: datetime.date | None) -> datetime.datetime | None:
    if day is None:
        return None
    return datetime.datetime.combine(day, datetime.time.min, timezone.get_current_timezone())
