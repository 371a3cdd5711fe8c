"""Credit as its page shows it: the balance, what waits to be paid, and every change of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from billing.models import BillingDetails, CreditEntry, Invoice
from config.keyset import Page, keyset_page

PAGE_SIZE = 25
ORDER = ("-at", "-id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """What there is, and the top-ups that are still to be paid, oldest first."""

    credit: int
    waiting: list[Invoice]

    @property
    def to_come(self) -> int:
        return sum(invoice.gross for invoice in self.waiting)


def balance_of(organization: UUID) -> Balance:
    """Two queries."""
    rows = BillingDetails.objects.in_org(organization).values_list("credit", flat=True)
    waiting = Invoice.objects.in_org(organization).filter(
        kind=Invoice.Kind.TOP_UP, state=Invoice.State.OPEN
    )
    return Balance(
        credit=rows.first() or 0, waiting=list(waiting.order_by("issued_on", "number")[:10])
    )


def credit_page(organization: UUID, cursor: str | None) -> Page[CreditEntry]:
    """What changed it, newest first. One query."""
    rows = CreditEntry.objects.in_org(organization).select_related("invoice")
    return keyset_page(rows, order=ORDER, cursor=cursor, size=PAGE_SIZE)
