"""Reads about invoices: the list, one of them with all that belongs to it, and what comes next."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.charges import NO_PROJECT, Charge, minor_of, term_charges, usage_charge
from billing.documents import pdf_words
from billing.documents.paper import Line, Paper
from billing.documents.rules import broken_rules
from billing.models import CreditEntry, Invoice, InvoiceLine, Payment, Subscription, Term
from billing.periods import DAY, month_after, month_of, today_here
from billing.queries.metering import MonthToDate, metered, month_to_date
from billing.queries.papers import paper_of
from billing.queries.subscriptions import subscription_of
from config.keyset import Page, keyset_page
from config.roles import Permission
from orgs.access import Access
from projects.models import Project

State, Kind = Invoice.State, Invoice.Kind
UNSEEN = "A project you do not see"
SIZE = 25

STATES: Mapping[str, str] = {
    "open": "Open",
    "overdue": "Overdue",
    "paid": "Paid",
    "void": "Void",
    "credit_note": "Credit notes",
}


def invoices_of(org: UUID, *, year: int | None = None, state: str = "") -> QuerySet[Invoice]:
    """What was issued, in one year and one of STATES. A draft is nobody's business yet."""
    rows = Invoice.objects.in_org(org).exclude(state=State.DRAFT)
    if year is not None:
        rows = rows.filter(issued_on__year=year)
    is_note = Q(kind=Kind.CREDIT_NOTE)
    asked = Q(state=State.OPEN) & ~is_note
    wanted = {
        "open": asked,
        "overdue": asked & Q(due_on__lt=today_here()),
        "paid": Q(state=State.PAID) & ~is_note,
        "void": Q(state=State.VOID),
        "credit_note": is_note,
    }
    return rows.filter(wanted[state]) if state in wanted else rows


def invoice_page(org: UUID, *, year: int | None, state: str, cursor: str | None) -> Page[Invoice]:
    """A page of the list, the newest first. One query."""
    rows = invoices_of(org, year=year, state=state).select_related("corrects")
    return keyset_page(rows, order=("-issued_on", "-id"), cursor=cursor, size=SIZE)


def invoice_years(org: UUID) -> list[int]:
    """The years in which something was issued, the latest first."""
    days = invoices_of(org).dates("issued_on", "year", order="DESC")
    return [day.year for day in days]


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line in words, as the printed page has it; `net` in minor units."""

    text: str
    quantity: str
    price: str
    net: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """One invoice as its page shows it."""

    invoice: Invoice
    lines: list[ShownLine]
    payments: list[Payment]
    notes: list[Invoice]
    parts: list[tuple[str, bool, int]]
    """What usage is made of: name, is it withheld, and nano-units."""
    broken: list[str]
    """Why there is no XML of it."""
    returned: int = 0
    """What of a credit note became credit; the rest was taken off its invoice."""

    @property
    def offset(self) -> int:
        return self.invoice.gross - self.returned


def invoice_opened(invoice: Invoice, access: Access) -> Opened:
    """Five queries, whatever the number of lines."""
    org = invoice.organization_id
    lines = list(invoice.lines.in_org(org).order_by("position"))
    payments = Payment.objects.in_org(org).filter(invoice=invoice)
    notes = Invoice.objects.in_org(org).filter(corrects=invoice).exclude(state=State.DRAFT)
    paper = paper_of(invoice, lines=lines)
    return Opened(
        invoice=invoice,
        lines=[_shown(line, paper) for line in paper.lines],
        payments=list(payments.order_by("received_on", "created_at")),
        notes=list(notes.order_by("issued_on", "id")),
        parts=_parts(lines, access),
        broken=broken_rules(paper),
        returned=_returned(invoice) if invoice.kind == Kind.CREDIT_NOTE else 0,
    )


def _returned(note: Invoice) -> int:
    rows = CreditEntry.objects.in_org(note.organization_id).filter(invoice=note)
    return sum(rows.values_list("amount", flat=True))


def _shown(line: Line, paper: Paper) -> ShownLine:
    if line.unit == "lump":
        return ShownLine(line.description, "", "", line.net)
    quantity = f"{pdf_words.quantity(line)} {pdf_words.unit(line)}".strip()
    return ShownLine(line.description, quantity, pdf_words.price(line, paper), line.net)


def _parts(lines: list[InvoiceLine], access: Access) -> list[tuple[str, bool, int]]:
    """By project, for who may see costs; what one does not see is one row without a name."""
    parts = [part for line in lines for part in line.parts]
    if not parts or not access.can(Permission.BILLING_VIEW_COSTS):
        return []
    seen = _seen([part["project"] for part in parts if part["project"]], access)
    shown = [
        (part["name"], False, part["nano"])
        for part in parts
        if not part["project"] or part["project"] in seen
    ]
    hidden = [part["nano"] for part in parts if part["project"] and part["project"] not in seen]
    if hidden:
        words = UNSEEN if len(hidden) == 1 else f"{len(hidden):,} projects you do not see"
        shown.append((words, True, sum(hidden)))
    return sorted(shown, key=lambda part: (part[1], part[0] == NO_PROJECT, -part[2], part[0]))


def _seen(projects: list[str], access: Access) -> set[str]:
    if access.can(Permission.PROJECTS_VIEW_ALL):
        return set(projects)
    rows = access.visible(Project.objects).filter(pk__in=projects)
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Upcoming:
    """The invoice of the running month, without tax, in minor units.

    `lines` are plan and seats of the whole month, and usage so far; `so_far` is their sum.
    `forecast` is what usage is still expected to bring, `expected` all of it, asked for `on`.
    """

    lines: list[Charge]
    so_far: int
    forecast: int
    expected: int
    on: datetime.date
    currency: str


def upcoming(
    org: UUID,
    today: datetime.date,
    *,
    subscription: Subscription | None = None,
    month: MonthToDate | None = None,
) -> Upcoming | None:
    """What the next invoice comes to as of today; None without a subscription. Four queries."""
    subscription = subscription or subscription_of(org)
    if subscription is None or subscription.state == Subscription.State.ENDED:
        return None
    start, end = month_of(today), month_after(today)
    terms = list(Term.objects.in_org(org).filter(subscription=subscription))
    lines = term_charges(terms, start, end, subscription.currency)
    first = max(start, subscription.started_on)
    used = _used(org, first, today, month if first == start else None)
    usage = usage_charge(used, [], first, today + DAY, subscription.currency)
    so_far = lines + ([usage] if usage else [])
    coming = (month or month_to_date(org, today=today)).forecast
    whole = minor_of(used + (coming.total if coming else 0), subscription.currency)
    expected = sum(line.net for line in lines) + whole
    total = sum(line.net for line in so_far)
    return Upcoming(
        lines=so_far,
        so_far=total,
        forecast=expected - total,
        expected=expected,
        on=end,
        currency=subscription.currency,
    )


def _used(org: UUID, first: datetime.date, today: datetime.date, month: MonthToDate | None) -> int:
    """The cost so far; of a whole month that was read already it is not asked again."""
    if month is not None:
        return month.sums.cost
    return metered(org, first, today + DAY).total if first <= today else 0


def export_rows(rows: QuerySet[Invoice]) -> list[dict[str, Any]]:
    """What the file of a year has of each invoice, the oldest first."""
    return [
        {
            "number": row.number,
            "kind": Kind(row.kind).label,
            "state": "Overdue" if row.is_overdue else State(row.state).label,
            "issued": row.issued_on,
            "due": row.due_on,
            "settled": row.settled_on,
            "for": row.title,
            "corrects": row.corrects.number if row.corrects else "",
            "purchase order": row.purchase_order,
            "currency": row.currency,
            "net": row.net,
            "tax": row.tax,
            "gross": row.gross,
            "paid": row.paid,
            "to pay": row.due,
        }
        for row in rows.select_related("corrects").order_by("issued_on", "number")
    ]
