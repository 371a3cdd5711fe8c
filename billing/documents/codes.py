"""Countries and tax numbers: which codes EN 16931 takes (BR-CL-14, BR-CO-09)."""

from __future__ import annotations

import re

from billing.countries import COUNTRIES as ISO_3166
from billing.documents.text import clean

# With XI (Northern Ireland, BT-31) and XK (Kosovo), as EN 16931 lists them.
COUNTRIES = frozenset(ISO_3166) | {"XI", "XK"}
# Greece writes EL before its VAT numbers; Kosovo is no prefix that BR-CO-09 knows.
_VAT_PREFIXES = (COUNTRIES | {"EL"}) - {"XK"}
_VAT_NUMBER = re.compile(r"[A-Z]{2}(?=[0-9A-Z]*[0-9])[0-9A-Z]{2,}")


def vat_number(tax_id: str) -> str:
    """The VAT number without spaces and marks; empty when it has no country's prefix."""
    packed = re.sub(r"[\s.\-/]", "", clean(tax_id)).upper()
    found = _VAT_NUMBER.fullmatch(packed) is not None and packed[:2] in _VAT_PREFIXES
    return packed if found else ""
