"""What people ask of the list of members, and what they type about a member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from config.roles import ORGANIZATION_ROLES, Role
from config.text import clean_line
from orgs.forms.groups import LastDayField
from orgs.queries.members import LONGEST_SEARCH, SORTS

REASON_LENGTH = 500
STATUSES = {"member": "Member", "placeholder": "Placeholder", "ended": "Ended"}
ORDERS = {
    "name": "Name, A to Z",
    "-name": "Name, Z to A",
    "role": "Role",
    "-joined": "Newest first",
    "joined": "Oldest first",
}
PAGE_SIZE = 50
MOST_PICKED = 200
# A role that reaches far asks why: whoever reviews access later reads it.
ASKS_WHY = frozenset({Role.OWNER, Role.ADMIN})


@dataclass(frozen=True, kw_only=True)
class MemberFilter:
    """Which members, in which order, from where. Whatever is not understood counts as not said."""

    search: str = ""
    role: Role | None = None
    status: str = ""
    sort: str = "name"
    cursor: str | None = None
    size: int = PAGE_SIZE

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> MemberFilter:
        role, status, sort = (str(asked.get(key, "")) for key in ("role", "status", "sort"))
        size = str(asked.get("size", ""))
        return cls(
            search=str(asked.get("q", ""))[:LONGEST_SEARCH].strip(),
            role=Role(role) if role in set(ORGANIZATION_ROLES) else None,
            status=status if status in STATUSES else "",
            sort=sort if sort in SORTS else "name",
            cursor=str(asked.get("page", ""))[:1000] or None,
            size=max(1, int(size))
            if size.isascii() and size.isdigit() and len(size) < 4
            else PAGE_SIZE,
        )

    @property
    def is_set(self) -> bool:
        return bool(self.search or self.role or self.status)

    def url(self, **changes: Any) -> str:
        """The address of the list as asked, with these changes, from its first page."""
        other = replace(self, **{"cursor": None} | changes)
        said = {
            "q": other.search,
            "role": other.role.value if other.role else "",
            "status": other.status,
            "sort": "" if other.sort == "name" else other.sort,
            "size": "" if other.size == PAGE_SIZE else other.size,
            "page": other.cursor or "",
        }
        return "?" + urlencode({key: value for key, value in said.items() if value})


class ReasonForm(forms.Form):
    """A deed that may say why."""

    reason = forms.CharField(max_length=REASON_LENGTH, required=False)

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class ChangeRoleForm(ReasonForm):
    """Another role, and why. The ceiling is for the action to hold."""

    role = forms.TypedChoiceField(
        choices=[(role.value, role.label) for role in ORGANIZATION_ROLES],
        coerce=Role,
        error_messages={
            "required": "Choose a role.",
            "invalid_choice": "Choose one of these roles.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Kept with the role and in the audit log."

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("role") in ASKS_WHY and not self.cleaned_data.get("reason"):
            role = self.cleaned_data["role"].label
            self.add_error(
                "reason", ValidationError(f"Say why: the role {role} reaches far.", code="reason")
            )
        return self.cleaned_data


class ConfirmForm(ReasonForm):
    """A deed that cannot be undone: typed again, name for name."""

    confirm = forms.CharField(
        max_length=200, strip=True, error_messages={"required": "Type the name."}
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_confirm(self) -> str:
        typed = " ".join(self.cleaned_data["confirm"].split())
        if typed != " ".join(self.name.split()):
            raise ValidationError(f"Type “{self.name}”, exactly so.", code="confirm")
        return typed


class MemberExpiryForm(ReasonForm):
    """The last day of a membership; empty: it goes on."""

    field_order = ("until", "reason")
    until = LastDayField(help_text="The last day. Empty: without an end.")


class OwnershipOfferForm(forms.Form):
    steps_down = forms.BooleanField(
        required=False,
        label="I step down to Admin",
        help_text="When the offer is accepted, and not before.",
    )


def picked(values: list[str]) -> list[UUID]:
    """The ids that were ticked; what is no id is left out."""
    ids: dict[UUID, None] = {}
    for value in values[:MOST_PICKED]:
        try:
            ids[UUID(value)] = None
        except ValueError:
            continue
    return list(ids)
