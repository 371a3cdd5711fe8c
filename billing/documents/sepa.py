"""The text of a SEPA payment code (EPC069-12, version 002), for euro transfers."""

from __future__ import annotations

from billing.documents.paper import Paper
from billing.documents.text import amount, clean

# EPC069-12, section 2: limits of the fields and of the whole, which is a QR code of version 13.
_NAME, _REFERENCE, _WHOLE = 70, 140, 331
_LARGEST = 999_999_999_99  # Cents.


def payment_code(paper: Paper) -> bytes | None:
    """What a banking app reads to fill in the transfer; None where there is nothing to transfer."""
    payment = paper.payment
    if payment is None or paper.kind == "credit_note" or paper.currency != "EUR":
        return None
    iban = "".join(clean(payment.iban).split()).upper()
    name = (clean(payment.account_name) or clean(paper.seller.name))[:_NAME]
    if not iban or paper.exponent != 2 or not 0 < paper.due <= _LARGEST:
        return None
    bic = "".join(clean(payment.bic).split()).upper()
    euros = f"EUR{amount(paper.due, 2)}"
    reference = clean(payment.reference or paper.number)[:_REFERENCE]
    fields = ("BCD", "002", "1", "SCT", bic, name, iban, euros, "", "", reference)
    code = "\n".join(fields).encode()
    return code if len(code) <= _WHOLE else None
