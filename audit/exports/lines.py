"""JSON lines, schema `bailiwick.audit/1`: each entry with the texts that its hash is of.

The first line says what this is, the last how many entries there were, under a signature: a file
without it was cut. `verify_ledger.py` reads exactly this. Everything is escaped to ASCII.
"""

from __future__ import annotations

import json
from typing import Any

from audit.exports.export import Export
from audit.exports.reading import Row
from audit.sentences import plain
from audit.signing import sealed_end
from audit.signing import written as moment


def head(export: Export) -> bytes:
    return _line(
        {
            "schema": export.schema,
            "organization": str(export.organization),
            "exported_at": moment(export.at),
            "filters": dict(export.said),
            "from": export.first,
            "to": export.newest,
            "entries": export.entries,
        }
    )


def block(export: Export, rows: list[Row]) -> bytes:
    return b"".join(_line(said(row)) for row in rows)


def tail(export: Export, written: int, digest: str) -> bytes:
    return _line(sealed_end(organization=export.organization, entries=written, digest=digest))


def cut(export: Export, written: int) -> bytes:
    return b""  # The missing end says it.


def said(row: Row) -> dict[str, Any]:
    """An entry: what can be read first, then what it is proved with."""
    entry = row.entry
    return {
        "sequence": entry.sequence,
        "at": moment(entry.at),
        "action": entry.action,
        "outcome": entry.outcome.value,
        "actor": {
            "kind": entry.actor_kind,
            "id": str(entry.actor_id) if entry.actor_id else None,
            "name": None if row.words is None else entry.actor_label,
        },
        "target": {
            "kind": entry.target_kind,
            "id": str(entry.target_id) if entry.target_id else None,
            "name": None if row.words is None else entry.target_label,
        },
        "sentence": plain(entry),
        "changes": row.changes,
        "reason": entry.reason,
        "ip": entry.ip or None,
        "agent": entry.agent,
        "request": entry.request_id,
        "body": entry.body,
        "hash": entry.hash.hex(),
        "salt": row.salt.hex(),
        "words": row.words,
        **({"effects": list(row.effects)} if row.effects else {}),
    }


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
