"""What is typed about environment classes, and which of them a project chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from config.text import NAME_LENGTH, clean_line
from projects.models import EnvironmentClass, Resource

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


class ChooseEnvironmentsForm(forms.Form):
    """Which classes a project may run on; none is an answer too."""

    def __init__(
        self, *args: Any, classes: Sequence[EnvironmentClass], chosen: set[UUID], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.classes = {str(each.pk): each for each in classes}
        self.ticked = set(_ticked(self.data)) if self.is_bound else set(map(str, chosen))

    def clean(self) -> dict[str, Any]:
        if not self.ticked <= set(self.classes):
            raise ValidationError(
                "A class that you ticked is gone. Look through the list again.", code="gone"
            )
        return {"chosen": [each for key, each in self.classes.items() if key in self.ticked]}

    @property
    def choices(self) -> list[tuple[EnvironmentClass, bool]]:
        """Each class, and whether it is ticked."""
        return [(each, key in self.ticked) for key, each in self.classes.items()]


def _ticked(data: Any) -> list[str]:
    ticked: list[str] = data.getlist("chosen")
    return ticked
