"""What a workflow is configured with: its steps, and when it starts by itself."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from config.text import NAME_LENGTH
from projects.forms.fields import CronField, LinesField
from projects.forms.resources import ResourceForm

STEP_KINDS = {
    "agent": "Agent",
    "tool": "Tool",
    "human": "Human",
    "condition": "Condition",
}
_MEND = "Line %(number)d: write a kind, a colon and a name, like “human: Approve the order”."


class StepsField(LinesField):
    """Steps as lines, `kind: name`; the cleaned value is a list of both."""

    once = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=100, each=NAME_LENGTH + 12, rows=8, **kwargs)
        self.widget.attrs.setdefault("class", "code")
        self.widget.attrs.setdefault("spellcheck", "false")

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(f"{step['kind']}: {step['name']}" for step in value)
        return value

    def to_python(self, value: Any) -> Any:
        lines = super().to_python(value)
        return [self._step(number, line) for number, line in enumerate(lines, start=1)]

    def _step(self, number: int, line: str) -> dict[str, str]:
        kind, colon, name = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            raise ValidationError(_MEND, code="step", params={"number": number})
        if kind.lower() not in STEP_KINDS:
            raise ValidationError(
                "Line %(number)d: a step is an agent, a tool, a human or a condition,"
                " not “%(kind)s”.",
                code="step_kind",
                params={"number": number, "kind": kind[:30]},
            )
        return {"kind": kind.lower(), "name": name}


class WorkflowForm(ResourceForm):
    steps = StepsField(
        help_text="One a line, in order: agent, tool, human or condition, a colon, and its name.",
        error_messages={"required": "A workflow has one step at least."},
    )
    schedule = CronField(
        required=False,
        help_text="Minute, hour, day, month, weekday, in UTC. Without it, people start it.",
    )

    layout = (("steps",), ("schedule",))
