"""What is typed about another secret of a key, and about another holder."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from orgs.forms.members import ReasonForm
from projects.actions.key_rotation import LONGEST_OVERLAP
from projects.models import ServiceAccount

_SEEN = "This form is incomplete. Open the page again."
_RANGE = f"Write a whole number of hours, up to {LONGEST_OVERLAP}."


def _hours(*, least: int, **kwargs: Any) -> forms.IntegerField:
    said = dict.fromkeys(("required", "invalid", "max_value", "min_value"), _RANGE)
    return forms.IntegerField(
        min_value=least, max_value=LONGEST_OVERLAP, error_messages=said, **kwargs
    )


class SeenForm(forms.Form):
    """`seen` is the secret that stood on the page, so that what has changed since is noticed."""

    seen = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": _SEEN, "invalid": _SEEN}
    )


class RotateForm(SeenForm):
    overlap = _hours(
        least=0,
        label="Hours that both work",
        initial=24,
        help_text=f"0 to {LONGEST_OVERLAP}. With 0 the old secret stops at once.",
    )
    again = forms.BooleanField(required=False, widget=forms.HiddenInput)


class OverlapForm(SeenForm):
    hours = _hours(least=1, label="Hours from now", initial=24)


class RetireForm(ReasonForm, SeenForm):
    """The old secret ends now."""


class ReownForm(ReasonForm):
    account = forms.ModelChoiceField(
        ServiceAccount.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        label="Service account",
        error_messages={
            "required": "Choose a service account.",
            "invalid_choice": "Choose one of these service accounts.",
        },
    )
    place = forms.BooleanField(required=False)

    def __init__(self, *args: Any, accounts: QuerySet[ServiceAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = accounts  # type: ignore[attr-defined]
