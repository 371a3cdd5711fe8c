"""What is owed at a glance: the invoices past their day, and the newest one."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from billing.models import Invoice
from billing.periods import today_here


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """`overdue` has the oldest first; `last` is the newest that was issued."""

    overdue: list[Invoice] = field(default_factory=list)
    last: Invoice | None = None


def owed(organization: UUID) -> Owed:
    """One query."""
    issued = Invoice.objects.in_org(organization).exclude(state=Invoice.State.DRAFT)
    newest = issued.order_by("-issued_on", "-id").values("pk")[:1]
    late = Q(state=Invoice.State.OPEN, due_on__lt=today_here()) & ~Q(kind=Invoice.Kind.CREDIT_NOTE)
    rows = list(issued.filter(late | Q(pk__in=newest)).order_by("issued_on", "id"))
    return Owed(overdue=[row for row in rows if row.is_overdue], last=rows[-1] if rows else None)
