"""Reading what proves a ledger: its checkpoints, where it begins, and how it is kept.

Nothing here writes: the deeds are in `audit/actions/`.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit import signing
from audit.entries import hash_words
from audit.events import Event as Deed
from audit.models import Checkpoint, Event, Keeping
from audit.queries import Verified, last_verified
from config.keyset import Page, keyset_page

PAGE_SIZE = 50
MOST_LEFT = 200
"""How many people who left are offered for erasing, the last first."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint, and whether its signature is one of this platform's."""

    sequence: int
    at: datetime.datetime
    hash: bytes
    key: str
    signature: bytes
    holds: bool
    lies_outside: bool = False

    @property
    def number(self) -> str:
        return f"{self.sequence:,}"

    @property
    def hash_words(self) -> str:
        return hash_words(self.hash)


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who left the organization, or was invited and never joined, as its log knows them.

    Of an invitation the id is its own and the name the address.
    """

    id: UUID
    name: str
    at: datetime.datetime
    never_joined: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """How many entries name somebody: by id, by address or login, and by the name alone."""

    by_id: int = 0
    by_address: int = 0
    by_name: int = 0

    @property
    def sure(self) -> int:
        return self.by_id + self.by_address

    @property
    def all(self) -> int:
        return self.sure + self.by_name


def proven(organization: UUID) -> Verified | None:
    """Up to when, and to which entry, the log is known to hold: the newest word on it.

    A checkpoint is made only of what was verified first, so it says as much as a verification. Two
    queries.
    """
    said, signed = last_verified(organization), newest_checkpoint(organization)
    if signed is None or not signed.holds or (said is not None and said.at > signed.at):
        return said
    return Verified(signed.at, signed.sequence, "", checkpoint=True)


def newest_checkpoint(organization: UUID) -> Signed | None:
    found = _checkpoints(organization).order_by("-sequence").first()
    return _signed(found) if found else None


def checkpoint_list(*, organization: UUID, cursor: str | None) -> Page[Any]:
    """A page of checkpoints, newest first; each with whether its signature holds."""
    page = keyset_page(
        _checkpoints(organization), order=("-sequence",), cursor=cursor, size=PAGE_SIZE
    )
    outside = keeping_of(organization).delivered_sequence
    rows: list[Any] = [_signed(row, outside=outside) for row in page.rows]
    return Page(rows, page.newer, page.older)


def checkpoint_lines(organization: UUID, *, after: int = 0) -> Iterator[dict[str, Any]]:
    """Every checkpoint after this entry, oldest first, as a line of the file that is checked."""
    rows = _checkpoints(organization).filter(sequence__gt=after).order_by("sequence")
    for row in rows.iterator(chunk_size=2_000):
        yield line_of(organization, row)


def line_of(organization: UUID, made: Signed | Checkpoint) -> dict[str, Any]:
    """A checkpoint as everybody outside reads it."""
    return {
        "schema": signing.SCHEMA,
        "organization": str(organization),
        "sequence": made.sequence,
        "hash": bytes(made.hash).hex(),
        "at": signing.written(made.at),
        "key": made.key,
        "signature": base64.b64encode(bytes(made.signature)).decode(),
    }


def has_moved(organization: UUID, *, since: int) -> bool:
    """Was anything written after this entry that is not itself about a checkpoint?"""
    later = Event.objects.filter(organization_id=organization, sequence__gt=since)
    return later.exclude(action=Deed.AUDIT_CHECKPOINTED.value).exists()


def keeping_of(organization: UUID) -> Keeping:
    """How the ledger is kept; the usual for one that nothing was ever said about."""
    found = Keeping.objects.filter(organization_id=organization).first()
    return found or Keeping(organization_id=organization)


def base_of(organization: UUID) -> tuple[int, bytes]:
    """The last entry that was dropped, and its hash: what the first that is left follows."""
    keeping = keeping_of(organization)
    return keeping.base_sequence, bytes(keeping.base_hash)


def oldest_entry(organization: UUID) -> datetime.datetime | None:
    """When the first entry that is left was written."""
    entries = Event.objects.filter(organization_id=organization).order_by("sequence")
    return entries.values_list("at", flat=True).first()


def checkpoint_at(organization: UUID, sequence: int) -> Signed | None:
    found = _checkpoints(organization).filter(sequence=sequence).first()
    return _signed(found) if found else None


def checkpoint_to_drop(keeping: Keeping, *, now: datetime.datetime, most: int) -> int | None:
    """The newest checkpoint that everything up to which may go by age, a few entries at a time.

    The first one after the beginning where even that is further than `most` entries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TO_DROP,
            {
                "organization": keeping.organization_id,
                "base": keeping.base_sequence,
                "outside": keeping.delivered_sequence,
                "now": now,
                "months": keeping.months,
                "most": most,
            },
        )
        row = cursor.fetchone()
    return row[0] if row else None


def people_gone(organization: UUID) -> list[Gone]:
    """Who left, was removed or never joined, and is still named, the last first."""
    with connection.cursor() as cursor:
        cursor.execute(_GONE, {"organization": organization, "most": MOST_LEFT})
        return [Gone(*row) for row in cursor.fetchall()]


def person_gone(organization: UUID, person: UUID) -> Gone | None:
    """This one, if they are not in it and the log still has a name for them."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_GONE, {"organization": organization, "person": person})
        row = cursor.fetchone()
    return Gone(*row) if row else None


def labels_of(organization: UUID, person: UUID) -> list[tuple[str, str]]:
    """Under what the log knows somebody, in small letters: (name, email or login; what it is)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, label FROM ledger_labels(%s, %s) ORDER BY 2", [organization, person]
        )
        return [(kind, label) for kind, label in cursor.fetchall()]


def addresses_among(labels: Sequence[tuple[str, str]]) -> list[str]:
    """The addresses and logins of these."""
    return sorted({label for kind, label in labels if kind != "name"})


def naming(organization: UUID, person: UUID) -> Naming:
    """How many entries erasing somebody would empty. Reads the words of the whole log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT found_by, count(*) FROM ledger_naming(%s, %s) GROUP BY 1",
            [organization, person],
        )
        counts = dict(cursor.fetchall())
    return Naming(counts.get("id", 0), counts.get("address", 0), counts.get("name", 0))


_TO_DROP = """
    SELECT coalesce(
        max(c.sequence) FILTER (WHERE c.sequence <= %(base)s + %(most)s), min(c.sequence))
    FROM audit_checkpoint c
    JOIN audit_event e USING (organization_id, sequence)
    WHERE c.organization_id = %(organization)s
      AND c.sequence > %(base)s AND c.sequence <= %(outside)s
      AND e.at <= %(now)s::timestamptz - make_interval(months => %(months)s)
"""

# Each by the entry that says so; the words may have been emptied since, and then nobody is named.
_LEFT = """
    SELECT CASE e.action WHEN 'member.left' THEN e.actor_id ELSE e.target_id END AS person,
           p.words::jsonb ->>
               CASE e.action WHEN 'member.left' THEN 'actor' ELSE 'target' END AS name,
           e.at, false AS never_joined, e.sequence
    FROM audit_event e
    JOIN audit_particulars p USING (organization_id, sequence)
    WHERE e.organization_id = %(organization)s AND e.outcome = 'done'
      AND e.action IN ('member.left', 'member.removed')
      AND pg_input_is_valid(p.words, 'jsonb')
"""
# An address that was invited more than once stands once, by the newest of its invitations.
_INVITED = """
    SELECT DISTINCT ON (lower(p.words::jsonb ->> 'target'))
           e.target_id AS person, p.words::jsonb ->> 'target' AS name, e.at, true, e.sequence
    FROM audit_event e
    JOIN audit_particulars p USING (organization_id, sequence)
    WHERE e.organization_id = %(organization)s AND e.outcome = 'done'
      AND e.action = 'invitation.sent' AND pg_input_is_valid(p.words, 'jsonb')
      AND NOT EXISTS (
          SELECT FROM audit_event a
          WHERE a.organization_id = e.organization_id AND a.target_id = e.target_id
            AND a.action = 'invitation.accepted' AND a.outcome = 'done'
      )
    ORDER BY lower(p.words::jsonb ->> 'target'), e.sequence DESC
"""
_GONE = f"""
    WITH gone AS ({_LEFT} UNION ALL ({_INVITED}))
    SELECT person, name, at, never_joined FROM gone
    WHERE person IS NOT NULL ORDER BY sequence DESC LIMIT %(most)s
"""  # noqa: S608
_ONE_GONE = f"""
    WITH gone AS ({_LEFT} UNION ALL ({_INVITED}))
    SELECT person, name, at, never_joined FROM gone
    WHERE person = %(person)s ORDER BY sequence DESC LIMIT 1
"""  # noqa: S608


def _checkpoints(organization: UUID) -> QuerySet[Checkpoint]:
    return Checkpoint.objects.filter(organization_id=organization)


def _signed(row: Checkpoint, *, outside: int = 0) -> Signed:
    said = signing.checkpoint_text(
        row.organization_id, row.sequence, bytes(row.hash), signing.written(row.at)
    )
    return Signed(
        row.sequence,
        row.at,
        bytes(row.hash),
        row.key,
        bytes(row.signature),
        holds=signing.holds(said, key=row.key, signature=bytes(row.signature)),
        lies_outside=row.sequence <= outside,
    )
