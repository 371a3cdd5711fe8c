"""`manage.py invoices`: what the operator does with invoices, from the command line.

`paid` is how a bank transfer becomes known here. Whose invoice a number is, only the owner of the
database may ask; everything else runs as the web role, bound to that organization.
"""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from audit.ledger import Actor
from billing.actions.credit_notes import credit_note_issue
from billing.actions.invoice_exports import invoices_export
from billing.actions.invoices import payment_record
from billing.actions.month import months_invoice
from billing.actions.reminders import overdue_remind
from billing.models import Invoice
from billing.periods import today_here
from billing.plans import minor
from billing.queries.invoices import invoices_of
from config.moments import format_money
from orgs.models import Organization
from orgs.queries.roster import organization_at
from orgs.tenancy import bound

OWNER = "owner"
COMMAND = Actor("command", None, "Command line")


class Command(BaseCommand):
    help = "Invoice the months that are over, record payments, take invoices back, export."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        run = deeds.add_parser("run", help="invoice what is over, and remind of what is overdue")
        run.add_argument("--on", type=_day, help="as if it were this day, like 2026-11-01")
        shown = deeds.add_parser("list", help="the invoices of an organization")
        shown.add_argument("--org", required=True, help="the address of the organization")
        shown.add_argument("--year", type=int)
        paid = deeds.add_parser("paid", help="record that money came in for an invoice")
        paid.add_argument("number")
        paid.add_argument("--amount", required=True, help="in whole units, like 1412.80")
        paid.add_argument("--on", type=_day, help="the day it came in; today without it")
        paid.add_argument("--reference", required=True, help="the bank's, once an invoice")
        void = deeds.add_parser("void", help="take back an open invoice as a whole")
        credit = deeds.add_parser("credit", help="take back an invoice, or a part of it")
        credit.add_argument("--net", help="how much, without tax; all that is left without it")
        for deed in (void, credit):
            deed.add_argument("number")
            deed.add_argument("--reason", required=True, help="printed on the credit note")
        export = deeds.add_parser("export", help="everything of a year as CSV")
        export.add_argument("--org", required=True, help="the address of the organization")
        export.add_argument("--year", type=int, required=True)
        export.add_argument("--output", metavar="FILE", help="instead of standard output")

    def handle(self, *args: Any, deed: str, **options: Any) -> None:
        try:
            getattr(self, deed)(options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def run(self, options: dict[str, Any]) -> None:
        today = options["on"] or today_here()
        issued = months_invoice(today=today, actor=COMMAND)
        self._table(issued)
        reminded = overdue_remind(today=today, actor=COMMAND)
        self.stdout.write(f"{_count(len(issued), 'invoice')} issued, {reminded} reminded of.")

    def list(self, options: dict[str, Any]) -> None:
        organization = _organization(options["org"])
        with bound(organization.pk):
            rows = invoices_of(organization.pk, year=options["year"])
            self._table(rows.order_by("issued_on", "number"))

    def paid(self, options: dict[str, Any]) -> None:
        invoice = _invoice(options["number"])
        with bound(invoice.organization_id):
            payment_record(
                invoice=invoice,
                amount=_amount(options["amount"], invoice.currency),
                method="transfer",
                reference=options["reference"],
                received_on=options["on"] or today_here(),
                actor=COMMAND,
            )
        self._table([_invoice(options["number"])])

    def void(self, options: dict[str, Any]) -> None:
        invoice = _invoice(options["number"])
        if invoice.state != Invoice.State.OPEN:
            state = Invoice.State(invoice.state).label.lower()
            raise CommandError(f"{invoice} is {state}: only an open invoice becomes void.")
        self.credit(options | {"net": None})

    def credit(self, options: dict[str, Any]) -> None:
        invoice = _invoice(options["number"])
        net = _amount(options["net"], invoice.currency) if options["net"] is not None else None
        with bound(invoice.organization_id):
            note = credit_note_issue(
                invoice=invoice, reason=options["reason"], actor=COMMAND, net=net
            )
        self._table([_invoice(options["number"]), note])

    def export(self, options: dict[str, Any]) -> None:
        organization, output = _organization(options["org"]), options["output"]
        with bound(organization.pk):
            text = invoices_export(
                organization=organization.pk,
                name=organization.name,
                year=options["year"],
                actor=COMMAND,
            )
            if output is None:
                self.stdout.write(text, ending="")
                return
            try:
                Path(output).write_text(text, encoding="utf-8", newline="")
            except OSError as error:
                message = f"{output} cannot be written: {error.strerror}."
                raise CommandError(message) from error

    def _table(self, invoices: Any) -> None:
        for row in invoices:
            state = "overdue" if row.is_overdue else row.state
            self.stdout.write(
                f"{row.number:<18} {row.issued_on}  {row.get_kind_display():<13} {state:<8}"
                f" {format_money(row.gross, row.currency):>16}"
                f" {format_money(row.due, row.currency):>16} to pay  {row.title}"
            )


def _organization(slug: str) -> Organization:
    pk = organization_at(slug)
    if pk is None:
        raise CommandError(f"No organization has the address {slug}.")
    with bound(pk):
        return Organization.objects.get(pk=pk)


def _invoice(number: str) -> Invoice:
    """The invoice of this number, whoever's it is."""
    if OWNER not in settings.DATABASES:
        raise CommandError("Set DATABASE_OWNER_URL: numbers are looked up across organizations.")
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT organization_of_invoice(%s)", [number])
        organization = cursor.fetchone()[0]
    if organization is None:
        raise CommandError(f"No invoice has the number {number}.")
    with bound(organization):
        return Invoice.objects.in_org(organization).get(number=number)


def _amount(text: str, currency: str) -> int:
    try:
        return minor(Decimal(text), currency)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise CommandError(f"{text} is no amount of {currency}. Write it like 1412.80.") from error


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
