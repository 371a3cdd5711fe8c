"""Which of the organization's model providers a project asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from projects.models import ModelProvider


class ChooseProvidersForm(forms.Form):
    """None ticked is an answer too: every one that is in use."""

    def __init__(
        self, *args: Any, offered: Sequence[tuple[ModelProvider, bool]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {str(each.pk): each for each, _ in offered}
        stored = {str(each.pk) for each, chosen in offered if chosen}
        ticked: list[str] = self.data.getlist("chosen") if self.is_bound else []  # type: ignore[attr-defined]
        self.ticked = set(ticked) if self.is_bound else stored

    def clean(self) -> dict[str, Any]:
        if not self.ticked <= set(self.offered):
            raise ValidationError(
                "A provider that you ticked is gone. Look through the list again.", code="gone"
            )
        return {"chosen": [each for key, each in self.offered.items() if key in self.ticked]}

    @property
    def choices(self) -> list[tuple[ModelProvider, bool]]:
        """Each provider, and whether it is ticked."""
        return [(each, key in self.ticked) for key, each in self.offered.items()]
