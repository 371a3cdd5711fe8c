"""Parsing what is asked of support: whom to let in and how long, and what a case says."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from config.text import clean_email, clean_line, plain_line
from orgs.actions.support import LONGEST, MOST_PEOPLE, SHORTEST
from orgs.models import SupportCase
from orgs.models.support import REASON_LENGTH, SUBJECT_LENGTH, TEXT_LENGTH

READ, CHANGE = "read", "change"


class SupportOpenForm(forms.Form):
    emails = forms.CharField(
        label="Whom to let in",
        max_length=2_000,
        help_text="The addresses of up to five people of support, as they told you. One a line.",
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Name whom to let in."},
    )
    hours = forms.IntegerField(
        label="For how many hours",
        min_value=SHORTEST,
        max_value=LONGEST,
        initial=4,
        help_text="1 to 168. You may end it at any moment.",
        error_messages={
            "required": "Say for how many hours.",
            "invalid": "Write whole hours, 1 to 168.",
            "min_value": "A window is open for 1 to 168 hours.",
            "max_value": "A window is open for 1 to 168 hours.",
        },
    )
    may_change = forms.ChoiceField(
        label="What they may do",
        choices=[(READ, "To read only"), (CHANGE, "To read and change")],
        required=False,
        initial=READ,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one of the two."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=REASON_LENGTH,
        help_text="Support reads it, and it stays in your audit log.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why: support and your log read it."},
    )

    def clean_emails(self) -> list[str]:
        typed = [part for part in re.split(r"[\s,;]+", self.cleaned_data["emails"]) if part]
        if len(typed) > MOST_PEOPLE:
            raise ValidationError("Name five people at most.", code="people")
        return list(dict.fromkeys(clean_email(one) for one in typed))

    def clean_may_change(self) -> bool:
        return bool(self.cleaned_data["may_change"] == CHANGE)

    def clean_reason(self) -> str:
        return clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)


class CaseTextForm(forms.Form):
    text = forms.CharField(
        label="What is it about",
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": "Write something.",
            "max_length": f"Use at most {TEXT_LENGTH:,} characters.",
        },
    )

    def clean_text(self) -> str:
        return clean_paragraphs(self.cleaned_data["text"])


class CaseForm(CaseTextForm):
    field_order = ("subject", "text", "urgency")
    subject = forms.CharField(
        label="Subject",
        max_length=SUBJECT_LENGTH,
        error_messages={"required": "Write a subject."},
    )
    urgency = forms.ChoiceField(
        label="How urgent is it",
        choices=SupportCase.Urgency.choices,
        initial=SupportCase.Urgency.NORMAL,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "text"
        ].help_text = (
            "Support gets what you write here and your address to answer to, and nothing else."
        )

    def clean_subject(self) -> str:
        return clean_line(self.cleaned_data["subject"], max_length=SUBJECT_LENGTH)


class AnswerForm(CaseTextForm):
    state = forms.ChoiceField(
        label="Who is next",
        choices=[
            (SupportCase.State.WAITING, "Support: send it to them"),
            (SupportCase.State.OPEN, "We: keep it here as a note"),
        ],
        initial=SupportCase.State.WAITING,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = "Write on it"
        self.fields["text"].widget.attrs["rows"] = 4


def clean_paragraphs(value: str) -> str:
    """Several lines, each as `plain_line` leaves it: nothing unseen, breaks as they were."""
    lines = [
        plain_line(line) for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    text = "\n".join(lines).strip()
    if not text:
        raise ValidationError("Write something.", code="required")
    return text
