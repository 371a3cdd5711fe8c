"""Parsing what is said about an organization: its name, its address, its policies, its end."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from config.roles import PRESET_POLICIES, Policy, Preset
from config.text import clean_line
from orgs.models.organizations import SLUG

SLUG_LENGTH = 40
REASON_LENGTH = 500

# Letters that do not fall apart into a plain one and an accent.
_LATIN = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "þ": "th",
    "ı": "i",
}
_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяєіїґ",
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya ye i yi g".split(
            " "
        ),
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split(),
        strict=True,
    )
)
_LETTERS = str.maketrans(_LATIN | _CYRILLIC | _GREEK)


def suggest_slug(name: str) -> str:
    """An address that reads like the name: "Łódź & Søn" gives lodz-son; empty if nothing is left.

    Spelled out simply; whoever founds the organization may write another.
    """
    plain = _without_accents(_without_accents(name.lower()).translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", plain)
    slug = "-".join(words)[:SLUG_LENGTH].rstrip("-")
    return slug if len(slug) > 1 else ""


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


class NameForm(forms.Form):
    """The name that everyone in the organization reads."""

    name = forms.CharField(
        label="Name",
        error_messages={"required": "Write the name of the organization."},
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])


class OrganizationForm(NameForm):
    """The answers of the registration wizard. Without an address the name suggests one."""

    slug = forms.CharField(
        label="Address",
        required=False,
        max_length=SLUG_LENGTH,
        help_text="It stands in every link, as in /o/harbor-works/, and stays as it is.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"max_length": "Use at most 40 characters."},
    )
    preset = forms.ChoiceField(
        label="How you work",
        choices=[(preset.value, preset.label) for preset in Preset],
        required=False,
        error_messages={"invalid_choice": "Choose one of the four ways of working."},
    )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"].lower() or suggest_slug(
            self.cleaned_data.get("name", "")
        )
        if "name" in self.cleaned_data or slug:
            SLUG(slug)
        return slug

    def clean_preset(self) -> Preset:
        return Preset(self.cleaned_data["preset"] or Preset.S1)


class PoliciesForm(forms.Form):
    """Which policies are to be on, and which were on when the form was opened."""

    policies = forms.MultipleChoiceField(
        choices=[(policy.value, policy.label) for policy in Policy], required=False
    )
    seen = forms.CharField(required=False)

    def clean_policies(self) -> frozenset[Policy]:
        return frozenset(Policy(value) for value in self.cleaned_data["policies"])

    def clean_seen(self) -> frozenset[Policy]:
        words = set(self.cleaned_data["seen"].split())
        if not words <= {policy.value for policy in Policy}:
            raise ValidationError(
                "Load the page again: it was made for other policies.", code="seen"
            )
        return frozenset(Policy(word) for word in words)


class CloseForm(forms.Form):
    """The typed name that stands before the end of an organization, and why."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    confirm = forms.CharField(
        required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["confirm"].label = f"Type {name} to confirm"
        self.fields["confirm"].widget.attrs["data-confirm-name"] = name

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.name:
            raise ValidationError(f"Type the name exactly: {self.name}", code="name_differs")
        return typed


def drafted_policies(data: Any, current: frozenset[Policy]) -> frozenset[Policy]:
    """The choice that a link or the preview asks to see, not to store; bad words are left out."""
    if data.get("preset") in set(Preset):
        return PRESET_POLICIES[Preset(data["preset"])]
    if "preview" not in data:
        return current
    asked = set(data.getlist("policies"))
    return frozenset(policy for policy in Policy if policy.value in asked)


def plain_policies(policies: frozenset[Policy]) -> str:
    """Policies for the hidden field that `PoliciesForm.seen` reads."""
    return " ".join(sorted(policies))
