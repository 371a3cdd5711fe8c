"""Parsing a domain, as people type or paste it."""

from __future__ import annotations

from django import forms

from orgs.domains import clean_domain


class DomainForm(forms.Form):
    domain = forms.CharField(
        label="Domain",
        max_length=300,
        help_text="Like example.com: the one your people’s addresses end in.",
        error_messages={"required": "Write a domain."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_domain(self) -> str:
        return clean_domain(self.cleaned_data["domain"])
