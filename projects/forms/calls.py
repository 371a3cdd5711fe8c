"""What is asked of the request log: the same filters on its three pages."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from audit.forms import EARLIEST, LATEST
from projects.queries.calls import CallFilter
from projects.refusals import REFUSALS

DECISIONS = (("allowed", "Allowed"), ("refused", "Refused"))
LONGEST = 200
_WITHIN = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, input_formats=["%Y-%m-%d"], validators=_WITHIN
    )


def _text(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=LONGEST)


class CallFilterForm(forms.Form):
    """Each field stands for itself: one that cannot be read leaves the others in force.

    `fixed` names the fields that the page decides: a key's page is about that key.
    """

    since = _day("From")
    until = _day("To")
    key = forms.UUIDField(label="Key", required=False)
    project = forms.UUIDField(label="Project", required=False)
    decision = forms.ChoiceField(label="Decision", required=False, choices=DECISIONS)
    reason = forms.ChoiceField(
        label="Reason",
        required=False,
        choices=[(code, refusal.label) for code, refusal in REFUSALS.items()],
    )
    model = _text("Model")
    task = _text("Task")
    ip = forms.GenericIPAddressField(label="Address", required=False)
    call = forms.UUIDField(label="Request", required=False)

    def __init__(self, *args: Any, fixed: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in fixed:
            del self.fields[name]

    def asked(self, **fixed: Any) -> CallFilter:
        """The filter of the fields that can be read; days are whole, in the current time zone."""
        values = self._values() | fixed
        until, decision = values.pop("until", None), values.pop("decision", None)
        return CallFilter(
            since=_midnight(values.pop("since", None)),
            until=_midnight(until + datetime.timedelta(days=1) if until else None),
            allowed=decision == "allowed" if decision else None,
            **values,
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


def _midnight(day: datetime.date | None) -> datetime.datetime | None:
    if day is None:
        return None
    return datetime.datetime.combine(day, datetime.time.min, timezone.get_current_timezone())
