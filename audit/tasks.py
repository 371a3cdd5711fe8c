"""Jobs on the ledgers, by the clock: each is bound in its turn. They may run twice, or late."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import DatabaseError, connection
from django.utils import timezone
from procrastinate.contrib.django import app

from audit.actions.checkpoints import checkpoint_create, checkpoints_deliver
from audit.actions.retention import ledger_retain
from audit.binding import bound
from audit.ledger import SYSTEM, Target

log = logging.getLogger(__name__)


@app.periodic(cron="3 * * * *")
@app.task(queueing_lock="checkpoints_make")
def checkpoints_make(timestamp: int) -> None:
    """Sign each ledger that moved, and bring to its file what did not get there before."""
    for organization, moved in _rows("SELECT organization_id, moved FROM checkpoints_due()"):
        try:
            if moved:
                with bound(organization):
                    checkpoint_create(
                        organization=organization, target=_target(organization), actor=SYSTEM
                    )
            else:
                checkpoints_deliver(organization=organization)
        except DatabaseError:
            log.exception("No checkpoint of the ledger %s", organization)


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock="ledgers_retain")
def ledgers_retain(timestamp: int) -> None:
    """Drop from each ledger what its rule no longer keeps, a few entries at a time."""
    for (organization,) in _rows("SELECT organization_id FROM retention_due()"):
        try:
            while _retain(organization):
                pass
        except DatabaseError:
            log.exception("Nothing more was dropped from the ledger %s", organization)


def _retain(organization: UUID) -> int:
    with bound(organization):
        return ledger_retain(
            organization=organization,
            now=timezone.now(),
            target=_target(organization),
            actor=SYSTEM,
        )


def _target(organization: UUID) -> Target:
    """A job knows no name of an organization; the sentence needs none."""
    return Target("organization", organization, "")


def _rows(statement: str) -> list[tuple[UUID, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
