"""Amounts that people type in whole units of a currency, as its minor units."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

from billing.plans import exponent
from config.moments import CURRENCY_SIGNS, format_money

_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_DIGITS = 13  # Beyond any amount that is asked for here, and short enough to read at once.


def smallest_top_up(currency: str) -> int:
    """Ten of a currency with cents, a thousand of one without."""
    return 10 * 100 if exponent(currency) == 2 else 1_000


def largest_top_up(currency: str) -> int:
    return 100_000 * 100 if exponent(currency) == 2 else 10_000_000


def check_top_up(amount: int, currency: str) -> None:
    """Raises ValidationError with the code `amount` for too little or too much."""
    least, most = smallest_top_up(currency), largest_top_up(currency)
    if not least <= amount <= most:
        raise ValidationError(
            "Credit is bought from %(least)s to %(most)s at a time.",
            code="amount",
            params={
                "least": format_money(least, currency),
                "most": format_money(most, currency),
            },
        )


def parse_minor(text: str, currency: str) -> int:
    """The minor units of what was typed, like 250 or 250.00.

    Raises ValidationError: `amount`, `negative`, `decimals`, `too_much`.
    """
    sign = CURRENCY_SIGNS.get(currency.upper(), "")
    said = text.strip().removeprefix(sign).strip()
    if said[:1] in ("-", "\u2212"):
        raise ValidationError("An amount is not below zero. Write it like 250.", code="negative")
    found = _PLAIN.fullmatch(said)
    if found is None:
        message = "Write the amount in digits, with no other marks, like 250."
        raise ValidationError(message, code="amount")
    whole, part = found[1].lstrip("0"), (found[2] or "").rstrip("0")
    places = exponent(currency)
    if len(part) > places:
        message = (
            f"{currency.upper()} has {places} decimals. Write at most so many."
            if places
            else f"{currency.upper()} has no smaller unit. Write a whole number."
        )
        raise ValidationError(message, code="decimals")
    if len(whole) > _DIGITS:
        most = format_money(largest_top_up(currency), currency)
        raise ValidationError(f"That is too much. Write at most {most}.", code="too_much")
    return int((whole or "0") + part.ljust(places, "0"))
