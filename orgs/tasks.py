"""Jobs on organizations, by the clock. What they do is in the actions; they may run twice."""

from __future__ import annotations

import logging

from django.utils import timezone
from procrastinate.contrib.django import app

from audit.ledger import Actor
from orgs.actions.organizations import organization_delete
from orgs.queries.organizations import organizations_due

log = logging.getLogger(__name__)
JOB = Actor("system", None, "Bailiwick")


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="organizations_purge")
def organizations_purge(timestamp: int) -> None:
    """Delete for good the organizations whose days of grace are over."""
    now = timezone.now()
    for due in organizations_due(now=now):
        if organization_delete(organization=due.id, now=now, actor=JOB):
            log.info("Deleted the organization %s for good", due.id)
