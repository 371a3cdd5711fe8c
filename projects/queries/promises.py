"""Reads of the projects that come with an invitation."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from config.roles import Permission, Role
from orgs.access import Access
from orgs.models import Invitation
from projects.models import InvitationProject, Project
from projects.queries.requests import managed_places

OFFERED = 20
UNSEEN = "A project that you do not see"


@dataclass(frozen=True, slots=True)
class Promised:
    """A line of an invitation; a project that its reader does not see keeps its name and why."""

    promise: InvitationProject
    seen: bool

    @property
    def role(self) -> Role:
        return Role(self.promise.role)

    @property
    def name(self) -> str:
        project: Project = self.promise.project
        return project.name if self.seen else UNSEEN


def promised_with(invitation: Invitation, viewer: Access) -> list[Promised]:
    """What whoever accepts would get, by name. Two queries at most."""
    rows = InvitationProject.objects.in_org(invitation.organization_id).filter(
        invitation=invitation
    )
    promises = rows.select_related("project", "promised_by").order_by("project__sort_name", "id")
    projects = viewer.visible(Project.objects.all()).filter(
        pk__in=[promise.project_id for promise in promises]
    )
    seen = set(projects.values_list("pk", flat=True)) if promises else set()
    return [Promised(promise, promise.project_id in seen) for promise in promises]


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
