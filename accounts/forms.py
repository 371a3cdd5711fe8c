"""What people type about themselves. Parsing only; allauth has the forms of signing in."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest

from accounts.models import User
from config.text import NAME_LENGTH, clean_line


class NameForm(forms.Form):
    # Longer than a name may be, so that `clean_line` says how long it is.
    name = forms.CharField(
        label="Your name",
        max_length=4 * NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean_name(self) -> str:
        name = clean_line(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("Write your name.", code="required")
        return name


class SignUpForm(NameForm):
    """What sign-up asks beyond address and password; allauth builds its own form on this one."""

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
