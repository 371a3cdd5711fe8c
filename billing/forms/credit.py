"""What is typed to buy credit: parsing, with every error at its field and saying how to mend it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.conf import settings

from billing.amounts import check_top_up, largest_top_up, parse_minor, smallest_top_up
from config.moments import format_money
from projects.forms.fields import LineField


class AmountField(LineField):
    """An amount in whole units of the installation's currency, as its minor units."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=40, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off", "placeholder": "250"}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return parse_minor(text, settings.CURRENCY) if text else None


class CreditForm(forms.Form):
    """How much to buy. `once` is the form's own: sent twice, it buys once."""

    once = forms.UUIDField(widget=forms.HiddenInput)
    amount = AmountField(
        label="Amount", error_messages={"required": "Say how much, like 250 or 250.50."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"once": uuid.uuid4()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        currency = settings.CURRENCY
        least = format_money(smallest_top_up(currency), currency)
        most = format_money(largest_top_up(currency), currency)
        self.fields["amount"].help_text = f"From {least} to {most} at a time."

    def clean_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        check_top_up(amount, settings.CURRENCY)
        return amount
