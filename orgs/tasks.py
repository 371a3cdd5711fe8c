"""Jobs on organizations, by the clock. What they do is in the actions; they may run twice."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone
from procrastinate.contrib.django import app

from audit.ledger import Actor
from orgs.actions.assignments import claim_advance
from orgs.actions.organizations import organization_delete
from orgs.actions.rule_exceptions import rules_settle
from orgs.actions.support import support_clear as clear_windows
from orgs.deliveries import deliver_due
from orgs.queries.claims import claims_due
from orgs.queries.organizations import organizations_due
from orgs.queries.rules import organizations_with_rules
from orgs.queries.support import windows_over
from orgs.tenancy import bound

log = logging.getLogger(__name__)
JOB = Actor("system", None, "Bailiwick")


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="webhooks_deliver")
def webhooks_deliver(timestamp: int) -> None:
    """Send what webhooks wait for, every five seconds: the sixth field of the clock."""
    deliver_due()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="support_clear")
def support_clear(timestamp: int) -> None:
    """Clear away the support windows whose time is up: they let nobody in from that moment on."""
    for organization in {over.organization for over in windows_over()}:
        try:
            with bound(organization):
                clear_windows(organization=organization, actor=JOB)
        except (DatabaseError, ValidationError):
            log.exception("Clearing the support windows of %s failed", organization)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="claims_advance")
def claims_advance(timestamp: int) -> None:
    """Announce, invite or end the claims of ownership for which it is time."""
    for due in claims_due():
        try:
            claim_advance(organization=due.organization, claim=due.claim, actor=JOB)
        except (DatabaseError, ValidationError):
            log.exception("Advancing the claim %s failed", due.claim)


@app.periodic(cron="5 * * * *")
@app.task(queueing_lock="rules_look")
def rules_look(timestamp: int) -> None:
    """Find the rules that do not hold any more by the clock alone, and tell the owners."""
    for organization in organizations_with_rules():
        try:
            with bound(organization):
                rules_settle(organization=organization, actor=JOB)
        except (DatabaseError, ValidationError):
            log.exception("Looking at the rules of %s failed", organization)


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="organizations_purge")
def organizations_purge(timestamp: int) -> None:
    """Delete for good the organizations whose days of grace are over."""
    now = timezone.now()
    for due in organizations_due(now=now):
        try:
            if organization_delete(organization=due.id, now=now, actor=JOB):
                log.info("Deleted the organization %s for good", due.id)
        except (DatabaseError, ValidationError):
            log.exception("Deleting the organization %s failed", due.id)
