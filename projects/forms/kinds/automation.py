"""What an automation is configured with: what starts it, what it does, and where."""

from __future__ import annotations

from typing import ClassVar

from django import forms

from projects.forms.fields import CronField, LineField, ParagraphField
from projects.forms.resources import ResourceForm

TRIGGERS = {"manual": "By hand", "schedule": "On a schedule", "event": "On an event"}


class AutomationForm(ResourceForm):
    trigger = forms.ChoiceField(
        choices=list(TRIGGERS.items()),
        initial="manual",
        widget=forms.RadioSelect,
        label="Starts",
        error_messages={
            "required": "Choose what starts it.",
            "invalid_choice": "Choose by hand, on a schedule or on an event.",
        },
    )
    schedule = CronField(
        required=False, help_text="Minute, hour, day, month, weekday, in UTC, like 0 6 * * 1."
    )
    event = LineField(
        required=False, help_text="The event that starts it, like pull_request.merged."
    )
    runner = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "Choose a runner that you may see."},
    )
    timeout = forms.IntegerField(
        min_value=1,
        max_value=1_440,
        initial=30,
        help_text="Minutes until it is stopped.",
        error_messages={
            "required": "Say after how many minutes it is stopped.",
            "invalid": "Write whole minutes, from 1 to 1,440.",
            "min_value": "One minute at the least.",
            "max_value": "1,440 minutes, a day, at the most.",
        },
    )
    workflow = forms.ChoiceField(
        required=False,
        help_text="A workflow that you may run.",
        error_messages={"invalid_choice": "Choose a workflow that you may run."},
    )
    command = ParagraphField(
        longest=10_000,
        rows=4,
        required=False,
        help_text="Or a command, in the place of a workflow. No passwords or keys.",
    )

    layout = (
        ("trigger",),
        ("schedule",),
        ("event",),
        ("workflow",),
        ("command",),
        ("runner", "timeout"),
    )
    refers: ClassVar = {"runner": "runner", "workflow": "workflow"}
    conditional = ("schedule", "event", "workflow", "command", "runner")
    units: ClassVar = {"timeout": "minutes"}

    def check_together(self) -> None:
        trigger = self.cleaned_data.get("trigger")
        if trigger == "schedule":
            self.require("schedule", "Say when it starts, like 0 6 * * 1.")
        elif trigger == "event":
            self.require("event", "Name the event that starts it.")
        # What belongs to another way of starting is not kept.
        for name, way in (("schedule", "schedule"), ("event", "event")):
            if trigger is not None and trigger != way and name in self.cleaned_data:
                self.cleaned_data[name] = ""
        said = [name for name in ("workflow", "command") if self.cleaned_data.get(name)]
        if len(said) == 2:
            self.refuse("command", "Choose a workflow or write a command, not both.", "both")
        elif not said and not {"workflow", "command"} & set(self.errors):
            self.refuse("command", "Choose a workflow, or write a command here.", "required")
        if self.cleaned_data.get("command"):
            self.require("runner", "Choose the runner on which the command runs.")
