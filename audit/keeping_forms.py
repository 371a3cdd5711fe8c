"""What people choose and type about how their log is kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from config.text import clean_line

REASON_LENGTH = 300
MONTHS = (12, 18, 24, 36, 60, 84, 120)
FOR_EVER = "0"


def month_choices(current: int | None) -> list[tuple[str, str]]:
    """The usual spans, and the one that is set, whatever it is."""
    spans = sorted({*MONTHS, *([current] if current else [])})
    return [(FOR_EVER, "For ever"), *((str(n), _span(n)) for n in spans)]


def _span(months: int) -> str:
    years, rest = divmod(months, 12)
    if rest:
        return f"{months} months"
    return "1 year" if years == 1 else f"{years} years"


class RetentionForm(forms.Form):
    months = forms.ChoiceField(label="Keep entries")

    def __init__(self, *args: Any, current: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["months"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = month_choices(current)
        field.initial = str(current or FOR_EVER)

    def clean_months(self) -> int | None:
        return int(self.cleaned_data["months"]) or None


class HoldForm(forms.Form):
    reason = forms.CharField(
        label="Reason", help_text="It stays in the log for good, so name no person in it."
    )

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class EraseForm(forms.Form):
    names = forms.BooleanField(required=False)
    confirm = forms.CharField(
        label="Name", required=False, error_messages={"required": "Type the name to confirm."}
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_confirm(self) -> str:
        typed = " ".join(str(self.cleaned_data["confirm"]).split())
        if typed != " ".join(self.name.split()):
            raise ValidationError("Type the name exactly as it stands above.", code="confirm")
        return typed
