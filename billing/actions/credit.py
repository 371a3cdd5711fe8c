"""Deeds on credit that is paid ahead: bought, added once it is paid, used for invoices.

The balance is the sum of its entries, kept by the database and never below zero. Whoever takes
from it locks its row first; where an invoice is concerned, the invoice is locked before it.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from billing.actions.invoices import invoice_issue, invoice_make
from billing.actions.mirror import credit_keep, customer_of
from billing.actions.mirror_invoice import invoice_mirror, one_at_a_time
from billing.actions.provider import refusing
from billing.actions.terms import locked
from billing.amounts import check_top_up
from billing.charges import Charge, major
from billing.gateway import deed_key, gateway
from billing.issuer import issues_invoices
from billing.models import BillingDetails, CreditEntry, Invoice, Payment
from billing.models.subscriptions import LARGEST
from billing.periods import today_here
from config.moments import format_money
from config.roles import Permission
from orgs.access import Access, require
from orgs.models import Organization

Kind = CreditEntry.Kind
REFERENCE = "Credit"
TEXT = "Credit for plans and usage"
# Each is a number of the issuer's and a letter to whoever the details name.
MOST_UNPAID = 5


@transaction.atomic
def credit_add(
    *,
    organization: UUID,
    amount: int,
    invoice: Invoice | None,
    reason: str,
    actor: Actor,
    kind: str = "",
) -> CreditEntry | None:
    """Add credit: a top-up that was paid, or what the issuer gives (S3-064, S3-066).

    Once for each invoice and kind; None where it was added before. Raises ValidationError:
    `amount`.
    """
    if not 0 < amount <= LARGEST:
        raise ValidationError("Credit that is added is more than nothing.", code="amount")
    _locked_balance(organization)
    kind = kind or (Kind.TOPPED_UP if invoice is not None else Kind.GIVEN)
    if invoice is not None and _is_entered(invoice, kind):
        return None
    entry = CreditEntry.objects.create(
        organization_id=organization, kind=kind, amount=amount, invoice=invoice, reason=reason
    )
    _record(Event.CREDIT_ADDED, entry, invoice, actor)
    return entry


@transaction.atomic
def credit_use(*, invoice: Invoice, actor: Actor) -> int:
    """Pay an open invoice with what credit there is; returns how much, 0 for none.

    Once for each invoice. A top-up is never paid with credit, nor what is in another currency.
    """
    rows = Invoice.objects.in_org(invoice.organization_id).select_for_update(of=("self",))
    row = rows.get(pk=invoice.pk)
    if row.kind != Invoice.Kind.INVOICE or row.currency != settings.CURRENCY:
        return 0
    amount = min(_locked_balance(row.organization_id), row.due)
    if amount <= 0 or _is_entered(row, Kind.USED):
        return 0
    entry = CreditEntry.objects.create(
        organization_id=row.organization_id, kind=Kind.USED, amount=-amount, invoice=row
    )
    Payment.objects.create(
        organization_id=row.organization_id,
        invoice=row,
        method=Payment.Method.CREDIT,
        amount=amount,
        received_on=today_here(),
        reference=REFERENCE,
    )
    _record(Event.CREDIT_USED, entry, row, actor)
    return amount


@transaction.atomic
def credit_buy(*, amount: int, actor: Access, token: str = "") -> Invoice:
    """Buy credit: an invoice over it, paid before it counts (S3-064, S3-066).

    The same `token` gives the same invoice. Raises ValidationError: `forbidden`, `no_issuer`,
    `amount`, `twice`, `unpaid`.
    """
    require(actor, Permission.BILLING_BUY_CREDITS)
    if not issues_invoices():
        message = "This installation issues no invoices, so there is no credit to buy."
        raise ValidationError(message, code="no_issuer")
    currency = settings.CURRENCY
    check_top_up(amount, currency)
    locked(actor.org.id)
    cause = f"top-up {token or uuid.uuid4()}"
    _check_unpaid(actor.org.id, cause)
    invoice = invoice_make(
        organization=actor.org.id,
        kind=Invoice.Kind.TOP_UP,
        cause=cause,
        title="Credit",
        charges=[_charge(amount, currency)],
    )
    if invoice.state == Invoice.State.DRAFT:
        return invoice_issue(invoice=invoice, actor=actor.identity, today=today_here())
    if invoice.net != amount:
        message = "This form has bought %(amount)s already. Open it anew to buy more."
        said = {"amount": format_money(invoice.net, currency)}
        raise ValidationError(message, code="twice", params=said)
    return invoice


@transaction.atomic
def credit_charge(*, amount: int, actor: Access, token: str) -> Invoice:
    """Have the payment provider charge for credit; it counts once that is paid.

    The same `token` charges once, whatever the amount is then. What breaks off after the charge is
    made up for by the provider's event. Raises ValidationError: `forbidden`, `amount`, `no_method`,
    and what the provider refuses.
    """
    require(actor, Permission.BILLING_BUY_CREDITS)
    check_top_up(amount, settings.CURRENCY)
    customer = customer_of(actor.org.id)
    if not customer:
        raise ValidationError("Add a payment method under Billing first.", code="no_method")
    provider = gateway()
    # Its event waits, so that the log names who bought it.
    one_at_a_time(customer)
    with refusing():
        facts = provider.top_up(
            organization=actor.org.id,
            customer=customer,
            amount=amount,
            currency=settings.CURRENCY,
            text=TEXT,
            key=deed_key("top-up", actor.org.id, token),
        )
        credit_keep(organization=actor.org.id, facts=facts, provider=provider)
    return invoice_mirror(organization=actor.org.id, facts=facts, actor=actor.identity)


def _check_unpaid(organization: UUID, cause: str) -> None:
    rows = Invoice.objects.in_org(organization).filter(kind=Invoice.Kind.TOP_UP, state="open")
    if rows.exclude(cause=cause).count() >= MOST_UNPAID:
        message = "%(most)s top-ups are still to be paid. Pay one of them, then buy more."
        raise ValidationError(message, code="unpaid", params={"most": MOST_UNPAID})


def _charge(amount: int, currency: str) -> Charge:
    return Charge(
        kind="credit",
        text=TEXT,
        quantity=Decimal(1),
        unit="C62",
        price=major(amount, currency),
        net=amount,
    )


def _locked_balance(organization: UUID) -> int:
    """What there is now; until this transaction ends nobody else takes from it."""
    rows = BillingDetails.objects.in_org(organization).select_for_update(of=("self",))
    return rows.values_list("credit", flat=True).first() or 0


def _is_entered(invoice: Invoice, kind: str) -> bool:
    rows = CreditEntry.objects.in_org(invoice.organization_id)
    return rows.filter(invoice=invoice, kind=kind).exists()


def _record(event: Event, entry: CreditEntry, invoice: Invoice | None, actor: Actor) -> None:
    """With the balance before and after, as the trigger has just counted it."""
    organization = entry.organization_id
    after = _locked_balance(organization)
    if invoice is not None:
        target = Target("invoice", invoice.pk, invoice.number or invoice.title)
    else:
        name = Organization.objects.values_list("name", flat=True).get(pk=organization)
        target = Target("organization", organization, name)
    said = [format_money(m, settings.CURRENCY) for m in (abs(entry.amount), after - entry.amount)]
    ledger.record(
        event,
        organization=organization,
        actor=actor,
        target=target,
        changes={
            "amount": (None, said[0]),
            "balance": (said[1], format_money(after, settings.CURRENCY)),
        },
        reason=entry.reason,
    )
