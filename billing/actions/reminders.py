"""Reminders of what is overdue: 1, 7 and 14 days after the day it was due, each once."""

from __future__ import annotations

import datetime
import logging
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from billing.actions.invoices import target_of
from billing.actions.standing import standing_review
from billing.actions.terms import locked
from billing.letters import recipients_of, reminder_post
from billing.models import Invoice
from config.moments import format_money
from orgs.tenancy import bound

log = logging.getLogger(__name__)

DAYS_AFTER = (1, 7, 14)


def overdue_remind(*, today: datetime.date, actor: Actor) -> int:
    """Remind of every invoice whose next reminder is due; returns of how many.

    Each is a transaction of its own: what fails is logged and tried again by the next run.
    """
    number = 0
    for organization in organizations_overdue(today):
        for pk in _due_in(organization, today):
            try:
                with bound(organization):
                    number += invoice_remind(
                        organization=organization, pk=pk, today=today, actor=actor
                    )
            except Exception:
                log.exception("Reminding of the invoice %s failed", pk)
    return number


@transaction.atomic
def invoice_remind(*, organization: UUID, pk: UUID, today: datetime.date, actor: Actor) -> bool:
    """Send the reminder that is due, and set the subscription to past due (S1-057).

    A run that comes late sends one letter, not three. False where none is due any more.
    """
    locked(organization)
    rows = Invoice.objects.in_org(organization).filter(pk=pk).select_for_update(of=("self",))
    row = rows.first()
    due = reminders_due(row, today) if row else 0
    if row is None or due <= row.reminders:
        return False
    row.reminders, row.reminded_at = due, timezone.now()
    row.save(update_fields=["reminders", "reminded_at"])
    ledger.record(
        Event.INVOICE_REMINDED,
        organization=organization,
        actor=actor,
        target=target_of(row),
        changes={
            "to": (None, ", ".join(recipients_of(organization))),
            "amount": (None, format_money(row.due, row.currency)),
        },
    )
    standing_review(organization=organization, actor=actor)
    reminder_post(row)
    return True


def reminders_due(invoice: Invoice, today: datetime.date) -> int:
    """How many reminders there should have been by today. Credit is bought or it is not."""
    is_asked = invoice.kind == Invoice.Kind.INVOICE and invoice.provider == "transfer"
    if not is_asked or invoice.due <= 0 or invoice.due_on is None:
        return 0
    late = (today - invoice.due_on).days
    return sum(1 for days in DAYS_AFTER if late >= days)


def organizations_overdue(today: datetime.date) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT invoices_overdue(%s)", [today])
        return [row[0] for row in cursor.fetchall()]


def _due_in(organization: UUID, today: datetime.date) -> list[UUID]:
    with bound(organization):
        rows = Invoice.objects.in_org(organization).filter(
            state=Invoice.State.OPEN, due_on__lt=today
        )
        return [
            row.pk for row in rows.order_by("due_on") if reminders_due(row, today) > row.reminders
        ]
