"""What people type about a subscription: plan, seats, why it ends. What it costs is in queries."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.offers import MOST_SEATS
from billing.plans import Plan
from config.text import clean_line

REASON_LENGTH = 300
_MANY = f"Choose at most {MOST_SEATS:,} seats."


class DeedForm(forms.Form):
    """`seen` is the mark of what the page showed; `attempt` names this form, so that sending it
    twice is asking once."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    attempt = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class PlanForm(DeedForm):
    plan = forms.ChoiceField(
        label="Plan",
        error_messages={
            "required": "Choose a plan.",
            "invalid_choice": "There is no such plan to subscribe to.",
        },
    )
    seats = forms.IntegerField(
        label="Seats",
        min_value=1,
        max_value=MOST_SEATS,
        help_text="A member takes one, and a pending invitation holds one.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Say how many seats.",
            "invalid": "Write the number of seats in digits, like 12.",
            "min_value": "Choose at least one seat.",
            "max_value": _MANY,
        },
    )

    def __init__(self, *args: Any, plans: tuple[Plan, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(plan.code, plan.label) for plan in plans]
        self.fields["plan"].choices = choices  # type: ignore[attr-defined]


class CancelForm(DeedForm):
    reason = forms.CharField(
        label="Why it ends",
        required=False,
        max_length=REASON_LENGTH,
        error_messages={"max_length": f"Use at most {REASON_LENGTH} characters."},
    )

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)
