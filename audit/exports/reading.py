"""Entries as an export needs them: with the exact texts that their hashes are of, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit import models
from audit.entries import Entry, changes_in, entry_of
from audit.exports.export import Export
from audit.queries import EventFilter, matching

CHUNK = 500
"""Entries read at once, in a transaction of their own: some half a megabyte of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, and beside it what only a verifier reads. `words` is None once erased."""

    entry: Entry
    salt: bytes
    words: str | None
    effects: tuple[str, ...]

    @property
    def changes(self) -> dict[str, Any]:
        """Every field before and after, as it is stored."""
        return {**changes_in(self.entry.facts), **changes_in(self.entry.words or {})}


def chunk(export: Export, *, after: int) -> list[Row]:
    """The next entries of an export, oldest first. Three queries, the same at any depth."""
    found = matching(organization=export.organization, filters=export.filters)
    found = found.filter(sequence__gt=after, sequence__lte=export.newest)
    return rows_of(export.organization, found.order_by("sequence")[:CHUNK])


def rows_after(*, organization: UUID, filters: EventFilter, sequence: int, size: int) -> list[Row]:
    """What follows this entry, oldest first; for a program that asks again and again."""
    found = matching(organization=organization, filters=filters).filter(sequence__gt=sequence)
    return rows_of(organization, found.order_by("sequence")[:size])


def rows_before(*, organization: UUID, filters: EventFilter, sequence: int, size: int) -> list[Row]:
    """What this entry follows, newest first."""
    found = matching(organization=organization, filters=filters).filter(sequence__lt=sequence)
    return rows_of(organization, found.order_by("-sequence")[:size])


def rows_of(organization: UUID, found: Iterable[models.Event]) -> list[Row]:
    """These entries of the ledger, in their order, with their texts. Three queries."""
    events = list(found)
    sequences = [event.sequence for event in events]
    words, effects = _words(organization, sequences), _effects(organization, sequences)
    rows = []
    for event in events:
        salt, text = words.get(event.sequence, (b"", None))
        rows.append(Row(entry_of(event, text), salt, text, tuple(effects[event.sequence])))
    return rows


def _words(organization: UUID, sequences: list[int]) -> dict[int, tuple[bytes, str | None]]:
    found = models.Particulars.objects.filter(
        organization_id=organization, sequence__in=sequences
    ).values_list("sequence", "salt", "words")
    return {sequence: (bytes(salt), words) for sequence, salt, words in found}


def _effects(organization: UUID, sequences: list[int]) -> dict[int, list[str]]:
    found = models.Effect.objects.filter(organization_id=organization, sequence__in=sequences)
    texts: dict[int, list[str]] = defaultdict(list)
    for sequence, text in found.order_by("sequence", "id").values_list("sequence", "text"):
        texts[sequence or 0].append(text)
    return texts
