"""Drafts of invoices: their lines, parties and taxes, before anything has a number.

A draft lives within the transaction that issues it; nothing that was not issued is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from billing.charges import Charge
from billing.issuer import seller
from billing.models import BillingDetails, Invoice, InvoiceLine
from billing.models.details import PARTY
from billing.tax import Treatment, taxed, treatment, voucher
from config.database import constraint_of
from orgs.models import Organization


@transaction.atomic
def invoice_make(
    *,
    organization: UUID,
    kind: str,
    cause: str,
    title: str,
    charges: Iterable[Charge],
    period: tuple[date, date] | None = None,
    corrects: Invoice | None = None,
    reason: str = "",
    currency: str = "",
) -> Invoice:
    """The draft of an invoice, or what there is for the same cause already (S1-057).

    `period` is [start, end). Raises ValueError without a charge: there is nothing to ask for.
    """
    rows = Invoice.objects.in_org(organization)
    if there := rows.filter(cause=cause).first():
        return there
    start, end = period or (None, None)
    invoice = Invoice(
        organization_id=organization,
        kind=kind,
        cause=cause,
        title=title,
        currency=currency or settings.CURRENCY,
        period_start=start,
        period_end=end,
        corrects=corrects,
        reason=reason,
    )
    try:
        with transaction.atomic():
            draft_fill(invoice, list(charges))
    except IntegrityError as error:
        if constraint_of(error) != "invoice_once":
            raise
        # Somebody else made it in the meantime: there is one for each cause.
        return rows.get(cause=cause)
    return invoice


def draft_fill(
    invoice: Invoice, charges: list[Charge], *, like: Invoice | None = None, tax: int | None = None
) -> None:
    """Write the draft with parties, taxes and lines as of now; those of `like` where it corrects.

    `tax` is told where it is not the rate of this sum alone: see credit notes.
    """
    if not charges:
        raise ValueError("An invoice has at least one line.")
    if like is None:
        invoice.seller = dict(seller())
        invoice.buyer = buyer_of(invoice.organization_id)
        invoice.purchase_order = invoice.buyer.pop("purchase_order")
        how = treatment_of(invoice)
    else:
        invoice.seller, invoice.buyer = like.seller, like.buyer
        invoice.purchase_order = like.purchase_order
        how = treatment_in(like)
    invoice.net, invoice.tax, invoice.gross, invoice.taxes = taxed(charges, how, tax=tax)
    invoice.save()
    InvoiceLine.objects.in_org(invoice.organization_id).filter(invoice=invoice).delete()
    InvoiceLine.objects.bulk_create(
        line_of(invoice, position, charge, how) for position, charge in enumerate(charges, 1)
    )


def buyer_of(organization: UUID) -> dict[str, Any]:
    """The buyer as today's details name it; the organization's own name where there are none.

    Its electronic address is the first of those that get its invoices (BT-49).
    """
    rows = BillingDetails.objects.in_org(organization).values(*PARTY, "recipients")
    said = rows.first() or dict.fromkeys(PARTY, "")
    name, slug = Organization.objects.values_list("name", "slug").get(pk=organization)
    email = next(iter(said.pop("recipients", ())), "")
    return said | {"legal_name": said["legal_name"] or name, "customer": slug, "email": email}


def treatment_of(invoice: Invoice) -> Treatment:
    if invoice.kind == Invoice.Kind.TOP_UP:
        return voucher(invoice.seller)
    return treatment(invoice.seller, invoice.buyer)


def treatment_in(invoice: Invoice) -> Treatment:
    """How this invoice was taxed: there is one category on each."""
    (part,) = invoice.taxes
    return Treatment(part["category"], Decimal(part["rate"]), part["reason"], part["code"])


def line_of(invoice: Invoice, position: int, charge: Charge, how: Treatment) -> InvoiceLine:
    return InvoiceLine(
        organization_id=invoice.organization_id,
        invoice=invoice,
        position=position,
        kind=charge.kind,
        text=charge.text,
        quantity=charge.quantity,
        unit=charge.unit,
        price=charge.price,
        net=charge.net,
        tax_category=how.category,
        tax_rate=how.rate,
        starts_on=charge.starts_on,
        ends_on=charge.ends_on,
        parts=[dict(part) for part in charge.parts],
    )


def said_charges(lines: Iterable[InvoiceLine]) -> list[Charge]:
    """The lines of an invoice as charges once more."""
    return [
        Charge(
            kind=line.kind,
            text=line.text,
            quantity=line.quantity,
            unit=line.unit,
            price=line.price,
            net=line.net,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            parts=line.parts,
        )
        for line in lines
    ]
