"""Reads of the projects that come with an invitation."""

from __future__ import annotations

from django.db.models import QuerySet

from config.roles import Permission
from orgs.access import Access
from orgs.models import Invitation
from projects.models import InvitationProject, Project
from projects.queries.requests import managed_places

OFFERED = 20


def promised_with(invitation: Invitation) -> list[InvitationProject]:
    """What whoever accepts would get, by name. One query."""
    rows = InvitationProject.objects.in_org(invitation.organization_id).filter(
        invitation=invitation
    )
    return list(rows.select_related("project", "promised_by").order_by("project__sort_name", "id"))


def promisable(access: Access) -> QuerySet[Project]:
    """The projects in which this person may hand out roles."""
    projects = Project.objects.in_org(access.org.id).active()
    if Permission.PROJECTS_MANAGE_MEMBERS in access.permissions:
        return projects
    managed = managed_places(access)[Permission.PROJECTS_MANAGE_MEMBERS]
    return projects.filter(pk__in=managed)


def offered(access: Access, invitation: Invitation, search: str) -> list[Project]:
    """The first of those that match and are not promised yet."""
    taken = InvitationProject.objects.in_org(access.org.id).filter(invitation=invitation)
    found = promisable(access).exclude(pk__in=taken.values("project"))
    if search:
        found = found.filter(name__icontains=search)
    return list(found.order_by("sort_name", "id")[:OFFERED])
