"""Credit notes: an invoice taken back, as a whole or in part. What was issued is never rewritten.

What is still open of the invoice is offset first; the rest becomes credit for the next ones.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from billing.actions.drafts import draft_fill, said_charges, treatment_in
from billing.actions.invoices import invoice_issue, target_of
from billing.actions.standing import standing_review
from billing.actions.terms import locked
from billing.charges import LUMP, Charge, major
from billing.models import CreditEntry, Invoice, Payment
from billing.periods import today_here
from billing.tax import tax_of
from config.moments import format_money

State, Kind = Invoice.State, Invoice.Kind
LONGEST_REASON = 500


@transaction.atomic
def credit_note_issue(
    *,
    invoice: Invoice,
    reason: str,
    actor: Actor,
    net: int | None = None,
    today: date | None = None,
) -> Invoice:
    """Take back `net` of an invoice, or all that is left of it (S1-057).

    All such notes together never exceed the invoice. An open one that is taken back as a whole is
    void from then on; what was paid already becomes credit. Raises ValidationError: `state`,
    `reason`, `amount`, `too_much`.
    """
    locked(invoice.organization_id)
    row = Invoice.objects.in_org(invoice.organization_id).select_for_update().get(pk=invoice.pk)
    reason, back = " ".join(reason.split()), _taken_back(row)
    left = row.net - back["net"]
    net = left if net is None else net
    _check(row, reason, net, left)
    # Tax of all notes together, less what the former ones gave back: the last cent comes out.
    tax = tax_of(back["net"] + net, treatment_in(row).rate) - back["tax"]
    note = _draft(row, reason, net, tax, number=back["count"] + 1)
    note = invoice_issue(invoice=note, actor=actor, today=today or today_here())
    given = _offset(row, note, actor)
    if note.gross > given:
        _give_credit(note, note.gross - given, actor)
    _close(row, note, actor, is_all=net == left)
    standing_review(organization=row.organization_id, actor=actor)
    return note


def _taken_back(row: Invoice) -> dict[str, int]:
    notes = Invoice.objects.in_org(row.organization_id).filter(kind=Kind.CREDIT_NOTE, corrects=row)
    found = notes.exclude(state=State.DRAFT).aggregate(net=Sum("net"), tax=Sum("tax"))
    return {"net": found["net"] or 0, "tax": found["tax"] or 0, "count": notes.count()}


def _check(row: Invoice, reason: str, net: int, left: int) -> None:
    if row.kind == Kind.CREDIT_NOTE:
        raise ValidationError("A credit note is not taken back.", code="state")
    if row.provider != "transfer":
        # Its issuer would go on to ask for it, and would never take off what is credit here.
        raise ValidationError(f"{row} was issued elsewhere: take it back there.", code="state")
    if row.kind == Kind.TOP_UP and row.state == State.PAID:
        message = "This credit was paid and may be used already: give it back by hand."
        raise ValidationError(message, code="state")
    if row.state not in (State.OPEN, State.PAID):
        said = {"invoice": str(row), "state": State(row.state).label.lower()}
        message = "%(invoice)s is %(state)s: there is nothing to take back."
        raise ValidationError(message, code="state", params=said)
    if not reason or len(reason) > LONGEST_REASON:
        message = "Say why, in at most %(most)s characters: it is printed on the credit note."
        raise ValidationError(message, code="reason", params={"most": LONGEST_REASON})
    if left <= 0:
        raise ValidationError("All of %(invoice)s was taken back before.", code="too_much",
                              params={"invoice": str(row)})  # fmt: skip
    if net <= 0:
        raise ValidationError("Take back more than nothing.", code="amount")
    if net > left:
        message = "That is more than the %(left)s (without tax) left of %(invoice)s."
        said = {"left": format_money(left, row.currency), "invoice": str(row)}
        raise ValidationError(message, code="too_much", params=said)


def _draft(row: Invoice, reason: str, net: int, tax: int, *, number: int) -> Invoice:
    note = Invoice(
        organization_id=row.organization_id,
        kind=Kind.CREDIT_NOTE,
        cause=f"credit note {number} of {row.number}",
        title=f"Credit note for {row.number}",
        currency=row.currency,
        period_start=row.period_start,
        period_end=row.period_end,
        corrects=row,
        reason=reason,
    )
    lines = row.lines.in_org(row.organization_id).order_by("position")
    charges = said_charges(lines) if net == row.net else [_part(row, net)]
    draft_fill(note, charges, like=row, tax=tax)
    return note


def _part(row: Invoice, net: int) -> Charge:
    return Charge(
        kind="other",
        text=f"Part of {row.number} taken back",
        quantity=Decimal(1),
        unit=LUMP,
        price=major(net, row.currency),
        net=net,
    )


def _offset(row: Invoice, note: Invoice, actor: Actor) -> int:
    """What is still to be paid of the invoice is no longer, as far as the note goes."""
    amount = min(row.due, note.gross)
    if amount > 0:
        Payment.objects.create(
            organization_id=row.organization_id,
            invoice=row,
            method=Payment.Method.OFFSET,
            amount=amount,
            received_on=note.issued_on or today_here(),
            reference=note.number,
        )
    return max(amount, 0)


def _give_credit(note: Invoice, amount: int, actor: Actor) -> None:
    # Credit is bought with an invoice, so its deeds import those on invoices.
    from billing.actions.credit import credit_add

    credit_add(
        organization=note.organization_id,
        amount=amount,
        invoice=note,
        reason=note.title,
        actor=actor,
        kind=CreditEntry.Kind.RETURNED,
    )


def _close(row: Invoice, note: Invoice, actor: Actor, *, is_all: bool) -> None:
    """The note is settled as it is issued; the invoice is void where nothing of it was left."""
    note.state, note.settled_on = State.PAID, note.issued_on
    note.save(update_fields=["state", "settled_on"])
    was_open = row.state == State.OPEN
    row.refresh_from_db()
    if was_open and is_all:
        row.state, row.settled_on = State.VOID, note.issued_on
        row.save(update_fields=["state", "settled_on"])
        ledger.record(
            Event.INVOICE_VOIDED,
            organization=row.organization_id,
            actor=actor,
            target=target_of(row),
            changes={"state": (State.OPEN.label, State.VOID.label)},
            reason=note.reason,
        )
