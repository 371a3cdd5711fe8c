"""What is typed about a workspace."""

from __future__ import annotations

from django import forms

from config.text import NAME_LENGTH, clean_line


class WorkspaceForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_LENGTH, error_messages={"required": "Write the name of the workspace."}
    )
    description = forms.CharField(
        max_length=500, required=False, help_text="What its projects have in common, in a line."
    )

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return clean_line(self.cleaned_data["description"], max_length=500)
