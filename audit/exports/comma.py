"""CSV for spreadsheets, schema `bailiwick.audit.csv/1`: a header, and one line an entry.

No cell is a formula, and none holds a character that cannot be seen: a name keeps to its cell. The
filters stand in the file's name and in the answer's headers, for CSV has no place for them.
"""

from __future__ import annotations

import csv
import io
import json

from audit.exports.export import Export
from audit.exports.reading import Row
from audit.sentences import ERASED, plain, visible
from audit.signing import written as moment
from config.spreadsheets import harmless

COLUMNS = (
    "sequence",
    "at",
    "action",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor",
    "target_kind",
    "target_id",
    "target",
    "sentence",
    "changes",
    "reason",
    "ip",
    "agent",
    "request",
    "hash",
)


def head(export: Export) -> bytes:
    return _lines([COLUMNS])


def block(export: Export, rows: list[Row]) -> bytes:
    return _lines([tuple(harmless(visible(cell)) for cell in _cells(row)) for row in rows])


def tail(export: Export, written: int, digest: str) -> bytes:
    return b""


def cut(export: Export, written: int) -> bytes:
    """Half a line, for whoever sees the file and not how it came."""
    return f"CUT after {written} of {export.entries} entries".encode()


def _cells(row: Row) -> tuple[str, ...]:
    entry = row.entry
    gone = ERASED if row.words is None else ""
    return (
        str(entry.sequence),
        moment(entry.at),
        entry.action,
        entry.outcome.value,
        entry.actor_kind,
        str(entry.actor_id or ""),
        gone or entry.actor_label,
        entry.target_kind,
        str(entry.target_id or ""),
        gone or entry.target_label,
        plain(entry),
        json.dumps(row.changes) if row.changes else "",
        entry.reason,
        entry.ip,
        entry.agent,
        entry.request_id,
        entry.hash.hex(),
    )


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
