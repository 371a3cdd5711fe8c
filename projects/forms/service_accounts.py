"""What is typed about service accounts, where they work, and their tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from config.roles import Role
from orgs.forms.groups import LastDayField
from orgs.forms.members import ReasonForm
from projects.forms.fields import LineField
from projects.models import Project, ServiceToken


class ServiceAccountForm(forms.Form):
    name = LineField(
        help_text="What runs under it, for example: Nightly build.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write a name that says what runs under it."},
    )
    description = LineField(
        longest=500, required=False, help_text="Where it runs and who looks after it, in a line."
    )
    role = forms.ChoiceField(
        choices=[("", "None"), (Role.MEMBER.value, Role.MEMBER.label)],
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose None or Member."},
    )


class PlaceForm(ReasonForm):
    """A project that this person sees; which of them it may be, the action asks."""

    project = forms.ModelChoiceField(
        Project.objects.none(),
        error_messages={
            "required": "Choose a project.",
            "invalid_choice": "Choose one of these projects.",
        },
    )

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    name = LineField(
        help_text="What signs with it, for example: Gateway in Frankfurt.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write a name that says what signs with it."},
    )
    scopes = forms.MultipleChoiceField(
        choices=ServiceToken.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        error_messages={
            "required": "Choose what the token may do.",
            "invalid_choice": "Choose from these.",
        },
    )
    expires_at = LastDayField(help_text="The last day it works. Empty: until somebody revokes it.")


class RevokeTokenForm(ReasonForm):
    """Why is asked: the audit log answers it later (S2-155)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
        self.fields["reason"].error_messages["required"] = "Say why it is revoked."
