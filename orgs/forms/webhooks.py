"""What is typed about a webhook: where it is, and what it wants. The address is tried out here."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from audit.streaming import AREAS
from config import outbound
from config.addresses import LONGEST_URL, AddressError
from config.text import NAME_LENGTH, clean_line
from orgs.models import Webhook

SAID = ("name", "url", "areas", "format")
WHOLE = {"now": "What happens from now on", "first": "The whole log, from its first entry"}


class WebhookForm(forms.Form):
    """A new webhook, or a changed one, which goes on where it stands."""

    name = forms.CharField(
        max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"placeholder": "Security events"})
    )
    url = forms.CharField(
        label="Address",
        # Longer than it may be, so that the one refusal below says what is wrong with it.
        max_length=10 * LONGEST_URL,
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "spellcheck": "false",
                "placeholder": "https://siem.example.com/bailiwick",
            }
        ),
        help_text="With https, reachable from the internet. Redirects are not followed.",
    )
    format = forms.ChoiceField(
        label="Sent as",
        choices=Webhook.Format.choices,
        initial=Webhook.Format.ENTRY,
        error_messages={"invalid_choice": "Choose one of these."},
    )
    areas = forms.MultipleChoiceField(
        required=False,
        choices=list(AREAS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose among these areas."},
    )
    start = forms.ChoiceField(
        label="Begins with",
        choices=list(WHOLE.items()),
        initial="now",
        required=False,
        error_messages={"invalid_choice": "Choose one of these."},
    )

    def __init__(self, *args: Any, found: Webhook | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found = found
        if found is not None:
            del self.fields["start"]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_url(self) -> str:
        """Looked up as it will be at each delivery, unless nothing changed."""
        url: str = self.cleaned_data["url"]
        if self.found is not None and url == self.found.url:
            return url
        try:
            outbound.check(url)
        except AddressError as error:
            raise ValidationError(str(error), code=error.code) from None
        return url

    def clean_areas(self) -> list[str]:
        """All of them is none: what the catalogue learns later is then sent as well."""
        areas: list[str] = self.cleaned_data["areas"]
        return [] if len(areas) == len(AREAS) else sorted(areas)

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in SAID}

    @property
    def whole_log(self) -> bool:
        return self.cleaned_data.get("start") == "first"


class RotateForm(forms.Form):
    """A new secret, for the webhook as it was seen."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def clean_seen(self) -> datetime.datetime:
        try:
            return datetime.datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            raise ValidationError("Open the page again.", code="overtaken") from None


class SkipForm(forms.Form):
    """Entries up to the newest that one saw: what happened since is not given up unseen."""

    up_to = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
