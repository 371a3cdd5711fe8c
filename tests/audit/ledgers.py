"""Ledgers for the tests of the log: entries of every kind, and the owner's hand in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from orgs.tenancy import bound

ALICE = Actor("member", uuid.uuid4(), "Alice Marlow", "203.0.113.9", "Firefox", "0193f00d0193f00d")
PRIYA = Target("member", uuid.uuid4(), "Priya Raman")


def change_role(organization: uuid.UUID, **overrides: Any) -> int:
    """One entry; a keyword replaces what is usual in it."""
    outcome = overrides.get("outcome", Outcome.DONE)
    usual: dict[str, Any] = {
        "event": Event.MEMBER_ROLE_CHANGED,
        "actor": ALICE,
        "target": PRIYA,
        "changes": {"role": ("Member", "Admin")} if outcome is Outcome.DONE else {},
        "reason": "Takes over the keys.",
    }
    kept = usual | overrides
    with bound(organization):
        return ledger.record(kept.pop("event"), organization=organization, **kept)


def make_chain(length: int = 5) -> uuid.UUID:
    """A ledger of nobody's, with this many entries."""
    organization = uuid.uuid4()
    for _ in range(length):
        change_role(organization)
    return organization


@contextmanager
def owners_hand(*tables: str) -> Iterator[Any]:
    """The owner with the triggers of these tables off: whoever has the whole database."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    connections["owner"].close()
