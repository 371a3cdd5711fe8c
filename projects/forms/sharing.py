"""What people ask of an access page, and what they type when they give, change or take a role."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from config.roles import Role
from orgs.forms.members import ReasonForm
from orgs.models import Group, Membership
from orgs.queries.members import LONGEST_SEARCH

LONGEST_END = datetime.timedelta(days=3660)
VIAS = {
    "direct": "Shared directly",
    "group": "Through a group",
    "project": "From the project",
    "workspace": "From the workspace",
    "organization": "Organization role",
}


@dataclass(frozen=True, kw_only=True)
class AccessFilter:
    """Who, by which way, from where; or what was given. What is not understood is not said."""

    given: bool = False
    search: str = ""
    via: str = ""
    cursor: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> AccessFilter:
        via = str(asked.get("via", ""))
        return cls(
            given=str(asked.get("show", "")) == "given",
            search=str(asked.get("q", "")).replace("\x00", "")[:LONGEST_SEARCH].strip(),
            via=via if via in VIAS else "",
            cursor=str(asked.get("page", ""))[:1000] or None,
        )

    @property
    def is_set(self) -> bool:
        return bool(self.search or self.via)

    def url(self, path: str, **changes: Any) -> str:
        """The address of the page as asked, with these changes, from its beginning."""
        other = replace(self, **{"cursor": None} | changes)
        said = {
            "show": "given" if other.given else "",
            "q": other.search,
            "via": other.via,
            "page": other.cursor or "",
        }
        query = urlencode({key: value for key, value in said.items() if value})
        return f"{path}?{query}" if query else path


class TermsForm(ReasonForm):
    """A role, until when, and why. Who may give it is for the action to hold."""

    role = forms.TypedChoiceField(
        coerce=Role,
        error_messages={
            "required": "Choose a role.",
            "invalid_choice": "Choose one of these roles.",
        },
    )
    until = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a date like 2027-03-31."},
    )

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]

    def clean_until(self) -> datetime.datetime | None:
        """The last moment of the day that was named."""
        day: datetime.date | None = self.cleaned_data["until"]
        if day is None:
            return None
        today = timezone.localdate()
        if day < today:
            raise ValidationError("This is in the past.", code="past")
        if day > today + LONGEST_END:
            raise ValidationError("Ten years are the most. Leave it empty for no end.", code="far")
        return timezone.make_aware(datetime.datetime.combine(day, datetime.time(23, 59, 59)))


class ShareForm(TermsForm):
    """Whom to give a role; only those of this organization, in the places it may be looked for."""

    to = forms.CharField(error_messages={"required": "Choose a person or a group."})

    def __init__(
        self,
        *args: Any,
        people: QuerySet[Membership],
        groups: QuerySet[Group],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people, self.groups = people, groups

    def clean_to(self) -> Membership | Group:
        found = named(self.cleaned_data["to"], people=self.people, groups=self.groups)
        if found is None:
            raise ValidationError(
                "Nobody like this is in the organization. Choose from the list.", code="nobody"
            )
        return found


def named(
    text: str, *, people: QuerySet[Membership], groups: QuerySet[Group]
) -> Membership | Group | None:
    """Whom `member:<id>` or `group:<id>` means, if they are here."""
    kind, _, key = text.partition(":")
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    if kind == "group":
        return groups.filter(pk=wanted).first()
    return people.filter(pk=wanted).first() if kind == "member" else None
