"""The access tables as they stood after an entry: its effects and those before, one after another.

A few rows are folded here, by holder, place or key; counting all of them is organization.py's.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from audit.models import Effect as Noted
from config.roles import Role
from projects.history.moments import Moment

# An account is switched without an entry: its effect says itself when that was.
ACCOUNT = "account"
_EFFECTS = """
    SELECT e.kind, e."row", e.holder, e.place, coalesce(e.sequence, 0), e.text FROM audit_effect e
    WHERE e.organization_id = %(organization)s AND {which} AND CASE WHEN e.kind = 'account'
        THEN (e.text::jsonb -> 'after' ->> 'at')::timestamptz <= %(at)s
        ELSE e.sequence <= %(sequence)s END
    ORDER BY e.id
"""
_OF_HOLDERS = _EFFECTS.format(which="e.holder = ANY (%(keys)s::uuid[])")
_OF_PLACES = _EFFECTS.format(which="e.place = ANY (%(keys)s::uuid[])")
_OF_ROWS = _EFFECTS.format(which='e.kind = ANY (%(kinds)s) AND e."row" = ANY (%(keys)s::uuid[])')
_OF_KINDS = _EFFECTS.format(which="e.kind = ANY (%(kinds)s)")

Key = tuple[str, UUID]
Effect = tuple[str, UUID, UUID | None, UUID | None, int, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A row of an access table as it stood: `given` is the entry that gave what it says of roles,
    `changed` the last one that touched it. Of an account they may be 0: none has claimed it yet.
    """

    kind: str
    row: UUID
    holder: UUID | None
    place: UUID | None
    values: dict[str, Any]
    given: int
    changed: int

    @property
    def role(self) -> Role:
        return Role(self.values["role"])

    @property
    def until(self) -> datetime.datetime | None:
        said = self.values.get("expires_at")
        return datetime.datetime.fromisoformat(said) if said else None

    def lasts(self, moment: Moment) -> bool:
        """Is it in force then? What has ended is void at once, whatever has been tidied since."""
        return self.until is None or self.until > moment.at

    def key(self, name: str) -> UUID | None:
        said = self.values.get(name)
        return UUID(said) if said else None


def fold(effects: Iterable[Effect]) -> dict[Key, Fact]:
    """What stands after these effects, which come in their order."""
    facts: dict[Key, Fact] = {}
    for kind, row, holder, place, sequence, text in effects:
        after = json.loads(text)["after"]
        if after is None:
            facts.pop((kind, row), None)
            continue
        before = facts.get((kind, row))
        kept = before is not None and before.values.get("role") == after.get("role")
        facts[kind, row] = Fact(
            kind=kind,
            row=row,
            holder=holder,
            place=place,
            values=after,
            given=before.given if before is not None and kept else sequence,
            changed=sequence,
        )
    return facts


def held_by(organization: UUID, moment: Moment, holders: Collection[UUID]) -> list[Fact]:
    """The rows of these members and groups: themselves, their seats, and what they were given."""
    return _read(_OF_HOLDERS, organization, moment, keys=list(holders))


def on_places(organization: UUID, moment: Moment, places: Collection[UUID]) -> list[Fact]:
    """The rows on these places, the places themselves among them; of a group, its seats."""
    return _read(_OF_PLACES, organization, moment, keys=list(places))


def of_rows(
    organization: UUID, moment: Moment, kinds: Collection[str], rows: Collection[UUID]
) -> list[Fact]:
    return _read(_OF_ROWS, organization, moment, kinds=list(kinds), keys=list(rows))


def of_kinds(organization: UUID, moment: Moment, *kinds: str) -> list[Fact]:
    """All rows of these kinds; for the kinds of which an organization has few."""
    return _read(_OF_KINDS, organization, moment, kinds=list(kinds))


def was_ever(organization: UUID, kind: str, row: UUID) -> bool:
    """Does the log know such a row, at any moment? An id of something else is nobody's."""
    effects = Noted.objects.filter(organization_id=organization, kind=kind, row=row)
    return effects.filter(sequence__isnull=False).exists()


def whole(organization: UUID, moment: Moment) -> list[Fact]:
    """Every row of every access table. As long as the ledger is: for proof, not for a page."""
    return _read(_EFFECTS.format(which="e.kind <> 'account'"), organization, moment)


def _read(statement: str, organization: UUID, moment: Moment, **named: Any) -> list[Fact]:
    if "keys" in named and not named["keys"]:
        return []
    named |= {"organization": organization, "sequence": moment.sequence, "at": moment.at}
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return list(fold(cursor.fetchall()).values())
