"""What a runner is configured with: where it stands, and how much runs on it at once."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from projects.forms.fields import LineField, LinesField
from projects.forms.resources import ResourceForm

PROVIDERS = {
    "aws": "AWS",
    "gcp": "Google Cloud",
    "azure": "Azure",
    "kubernetes": "Kubernetes",
    "self-hosted": "Self-hosted",
}
IN_REGIONS = ("aws", "gcp", "azure")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)


class LabelsField(LinesField):
    """Labels by which work finds a runner: one a line, or with commas between."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        typed = value.replace(",", "\n") if isinstance(value, str) else value
        labels: list[str] = super().to_python(typed)
        for label in labels:
            if not _LABEL.fullmatch(label):
                raise ValidationError(
                    "“%(label)s” is no label: small letters, digits and . _ - within, like"
                    " gpu-large.",
                    code="label",
                    params={"label": label[:30]},
                )
        return labels


class RunnerForm(ResourceForm):
    provider = forms.ChoiceField(
        choices=list(PROVIDERS.items()),
        error_messages={
            "required": "Choose where it runs.",
            "invalid_choice": "Choose one of these providers.",
        },
    )
    region = LineField(
        longest=60,
        required=False,
        help_text="As the provider names it, like eu-central-1.",
    )
    capacity = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        initial=10,
        help_text="Environments at once.",
        error_messages={
            "required": "Say how many environments run at once.",
            "invalid": "Write a whole number, from 1 to 10,000.",
            "min_value": "One environment at the least.",
            "max_value": "10,000 environments at the most.",
        },
    )
    labels = LabelsField(
        most=20,
        each=40,
        rows=2,
        required=False,
        help_text="Work that asks for a label runs here. Commas between.",
    )
    auto_update = forms.BooleanField(
        required=False,
        initial=True,
        label="Updates itself",
        help_text="Between two pieces of work, never during one.",
    )

    layout = (("provider", "region"), ("capacity", "labels"), ("auto_update",))
    units: ClassVar = {"capacity": "environments"}

    def check_together(self) -> None:
        if self.cleaned_data.get("provider") in IN_REGIONS:
            self.require("region", "Name the region, as the provider does.")
