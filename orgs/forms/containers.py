"""Parsing what a superadmin writes about containers: a name, a first owner, a reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from config.text import clean_email, clean_line
from orgs.forms.organizations import REASON_LENGTH, NameForm, OrganizationForm

RenameForm = NameForm


class OwnerForm(forms.Form):
    email = forms.CharField(
        label="First owner’s email",
        help_text="Whoever has this address accepts by a link, and then opens the organization.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"])


class ContainerForm(OwnerForm, OrganizationForm):
    """A new container; inherits the rules for names and addresses of the registration wizard."""

    field_order = ("name", "slug", "email", "preset")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["preset"].label = "Policies to start with"
        self.fields["preset"].help_text = "Its owners may change them."


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        help_text="Everyone whom it shuts out reads this.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why: those whom it shuts out read it."},
    )

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class ConfirmForm(forms.Form):
    """A deed that shuts people out or forgets something: typed again, name for name."""

    def __init__(self, *args: Any, confirm: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = confirm
        self.fields["confirm"] = forms.CharField(
            max_length=200, strip=True, error_messages={"required": "Type the name."}
        )

    def clean_confirm(self) -> str:
        typed = " ".join(self.cleaned_data["confirm"].split())
        if typed != " ".join(self.name.split()):
            raise ValidationError(f"Type “{self.name}”, exactly so.", code="confirm")
        return typed


class ShutForm(ConfirmForm, ReasonForm):
    pass


class LiftForm(forms.Form):
    reason = forms.CharField(
        label="Reason", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class StateForm(LiftForm):
    """An account's state; that a reason is missing is for the deed to say."""

    state = forms.ChoiceField(label="State", choices=User.State.choices)
    field_order = ("state", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "The person reads this when they are kept out."
