"""What is typed about a project's prebuilds."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects.forms.fields import CronField
from projects.prebuilds import Prebuilds, Trigger

MOST_BRANCHES, LONGEST_BRANCH = 20, 200
SHORTEST_RUN, LONGEST_RUN = 5, 360
# Git's own rules for the name of a branch, and a star for "anything here".
_BRANCH = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|/\.|@\{))[^\x00-\x20\x7f~^:?\[\\]+(?<![/.])")


class PrebuildsForm(forms.Form):
    enabled = forms.BooleanField(
        required=False,
        label="Build ahead of time",
        help_text="Off, the settings below are kept and nothing is built.",
    )
    trigger = forms.TypedChoiceField(
        label="Start with",
        choices=[(trigger.value, trigger.label) for trigger in Trigger],
        coerce=Trigger,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one of these."},
    )
    branches = forms.CharField(
        max_length=MOST_BRANCHES * (LONGEST_BRANCH + 2),
        widget=forms.Textarea(attrs={"rows": 3, "class": "code", "spellcheck": "false"}),
        help_text="One a line; a star stands for anything, as in release/*.",
        error_messages={"required": "Name a branch, or * for all of them."},
    )
    schedule = CronField(
        required=False,
        help_text="Minute, hour, day of the month, month, day of the week, in UTC:"
        " “0 3 * * 1-5” is 03:00 from Monday to Friday.",
    )
    timeout = forms.IntegerField(
        label="Stop after",
        min_value=SHORTEST_RUN,
        max_value=LONGEST_RUN,
        help_text="Minutes.",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"Give {SHORTEST_RUN} to {LONGEST_RUN} minutes.",
        ),
    )

    @classmethod
    def initial_of(cls, prebuilds: Prebuilds) -> dict[str, Any]:
        return prebuilds.stored | {"branches": "\n".join(prebuilds.branches)}

    def clean_branches(self) -> tuple[str, ...]:
        lines = (line.strip() for line in self.cleaned_data["branches"].splitlines())
        branches = tuple(dict.fromkeys(line for line in lines if line))
        for branch in branches:
            if len(branch) > LONGEST_BRANCH or not branch.isprintable():
                raise ValidationError("A branch has a name of 200 characters at most.")
            if not _BRANCH.fullmatch(branch):
                raise ValidationError(f"“{branch[:40]}” cannot be the name of a branch.")
        if not 1 <= len(branches) <= MOST_BRANCHES:
            raise ValidationError(f"Name 1 to {MOST_BRANCHES} branches.")
        return branches

    def clean(self) -> dict[str, Any]:
        scheduled = self.cleaned_data.get("trigger") in (Trigger.SCHEDULE, Trigger.BOTH)
        if scheduled and not self.cleaned_data.get("schedule") and "schedule" not in self.errors:
            self.add_error("schedule", ValidationError("Say when.", code="schedule"))
        return self.cleaned_data
