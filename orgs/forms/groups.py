"""What is asked of the list of groups, and what is typed about a group and a place in it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from config.roles import GROUP_ROLES, Role
from config.text import NAME_LENGTH, clean_line
from orgs.models import Group

LONGEST_SEARCH = 100
REASON_LENGTH = 500
FURTHEST = datetime.timedelta(days=5 * 366)


@dataclass(frozen=True, kw_only=True)
class GroupFilter:
    """Which groups, from where. Whatever is not understood counts as not said."""

    search: str = ""
    role: Role | None = None
    member: UUID | None = None
    cursor: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> GroupFilter:
        role = str(asked.get("role", ""))
        return cls(
            search=words(asked.get("q")),
            role=Role(role) if role in set(GROUP_ROLES) else None,
            member=_id(asked.get("member")),
            cursor=str(asked.get("page", ""))[:1000] or None,
        )

    @property
    def is_set(self) -> bool:
        return bool(self.search or self.role or self.member)

    def query(self, **changes: Any) -> str:
        """These wishes, with these changes, as the address says them; its first page if changed."""
        other = replace(self, **({"cursor": None} | changes if changes else {}))
        said = {
            "q": other.search,
            "role": other.role.value if other.role else "",
            "member": str(other.member or ""),
            "page": other.cursor or "",
        }
        return urlencode({key: value for key, value in said.items() if value})


def words(text: object) -> str:
    """What was typed into a search, as long as a search may be."""
    return str(text or "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text or ""))
    except ValueError:
        return None


class GroupForm(forms.Form):
    name = forms.CharField(max_length=NAME_LENGTH)
    description = forms.CharField(
        max_length=500, required=False, help_text="What these people do together, in a line."
    )
    parent = forms.ModelChoiceField(
        Group.objects.none(),
        required=False,
        label="Inside",
        empty_label="No other group",
        help_text="For order alone: each group keeps its own people, roles and shares.",
    )
    secret = forms.BooleanField(
        required=False,
        help_text="Only those in it, and those who manage groups, see a secret group.",
    )

    def __init__(self, *args: Any, parents: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = parents  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return clean_line(self.cleaned_data["description"], max_length=500)


class LastDayField(forms.DateField):
    """The last day on which something holds: it ends with the day, where whoever typed it is."""

    def __init__(self, *, help_text: str = "Empty: until somebody takes them out.") -> None:
        super().__init__(
            label="Until",
            required=False,
            help_text=help_text,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": "Write a day like 2027-03-31."},
        )

    def clean(self, value: Any) -> datetime.datetime | None:
        day = super().clean(value)
        if day is None:
            return None
        if day < timezone.localdate():
            raise ValidationError("This is in the past.", code="past")
        if day > timezone.localdate() + FURTHEST:
            raise ValidationError("Choose a day within five years.", code="too_far")
        return timezone.make_aware(datetime.datetime.combine(day, datetime.time(23, 59, 59)))


class SeatForm(forms.Form):
    """When a place in a group ends, and why somebody has it."""

    until = LastDayField()
    reason = forms.CharField(max_length=REASON_LENGTH, required=False, label="Why")

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class SeatChangeForm(SeatForm):
    maintainer = forms.BooleanField(
        required=False,
        label="Maintainer",
        help_text="Shown beside the name; it gives no permission.",
    )


class SeatAddForm(SeatForm):
    """Whom to add; that the member is one of this organization is for the view to find."""

    membership = forms.UUIDField(
        error_messages={"required": "Choose a person.", "invalid": "Choose a person."}
    )
    maintainer = forms.BooleanField(required=False)
