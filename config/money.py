"""Money of the request log and the limits: integer nano-units of the installation's currency.

Never floats. Minor units of invoices are worded in `moments.py`; what a call costs is the
database's business.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.core.exceptions import ValidationError

from config.moments import CURRENCY_SIGNS, WITHOUT_MINOR_UNITS

NANO = 10**9
DECIMALS = 9
LARGEST = 10**18  # A billion of the currency.

_AMOUNT = re.compile(r"([0-9]*)(?:\.([0-9]*))?")
_CENT = NANO // 100
_FINEST = 1000  # Six decimals are shown.


def money(nano: int, *, exact: bool = False) -> str:
    """An amount to read: "$1,412.80", and below one unit as fine as "$0.000150".

    `exact` leaves nothing out, however small it is.
    """
    code = settings.CURRENCY
    sign = ("\u2212" if nano < 0 else "") + CURRENCY_SIGNS.get(code, f"{code} ")
    amount = abs(nano)
    if exact:
        return sign + _digits(amount, grouped=True)
    if 0 < amount < _FINEST:
        return f"under {sign}0.000001"
    if amount < NANO and amount % _CENT:
        return f"{sign}0.{amount // _FINEST:06d}"
    if code in WITHOUT_MINOR_UNITS:
        return f"{sign}{(amount + NANO // 2) // NANO:,}"
    whole, part = divmod((amount + _CENT // 2) // _CENT, 100)
    return f"{sign}{whole:,}.{part:02d}"


def amount_text(nano: int) -> str:
    """An amount as a form takes it: "1412.80"; `parse_money` gives the same number back."""
    return _digits(nano, grouped=False)


def parse_money(text: str) -> int | None:
    """The nano-units of what was typed, like 12.50; None for nothing.

    Raises ValidationError: `amount` (not a plain number), `negative`, `decimals`, `too_much`.
    """
    said = text.strip().removeprefix(CURRENCY_SIGNS.get(settings.CURRENCY, "")).strip()
    if not said:
        return None
    if said[0] in "-\u2212":
        raise ValidationError("An amount is not below zero. Write it like 12.50.", code="negative")
    found = _AMOUNT.fullmatch(said)
    if found is None or not (found[1] or found[2]):
        message = "Write the amount in digits, with a point and no other marks, like 1000.50."
        raise ValidationError(message, code="amount")
    whole, part = found[1].lstrip("0"), (found[2] or "").rstrip("0")
    if len(part) > DECIMALS:
        raise ValidationError("Write at most 9 digits after the point.", code="decimals")
    # Asked before counting: a number of a million digits takes long to read.
    nano = LARGEST + 1 if len(whole) > DECIMALS + 1 else int(whole or 0) * NANO
    nano += int(part.ljust(DECIMALS, "0"))
    if nano > LARGEST:
        raise ValidationError(
            "That is more than can be counted. Write at most %(most)s.",
            code="too_much",
            params={"most": amount_text(LARGEST)},
        )
    return nano


def _digits(amount: int, *, grouped: bool) -> str:
    whole, part = divmod(amount, NANO)
    decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{whole:,}.{decimals}" if grouped else f"{whole}.{decimals}"
