"""OCSF events, one a line, and nothing else: each names its schema's version itself."""

from __future__ import annotations

import json

from audit.exports.export import Export
from audit.exports.ocsf import event_of
from audit.exports.reading import Row


def head(export: Export) -> bytes:
    return b""


def block(export: Export, rows: list[Row]) -> bytes:
    lines = (json.dumps(event_of(row), separators=(",", ":")).encode() + b"\n" for row in rows)
    return b"".join(lines)


def tail(export: Export, written: int, digest: str) -> bytes:
    return b""


def cut(export: Export, written: int) -> bytes:
    return b""  # Nothing but events; the answer's header says how many there should be.
