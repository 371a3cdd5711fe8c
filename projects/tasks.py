"""Jobs on projects, requests and ends, by the clock: each organization is bound in its turn.

What they do is in the actions; they may run twice, or late, and nothing depends on the minute.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone
from procrastinate.contrib.django import app

from orgs.tasks import JOB
from orgs.tenancy import bound
from projects.actions.expiry import DAYS_AHEAD, tell_of_ends
from projects.actions.project_ends import project_purge
from projects.actions.requests import request_expire_due
from projects.queries.expiry import organizations_with_ends, organizations_with_requests_due
from projects.queries.projects import projects_due

log = logging.getLogger(__name__)


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
        if project_purge(organization=due.organization, project=due.id, now=now, actor=JOB):
            log.info("Deleted the project %s for good", due.id)


def _in_each(organizations: Iterable[UUID], deed: Callable[..., int]) -> None:
    """What fails in one organization is logged, tried again next time, and stops no other."""
    for organization in organizations:
        try:
            with bound(organization):
                deed(organization=organization)
        except DatabaseError:
            log.exception("%s failed in the organization %s", deed.__name__, organization)
