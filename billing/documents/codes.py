"""Countries and tax numbers: which codes EN 16931 takes (BR-CL-14, BR-CO-09)."""

from __future__ import annotations

import re

from billing.documents.text import clean

# ISO 3166-1 alpha-2, with XI (Northern Ireland, BT-31) and XK (Kosovo) as EN 16931 lists them.
COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XI XK YE YT
    ZA ZM ZW
    """.split()
)
# Greece writes EL before its VAT numbers; Kosovo is no prefix that BR-CO-09 knows.
_VAT_PREFIXES = (COUNTRIES | {"EL"}) - {"XK"}
_VAT_NUMBER = re.compile(r"[A-Z]{2}(?=[0-9A-Z]*[0-9])[0-9A-Z]{2,}")


def vat_number(tax_id: str) -> str:
    """The VAT number without spaces and marks; empty when it has no country's prefix."""
    packed = re.sub(r"[\s.\-/]", "", clean(tax_id)).upper()
    found = _VAT_NUMBER.fullmatch(packed) is not None and packed[:2] in _VAT_PREFIXES
    return packed if found else ""
