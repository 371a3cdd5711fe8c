"""What is typed about environment classes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from config.text import NAME_LENGTH, clean_line
from projects.models import Resource

MOST_CORES, MOST_MEMORY, MOST_DISK = 1_024, 16_384, 262_144


def _number(label: str, most: int, hint: str) -> forms.IntegerField:
    between = f"Give a whole number from 1 to {most:,}."
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=most,
        help_text=hint,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), between),
    )


class EnvironmentClassForm(forms.Form):
    name = forms.CharField(max_length=NAME_LENGTH)
    description = forms.CharField(
        max_length=500, required=False, help_text="What it is good for, in a line."
    )
    runner = forms.ModelChoiceField(
        Resource.objects.none(),
        required=False,
        empty_label="Any runner",
        error_messages={"invalid_choice": "Choose one of these runners."},
    )
    cpus = _number("Cores", MOST_CORES, "Virtual.")
    memory = _number("Memory", MOST_MEMORY, "GiB.")
    disk = _number("Disk", MOST_DISK, "GiB.")

    def __init__(self, *args: Any, runners: QuerySet[Resource], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["runner"].queryset = runners  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return clean_line(self.cleaned_data["description"], max_length=500)
