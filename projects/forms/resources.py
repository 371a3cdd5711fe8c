"""What is typed about a resource: the part that every kind shares. Each kind's own is in `kinds/`.

A configuration is stored as the form's cleaned data and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from orgs.forms.members import ReasonForm
from projects.forms.fields import BaseVersionField, LineField

LARGEST = 256 * 1024
SHARED_FIELDS = ("name", "description", "base", "note")


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """Another resource that a configuration may name."""

    pk: UUID
    name: str


Offers = Mapping[str, Sequence[Offer]]


class ResourceForm(forms.Form):
    """A name, a description, and the configuration that a kind declares.

    `refers` says of which kind the resources are that a field names; only those of `offers` may
    be chosen. `layout` is the order on the page, two of a tuple side by side. `units` are words
    behind a number.
    """

    name = LineField()
    description = LineField(longest=500, required=False)
    base = BaseVersionField(required=False)
    note = LineField(
        longest=300,
        required=False,
        label="What changes, and why",
        help_text="Kept with this version and in the audit log.",
    )

    layout: ClassVar[tuple[tuple[str, ...], ...]] = ()
    refers: ClassVar[Mapping[str, str]] = {}
    units: ClassVar[Mapping[str, str]] = {}
    # Asked for by what another field says, so neither always required nor merely optional.
    conditional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, offers: Offers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.refers:
            field: Any = self.fields[name]
            told = [(str(offer.pk), offer.name) for offer in offers.get(name, ())]
            is_list = isinstance(field, forms.MultipleChoiceField)
            field.choices = told if is_list else [("", "None"), *told]

    @classmethod
    def configured(cls) -> list[str]:
        """The names of the fields that make the configuration."""
        return [name for name in cls.base_fields if name not in SHARED_FIELDS]

    @property
    def rows(self) -> list[list[BoundField]]:
        return [[self[name] for name in row] for row in self.layout]

    def configuration(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.configured()}

    def clean(self) -> dict[str, Any]:
        super().clean()
        self.check_together()
        if not self.errors:
            self._check_size()
        return self.cleaned_data

    def check_together(self) -> None:
        """What the fields of a kind ask of each other."""

    def refuse(self, name: str, message: str, code: str) -> None:
        self.add_error(name, ValidationError(message, code=code))

    def require(self, name: str, message: str) -> None:
        """This field is asked for because of what another one says."""
        if name in self.cleaned_data and not self.cleaned_data[name]:
            self.refuse(name, message, "required")

    def _check_size(self) -> None:
        sizes = {name: _size(value) for name, value in self.configuration().items()}
        total = sum(sizes.values())
        if total > LARGEST:
            longest = max(sizes, key=lambda name: sizes[name])
            has = f"{total / 1024:,.0f}"
            message = f"The configuration has {has} KiB, and 256 KiB is the most. Shorten this."
            self.refuse(longest, message, "too_large")


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


class VersionForm(ReasonForm):
    """An earlier configuration once more, and why."""

    base = BaseVersionField(required=False)
