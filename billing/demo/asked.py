"""What was asked for and what came in: months and top-ups by their day, reminders, credit."""

from __future__ import annotations

import datetime
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from django.db import models

from audit.events import Event
from audit.ledger import Actor, Target
from billing.actions.reminders import DAYS_AFTER
from billing.demo import bills
from billing.demo.lines import Paid, TopUp
from billing.demo.telling import Telling, target_of
from billing.models import CreditEntry, Invoice, Payment, Subscription, Term
from billing.periods import DAY, month_after, month_of

Kind, State = Invoice.Kind, Invoice.State
Rows = Iterator[Sequence[models.Model]]


class Asked:
    """Numbers follow each other as time does."""

    def __init__(self, told: Telling, subscription: Subscription, terms: list[Term]) -> None:
        self.told, self.subscription, self.terms = told, subscription, terms
        self.balance = 0
        self.is_late = False

    def rows(self) -> Rows:
        """Months and top-ups by their day: numbers follow each other as time does."""
        account = self.told.account
        first = month_of(self.subscription.started_on)
        asked: list[tuple[datetime.date, datetime.date | None, Paid | TopUp]] = []
        for number, paid in enumerate(account.paid):
            start = bills.months_before(self.told.today, len(account.paid) - number)
            if start >= first:
                asked.append((month_after(start), start, paid))
        asked += [(self.told.today - DAY * up.ago, None, up) for up in account.top_ups]
        for on, month, what in sorted(asked, key=lambda one: one[0]):
            if isinstance(what, TopUp):
                yield from self._top_up(what, on)
            elif month is not None:
                yield from self._month(what, on, month)

    def _month(self, paid: Paid, on: datetime.date, start: datetime.date) -> Rows:
        charges = bills.month_lines(self.told.org.pk, self.terms, start, self.told.currency)
        fields = {
            "cause": f"days {start} to {on} of {self.subscription.pk}",
            "title": bills.title_of(self.told.account.plan, start),
            "period_start": start,
            "period_end": on,
        }
        row = yield from self._issue(charges, on, **fields)
        yield from self._use_credit(row, on)
        if paid.after is None:
            self._remind(row)
        elif on + DAY * paid.after <= self.told.today:
            yield from self._pay(row, on + DAY * paid.after, paid.reference)
            if paid.given_back and on + DAY * 20 <= self.told.today:
                yield from self._give_back(row, paid, on + DAY * 20)

    def _top_up(self, up: TopUp, on: datetime.date) -> Rows:
        charge = bills.credit_charge(
            up.amount, "Credit for plans and usage", "credit", self.told.currency
        )
        fields = {"kind": Kind.TOP_UP, "cause": f"top-up {on}", "title": "Credit"}
        row = yield from self._issue([charge], on, **fields)
        if up.paid_after is not None:
            day = on + DAY * up.paid_after
            yield from self._pay(row, day, "Acme credit")
            yield self._credit(up.amount, "topped_up", row, day, f"{row.number} was paid")

    def _give_back(self, row: Invoice, paid: Paid, on: datetime.date) -> Rows:
        text = f"Part of {row.number} taken back"
        charge = bills.credit_charge(paid.given_back, text, "other", self.told.currency)
        note = yield from self._issue(
            [charge],
            on,
            kind=Kind.CREDIT_NOTE,
            cause=f"credit note 1 of {row.number}",
            title=f"Credit note for {row.number}",
            corrects=row,
            reason=paid.reason,
        )
        yield self._credit(note.gross, "returned", note, on, note.title)
        bills.settle(note, state=State.PAID, settled_on=on)

    def _issue(
        self, charges: list[Any], on: datetime.date, **fields: Any
    ) -> Generator[Sequence[models.Model], None, Invoice]:
        account = self.told.account
        buyer = {"customer": self.told.org.slug, **account.buyer}
        row, lines = bills.draft(
            self.told.org.pk, charges, buyer=buyer, on=on, currency=self.told.currency, **fields
        )
        yield [row]
        yield lines
        bills.issue(row, on)
        at = bills.at_night(on)
        changes = {
            "amount": (None, self.told.words(row.gross)),
            "kind": (None, Kind(row.kind).label),
            "due_on": (None, str(row.due_on)),
        }
        self.told.say(Event.INVOICE_ISSUED, at, changes, target=target_of(row), reason=row.reason)
        sent = {"to": (None, self.told.recipients(at))}
        self.told.say(
            Event.INVOICE_SENT, at + datetime.timedelta(seconds=8), sent, target=target_of(row)
        )
        return row

    # What came in

    def _pay(self, row: Invoice, on: datetime.date, reference: str) -> Rows:
        amount = row.gross - row.paid
        yield [self._payment(row, "transfer", amount, on, reference)]
        row.paid, row.state = row.gross, State.PAID
        changes = {
            "amount": (None, self.told.words(amount)),
            "method": (None, "Bank transfer"),
            "state": ("Open", "Paid"),
        }
        at = bills.at_night(on) + datetime.timedelta(hours=8)
        command = Actor("command", None, "Command line")
        self.told.say(
            *(Event.INVOICE_PAYMENT_RECORDED, at, changes),
            target=target_of(row),
            actor=command,
            reason=reference,
        )

    def _use_credit(self, row: Invoice, on: datetime.date) -> Rows:
        amount = min(self.balance, row.gross)
        if amount:
            yield self._credit(-amount, "used", row, on, "")
            yield [self._payment(row, "credit", amount, on, "Credit")]
            row.paid += amount

    def _credit(
        self, amount: int, kind: str, row: Invoice, on: datetime.date, reason: str
    ) -> list[CreditEntry]:
        at = bills.at_night(on) + datetime.timedelta(hours=8, minutes=1)
        before, self.balance = self.balance, self.balance + amount
        event = Event.CREDIT_ADDED if amount > 0 else Event.CREDIT_USED
        changes = {
            "amount": (None, self.told.words(abs(amount))),
            "balance": (self.told.words(before), self.told.words(self.balance)),
        }
        self.told.say(event, at, changes, target=target_of(row), reason=reason)
        fields = {"kind": kind, "amount": amount, "invoice_id": row.pk, "reason": reason, "at": at}
        return [CreditEntry(**self.told.new(at), **fields)]

    def _remind(self, row: Invoice) -> None:
        due_on = row.due_on or self.told.today
        late = (self.told.today - due_on).days
        due = [days for days in DAYS_AFTER if late >= days]
        for days in due:
            at = bills.at_night(due_on + DAY * days) + datetime.timedelta(hours=6)
            said = {
                "to": (None, self.told.recipients(at)),
                "amount": (None, self.told.words(row.gross - row.paid)),
            }
            self.told.say(Event.INVOICE_REMINDED, at, said, target=target_of(row))
            bills.settle(row, reminders=len(due), reminded_at=at)
            if days == 1 and not self.is_late:
                self.is_late = True
                target = Target(
                    "subscription", self.subscription.pk, self.subscription.of_plan.label
                )
                states = {"state": ("Active", "Past due")}
                self.told.say(Event.SUBSCRIPTION_STATE_CHANGED, at, states, target=target)

    def _payment(
        self, row: Invoice, method: str, amount: int, on: datetime.date, reference: str
    ) -> Payment:
        at = bills.at_night(on) + datetime.timedelta(hours=8)
        return Payment(
            **self.told.new(at),
            invoice_id=row.pk,
            method=method,
            amount=amount,
            received_on=on,
            reference=reference,
            created_at=at,
        )
