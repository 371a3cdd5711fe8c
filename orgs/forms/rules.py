"""Parsing what is said about rules: a sentence, whom to let off, and until when."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from config.text import clean_line
from orgs.forms.groups import LastDayField
from orgs.models.rules import LONGEST_EXCEPTION
from orgs.rules.language import TEXT_LENGTH, Sentence, parse

REASON_LENGTH = 500


class RuleForm(forms.Form):
    """One rule as it is typed. `sentence` is what it was understood as."""

    text = forms.CharField(
        label="Rule",
        max_length=TEXT_LENGTH,
        error_messages={"required": "Write a rule, as in “no Member may view invoices”."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "no Member may view invoices",
            }
        ),
    )
    warns = forms.BooleanField(required=False, label="Only warn")
    known = forms.BooleanField(required=False, label="Add it all the same")

    sentence: Sentence

    def clean_text(self) -> str:
        self.sentence = parse(clean_line(self.cleaned_data["text"], max_length=TEXT_LENGTH))
        return str(self.sentence)


class RuleChangeForm(forms.Form):
    """On or off, and what happens when it is broken."""

    active = forms.BooleanField(required=False)
    blocks = forms.BooleanField(required=False)
    known = forms.BooleanField(required=False)


class ExceptionForm(forms.Form):
    """Who is let off, why, and until when. That the member is one of this organization is for the
    view to find."""

    member = forms.UUIDField(
        required=False,
        label="Whom",
        error_messages={"invalid": "Choose a person."},
    )
    until = LastDayField(help_text="The last day of it, within a year.")
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Why",
        error_messages={"required": "Say why: whoever reads the log later will ask."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].required = True
        self.fields["until"].error_messages["required"] = "Choose its last day."

    def clean_until(self) -> datetime.datetime:
        until: datetime.datetime = self.cleaned_data["until"]
        if until > timezone.now() + LONGEST_EXCEPTION:
            raise ValidationError("An exception lasts a year at most.", code="too_long")
        return until

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)
