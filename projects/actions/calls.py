"""What the request log asks for by the clock: refusals told to the ledger, room for what comes.

Its rows are written by the database's own functions; nothing here adds or changes one.
"""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from projects.models import Key
from projects.refusals import LAYERS, label_of, sentence_of

MONTHS_AHEAD = 3
NOT_KNOWN = "not known here"
_COLUMNS = ("key", "project", "reason", "layer", "calls", "first_at", "last_at", "ip")


@transaction.atomic
def refusals_note(*, organization: UUID) -> int:
    """One entry for each key and reason refused since the last time, counted together (S1-048).

    A flood is one entry a minute; what was taken from the log and what is told stand or fall
    together. Returns how many entries were written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM refusals_to_note()")
        found = [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    keys = Key.objects.in_org(organization).in_bulk(
        {refused["key"] for refused in found if refused["key"]}
    )
    for refused in sorted(found, key=lambda one: one["first_at"]):
        key = keys.get(refused["key"])
        ledger.record(
            Event.KEY_REFUSED,
            organization=organization,
            # Whoever sent them: all that is known is from where.
            actor=Actor("program", None, "A program", ip=refused["ip"] and str(refused["ip"])),
            target=Target("key", refused["key"], key.name if key else NOT_KNOWN),
            changes=_told(refused),
            outcome=Outcome.DENIED,
        )
    return len(found)


def partitions_make(*, today: datetime.date) -> int:
    """Room in the log for this month and the next ones; what is there stays. Returns how many."""
    until = today + datetime.timedelta(days=31 * MONTHS_AHEAD)
    return _count("SELECT call_partitions(%s, %s)", today, until)


def partitions_drop(*, months: int) -> int:
    """End the log of whole months that are older than it is kept. Returns how many."""
    return _count("SELECT call_partitions_drop(%s)", months)


def _told(refused: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    reason, layer = refused["reason"], refused["layer"]
    return {
        "why": (None, f"{label_of(reason)}. {sentence_of(reason, layer)}"),
        "layer": (None, LAYERS.get(layer, layer)),
        "calls": (None, refused["calls"]),
        "first_at": (None, refused["first_at"].isoformat()),
        "last_at": (None, refused["last_at"].isoformat()),
    }


def _count(statement: str, *params: datetime.date | int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        row = cursor.fetchone()
    return int(row[0]) if row else 0
