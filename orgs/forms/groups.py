"""What is typed about a group."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from config.text import NAME_LENGTH, clean_line
from orgs.models import Group


class GroupForm(forms.Form):
    name = forms.CharField(max_length=NAME_LENGTH)
    description = forms.CharField(
        max_length=500, required=False, help_text="What these people do together, in a line."
    )
    parent = forms.ModelChoiceField(
        Group.objects.none(), required=False, label="Inside", empty_label="No other group"
    )
    secret = forms.BooleanField(
        required=False,
        help_text="Only those in it, and those who manage groups, see a secret group.",
    )

    def __init__(self, *args: Any, parents: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = parents  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return clean_line(self.cleaned_data["description"], max_length=500)
