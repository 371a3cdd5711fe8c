"""What the tests of projects ask of the ledger and of the database."""

from __future__ import annotations

from accounts.models import User
from audit.models import Event
from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project
from tests.factories import Cast, make_group, make_seat
from tests.projects.factories import make_group_role


def newest(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event
    return event


def actions(cast: Cast, most: int = 5) -> list[str]:
    """The newest deeds that were done, newest first."""
    with bound(cast.acme.id):
        done = Event.objects.filter(organization_id=cast.acme.id, outcome="done")
        return list(done.order_by("-sequence").values_list("action", flat=True)[:most])


def again(project: Project) -> Project:
    """As it stands now."""
    with bound(project.organization_id):
        found = Project.objects.in_org(project.organization_id).select_related("workspace")
        return found.get(pk=project.pk)


def projects_of(cast: Cast) -> list[Project]:
    with bound(cast.acme.id):
        return list(Project.objects.in_org(cast.acme).order_by("sort_name"))


def make_projects_admin(cast: Cast, person: User) -> None:
    """Through a group, as that role is always held."""
    group = make_group(cast.acme)
    make_seat(group, cast.member(person))
    make_group_role(group, Role.PROJECTS_ADMIN)
