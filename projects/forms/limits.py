"""What is typed about limits: parsing, with every error at its field and saying how to mend it.

Whether a list lies within what the organization approves is asked again where it is stored.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from config.money import amount_text, parse_money
from projects.allowance import Allowance, Approved, listed, names
from projects.forms.fields import LineField, LinesField
from projects.models import Limit
from projects.models.limits import LARGEST_RPM
from projects.networks import LONGEST, parse_networks

MOST_NAMES = 500
LONGEST_LIFE = 3_650
# What a list says when it allows nothing: an empty one holds nothing back.
NONE = "-"

_NONE_HINT = f"Empty: every one. A single “{NONE}” allows none."


@lru_cache(maxsize=1)
def zones() -> list[tuple[str, str]]:
    """The time zones to choose from, UTC first."""
    places = {each for each in available_timezones() if "/" in each}
    odd = ("Etc/", "SystemV/", "posix/", "right/")
    kept = {each for each in places if not each.startswith(odd)} | {settings.TIME_ZONE}
    return [(each, each.replace("_", " ")) for each in ("UTC", *sorted(kept - {"UTC"}))]


def _number(label: str, most: int, hint: str) -> forms.IntegerField:
    between = f"Give a whole number from 1 to {most:,}, or leave it empty."
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=most,
        help_text=hint,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), between),
    )


class BudgetField(LineField):
    """An amount of money, as nano-units."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=40, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off", "placeholder": "12.50"}

    def prepare_value(self, value: Any) -> Any:
        return amount_text(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, int):
            # Of a field that is shown off: it is what it was.
            return value
        budget = parse_money(super().to_python(value))
        if budget == 0:
            message = "0 would stop every call. Leave it empty for no budget."
            raise ValidationError(message, code="zero")
        return budget


class NetworksField(forms.CharField):
    """Networks, as a sorted tuple; None where nothing is said."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=True, **kwargs)
        self.notes: tuple[str, ...] = ()
        self.widget.attrs |= {"rows": 3, "spellcheck": "false", "class": "code"}
        self.widget.attrs["maxlength"] = LONGEST

    def prepare_value(self, value: Any) -> Any:
        return _shown(value)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        if text in ("", NONE):
            return () if text else None
        read = parse_networks(text)
        self.notes = read.notes
        return names(read.found)


class NamesField(LinesField):
    """Names of tasks or models, as a sorted tuple; None where nothing is said."""

    def __init__(self, *, commas: bool = False, **kwargs: Any) -> None:
        self.commas = commas
        super().__init__(most=MOST_NAMES, each=200, rows=3, **kwargs)
        self.widget.attrs["spellcheck"] = "false"

    def prepare_value(self, value: Any) -> Any:
        return _shown(value)

    def to_python(self, value: Any) -> Any:
        text = str(value or "")
        lines = super().to_python(text.replace(",", "\n") if self.commas else text)
        if lines == [NONE]:
            return ()
        if NONE in lines:
            message = f"Take out the {NONE}: it allows nothing, and the rest allows something."
            raise ValidationError(message, code="contradiction")
        return names(lines) if lines else None


class LimitForm(forms.Form):
    """The limits of one layer. `said` is what it says, once it is valid; `notes` what it put right.

    `current` fills it in; `approved` is what tasks and models have to lie within. With
    `keeps_budget` the budget is shown as it is: others set it, and it stays.
    """

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    budget = BudgetField(required=False, label="Budget")
    window = forms.ChoiceField(
        required=False,
        label="For each",
        choices=[(window.value, window.label.capitalize()) for window in Limit.Window],
        error_messages={"invalid_choice": "Choose hour, day, week or month."},
    )
    zone = forms.ChoiceField(
        required=False,
        label="By the clocks of",
        choices=zones,
        error_messages={"invalid_choice": "Choose a time zone of the list, like Europe/Berlin."},
    )
    rpm = _number("Requests a minute", LARGEST_RPM, "Empty: no limit.")
    networks = NetworksField(
        required=False,
        label="Networks",
        help_text=f"Addresses or networks, IPv4 or IPv6, one a line. {_NONE_HINT}",
    )
    tasks = NamesField(required=False, label="Tasks", help_text=f"One a line. {_NONE_HINT}")
    models = NamesField(
        required=False, commas=True, label="Models", help_text=f"One a line. {_NONE_HINT}"
    )
    longest_days = _number(
        "Longest life of a key",
        LONGEST_LIFE,
        "In days, for keys made, changed or rotated from now on. Empty: no limit.",
    )

    def __init__(
        self,
        *args: Any,
        layer: str = Limit.Layer.KEY.value,
        approved: Approved | None = None,
        current: Allowance | None = None,
        keeps_budget: bool = False,
        **kwargs: Any,
    ) -> None:
        self.layer, self.approved = layer, approved or Approved()
        self.keeps_budget = keeps_budget
        current = current or Allowance()
        kwargs["initial"] = _initial(current) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        if keeps_budget:
            self._keep_budget()
        if layer == Limit.Layer.ORGANIZATION:
            return
        del self.fields["longest_days"]
        for name in ("tasks", "models"):
            names_approved = getattr(self.approved, name)
            if names_approved is not None:
                hint = f"One a line. Approved: {listed(names_approved, 8) or 'none'}."
                self.fields[name].help_text = hint

    def _keep_budget(self) -> None:
        for name in MONEY:
            self.fields[name].disabled = True
        self.fields["budget"].help_text = "Owners set the budget, under Billing."

    def _check_kept(self) -> None:
        """Who sends another budget all the same is refused: it is not passed over in silence."""
        for name in MONEY:
            sent = self.data.get(self.add_prefix(name))
            if sent is None or (not sent and name != "budget"):
                continue
            try:
                read = self.fields[name].to_python(sent)
            except ValidationError:
                read = object()
            if (read or None) != (self.initial[name] or None):
                raise ValidationError("You may not change this budget. Owners may.", "forbidden")

    def clean_window(self) -> str:
        return str(self.cleaned_data["window"] or Limit.Window.MONTH.value)

    def clean_zone(self) -> str:
        return str(self.cleaned_data["zone"] or settings.TIME_ZONE)

    def clean(self) -> dict[str, Any]:
        if self.keeps_budget:
            self._check_kept()
        if not self.errors and self.layer != Limit.Layer.ORGANIZATION:
            self.approved.check(self.said)
        return self.cleaned_data

    @property
    def said(self) -> Allowance:
        """What it says, as far as it could be read."""
        known = {name: self.cleaned_data.get(name) for name in _NAMES}
        window = self.cleaned_data.get("window") or Limit.Window.MONTH.value
        return Allowance(window=window, zone=self.cleaned_data.get("zone") or "", **known)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was put right in what was typed, to say so."""
        field = self.fields["networks"]
        return field.notes if isinstance(field, NetworksField) else ()


MONEY = ("budget", "window", "zone")
_NAMES = ("budget", "rpm", "networks", "tasks", "models", "longest_days")


def _initial(current: Allowance) -> dict[str, Any]:
    said: dict[str, Any] = {name: getattr(current, name) for name in _NAMES}
    return said | {"window": current.window, "zone": current.zone, "seen": current.mark}


def _shown(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return "\n".join(map(str, value)) or NONE
    return value
