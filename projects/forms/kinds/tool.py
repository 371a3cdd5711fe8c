"""What a tool is configured with: an MCP server, and which of its operations are allowed."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from projects.forms.fields import LineField, LinesField, check_address
from projects.forms.resources import ResourceForm

TRANSPORTS = {"http": "HTTP", "stdio": "Standard input and output"}
EVERY = "*"
_OPERATION = re.compile(r"[A-Za-z0-9_.:/-]+", re.ASCII)


class OperationsField(LinesField):
    def to_python(self, value: Any) -> Any:
        names: list[str] = super().to_python(value)
        for name in names:
            if name != EVERY and not _OPERATION.fullmatch(name):
                raise ValidationError(
                    "“%(name)s” is no operation: letters, digits and . _ : / - only, one a line.",
                    code="operation",
                    params={"name": name[:30]},
                )
        return [EVERY] if EVERY in names else names


class ToolForm(ResourceForm):
    transport = forms.ChoiceField(
        choices=list(TRANSPORTS.items()),
        initial="http",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how the server is reached.",
            "invalid_choice": "Choose HTTP, or standard input and output.",
        },
    )
    url = LineField(
        longest=500,
        required=False,
        label="Address",
        help_text="For HTTP. No password in it: that belongs among the project’s secrets.",
    )
    command = LineField(
        longest=1_000,
        required=False,
        help_text="For standard input and output: the program that is started beside the agent.",
    )
    timeout = forms.IntegerField(
        min_value=1,
        max_value=600,
        initial=30,
        help_text="Seconds until a call is given up.",
        error_messages={
            "required": "Say after how many seconds a call is given up.",
            "invalid": "Write whole seconds, from 1 to 600.",
            "min_value": "Wait 1 second at the least.",
            "max_value": "Wait 600 seconds at the most.",
        },
    )
    operations = OperationsField(
        label="Allowed operations",
        help_text="One a line, and nothing else is called. A single * allows every operation.",
        error_messages={"required": "Name the operations that may be called, or write *."},
    )

    layout = (("transport",), ("url",), ("command",), ("operations",), ("timeout",))
    conditional = ("url", "command")
    units: ClassVar = {"timeout": "seconds"}

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if url:
            check_address(url, schemes=("https", "http"))
        return url

    def check_together(self) -> None:
        """What belongs to the other transport is not kept."""
        if self.cleaned_data.get("transport") == "http":
            self.require("url", "Write the address of the server.")
            self.cleaned_data["command"] = ""
        elif self.cleaned_data.get("transport") == "stdio":
            self.require("command", "Write the command that starts the server.")
            self.cleaned_data["url"] = ""
