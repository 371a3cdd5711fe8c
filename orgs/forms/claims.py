"""Parsing a claim of ownership: by which way, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from config.text import clean_email, clean_line
from orgs.models import OrganizationDomain
from orgs.models.recovery import REASON_LENGTH

TOGETHER = "admins"


class WhyForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=REASON_LENGTH,
        help_text="Every owner and admin reads it, and it stays in the audit log.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why: every owner and admin reads it."},
    )

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class ClaimForm(WhyForm):
    """`domain` becomes the proved domain that was chosen, or None for two Admins together."""

    field_order = ("domain", "reason")
    domain = forms.ChoiceField(
        label="How it is confirmed",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how it is confirmed.",
            "invalid_choice": "Choose one of these ways.",
        },
    )

    def __init__(
        self, *args: Any, domains: Sequence[OrganizationDomain] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.domains = {str(one.pk): one for one in domains}
        field = self.fields["domain"]
        field.initial = TOGETHER
        field.choices = [  # type: ignore[attr-defined]
            (TOGETHER, "By another Admin"),
            *((pk, f"By the DNS of {one.domain}") for pk, one in self.domains.items()),
        ]

    def clean_domain(self) -> OrganizationDomain | None:
        return self.domains.get(self.cleaned_data["domain"])


class AssignmentForm(WhyForm):
    """Whom the platform names, for an organization without an owner."""

    field_order = ("email", "reason")
    email = forms.CharField(
        label="Email of the new owner",
        help_text="They are invited after the notice, and accept as anybody does.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Name whom to invite."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Its Admins read it, and it stays in its own log."

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"])
