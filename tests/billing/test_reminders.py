"""Reminders 1, 7 and 14 days after the day an invoice was due; past due until all is paid."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core import mail

from audit.events import Event
from billing.actions import reminders
from billing.actions.reminders import overdue_remind
from billing.models import Invoice, Subscription
from orgs.tenancy import bound
from tests.billing.bills import TODAY, charge, make_details, make_invoice, make_subscription, pay
from tests.billing.test_credit_notes import credit
from tests.billing.test_invoices import events
from tests.factories import TEST, Cast

pytestmark = pytest.mark.usefixtures("issuer")
DUE = TODAY + datetime.timedelta(days=14)


@pytest.fixture(autouse=True)
def _acme_alone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of races leave invoices behind, which are overdue by then."""
    found = reminders.organizations_overdue
    monkeypatch.setattr(
        reminders,
        "organizations_overdue",
        lambda today: [each for each in found(today) if each == cast.acme.pk],
    )


def on(days: int) -> int:
    """Run the job so many days after the day on which it was due."""
    return overdue_remind(today=DUE + datetime.timedelta(days=days), actor=TEST)


def state(cast: Cast) -> str:
    with bound(cast.acme.pk):
        return Subscription.objects.in_org(cast.acme.pk).get().state


def test_each_reminder_is_sent_once(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    make_details(cast.acme)
    invoice = make_invoice(cast.acme)
    sent = []
    with django_capture_on_commit_callbacks(execute=True):
        for days in range(-3, 40):
            sent += [days] * on(days)
    assert sent == [1, 7, 14]
    letters = [letter for letter in mail.outbox if "Please pay" in letter.subject]
    assert [letter.to for letter in letters] == [["finance@acme.example"]] * 3
    assert "€100.00" in letters[0].body
    assert len(events(cast.acme, Event.INVOICE_REMINDED)) == 3
    with bound(cast.acme.pk):
        assert Invoice.objects.in_org(cast.acme.pk).get(pk=invoice.pk).reminders == 3


def test_job_that_comes_late_sends_one_letter(cast: Cast) -> None:
    make_invoice(cast.acme)
    assert on(20) == 1
    assert on(21) == 0


@pytest.mark.requirement("S1-057")
def test_subscription_is_past_due_until_all_is_paid(cast: Cast) -> None:
    make_subscription(cast.acme)
    first, second = make_invoice(cast.acme), make_invoice(cast.acme)
    assert on(0) == 0
    assert state(cast) == "active"
    assert on(1) == 2
    assert state(cast) == "past_due"
    pay(first, first.gross)
    assert state(cast) == "past_due"
    credit(second)
    assert state(cast) == "active"
    assert len(events(cast.acme, Event.SUBSCRIPTION_STATE_CHANGED)) == 2


def test_part_that_was_paid_does_not_stop_reminders(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    invoice = make_invoice(cast.acme)
    pay(invoice, 1_900)
    with django_capture_on_commit_callbacks(execute=True):
        assert on(1) == 1
    assert "€100.00 of it is still to be paid" in mail.outbox[-1].body


def test_nobody_is_reminded_of_credit_or_of_what_is_settled(cast: Cast) -> None:
    make_invoice(cast.acme, charge(25_000, kind="credit"), kind="top_up")
    credit(make_invoice(cast.acme))
    invoice = make_invoice(cast.acme)
    pay(invoice, invoice.gross)
    assert on(30) == 0
