"""What is typed about quotas: a number a kind, or nothing for no limit."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from orgs.models import Quota
from orgs.models.quotas import LARGEST_QUOTA

_NUMBER = f"Give a whole number from 0 to {LARGEST_QUOTA:,}, or nothing for no limit."


class QuotasForm(forms.Form):
    """A field for each kind; `seen` are the quotas that the page showed."""

    seen = forms.CharField(required=False, max_length=1_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in Quota.Kind:
            self.fields[kind.value] = forms.IntegerField(
                label=str(kind.label),
                required=False,
                min_value=0,
                max_value=LARGEST_QUOTA,
                error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _NUMBER),
                widget=forms.NumberInput(attrs={"placeholder": "No limit", "inputmode": "numeric"}),
            )

    def clean_seen(self) -> dict[str, int]:
        try:
            said = json.loads(self.cleaned_data["seen"] or "{}")
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def quotas(self) -> dict[str, int]:
        """The kinds that are limited."""
        said = {kind.value: self.cleaned_data.get(kind.value) for kind in Quota.Kind}
        return {kind: most for kind, most in said.items() if most is not None}
