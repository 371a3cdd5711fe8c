"""Entries by their number, the newest of them, and who acted lately."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit import models
from audit.entries import ERASED, Entry, entry_of, parsed
from audit.models import Outcome


@dataclass(frozen=True, slots=True)
class Someone:
    """An actor to choose as a filter."""

    id: UUID
    label: str


def entries_of(organization: UUID) -> QuerySet[models.Event]:
    return models.Event.objects.filter(organization_id=organization)


def with_words(organization: UUID, rows: Iterable[models.Event]) -> list[Entry]:
    """The rows with their words, which take one more query."""
    rows = list(rows)
    particulars = models.Particulars.objects.filter(
        organization_id=organization, sequence__in=[row.sequence for row in rows]
    )
    words = dict(particulars.values_list("sequence", "words")) if rows else {}
    return [entry_of(row, words.get(row.sequence)) for row in rows]


def event_get(*, organization: UUID, sequence: int) -> tuple[Entry, bytes] | None:
    """An entry and the hash that it follows (empty for the first); None when there is none."""
    pair = entries_of(organization).filter(sequence__in=[sequence, sequence - 1])
    rows = list(pair.order_by("-sequence"))
    if not rows or rows[0].sequence != sequence:
        return None
    before = bytes(rows[1].hash) if len(rows) > 1 else _hash_dropped(organization, sequence - 1)
    return with_words(organization, rows[:1])[0], before


def _hash_dropped(organization: UUID, sequence: int) -> bytes:
    """The hash of the last entry that retention dropped; empty before the very first."""
    found = models.Keeping.objects.filter(organization_id=organization, base_sequence=sequence)
    digest = found.values_list("base_hash", flat=True).first() if sequence else None
    return bytes(digest or b"")


def events_after(*, organization: UUID, sequence: int, size: int) -> list[Entry]:
    """The entries that follow this one, oldest first. Two queries, the same at any depth."""
    found = entries_of(organization).filter(sequence__gt=sequence).order_by("sequence")[:size]
    return with_words(organization, found)


def recent(organization: UUID, limit: int) -> list[Entry]:
    """The newest entries, for a dashboard."""
    return with_words(organization, entries_of(organization).order_by("-sequence")[:limit])


def acted_since(*, organization: UUID, actor: UUID, action: str, since: datetime.datetime) -> bool:
    """Did this actor do this after that moment? An attempt does not count."""
    done = entries_of(organization).filter(actor_id=actor, action=action, outcome=Outcome.DONE)
    at = done.order_by("-sequence").values_list("at", flat=True).first()
    return at is not None and at > since


def newest_sequence(organization: UUID) -> int:
    """The number of the newest entry, as the chain's head names it; 0 without a chain."""
    heads = models.Head.objects.filter(organization_id=organization)
    return heads.values_list("sequence", flat=True).first() or 0


def recent_actors(organization: UUID) -> list[Someone]:
    """The twenty who acted last, under the name of their newest entry, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_RECENT_ACTORS, {"organization": organization})
        rows = cursor.fetchall()
    found = [Someone(actor, str(parsed(words).get("actor") or ERASED)) for actor, words in rows]
    return sorted(found, key=lambda someone: someone.label.casefold())


_RECENT_ACTORS = """
    SELECT a.actor_id, p.words
    FROM (
        SELECT actor_id, max(sequence) AS sequence
        FROM (
            SELECT actor_id, sequence FROM audit_event
            WHERE organization_id = %(organization)s ORDER BY sequence DESC LIMIT 1000
        ) AS newest
        WHERE actor_id IS NOT NULL
        GROUP BY actor_id ORDER BY max(sequence) DESC LIMIT 20
    ) AS a
    JOIN audit_particulars p
      ON p.organization_id = %(organization)s AND p.sequence = a.sequence
"""
