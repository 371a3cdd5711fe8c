"""How projects end and come back: archiving, deleting, restoring, and deleting for good."""

from __future__ import annotations

import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from orgs.access import Access
from orgs.actions.quotas import require_room
from orgs.models import Quota
from orgs.tenancy import bound
from projects.actions.projects import (
    changes,
    facts,
    locked,
    record,
    require_active,
    save,
)
from projects.actions.shares import target_of
from projects.models import Project, Resource

DAYS_KEPT = 30
"""How long a deleted project may be restored."""


@transaction.atomic
def project_archive(*, project: Project, reason: str, actor: Access) -> Project:
    """Leave a project to be read and nothing else; not the same as deleting it (S2-065)."""
    project = locked(project)
    if project.state == Project.State.ARCHIVED:
        return project
    require_active(project)
    return _turn(project, Event.PROJECT_ARCHIVED, Project.State.ARCHIVED, actor, reason)


@transaction.atomic
def project_delete(*, project: Project, reason: str, actor: Access) -> Project:
    """Take a project from everyone; for 30 days it may be restored as it was (S2-064, S3-034)."""
    project = locked(project)
    if project.state == Project.State.DELETED:
        return project
    project.deletes_at = timezone.now() + datetime.timedelta(days=DAYS_KEPT)
    return _turn(project, Event.PROJECT_DELETED, Project.State.DELETED, actor, reason)


@transaction.atomic
def project_restore(*, project: Project, name: str, actor: Access) -> Project:
    """Bring back an archived or deleted project, under another name if its own was taken.

    Raises ValidationError: `name_taken`, `too_late`, `quota`, `gone`.
    """
    project = locked(project)
    if project.state == Project.State.ACTIVE:
        return project
    if project.deletes_at is not None and project.deletes_at <= timezone.now():
        message = f"The {DAYS_KEPT} days are over: {project.name} is being deleted for good."
        raise ValidationError(message, code="too_late")
    if project.state == Project.State.DELETED:
        require_room(Quota.Kind.PROJECTS)
    before, project.name, project.deletes_at = facts(project), name, None
    _turn(project, Event.PROJECT_RESTORED, Project.State.ACTIVE, actor, "")
    if name != before["name"]:
        record(Event.PROJECT_CHANGED, project, actor, changes(before, facts(project)))
    return project


def project_purge(
    *, organization: UUID, project: UUID, now: datetime.datetime, actor: Actor
) -> bool:
    """Delete a project and all in it for good, once its days are over; its log stays.

    False when it was restored, or purged by somebody else, meanwhile.
    """
    with bound(organization):
        due = Project.objects.in_org(organization).filter(
            pk=project, state=Project.State.DELETED, deletes_at__lte=now
        )
        found = due.select_for_update().first()
        if found is None:
            return False
        resources = Resource.objects.in_org(organization).filter(project=found).count()
        target = target_of(found)
        found.delete()
        ledger.record(
            Event.PROJECT_PURGED,
            organization=organization,
            actor=actor,
            target=target,
            changes={"resources": (resources, None)},
        )
    return True


def _turn(
    project: Project, event: Event, state: Project.State, actor: Access, reason: str
) -> Project:
    """Into another state, and what the ledger says of it."""
    old, project.state = project.state, state
    save(project)
    said: dict[str, ledger.Change] = {"state": (old, state.value)}
    if event is Event.PROJECT_DELETED:
        said["deletes_at"] = (None, project.deletes_at)
    record(event, project, actor, said, reason)
    return project
