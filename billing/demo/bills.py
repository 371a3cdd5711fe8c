"""Makes the rows of one organization's account, in the order in which things happened.

Drafts are handed over first: the database gives their numbers, then payments follow and count.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections

from billing.actions.drafts import line_of, treatment_in, treatment_of
from billing.charges import NO_PROJECT, Charge, days_in_words, major, term_charges, usage_charge
from billing.issuer import seller
from billing.models import Invoice, InvoiceLine, Subscription, Term
from billing.periods import DAY, month_after, month_before, month_of
from billing.plans import plan_of
from billing.tax import taxed
from orgs.demo.days import id_at
from projects.models import Project

OWNER = "owner"
Kind = Invoice.Kind
_USED = """
    SELECT project_id, sum(cost)::bigint FROM projects_call
    WHERE organization_id = %s AND cost > 0
      AND (at AT TIME ZONE %s)::date >= %s AND (at AT TIME ZONE %s)::date < %s
    GROUP BY project_id ORDER BY 2 DESC
"""


def months_before(day: datetime.date, months: int) -> datetime.date:
    """The first day of the month so many months ago."""
    first = month_of(day)
    for _ in range(months):
        first = month_before(first)
    return first


def at_night(day: datetime.date) -> datetime.datetime:
    """When the job of the month runs."""
    return datetime.datetime.combine(day, datetime.time(2, 20), tzinfo=datetime.UTC)


def month_lines(
    organization: UUID, terms: list[Term], start: datetime.date, currency: str
) -> list[Charge]:
    """Plan, seats and what the demo's log says was used."""
    end = month_after(start)
    charges = term_charges(terms, start, end, currency)
    parts = used(organization, start, end)
    usage = usage_charge(sum(part["nano"] for part in parts), parts, start, end, currency)
    return [*charges, usage] if usage else charges


def used(organization: UUID, start: datetime.date, end: datetime.date) -> list[dict[str, Any]]:
    zone = settings.TIME_ZONE
    with connections[OWNER].cursor() as cursor:
        cursor.execute(_USED, [organization, zone, start, zone, end])
        found: list[tuple[UUID | None, int]] = cursor.fetchall()
    rows = Project.objects.using(OWNER).in_org(organization).values_list("pk", "name")
    names: dict[UUID | None, str] = dict(rows)
    return [
        {"project": str(pk or ""), "name": names.get(pk, NO_PROJECT), "nano": nano}
        for pk, nano in found
    ]


def draft(
    organization: UUID,
    charges: list[Charge],
    *,
    buyer: dict[str, str],
    on: datetime.date,
    currency: str,
    **fields: Any,
) -> tuple[Invoice, list[InvoiceLine]]:
    """A draft with its lines, as `invoice_make` makes it."""
    corrects = fields.get("corrects")
    said = {"legal_name": "", "customer": "", **buyer}
    moment = at_night(on)
    row = Invoice(
        id=id_at(moment),
        organization_id=organization,
        currency=currency,
        seller=dict(seller()),
        buyer={name: value for name, value in said.items() if name != "purchase_order"},
        purchase_order=buyer.get("purchase_order", ""),
        created_at=moment,
        **{"kind": Kind.INVOICE} | fields,
    )
    how = treatment_in(corrects) if corrects else treatment_of(row)
    row.net, row.tax, row.gross, row.taxes = taxed(charges, how)
    lines = [line_of(row, place, charge, how) for place, charge in enumerate(charges, 1)]
    for line in lines:
        line.id = id_at(moment)
    return row, lines


def credit_charge(amount: int, text: str, kind: str, currency: str) -> Charge:
    price = major(amount, currency)
    return Charge(kind=kind, text=text, quantity=Decimal(1), unit="C62", price=price, net=amount)


def issue(row: Invoice, on: datetime.date) -> None:
    """Its number, given by the very function that always gives it."""
    days = 0 if row.kind == Kind.CREDIT_NOTE else settings.INVOICE_DUE_DAYS
    due = on + days * DAY
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT bind_organization(%s)", [row.organization_id])
        cursor.execute(
            "SELECT invoice_issue(%s, %s, %s, %s)", [row.id, settings.INVOICE_PREFIX, on, due]
        )
        row.number = cursor.fetchone()[0]
        cursor.execute("SELECT bind_organization(NULL)")
    row.issued_on, row.due_on, row.state = on, due, Invoice.State.OPEN


def settle(row: Invoice, **fields: Any) -> None:
    """What changes of an invoice after its issue."""
    Invoice.objects.using(OWNER).in_org(row.organization_id).filter(pk=row.pk).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)


def terms_of(
    subscription: Subscription,
    steps: Iterable[tuple[datetime.date, int]],
    plan: str,
    currency: str,
) -> list[Term]:
    """One term for each number of seats, each until the next begins."""
    base, seat = plan_of(plan).prices(currency)
    known = list(steps)
    ends = [*(day for day, _ in known[1:]), None]
    return [
        Term(
            id=id_at(at_night(day)),
            organization_id=subscription.organization_id,
            subscription=subscription,
            plan=plan,
            seats=seats,
            base=base,
            seat=seat,
            starts_on=day,
            ends_on=end,
        )
        for (day, seats), end in zip(known, ends, strict=True)
    ]


def title_of(plan: str, start: datetime.date) -> str:
    return f"{plan_of(plan).label} and usage, {days_in_words(start, month_after(start) - DAY)}"
