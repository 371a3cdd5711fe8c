"""What was erased is found no longer, whatever else an entry still says."""

from __future__ import annotations

import uuid

import pytest
from django.db import connections, transaction

from audit import queries
from audit.ledger import Actor
from audit.queries import EventFilter, Origin
from orgs.tenancy import bound
from tests.audit.ledgers import change_role

RULES = ("never_emptied_while_held", "emptied_on_record")


def found(organization: uuid.UUID, filters: EventFilter) -> list[int]:
    with bound(organization):
        page = queries.event_list(organization=organization, filters=filters)
    return [entry.sequence for entry in page.rows]


def empty(organization: uuid.UUID, sequence: int) -> None:
    """As the owner's hand does it, past the rules about who may be erased."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for rule in RULES:
            cursor.execute(f"ALTER TABLE audit_particulars DISABLE TRIGGER {rule}")
        cursor.execute(
            "UPDATE audit_particulars SET words = NULL"
            " WHERE organization_id = %s AND sequence = %s",
            [organization, sequence],
        )
        for rule in RULES:
            cursor.execute(f"ALTER TABLE audit_particulars ENABLE TRIGGER {rule}")
    connections["owner"].close()


@pytest.mark.usefixtures("committed")
def test_erased_words_are_found_no_longer_and_facts_still_are() -> None:
    chain = uuid.uuid4()
    for _ in range(2):
        change_role(chain, actor=Actor("member", uuid.uuid4(), "Zanzibar", "203.0.113.9"))
    assert found(chain, EventFilter(text="zanzibar")) == [2, 1]
    empty(chain, 1)
    assert found(chain, EventFilter(text="zanzibar")) == [2]
    assert found(chain, EventFilter(origin=Origin("203.0.113.9"))) == [2]
    assert found(chain, EventFilter(text="takes over")) == [2, 1]
    assert found(chain, EventFilter(text="member", action="member.role_changed")) == [2, 1]
    with bound(chain):
        matching = queries.matching(organization=chain, filters=EventFilter(text="zanzibar"))
        assert [event.sequence for event in matching] == [2]
