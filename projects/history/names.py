"""What the log calls people and things, and what its entries say of who did what and why.

The newest name at or before the moment counts, else the first one after it. Who was erased is
someone erased.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection

from audit.entries import Entry, entry_of, parsed
from audit.events import Event as Action
from audit.models import Event, Particulars
from audit.sentences import ERASED
from projects.history.moments import Moment

UNKNOWN = "Without a name in the log"
_ACCEPTED = Action.INVITATION_ACCEPTED.value
_INVITED = (Action.INVITATION_SENT.value, Action.INVITATION_CHANGED.value)

# As the target of an entry first, else as who made it; before the moment, else after it.
_NAMES = """
    SELECT t.id, found.role, p.words
    FROM unnest(%(ids)s::uuid[]) AS t (id)
    CROSS JOIN LATERAL (
        (SELECT 'target' AS role, e.sequence, 1 AS rank FROM audit_event e
         WHERE e.organization_id = %(organization)s AND e.target_id = t.id
           AND e.sequence <= %(sequence)s ORDER BY e.sequence DESC LIMIT 1)
        UNION ALL
        (SELECT 'actor', e.sequence, 2 FROM audit_event e
         WHERE e.organization_id = %(organization)s AND e.actor_id = t.id
           AND e.sequence <= %(sequence)s ORDER BY e.sequence DESC LIMIT 1)
        UNION ALL
        (SELECT 'target', e.sequence, 3 FROM audit_event e
         WHERE e.organization_id = %(organization)s AND e.target_id = t.id
           AND e.sequence > %(sequence)s ORDER BY e.sequence LIMIT 1)
        UNION ALL
        (SELECT 'actor', e.sequence, 4 FROM audit_event e
         WHERE e.organization_id = %(organization)s AND e.actor_id = t.id
           AND e.sequence > %(sequence)s ORDER BY e.sequence LIMIT 1)
        ORDER BY rank LIMIT 1
    ) found
    JOIN audit_particulars p
      ON p.organization_id = %(organization)s AND p.sequence = found.sequence
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says: when it was, who did it, and why.

    Who accepted an invitation did not give themselves the role: `invited` says who did, and why.
    """

    sequence: int
    at: datetime.datetime
    by: str
    reason: str
    entry: Entry
    invited: Said | None = None

    @property
    def number(self) -> str:
        return f"{self.sequence:,}"


def names_of(organization: UUID, moment: Moment, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Only of those that the log has a name for."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    named: dict[str, Any] = {"organization": organization, "sequence": moment.sequence}
    named["ids"] = wanted
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, named)
        rows = cursor.fetchall()
    return {pk: _label(role, words) for pk, role, words in rows}


def said_by(organization: UUID, sequences: Collection[int]) -> dict[int, Said]:
    """What these entries say, by number. Three queries at most."""
    if not sequences:
        return {}
    rows = list(Event.objects.filter(organization_id=organization, sequence__in=set(sequences)))
    accepted = {row.target_id for row in rows if row.action == _ACCEPTED}
    sent = Event.objects.filter(
        organization_id=organization, target_id__in=accepted, action__in=_INVITED
    )
    invitations = list(sent.order_by("sequence")) if accepted else []
    said = {one.sequence: one for one in _said(organization, [*invitations, *rows])}
    by_invitation = {row.target_id: said[row.sequence] for row in invitations}
    return said | {
        number: replace(one, by=invited.by, invited=invited)
        for number, one in said.items()
        if one.entry.action == _ACCEPTED
        and (invited := by_invitation.get(one.entry.target_id)) is not None
    }


def _said(organization: UUID, rows: list[Event]) -> list[Said]:
    particulars = Particulars.objects.filter(
        organization_id=organization, sequence__in=[row.sequence for row in rows]
    )
    words = dict(particulars.values_list("sequence", "words"))
    found = []
    for entry in (entry_of(row, words.get(row.sequence)) for row in rows):
        by = ERASED if entry.words is None else entry.actor_label or "Someone"
        found.append(Said(entry.sequence, entry.at, by, entry.reason, entry))
    return found


def _label(role: str, words: str | None) -> str:
    return ERASED if words is None else str(parsed(words).get(role) or UNKNOWN)
