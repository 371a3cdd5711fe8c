"""What stays of somebody when their words are erased, and what beside the log names them.

A reason that was typed is part of the text that is hashed. Nothing here writes.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from audit.models import SavedFilter

MOST_SHOWN = 50
"""How many of the entries that stay are shown; the number is of all."""


@dataclass(frozen=True, slots=True)
class Mention:
    """An entry whose hashed text is about somebody, or names them; the reason may be empty."""

    sequence: int
    at: datetime.datetime
    reason: str
    is_about: bool

    @property
    def number(self) -> str:
        return f"{self.sequence:,}"


@dataclass(frozen=True, slots=True)
class Mentions:
    """How many entries say something of somebody that stays, and the newest of them."""

    number: int
    newest: list[Mention]


def mentions(organization: UUID, person: UUID) -> Mentions:
    """Reads the text of the whole log. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) OVER (), sequence, at, coalesce(reason, ''), is_about"
            " FROM ledger_mentions(%s, %s) ORDER BY sequence DESC LIMIT %s",
            [organization, person, MOST_SHOWN],
        )
        rows = cursor.fetchall()
    return Mentions(rows[0][0] if rows else 0, [Mention(*row[1:]) for row in rows])


def filters_naming(
    organization: UUID, labels: Sequence[tuple[str, str]], *, names: bool
) -> list[UUID]:
    """Saved filters of anybody that look for somebody by address or login, or by a bare name."""
    sought = [" ".join(label.split()) for kind, label in labels if names or kind != "name"]
    kept = SavedFilter.objects.filter(organization_id=organization)
    return [one.pk for one in kept if _says(one, sought)] if sought else []


def _says(saved: SavedFilter, sought: list[str]) -> bool:
    texts = [saved.name, *(str(value) for value in saved.query.values())]
    said = "\n".join(" ".join(text.lower().split()) for text in texts)
    # No part of a longer address, as `ledger_naming` has it.
    return any(
        re.search(rf"(?<![\w.%+-]){re.escape(label)}(?![\w%+-]|\.\w)", said) for label in sought
    )
