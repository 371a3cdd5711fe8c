"""What is typed about accounts elsewhere: integrations of runners, and model providers.

A token is read and never rendered.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from config.providers import LONGEST_URL, clean_token, clean_url
from config.text import NAME_LENGTH, clean_line
from projects.forms.fields import LinesField
from projects.models import Integration, ModelProvider, Resource
from projects.providers import PROVIDERS, choices


class AccountForm(forms.Form):
    """An account at a provider: its name here, where it is reached, and the token for it."""

    name = forms.CharField(max_length=NAME_LENGTH)
    provider = forms.ChoiceField(
        choices=choices,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one of these."},
    )
    url = forms.CharField(
        label="Address",
        required=False,
        max_length=LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://git.example.com"}),
        help_text="Where it is reached, with https. A hosted provider needs none.",
    )
    token = forms.CharField(
        required=False,
        strip=True,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
        help_text="Kept encrypted. Nobody can look at it after you save it.",
        error_messages={"null_characters_not_allowed": "A token is one line of plain characters."},
    )

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_url(self) -> str:
        return clean_url(self.cleaned_data["url"])

    def clean_token(self) -> str:
        return clean_token(self.cleaned_data["token"])

    def clean(self) -> dict[str, Any]:
        provider, url = self.cleaned_data.get("provider"), self.cleaned_data.get("url")
        if provider and url == "" and not PROVIDERS[provider].has_address:
            message = f"Say where your {PROVIDERS[provider].label} is."
            self.add_error("url", ValidationError(message, code="required"))
        return self.cleaned_data


class IntegrationForm(AccountForm):
    """A new integration, or a changed `integration`, whose token stays if none is typed."""

    runner = forms.ModelChoiceField(
        Resource.objects.none(),
        required=False,
        label="For",
        empty_label="All runners",
        error_messages={"invalid_choice": "Choose one of these runners."},
    )
    forget_token = forms.BooleanField(required=False, label="Forget the token that is kept")

    def __init__(
        self,
        *args: Any,
        runners: QuerySet[Resource],
        integration: Integration | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.integration = integration
        self.fields["runner"].queryset = runners  # type: ignore[attr-defined]
        if integration is None or not integration.ciphertext:
            del self.fields["forget_token"]
        else:
            self.fields["token"].help_text = "One is kept. Leave this empty to keep it."


class ModelProviderForm(AccountForm):
    """A new model provider, or a changed `found`, whose token stays if none is typed."""

    serves = LinesField(
        label="Models",
        required=False,
        most=200,
        each=200,
        help_text="One a line, as calls name them. Empty: every model it has.",
    )
    is_enabled = forms.BooleanField(required=False, label="Projects use it", initial=True)

    def __init__(self, *args: Any, found: ModelProvider | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = choices(Integration.Kind.LLM)  # type: ignore[attr-defined]
        self.fields["url"].widget.attrs["placeholder"] = "https://models.example.com"
        if found is not None:
            self.fields["token"].help_text = "One is kept. Leave this empty to keep it."
        else:
            self.fields["token"].required = True
            self.fields["token"].error_messages["required"] = "Paste the token of the account."
