"""Parsing what a superadmin writes about the platform itself: its providers and its settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import NOTICE_LENGTH, PlatformSettings
from config.providers import LONGEST_URL, MODEL_HOSTS, clean_token, clean_url
from config.text import EMAIL_LENGTH, NAME_LENGTH, clean_email, clean_line

MOST_MODELS, LONGEST_MODEL = 200, 200


class TokenForm(forms.Form):
    token = forms.CharField(
        strip=True,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
        help_text="Kept encrypted. Nobody can look at it after you save it.",
        error_messages={
            "required": "Paste the token of the account.",
            "null_characters_not_allowed": "A token is one line of plain characters.",
        },
    )

    def clean_token(self) -> str:
        return clean_token(self.cleaned_data["token"])


class PlatformProviderForm(TokenForm):
    """A new account of the platform, or a changed one, whose token stays if none is typed."""

    field_order = ("provider", "name", "url", "token", "serves", "is_enabled")
    name = forms.CharField(max_length=4 * NAME_LENGTH)
    provider = forms.ChoiceField(
        choices=lambda: [(host.value, host.label) for host in MODEL_HOSTS.values()],
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one of these."},
    )
    url = forms.CharField(
        label="Address",
        required=False,
        max_length=LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://models.example.com"}),
        help_text="Where it is reached, with https. A hosted provider needs none.",
    )
    serves = forms.CharField(
        label="Models",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line, as calls name them. Empty: every model it has.",
    )
    is_enabled = forms.BooleanField(required=False, label="In use", initial=True)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            self.fields["token"].required = False
            self.fields["token"].help_text = "One is kept. Leave this empty to keep it."

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_url(self) -> str:
        return clean_url(self.cleaned_data["url"])

    def clean_serves(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["serves"].splitlines())
        models = [clean_line(line, max_length=LONGEST_MODEL) for line in lines if line]
        if len(models) > MOST_MODELS:
            raise ValidationError(f"At most {MOST_MODELS} models.", code="too_many")
        return list(dict.fromkeys(models))

    def clean(self) -> dict[str, Any]:
        host = MODEL_HOSTS.get(self.cleaned_data.get("provider") or "")
        if host and self.cleaned_data.get("url") == "" and not host.has_address:
            message = f"Say where your {host.label} is."
            self.add_error("url", ValidationError(message, code="required"))
        return self.cleaned_data


class PlatformSettingsForm(forms.Form):
    registration = forms.ChoiceField(
        label="Who may create an account",
        choices=PlatformSettings.Registration.choices,
        widget=forms.RadioSelect,
        help_text="By invitation only: an organization’s invitation still lets the invited person"
        " create one, for the address it was sent to.",
    )
    support_email = forms.CharField(
        label="Support address",
        required=False,
        max_length=EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Shown to whoever is kept out.",
    )
    notice = forms.CharField(
        label="Notice on the sign-in page",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": NOTICE_LENGTH}),
        help_text="Everyone reads it, signed in or not. Empty: none.",
    )

    def clean_support_email(self) -> str:
        address = self.cleaned_data["support_email"]
        return clean_email(address) if address else ""

    def clean_notice(self) -> str:
        return clean_line(self.cleaned_data["notice"], max_length=NOTICE_LENGTH)
