"""Turning the insights of a project on and off. What they show is in `queries/insights*.py`."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from audit.events import Event
from orgs.access import Access
from projects.actions.projects import locked, record
from projects.models import Project, ProjectInsights


@transaction.atomic
def insights_enable(*, project: Project, actor: Access) -> bool:
    """Show the name and the numbers of a project to everyone who views insights (S3-055).

    False where somebody did so before: nothing changes, and nothing is recorded twice. Raises
    ValidationError: `gone`.
    """
    project = _there(project)
    if ProjectInsights.objects.in_org(actor.org.id).filter(project=project).exists():
        return False
    ProjectInsights.objects.create(
        organization_id=actor.org.id, project=project, enabled_by_id=actor.membership_id
    )
    record(Event.INSIGHTS_ENABLED, project, actor, {"state": ("off", "on")})
    return True


@transaction.atomic
def insights_disable(*, project: Project, actor: Access) -> bool:
    """Show them to nobody any more; what was recorded is kept. False where they were off.

    Raises ValidationError: `gone`.
    """
    project = _there(project)
    deleted, _ = ProjectInsights.objects.in_org(actor.org.id).filter(project=project).delete()
    if not deleted:
        return False
    record(Event.INSIGHTS_DISABLED, project, actor, {"state": ("on", "off")})
    return True


def _there(project: Project) -> Project:
    """Locked, so that of two who turn the switch at once one sees what the other did."""
    found = locked(project)
    if found.state == Project.State.DELETED:
        raise ValidationError(f"{found.name} has been deleted meanwhile.", code="gone")
    return found
