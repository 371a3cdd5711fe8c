"""Tax ids as people type them: checked by the rules of their country, and written as it does.

What is known of a country's numbers is python-stdnum's. Where it knows none, the number is kept as
it was typed. Which tax follows from it is in tax.py.
"""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from stdnum import exceptions, get_cc_module
from stdnum.eu import vat

from billing.countries import country_name
from billing.tax import EU, VAT_PREFIXES

LONGEST = 40
_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9 ./\-]{1,38}[A-Z0-9]", re.ASCII)
# Where a prefix is written that the rules of the country leave out.
_PREFIXED = {"GB": "GB"}


def tax_id_clean(text: str, country: str) -> str:
    """The number in the one form in which it is kept; nothing for nothing.

    Raises ValidationError: `tax_id_country`, `tax_id_characters`, and by what the country's rules
    say `tax_id_length`, `tax_id_format`, `tax_id_digits`.
    """
    said = " ".join(text.split()).upper()
    if not said:
        return ""
    if not country:
        raise ValidationError("Choose the country that gave this number.", code="tax_id_country")
    if not _PLAIN.fullmatch(said):
        message = "Write the tax id with letters and digits alone, like DE136695976."
        raise ValidationError(message, code="tax_id_characters")
    try:
        return _checked(said, country)
    except exceptions.ValidationError as error:
        raise _refusal(error, country) from error


def _checked(said: str, country: str) -> str:
    if country in EU:
        prefix = VAT_PREFIXES.get(country, country)
        bare = re.sub(r"[^A-Z0-9]", "", said)
        return str(vat.validate(bare if _has_prefix(bare, prefix) else prefix + bare))
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        return said
    return _PREFIXED.get(country, "") + str(module.validate(said))


def _has_prefix(bare: str, prefix: str) -> bool:
    """Was the country's prefix typed, or is it part of the number itself?"""
    return bare.startswith(prefix) and (vat.is_valid(bare) or not vat.is_valid(prefix + bare))


def _refusal(error: exceptions.ValidationError, country: str) -> ValidationError:
    name = country_name(country)
    if isinstance(error, exceptions.InvalidLength):
        message = f"A tax id of {name} is longer or shorter than this. Compare it once more."
        return ValidationError(message, code="tax_id_length")
    if isinstance(error, exceptions.InvalidChecksum):
        message = "Its check digit does not fit: a digit is wrong or two are swapped."
        return ValidationError(message, code="tax_id_digits")
    message = f"This is not written like a tax id of {name}. Compare it, or choose another country."
    return ValidationError(message, code="tax_id_format")
