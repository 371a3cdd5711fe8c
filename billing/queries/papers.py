"""An invoice as its document: rows of the database turned into a `Paper`, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from django.db.models import Sum

from billing.documents.paper import Category, Kind, Line, Paper, Party, Payment, TaxSum, Unit
from billing.models import Invoice, InvoiceLine
from billing.models import Payment as PaymentRow
from billing.plans import exponent

_UNITS: dict[str, Unit] = {"C62": "unit", "MON": "month", "DAY": "day", "LS": "lump"}


def paper_of(invoice: Invoice, *, lines: Iterable[InvoiceLine] | None = None) -> Paper:
    """The document as it was issued: what is paid later changes nothing on it. Two queries."""
    if invoice.issued_on is None:
        raise ValueError("A draft is no document yet.")
    if lines is None:
        lines = invoice.lines.in_org(invoice.organization_id).order_by("position")
    corrects = invoice.corrects
    is_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
    prepaid = 0 if is_note else _credit_used(invoice)
    return Paper(
        number=invoice.number,
        kind=cast(Kind, invoice.kind),
        issued_on=invoice.issued_on,
        currency=invoice.currency,
        exponent=exponent(invoice.currency),
        seller=_seller(invoice.seller),
        buyer=_buyer(invoice.buyer),
        lines=tuple(_line(line) for line in lines),
        tax_sums=tuple(_tax(part) for part in invoice.taxes),
        net=invoice.net,
        tax=invoice.tax,
        gross=invoice.gross,
        prepaid=prepaid,
        due=invoice.gross - prepaid,
        due_on=None if is_note else invoice.due_on,
        period_start=invoice.period_start,
        period_end=invoice.period_end and invoice.period_end - timedelta(days=1),
        purchase_order=invoice.purchase_order,
        note=invoice.reason,
        payment=_payment(invoice),
        preceding_number=corrects.number if corrects else "",
        preceding_issued_on=corrects.issued_on if corrects else None,
    )


def file_name(invoice: Invoice, ending: str) -> str:
    """ "INV-2026-000042.pdf": the prefix of numbers is a setting, and need not be tame."""
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', invoice.number).strip('-') or 'invoice'}.{ending}"


def _credit_used(invoice: Invoice) -> int:
    """Credit is used as an invoice is issued, and at no other time."""
    rows = PaymentRow.objects.in_org(invoice.organization_id).filter(invoice=invoice)
    used = rows.filter(method=PaymentRow.Method.CREDIT).aggregate(amount=Sum("amount"))
    return int(used["amount"] or 0)


def _seller(said: Mapping[str, str]) -> Party:
    names = ("name", "country", "street", "city", "postcode", "tax_id", "email", "phone")
    return Party(**{name: said.get(name, "") for name in names})


def _buyer(said: Mapping[str, str]) -> Party:
    street = "\n".join(filter(None, (said.get("street", ""), said.get("street_2", ""))))
    names = ("country", "city", "postcode", "region", "tax_id", "email")
    return Party(
        name=said.get("legal_name", ""),
        street=street,
        identifier=said.get("customer", ""),
        **{name: said.get(name, "") for name in names},
    )


def _line(line: InvoiceLine) -> Line:
    return Line(
        position=line.position,
        description=line.text,
        quantity=line.quantity,
        unit="seat" if line.kind == InvoiceLine.Kind.SEATS else _UNITS.get(line.unit, "unit"),
        unit_price=line.price,
        net=line.net,
        tax_category=cast(Category, line.tax_category),
        tax_rate=line.tax_rate,
        period_start=line.starts_on,
        period_end=line.ends_on,
    )


def _tax(part: Mapping[str, Any]) -> TaxSum:
    return TaxSum(
        category=part["category"],
        rate=Decimal(part["rate"]),
        net=part["net"],
        tax=part["tax"],
        reason=part.get("reason", ""),
        reason_code=part.get("code", ""),
    )


def _payment(invoice: Invoice) -> Payment | None:
    said = invoice.seller
    if invoice.kind == Invoice.Kind.CREDIT_NOTE or not said.get("iban"):
        return None
    return Payment(
        iban=said["iban"],
        bic=said.get("bic", ""),
        account_name=said.get("name", ""),
        reference=invoice.number,
    )
