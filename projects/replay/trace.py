"""The calls of a trace: a CSV file with a moment and two counts of tokens in each line."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]


class ReplayError(Exception):
    """The replay cannot begin, or cannot go on; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the trace: its name within all files, when it was, and its tokens."""

    name: str
    at: datetime
    read: int
    written: int


def rows_of(paths: Iterable[Path]) -> list[Row]:
    """All calls of these files, in the order in which they were made. Raises ReplayError."""
    rows: list[Row] = []
    for path in paths:
        try:
            content = path.read_bytes()
            lines = csv.reader(content.decode("utf-8-sig").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise ReplayError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        if next(lines, None) != COLUMNS:
            raise ReplayError(f"{path}: a trace begins with {','.join(COLUMNS)}.")
        mark = hashlib.sha256(content).hexdigest()[:12]
        rows += [_row(path, f"{mark}-{lines.line_num}", line) for line in lines]
    return sorted(rows, key=lambda row: (row.at, row.name))


def _row(path: Path, name: str, line: list[str]) -> Row:
    try:
        at, read, written = line
        # The trace tells ten millionths of a second; Python stops at millionths.
        row = Row(name, datetime.fromisoformat(at[:26]), int(read), int(written))
    except ValueError as error:
        raise ReplayError(f"{path}, line {name.rpartition('-')[2]}: {error}") from None
    if row.read < 0 or row.written < 0:
        raise ReplayError(f"{path}, line {name.rpartition('-')[2]}: tokens are not below zero.")
    return row
