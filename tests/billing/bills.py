"""Invoices for tests: an issuer, whom invoices are for, and what is asked of them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from billing.actions.invoices import invoice_issue, invoice_make, payment_record
from billing.charges import Charge
from billing.models import BillingDetails, Invoice, Payment, Subscription, Term
from billing.plans import plan_of
from orgs.models import Organization
from orgs.tenancy import bound
from tests.factories import TEST

TODAY = datetime.date(2026, 11, 1)
ISSUER = {
    "name": "Fernhill Platforms GmbH",
    "street": "Lindenallee 7",
    "postcode": "20095",
    "city": "Hamburg",
    "country": "DE",
    "tax_id": "DE136695976",
    "email": "billing@fernhill.example",
    "phone": "+49 40 0000000",
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "bank": "Musterbank",
}


@pytest.fixture
def issuer(settings: Any) -> None:
    """A seller in Germany that charges 19 percent, and numbers of a series of its own."""
    settings.ISSUER = ISSUER
    settings.TAX_RATE = "19"
    settings.INVOICE_PREFIX = f"T{uuid4().hex[:12]}"
    settings.CURRENCY = "EUR"


def charge(net: int = 10_000, text: str = "Team, 4 seats", **fields: Any) -> Charge:
    values: dict[str, Any] = {"kind": "seats", "quantity": Decimal(1), "unit": "C62"} | fields
    return Charge(text=text, net=net, price=Decimal(net).scaleb(-2), **values)


def make_details(organization: Organization, **fields: Any) -> BillingDetails:
    with bound(organization.pk):
        values = {
            "legal_name": "Acme Robotics SAS",
            "street": "3 rue des Forges",
            "postcode": "59000",
            "city": "Lille",
            "country": "FR",
            "tax_id": "FR40303265045",
            "recipients": ["finance@acme.example"],
        }
        row, _ = BillingDetails.objects.update_or_create(
            organization_id=organization.pk, defaults=values | fields
        )
        changed = {f.name: (None, None) for f in Event.BILLING_DETAILS_CHANGED.fields}
        note(organization, Event.BILLING_DETAILS_CHANGED, changed)
        return row


def make_invoice(
    organization: Organization,
    *charges: Charge,
    on: datetime.date = TODAY,
    kind: str = "invoice",
    **fields: Any,
) -> Invoice:
    """An issued invoice, made by the real deeds."""
    with bound(organization.pk):
        invoice = invoice_make(
            organization=organization.pk,
            kind=kind,
            cause=fields.pop("cause", uuid4().hex),
            title=fields.pop("title", "Team and usage, October 2026"),
            charges=charges or [charge()],
            **fields,
        )
        return invoice_issue(invoice=invoice, actor=TEST, today=on)


def pay(invoice: Invoice, amount: int, reference: str = "", **fields: Any) -> Payment:
    with bound(invoice.organization_id):
        return payment_record(
            invoice=invoice,
            amount=amount,
            method=fields.get("method", "transfer"),
            reference=reference or uuid4().hex,
            received_on=fields.get("received_on", TODAY),
            actor=TEST,
        )


def make_subscription(
    organization: Organization,
    plan: str = "team",
    seats: int = 12,
    started_on: datetime.date = datetime.date(2026, 10, 1),
    **fields: Any,
) -> Subscription:
    """A subscription with its first term, as it would stand had it been started on that day."""
    with bound(organization.pk):
        currency = fields.pop("currency", "EUR")
        base, seat = plan_of(plan).prices(currency)
        row = Subscription.objects.create(
            organization_id=organization.pk,
            plan=plan,
            seats=seats,
            currency=currency,
            started_on=started_on,
            **({"paid_to": started_on.replace(day=1)} | fields),
        )
        Term.objects.create(
            organization_id=organization.pk,
            subscription=row,
            plan=plan,
            seats=seats,
            base=base,
            seat=seat,
            starts_on=started_on,
        )
        said = {"plan": (None, plan), "seats": (None, seats), "price": (None, "")}
        note(organization, Event.SUBSCRIPTION_STARTED, said)
        return row


def note(organization: Organization, event: Event, changes: Any) -> None:
    target = Target("organization", organization.pk, organization.name)
    ledger.record(event, organization=organization.pk, actor=TEST, target=target, changes=changes)
