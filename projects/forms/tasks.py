"""What somebody says on completing a task."""

from __future__ import annotations

from django import forms

from projects.forms.fields import ParagraphField

OUTCOMES = {"approved": "Approved", "declined": "Declined", "done": "Done"}


class TaskCompleteForm(forms.Form):
    outcome = forms.ChoiceField(
        choices=list(OUTCOMES.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how it ends.",
            "invalid_choice": "Choose approved, declined or done.",
        },
    )
    notes = ParagraphField(
        longest=4_000,
        rows=4,
        required=False,
        help_text="What the next step needs to know.",
    )

    def told(self) -> str:
        """The outcome as it is kept: the choice, and the notes below it."""
        said = [OUTCOMES[self.cleaned_data["outcome"]], self.cleaned_data["notes"]]
        return "\n".join(filter(None, said))
