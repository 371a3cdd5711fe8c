"""Invoices as a file that a bookkeeper's spreadsheet opens, and the ledger's word of it."""

from __future__ import annotations

import csv
import datetime
import io
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from billing.charges import major
from billing.queries.invoices import export_rows, invoices_of
from config.spreadsheets import harmless

AMOUNTS = ("net", "tax", "gross", "paid", "to pay")
COLUMNS = (
    *("number", "kind", "state", "issued", "due", "settled", "for", "corrects"),
    *("purchase order", "currency", *AMOUNTS),
)


@transaction.atomic
def invoices_export(*, organization: UUID, name: str, year: int, actor: Actor) -> str:
    """Everything issued in a year as CSV; that it left is recorded (S1-057)."""
    rows = export_rows(invoices_of(organization, year=year))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row, column) for column in COLUMNS] for row in rows)
    ledger.record(
        Event.INVOICES_EXPORTED,
        organization=organization,
        actor=actor,
        target=Target("invoices", None, f"{name}, {year}"),
        changes={"format": (None, "csv"), "entries": (None, len(rows))},
    )
    return text.getvalue()


def _cell(row: dict[str, Any], column: str) -> str:
    value = row[column]
    if column in AMOUNTS:
        return str(major(value, row["currency"]))
    if isinstance(value, datetime.date):
        return value.isoformat()
    return harmless(value or "")
