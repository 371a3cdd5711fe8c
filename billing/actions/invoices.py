"""Deeds on invoices: issued with the next number, and paid. Credit notes are beside this.

Numbers, what is paid and that nothing issued is rewritten are the database's business
(migrations 0002 and 0006). Whoever ends with the subscription begins with the organization
(`terms.locked`), as the turn of the month does; then come the invoice, the details with their
balance, the series of numbers, and the ledger. So no two wait for each other.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from billing.actions.drafts import buyer_of, draft_fill, invoice_make, said_charges
from billing.actions.standing import standing_review
from billing.actions.terms import locked
from billing.letters import invoice_post
from billing.models import BillingDetails, Invoice, Payment
from config.database import constraint_of
from config.moments import format_money

__all__ = ["invoice_issue", "invoice_make", "payment_record", "target_of"]

State, Kind = Invoice.State, Invoice.Kind
LONGEST_REFERENCE = 140  # As long as the remittance text of a SEPA transfer.


@transaction.atomic
def invoice_issue(*, invoice: Invoice, actor: Actor, today: date) -> Invoice:
    """Give a draft its number, use what credit there is, and send it once this is committed.

    Everything is frozen as of now. Raises ValidationError: `state` (it was issued), `no_issuer`.
    """
    row = _locked(invoice)
    _lock_details(row)
    if row.state != State.DRAFT:
        raise ValidationError(f"{row} was issued before.", code="state")
    if not settings.ISSUER["name"]:
        message = "This installation issues no invoices: ISSUER_NAME is not set."
        raise ValidationError(message, code="no_issuer")
    if row.kind != Kind.CREDIT_NOTE:
        _refresh(row)
    due = today + timedelta(days=settings.INVOICE_DUE_DAYS)
    _number(row, today, today if row.kind == Kind.CREDIT_NOTE else due)
    ledger.record(
        Event.INVOICE_ISSUED,
        organization=row.organization_id,
        actor=actor,
        target=target_of(row),
        changes={
            "amount": (None, format_money(row.gross, row.currency)),
            "kind": (None, Kind(row.kind).label),
            "due_on": (None, row.due_on),
        },
        reason=row.reason,
    )
    if row.kind == Kind.INVOICE:
        _use_credit(row, actor)
    invoice_post(row)
    return row


@transaction.atomic
def payment_record(
    *,
    invoice: Invoice,
    amount: int,
    method: str,
    reference: str,
    received_on: date,
    actor: Actor,
) -> Payment:
    """Write down that money came in (S1-057). What a top-up bought is credit from now on.

    Raises ValidationError: `state`, `amount`, `too_much`, `reference`, `twice`.
    """
    locked(invoice.organization_id)
    row, reference = _locked(invoice), " ".join(reference.split())
    _lock_details(row)
    _check_payment(row, amount, method, reference)
    before = row.state
    payment = Payment(
        organization_id=row.organization_id,
        invoice=row,
        method=method,
        amount=amount,
        received_on=received_on,
        reference=reference,
    )
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "payment_once":
            raise
        message = "%(reference)s was recorded for %(invoice)s before."
        said = {"reference": reference, "invoice": str(row)}
        raise ValidationError(message, code="twice", params=said) from error
    row.refresh_from_db()
    _record_payment(payment, row, before, actor)
    if row.state == State.PAID:
        _settle(row, actor)
    return payment


def target_of(invoice: Invoice) -> Target:
    return Target("invoice", invoice.pk, invoice.number or invoice.title)


def _locked(invoice: Invoice) -> Invoice:
    rows = Invoice.objects.in_org(invoice.organization_id).select_for_update(of=("self",))
    return rows.get(pk=invoice.pk)


def _lock_details(row: Invoice) -> None:
    details = BillingDetails.objects.in_org(row.organization_id).select_for_update(of=("self",))
    details.values_list("pk").first()


def _refresh(row: Invoice) -> None:
    """What changed since it was drafted: the buyer's details, the issuer, and so the taxes."""
    buyer = buyer_of(row.organization_id)
    if row.buyer | {"purchase_order": row.purchase_order} != buyer:
        lines = row.lines.in_org(row.organization_id).order_by("position")
        draft_fill(row, said_charges(lines))


def _number(row: Invoice, today: date, due: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT invoice_issue(%s, %s, %s, %s)", [row.pk, settings.INVOICE_PREFIX, today, due]
        )
        found = cursor.fetchone()
    if not found or found[0] is None:
        raise ValidationError("This draft is not there any more.", code="state")
    row.refresh_from_db()


def _use_credit(row: Invoice, actor: Actor) -> None:
    # Credit is bought with an invoice, so its deeds import these.
    from billing.actions.credit import credit_use

    if credit_use(invoice=row, actor=actor):
        row.refresh_from_db()


def _settle(row: Invoice, actor: Actor) -> None:
    if row.kind == Kind.TOP_UP:
        from billing.actions.credit import credit_add

        # What was taken back of it before was never paid.
        notes = row.corrections.in_org(row.organization_id).exclude(state=State.DRAFT)
        back = notes.aggregate(net=Sum("net"))["net"] or 0
        credit_add(
            organization=row.organization_id,
            amount=row.net - back,
            invoice=row,
            reason=f"{row} was paid",
            actor=actor,
        )
    standing_review(organization=row.organization_id, actor=actor)


def _check_payment(row: Invoice, amount: int, method: str, reference: str) -> None:
    if row.kind == Kind.CREDIT_NOTE:
        raise ValidationError("A credit note is not paid.", code="state")
    if method == Payment.Method.TRANSFER and row.provider != "transfer":
        # Its issuer would charge for it all the same.
        raise ValidationError(f"{row} was issued elsewhere: mark it as paid there.", code="state")
    if row.state != State.OPEN:
        raise ValidationError(
            "%(invoice)s is not open: it is %(state)s.",
            code="state",
            params={"invoice": str(row), "state": State(row.state).label.lower()},
        )
    if amount <= 0:
        raise ValidationError("A payment is more than nothing.", code="amount")
    if amount > row.due:
        raise ValidationError(
            "That is more than the %(due)s still to be paid for %(invoice)s.",
            code="too_much",
            params={"due": format_money(row.due, row.currency), "invoice": str(row)},
        )
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        message = "Say the bank's reference, in at most %(most)s characters."
        raise ValidationError(message, code="reference", params={"most": LONGEST_REFERENCE})


def _record_payment(payment: Payment, row: Invoice, before: str, actor: Actor) -> None:
    ledger.record(
        Event.INVOICE_PAYMENT_RECORDED,
        organization=row.organization_id,
        actor=actor,
        target=target_of(row),
        changes={
            "amount": (None, format_money(payment.amount, row.currency)),
            "method": (None, Payment.Method(payment.method).label),
            "state": (State(before).label, State(row.state).label),
        },
        reason=payment.reference,
    )
