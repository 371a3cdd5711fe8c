"""Ledgers that are signed, dropped and erased from: the real deeds, and the owner's hand for time."""

from __future__ import annotations

import datetime
import json
import uuid
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, connections, transaction

from audit import ledger, proof, signing
from audit.actions.checkpoints import Made, checkpoint_create
from audit.events import Event
from audit.exports import lines
from audit.exports.export import Form, export_of
from audit.exports.reading import chunk
from audit.forms import EventFilterForm
from audit.ledger import Actor, Target
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, PRIYA, change_role, owners_hand
from verify_ledger import check

PLACE = Target("organization", None, "Acme")
GONE = uuid.uuid4()


def sign(organization: uuid.UUID, **options: Any) -> Made:
    with bound(organization):
        return checkpoint_create(organization=organization, target=PLACE, actor=ALICE, **options)


def export(organization: uuid.UUID) -> bytes:
    """As the page streams it, without the page."""
    import hashlib

    with bound(organization):
        asked = EventFilterForm({})
        what = export_of(organization=organization, slug="acme", form=Form.JSONL, asked=asked)
        data, after, written = lines.head(what), what.first - 1, 0
        while rows := chunk(what, after=after):
            data += lines.block(what, rows)
            after, written = rows[-1].entry.sequence, written + len(rows)
    return data + lines.tail(what, written, hashlib.sha256(data).hexdigest())


def outside(organization: uuid.UUID, folder: Path) -> tuple[int, str]:
    """What `verify_ledger.py` says of the export, the checkpoints and the keys of this moment."""
    export_file, signed, keys = (folder / name for name in ("export", "signed", "keys"))
    export_file.write_bytes(export(organization))
    with bound(organization):
        signed.write_text(
            "".join(f"{json.dumps(line)}\n" for line in proof.checkpoint_lines(organization))
        )
    keys.write_text(json.dumps(signing.keys_document()))
    code, said, _ = check(str(export_file), str(signed), str(keys))
    return code, said


def inside(organization: uuid.UUID) -> tuple[int, str] | None:
    """What the database says of the same."""
    with connection.cursor() as cursor, bound(organization):
        cursor.execute("SELECT * FROM ledger_verify(%s)", [organization])
        return cursor.fetchone()


def aged(organization: uuid.UUID, months: int = 30) -> None:
    """A ledger of five entries this old: written with their time, as the demo's are."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL app.organization = %s", [str(organization)])
        for number in range(5):
            facts, words = ledger.texts(
                Event.MEMBER_CHANGED if number == 1 else Event.AUDIT_READ,
                actor=ALICE,
                target=Target("member", GONE, "Priya Raman"),
                changes={
                    "name": (None, "Priya Raman"),
                    "email": (None, "priya@acme.example"),
                    "login": (None, "priya-r"),
                }
                if number == 1
                else {},
                reason="",
                outcome=ledger.Outcome.DONE,
            )
            cursor.execute(
                "SELECT ledger_write(%s, now() - make_interval(months => %s), 'member', %s, %s,"
                " 'member', %s, 'done', %s::jsonb, %s::jsonb)",
                [
                    organization,
                    months,
                    ALICE.id,
                    "member.changed" if number == 1 else "audit.read",
                    GONE,
                    facts,
                    words,
                ],
            )
    connections["owner"].close()


def rule_stands_for_long(organization: uuid.UUID) -> None:
    with owners_hand("audit_keeping") as cursor:
        cursor.execute(
            "UPDATE audit_keeping SET months_set_at = now() - interval '8 days'"
            " WHERE organization_id = %s",
            [organization],
        )


def leave(organization: uuid.UUID, person: uuid.UUID = GONE, name: str = "Priya Raman") -> int:
    return change_role(
        organization,
        event=Event.MEMBER_REMOVED,
        target=Target("member", person, name),
        changes={"role": ("Member", None)},
    )


def as_command(*words: str) -> None:
    call_command("audit", *words)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


__all__ = ["ALICE", "GONE", "PLACE", "PRIYA", "Actor"]
