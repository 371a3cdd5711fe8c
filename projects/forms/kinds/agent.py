"""What an agent is configured with."""

from __future__ import annotations

from typing import ClassVar

from django import forms

from projects.forms.fields import LineField, ParagraphField
from projects.forms.resources import ResourceForm

OTHER_TOOL = "Choose tools of this project."
OTHER_BASE = "Choose knowledge bases of this project."


class AgentForm(ResourceForm):
    model = LineField(
        help_text="The name that your model provider uses.",
        error_messages={"required": "Name the model that answers."},
    )
    temperature = forms.FloatField(
        min_value=0,
        max_value=2,
        initial=0.7,
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"}),
        help_text="0 repeats itself, 2 surprises.",
        error_messages={
            "required": "Say how freely it answers, from 0 to 2.",
            "invalid": "Write a number from 0 to 2, like 0.7.",
            "min_value": "The temperature is 0 at the least.",
            "max_value": "The temperature is 2 at the most.",
        },
    )
    instructions = ParagraphField(
        longest=200_000,
        rows=10,
        help_text="What it is for, what it does, and what it leaves alone. No passwords or keys.",
        error_messages={"required": "Say what the agent does."},
    )
    tools = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": OTHER_TOOL, "invalid_list": OTHER_TOOL},
    )
    knowledge_bases = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": OTHER_BASE, "invalid_list": OTHER_BASE},
    )
    memory = forms.BooleanField(
        required=False,
        label="Remembers earlier conversations",
        help_text="Each person’s own, and nobody else’s.",
    )

    layout = (
        ("model", "temperature"),
        ("instructions",),
        ("tools",),
        ("knowledge_bases",),
        ("memory",),
    )
    refers: ClassVar = {"tools": "tool", "knowledge_bases": "knowledge_base"}
