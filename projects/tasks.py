"""Jobs on projects, requests and ends, by the clock: each organization is bound in its turn.

What they do is in the actions; they may run twice, or late, and nothing depends on the minute.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone
from procrastinate.contrib.django import app

from orgs.tasks import JOB
from orgs.tenancy import bound
from projects.actions.alerts import release_reservations, tell_of_limit
from projects.actions.calls import partitions_drop, partitions_make, refusals_note
from projects.actions.expiry import DAYS_AHEAD, tell_of_ends
from projects.actions.project_ends import project_purge
from projects.actions.requests import request_expire_due
from projects.queries.calls import organizations_with_refusals
from projects.queries.expiry import organizations_with_ends, organizations_with_requests_due
from projects.queries.limits import limits_due
from projects.queries.projects import projects_due

log = logging.getLogger(__name__)
# What one organization, or one of its rules, refuses: it is tried again, and stops no other.
REFUSED = (DatabaseError, ValidationError)


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="ends_tell")
def ends_tell(timestamp: int) -> None:
    """Tell people of what ends within a week, and again a day ahead."""
    until = timezone.now() + datetime.timedelta(days=max(DAYS_AHEAD))
    _in_each(organizations_with_ends(until=until), tell_of_ends)


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="requests_expire")
def requests_expire(timestamp: int) -> None:
    """Close the requests that nobody answered in time, and tell who asked."""
    _in_each(organizations_with_requests_due(), request_expire_due)


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="projects_purge")
def projects_purge(timestamp: int) -> None:
    """Delete for good the projects whose days of grace are over."""
    now = timezone.now()
    for due in projects_due(now=now):
        try:
            if project_purge(organization=due.organization, project=due.id, now=now, actor=JOB):
                log.info("Deleted the project %s for good", due.id)
        except REFUSED:
            log.exception("Deleting the project %s for good failed", due.id)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="reservations_release")
def reservations_release(timestamp: int) -> None:
    """Free the money that was set aside for calls which nobody settled in time."""
    if released := release_reservations():
        log.info("Freed what was set aside for %s calls", released)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="limits_tell")
def limits_tell(timestamp: int) -> None:
    """Tell people which budgets are used to 50, 80 or 100 percent, each in its own transaction."""
    for due in limits_due():
        try:
            with bound(due.organization):
                tell_of_limit(due)
        except REFUSED:
            log.exception("Telling of the limit %s failed", due.limit)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="refusals_tell")
def refusals_tell(timestamp: int) -> None:
    """Tell each ledger which keys were refused in the last minute, counted together."""
    _in_each(organizations_with_refusals(), refusals_note)


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="calls_keep")
def calls_keep(timestamp: int) -> None:
    """Make room in the request log for the next months, and end those that are kept no longer."""
    made = partitions_make(today=timezone.now().date())
    dropped = partitions_drop(months=settings.REQUEST_LOG_MONTHS)
    if made or dropped:
        log.info("Request log: %s months made, %s dropped", made, dropped)


def _in_each(organizations: Iterable[UUID], deed: Callable[..., int]) -> None:
    """What fails in one organization is logged, tried again next time, and stops no other."""
    for organization in organizations:
        try:
            with bound(organization):
                deed(organization=organization)
        except REFUSED:
            log.exception("%s failed in the organization %s", deed.__name__, organization)
