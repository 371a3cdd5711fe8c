"""What is typed about a secret. A value is read and never rendered, not even when refused."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

LARGEST_VALUE = 64 * 1024
NAME_LENGTH = 100
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


class NeverShown(forms.Textarea):
    """A box that comes back empty. The browser keeps what is in it while a dialog is refused."""

    def __init__(self, *, key: str) -> None:
        kept = {"hx-preserve": "true", "id": f"value-{key}"}
        off = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        super().__init__(attrs={"rows": 5, "class": "code", **kept, **off})

    def format_value(self, value: Any) -> str:
        return ""


class SecretValueForm(forms.Form):
    """Another value for a secret that there is."""

    value = forms.CharField(
        strip=False,
        help_text="Up to 64 KiB of text. Nobody can look at it after you save it.",
        error_messages={
            "required": "Paste the value.",
            "null_characters_not_allowed": "A value is text: this one holds a NUL character.",
        },
    )

    def __init__(self, *args: Any, key: str = "new", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"].widget = NeverShown(key=key)

    def clean_value(self) -> str:
        # A browser sends every end of a line as CR LF; keys and certificates are meant with LF.
        value: str = self.cleaned_data["value"].replace("\r\n", "\n")
        size = len(value.encode("utf-8", "replace"))
        if size > LARGEST_VALUE:
            raise ValidationError(
                f"This is {size:,} bytes. A secret holds at most {LARGEST_VALUE:,} (64 KiB);"
                " nothing was stored or changed.",
                code="too_large",
            )
        return value


class SecretForm(SecretValueForm):
    """A new secret."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text="Capital letters, digits and underscores, like DATABASE_URL.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    field_order = ("name", "value")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not _NAME.fullmatch(name):
            raise ValidationError(
                "Use capital letters, digits and underscores, and no digit first:"
                " for example API_TOKEN.",
                code="name",
            )
        return name
