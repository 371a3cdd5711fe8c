"""What people type about an invitation. Reading a list of addresses is in addresses.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from config.roles import ORGANIZATION_ROLES, Role
from config.text import clean_line
from orgs.access import Access
from orgs.actions.invitation_batches import Line
from orgs.actions.invitations import LONGEST_DAYS, NEEDS_REASON
from orgs.ceiling import require_grant
from orgs.forms.addresses import REASON_LENGTH, lines_of, read_csv
from orgs.models import Membership

STATES = ("pending", "expired", "accepted", "declined", "revoked")
LONGEST_SEARCH = 100


class RoleAndReasonForm(forms.Form):
    """A role within the ceiling and, for those that reach far, why."""

    role = forms.TypedChoiceField(
        label="Organization role",
        choices=[(role.value, role.label) for role in ORGANIZATION_ROLES],
        coerce=Role,
        initial=Role.MEMBER.value,
        error_messages={
            "required": "Choose a role.",
            "invalid_choice": "There is no role “%(value)s”.",
        },
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": REASON_LENGTH}),
        help_text="Owners and Admins are invited with a reason.",
    )

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access = access

    def clean_role(self) -> Role:
        role: Role = self.cleaned_data["role"]
        require_grant(self.access, role)
        return role

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)

    def require_reason(self) -> None:
        role, reason = self.cleaned_data.get("role"), self.cleaned_data.get("reason")
        if role in NEEDS_REASON and reason == "":
            why = f"Say why: an {role.label} is invited with a reason."
            self.add_error("reason", ValidationError(why, code="reason_missing"))


class InviteForm(RoleAndReasonForm):
    """One address or many; `lines` has an entry for each, readable or not."""

    people = forms.CharField(
        label="Email addresses",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 3, "placeholder": "ana@example.com, Ben Ode <ben@example.com>"}
        ),
        help_text="One or many, with commas or line ends between them.",
        error_messages={"null_characters_not_allowed": "Remove the invisible characters (U+0000)."},
    )
    file = forms.FileField(
        label="Or a CSV file",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text="Columns: email and, if you like, role and reason. At most 1,000 people.",
    )
    field_order = ("people", "file", "reason", "role")

    lines: list[Line]

    def __init__(self, *args: Any, placeholder: Membership | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.placeholder = placeholder

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        file = self.cleaned_data["file"]
        field = "people" if file is None else "file"
        try:
            if file is not None and self.cleaned_data["people"].strip():
                raise ValidationError("Give addresses or a file, not both.", code="both")
            text = self.cleaned_data["people"] if file is None else read_csv(file)
            role, reason = self.cleaned_data["role"], self.cleaned_data["reason"]
            self.lines = lines_of(text, role=role, reason=reason)
        except ValidationError as error:
            self.add_error(field, error)
            return self.cleaned_data
        self.cleaned_data["people"] = text
        if self.placeholder is not None:
            self._take_over(self.placeholder)
        if any(line.ask and line.ask.role == role and not line.ask.reason for line in self.lines):
            self.require_reason()
        return self.cleaned_data

    def _take_over(self, placeholder: Membership) -> None:
        if len(self.lines) > 1:
            why = f"One address, for {placeholder.name}."
            self.add_error("people", ValidationError(why, code="one_person"))
        self.lines = [
            replace(line, ask=line.ask and replace(line.ask, placeholder=placeholder))
            for line in self.lines
        ]


class InvitationChangeForm(RoleAndReasonForm):
    """Another role, another day to expire."""

    days = forms.IntegerField(
        label="Expires in",
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text=f"Days from now, 1 to {LONGEST_DAYS}.",
        error_messages={
            "required": "Give a number of days.",
            "invalid": "Give a number of days.",
            "min_value": f"Choose 1 to {LONGEST_DAYS} days.",
            "max_value": f"Choose 1 to {LONGEST_DAYS} days.",
        },
    )
    field_order = ("role", "days", "reason")

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("role") != self.initial.get("role"):
            self.require_reason()
        return self.cleaned_data
