"""Whom invoices are for, as people type it. Who may change it is on the lock."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from billing.countries import country_choices
from billing.models import BillingDetails
from billing.models.details import FIELDS, MOST_RECIPIENTS
from billing.tax_ids import LONGEST, tax_id_clean
from config.text import clean_email
from projects.forms.fields import LineField

_LENGTHS = {field.name: field.max_length or 0 for field in BillingDetails._meta.fields}
# More than ten addresses of the longest sort, and little enough to read at once.
_LONGEST_LIST = 10_000


class DetailsForm(forms.Form):
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    legal_name = LineField(label="Legal name", longest=_LENGTHS["legal_name"], required=False)
    street = LineField(label="Street and number", longest=_LENGTHS["street"], required=False)
    street_2 = LineField(label="Second line", longest=_LENGTHS["street_2"], required=False)
    postcode = LineField(label="Postcode", longest=_LENGTHS["postcode"], required=False)
    city = LineField(label="City", longest=_LENGTHS["city"], required=False)
    region = LineField(label="State or region", longest=_LENGTHS["region"], required=False)
    country = forms.ChoiceField(
        label="Country",
        required=False,
        choices=country_choices,
        error_messages={"invalid_choice": "Choose a country of the list."},
    )
    tax_id = forms.CharField(
        label="Tax id",
        required=False,
        widget=forms.TextInput(attrs={"maxlength": LONGEST + 20, "autocomplete": "off"}),
        help_text="In the EU your VAT number: with it, other countries’ tax is not charged.",
    )
    purchase_order = LineField(
        label="Purchase order",
        longest=_LENGTHS["purchase_order"],
        required=False,
        help_text="Stands on every invoice from now on.",
    )
    recipients = forms.CharField(
        label="Invoices are sent to",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "finance@example.com"}),
        help_text="One address a line, at most ten. Without any, the Owners get them.",
    )

    def clean_recipients(self) -> list[str]:
        return parse_recipients(self.cleaned_data["recipients"])

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data.get("tax_id", "")
        if "country" in self.cleaned_data:
            try:
                self.cleaned_data["tax_id"] = tax_id_clean(typed, self.cleaned_data["country"])
            except ValidationError as error:
                self.add_error("tax_id", error)
        return self.cleaned_data


def parse_recipients(text: str) -> list[str]:
    """The addresses that were typed, each once, in their order.

    Raises ValidationError: `too_many`, `too_long`, and for the first that is none what
    `clean_email` says of it.
    """
    if len(text) > _LONGEST_LIST:
        raise ValidationError(f"Give at most {MOST_RECIPIENTS} addresses.", code="too_many")
    said = [part.strip() for part in text.replace(",", "\n").replace(";", "\n").splitlines()]
    found: dict[str, None] = {}
    for part in filter(None, said):
        try:
            found[clean_email(part)] = None
        except ValidationError as error:
            message = f"“{part[:80]}”: {error.messages[0]}"
            raise ValidationError(message, code=error.code) from error
    if len(found) > MOST_RECIPIENTS:
        message = f"Give at most {MOST_RECIPIENTS} addresses; these are {len(found)}."
        raise ValidationError(message, code="too_many")
    return list(found)


def initial_of(details: BillingDetails | None) -> dict[str, Any]:
    if details is None:
        return {}
    said = {name: getattr(details, name) for name in FIELDS}
    return said | {"recipients": "\n".join(details.recipients), "seen": details.mark}
