"""Which of what the organization offers a project chooses: environment classes, model providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from projects.models import EnvironmentClass, ModelProvider

Offered = TypeVar("Offered", EnvironmentClass, ModelProvider)


class ChooseForm(forms.Form, Generic[Offered]):
    """Any of what is offered; none is an answer too. `noun` names one of them: "class"."""

    def __init__(
        self,
        *args: Any,
        offered: Sequence[Offered],
        chosen: Iterable[UUID],
        noun: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.noun = noun
        self.offered: dict[str, Offered] = {str(each.pk): each for each in offered}
        self.ticked = set(_ticked(self.data)) if self.is_bound else set(map(str, chosen))

    def clean(self) -> dict[str, Any]:
        if not self.ticked <= set(self.offered):
            raise ValidationError(
                f"A {self.noun} that you ticked is gone. Look through the list again.", code="gone"
            )
        return {"chosen": [each for key, each in self.offered.items() if key in self.ticked]}

    @property
    def choices(self) -> list[tuple[Offered, bool]]:
        """Each of them, and whether it is ticked."""
        return [(each, key in self.ticked) for key, each in self.offered.items()]


def _ticked(data: Any) -> list[str]:
    ticked: list[str] = data.getlist("chosen")
    return ticked
