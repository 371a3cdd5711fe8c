"""What checking a log costs, outside with `verify_ledger.py` and in the database, against
`sha256sum` of the same bytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from audit.actions.entries import STRETCH
from tests.audit.by_hand import KEY, ORGANIZATION, checkpoint, compact, keys_document, line_of
from tests.bench.timing import Line, in_turn
from verify_ledger import __file__ as program

ENTRIES = 200_000
# 100,000 entries a second, where `sha256sum` takes the bytes of 350,000.
LIMIT = 3.5
# 100,000 entries a second, where `sha256sum` takes the bytes of 720,000: 450 MB a second.
LIMIT_WITHIN = 7.2
LEDGER = UUID(int=0xBE4C)
SAYING = {"personal": {"email": [None, "priya@acme.example"]}, "changes": {"role": [None, "Admin"]}}
EFFECTS = {"effects": ['{"row": "019a2222", "kind": "seat", "after": {}, "before": null}']}


WRITE = """
    SELECT count(ledger_write(
        %(ledger)s, NULL, 'member', %(ledger)s, 'member.role_changed', 'member', gen_random_uuid(),
        'done', '{"reason": "", "request": "0193f00d0193f00d", "changes": {"role": ["Member", "Admin"]}}',
        jsonb_build_object('actor', 'Ada Adeyemi', 'target', 'Bela Bauer ' || n, 'ip', '203.0.113.7',
                           'agent', 'Mozilla/5.0', 'changes', '{}'::jsonb)))
    FROM generate_series(1, %(missing)s) AS n
"""
BYTES = """
    SELECT e.body, encode(e.hash, 'hex'), p.words
    FROM audit_event e JOIN audit_particulars p USING (organization_id, sequence)
    WHERE e.organization_id = '{ledger}' ORDER BY e.sequence
"""


def verifying(owner: psycopg.Connection[Any]) -> Iterator[Line]:
    yield from _outside()
    yield _within(owner)


def _within(owner: psycopg.Connection[Any]) -> Line:
    """The check that the page and the command make, in their stretches."""
    row = owner.execute(
        "SELECT sequence FROM audit_head WHERE organization_id = %s", [LEDGER]
    ).fetchone()
    missing = ENTRIES - (row[0] if row else 0)
    if missing > 0:
        owner.execute(WRITE, {"ledger": LEDGER, "missing": missing})
        for table in ("audit_event", "audit_particulars", "audit_head"):
            owner.execute(f"VACUUM (ANALYZE) {table}")

    def check() -> None:
        for after in range(0, ENTRIES, STRETCH):
            flaw = owner.execute(
                "SELECT * FROM ledger_verify(%s, %s, %s)", [LEDGER, after, after + STRETCH]
            ).fetchone()
            assert flaw is None

    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder, "said")
        copied = f"COPY ({BYTES.format(ledger=LEDGER)}) TO STDOUT"
        with said.open("wb") as file, owner.cursor().copy(copied) as lines:
            for line in lines:
                file.write(line)
        checked, floor = in_turn(
            check,
            lambda: subprocess.run(["sha256sum", str(said)], check=True, capture_output=True),
            rounds=5,
        )
    return Line(
        work="The database’s own check, every entry",
        size=f"{ENTRIES:,} entries",
        seconds=checked,
        floor=floor,
        floor_is="sha256sum of the same bytes",
        limit=LIMIT_WITHIN,
    )


def _outside() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        export, signed, keys = (Path(folder) / name for name in ("export", "signed", "keys"))
        digest = _write(export)
        signed.write_bytes(compact(checkpoint(ENTRIES, digest)))
        keys.write_text(json.dumps(keys_document(KEY)))
        words = [str(export), "--checkpoints", str(signed), "--keys", str(keys)]
        checked, floor = in_turn(
            lambda: subprocess.run(
                [sys.executable, program, *words], check=True, capture_output=True
            ),
            lambda: subprocess.run(["sha256sum", str(export)], check=True, capture_output=True),
            rounds=3,
        )
    yield Line(
        work="verify_ledger.py, every entry of an export",
        size=f"{ENTRIES:,} entries",
        seconds=checked,
        floor=floor,
        floor_is="sha256sum of the same bytes",
        limit=LIMIT,
    )


def _write(path: Path) -> str:
    """An export without a seal; returns the hash of its last entry."""
    before = ""
    with path.open("wb") as file:
        head = {"schema": "bailiwick.audit/1", "organization": ORGANIZATION, "exported_at": ""}
        file.write(compact({**head, "filters": {}, "from": 1, "to": ENTRIES, "entries": ENTRIES}))
        for number in range(1, ENTRIES + 1):
            said = {1: SAYING, 2: EFFECTS}.get(number % 4, {})
            line = line_of(number, bytes.fromhex(before), **said)
            before = line["hash"]
            file.write(compact(line))
        file.write(compact({"end": True, "entries": ENTRIES}))
    return before
