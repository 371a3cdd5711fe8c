"""Invoices that a provider issued, as our own rows: read here, and never issued anew.

A draft is not kept: it may still change, and has no number. From then on an invoice only goes
forward, from open to paid or void, so what is told late or twice changes nothing (S1-057).
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from billing.actions.drafts import buyer_of
from billing.actions.invoices import payment_record, target_of
from billing.actions.terms import locked
from billing.gateway import InvoiceFacts, InvoiceStanding, LineFacts
from billing.issuer import seller
from billing.models import (
    BillingDetails,
    CreditEntry,
    Invoice,
    InvoiceLine,
    Payment,
    Subscription,
)
from billing.periods import day_of, month_of, today_here
from billing.plans import exponent
from config.moments import format_money

State, Kind = Invoice.State, Invoice.Kind
STRIPE = "stripe"


def one_at_a_time(customer: str) -> None:
    """Until this transaction ends, nobody else mirrors this customer.

    Not a lock on any row: nobody who works in the console waits while a provider is asked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"billing {customer}"]
        )


@transaction.atomic
def invoice_mirror(*, organization: UUID, facts: InvoiceFacts, actor: Actor) -> Invoice:
    """Our row of it, made where there is none. Raises ValueError for a draft, which is not kept."""
    if facts.standing is InvoiceStanding.DRAFT:
        raise ValueError(f"{facts.ref} is a draft.")
    one_at_a_time(facts.customer)
    locked(organization)
    rows = Invoice.objects.in_org(organization).filter(provider=STRIPE, provider_ref=facts.ref)
    invoice = rows.select_for_update().first() or _made(organization, facts, actor)
    if invoice.state == State.OPEN:
        _use_credit(invoice, facts, actor)
        _pay(invoice, facts, actor)
        _void(invoice, facts, actor)
    return invoice


def _made(organization: UUID, facts: InvoiceFacts, actor: Actor) -> Invoice:
    invoice = _unsaved(organization, facts)
    invoice.save(force_insert=True)
    InvoiceLine.objects.bulk_create(
        _line(invoice, position, line) for position, line in enumerate(_lines(facts), 1)
    )
    changes = {
        "amount": (None, format_money(invoice.gross, facts.currency)),
        "kind": (None, Kind(invoice.kind).label),
        "due_on": (None, invoice.due_on),
    }
    _record(Event.INVOICE_ISSUED, invoice, actor, changes)
    if facts.is_renewal:
        _move_on(invoice, facts)
    return invoice


def _unsaved(organization: UUID, facts: InvoiceFacts) -> Invoice:
    buyer = buyer_of(organization)
    issued = day_of(facts.issued_at or facts.made_at)
    start, end = day_of(facts.period_start), day_of(facts.period_end)
    net, tax, gross = _sums(facts)
    return Invoice(
        organization_id=organization,
        kind=Kind.TOP_UP if facts.is_top_up else Kind.INVOICE,
        state=State.OPEN,
        number=facts.number or facts.ref,
        cause=f"stripe {facts.ref}",
        title="Credit" if facts.is_top_up else f"Plan and usage, {issued:%B %Y}",
        currency=facts.currency,
        period_start=start,
        period_end=end if end > start else start + datetime.timedelta(days=1),
        issued_on=issued,
        due_on=day_of(facts.due_at) if facts.due_at else issued,
        seller=dict(seller()),
        purchase_order=buyer.pop("purchase_order"),
        buyer=buyer,
        net=net,
        tax=tax,
        gross=gross,
        taxes=[_taxed(net, tax)],
        provider=STRIPE,
        provider_ref=facts.ref,
        provider_url=facts.url,
    )


def _move_on(invoice: Invoice, facts: InvoiceFacts) -> None:
    """The usage of the months before is charged with this renewal."""
    start = month_of(invoice.issued_on or today_here())
    rows = Subscription.objects.in_org(invoice.organization_id)
    rows = rows.filter(provider=STRIPE, provider_ref=facts.subscription, paid_to__lt=start)
    rows.exclude(state=Subscription.State.ENDED).update(paid_to=start)


def _sums(facts: InvoiceFacts) -> tuple[int, int, int]:
    """What is below zero is nothing to pay: the provider keeps it for the next one."""
    if facts.gross <= 0:
        return 0, 0, 0
    tax = max(0, facts.tax)
    return facts.gross - tax, tax, facts.gross


def _lines(facts: InvoiceFacts) -> list[LineFacts]:
    rest = _sums(facts)[0] - sum(line.amount for line in facts.lines)
    if not rest:
        return list(facts.lines)
    text = "Kept for the next invoice" if facts.gross < 0 else "Discounts and rounding"
    more = LineFacts(
        text=text,
        amount=rest,
        quantity=1,
        starts_at=facts.period_start,
        ends_at=facts.period_end,
    )
    return [*facts.lines, more]


def _line(invoice: Invoice, position: int, line: LineFacts) -> InvoiceLine:
    kind = InvoiceLine.Kind.CREDIT if invoice.kind == Kind.TOP_UP else InvoiceLine.Kind.OTHER
    kind = InvoiceLine.Kind.USAGE if line.ref else kind
    part = invoice.taxes[0]
    starts_on = day_of(line.starts_at)
    whole = Decimal(line.amount).scaleb(-exponent(invoice.currency))
    return InvoiceLine(
        organization_id=invoice.organization_id,
        invoice=invoice,
        position=position,
        kind=kind,
        text=line.text or "Subscription",
        quantity=line.quantity,
        price=round(whole / line.quantity, 6),
        net=line.amount,
        tax_category=part["category"],
        tax_rate=Decimal(part["rate"]),
        starts_on=starts_on,
        # Stripe says the first moment after it.
        ends_on=max(starts_on, day_of(line.ends_at - datetime.datetime.resolution)),
    )


def _taxed(net: int, tax: int) -> dict[str, Any]:
    """The provider's sum, in the form of our own; its rate is what comes out."""
    rate = round(Decimal(tax) * 100 / net, 2) if net > 0 else Decimal(0)
    said = {"category": "S" if tax else "O", "rate": str(min(rate, Decimal("99.99")))}
    return said | {"net": net, "tax": tax, "reason": "", "code": ""}


def _use_credit(invoice: Invoice, facts: InvoiceFacts, actor: Actor) -> None:
    """Credit that the provider took first: the same sum goes from the balance here, once."""
    details = BillingDetails.objects.in_org(invoice.organization_id).select_for_update().first()
    entries = CreditEntry.objects.in_org(invoice.organization_id).filter(invoice=invoice)
    amount = min(facts.credit_used, details.credit if details else 0, invoice.due)
    if amount <= 0 or details is None or entries.filter(kind=CreditEntry.Kind.USED).exists():
        return
    CreditEntry.objects.create(
        organization_id=invoice.organization_id,
        kind=CreditEntry.Kind.USED,
        amount=-amount,
        invoice=invoice,
    )
    Payment.objects.create(
        organization_id=invoice.organization_id,
        invoice=invoice,
        method=Payment.Method.CREDIT,
        amount=amount,
        received_on=today_here(),
        reference="Credit",
    )
    invoice.refresh_from_db(fields=["paid", "state", "settled_on"])
    left = [
        format_money(sum_, invoice.currency) for sum_ in (details.credit, details.credit - amount)
    ]
    changes = {"amount": (None, format_money(amount, invoice.currency)), "balance": tuple(left)}
    _record(Event.CREDIT_USED, invoice, actor, changes)


def _pay(invoice: Invoice, facts: InvoiceFacts, actor: Actor) -> None:
    is_paid = facts.standing is InvoiceStanding.PAID
    if is_paid and not invoice.gross:
        invoice.state, invoice.settled_on = State.PAID, invoice.issued_on
        invoice.save(update_fields=["state", "settled_on"])
        return
    taken = invoice.payments.in_org(invoice.organization_id).filter(method=Payment.Method.STRIPE)
    before = taken.aggregate(total=Sum("amount"))["total"] or 0
    amount = invoice.due if is_paid else min(facts.paid - before, invoice.due)
    if amount > 0:
        payment_record(
            invoice=invoice,
            amount=amount,
            method=Payment.Method.STRIPE,
            reference=f"{facts.ref} {facts.paid}",
            received_on=day_of(facts.settled_at) if facts.settled_at else today_here(),
            actor=actor,
        )
        invoice.refresh_from_db()


def _void(invoice: Invoice, facts: InvoiceFacts, actor: Actor) -> None:
    if facts.standing is not InvoiceStanding.VOID:
        return
    invoice.state = State.VOID
    invoice.settled_on = day_of(facts.settled_at) if facts.settled_at else today_here()
    invoice.save(update_fields=["state", "settled_on"])
    changes = {"state": (State.OPEN.label, State.VOID.label)}
    _record(Event.INVOICE_VOIDED, invoice, actor, changes)


def _record(event: Event, invoice: Invoice, actor: Actor, changes: dict[str, Any]) -> None:
    ledger.record(
        event,
        organization=invoice.organization_id,
        actor=actor,
        target=target_of(invoice),
        changes=changes,
    )
