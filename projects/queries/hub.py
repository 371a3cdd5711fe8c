"""Reads of the Hub: what is published for this person, and their own records and tasks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from config.keyset import Page, keyset_page
from config.roles import (
    PROJECT_ROLES,
    RESOURCE_ROLES,
    Permission,
    Role,
    permissions_of,
    roles_with,
)
from orgs.access import Access
from orgs.grants import permission_id
from orgs.models import Membership
from orgs.queries.groups import live_seats
from orgs.queries.members import members_matching
from projects.held import own_projects, own_resources
from projects.kinds import PUBLISHABLE
from projects.models import (
    Execution,
    HumanTask,
    Project,
    ProjectGrant,
    ProjectGroupGrant,
    Resource,
)
from projects.queries.executions import took

PAGE_SIZE = 24
TASKS_ON_TOP = 12
_SEEING = list(roles_with(Permission.PROJECTS_VIEW, frozenset()))
_COMPLETING = [
    role
    for role in roles_with(Permission.HUMAN_TASKS_COMPLETE, frozenset())
    if role is not Role.END_USER
]


def usable(access: Access, kind: str) -> QuerySet[Resource]:
    """The agents or workflows that this person may chat with or run, published or not.

    The same as asking `access.can` of each: an Owner all of them, else those of the projects
    where a role says so, and those that are shared with them (S2-116, S2-117).
    """
    rows = Resource.objects.in_org(access.org.id).filter(
        kind=kind, project__state=Project.State.ACTIVE
    )
    return rows.filter(_theirs(access, PUBLISHABLE[kind]))


def hub_list(
    *, access: Access, kind: str = "", search: str = "", cursor: str | None = None
) -> Page[Resource]:
    """What is published and may be used by this person, by name. One query."""
    rows = hub_items(access, kind).select_related("project", "published_by")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(description__icontains=search))
    return keyset_page(rows, order=("sort_name", "id"), cursor=cursor, size=PAGE_SIZE)


def hub_items(access: Access, kind: str = "") -> QuerySet[Resource]:
    """What the Hub holds for this person: published, in an active project, and theirs to use."""
    wanted = Q()
    for value, use in PUBLISHABLE.items():
        if kind in ("", value):
            wanted |= Q(kind=value) & _theirs(access, use)
    return Resource.objects.in_org(access.org.id).filter(
        wanted, published_at__isnull=False, project__state=Project.State.ACTIVE
    )


def own_records(access: Access) -> QuerySet[Execution]:
    """The runs and conversations that this person started, and nobody else's (S2-094)."""
    return (
        Execution.objects.in_org(access.org.id)
        .filter(started_by=access.membership_id)
        .exclude(kind=Execution.Kind.LOG)
    )


def record_list(
    records: QuerySet[Execution], *, cursor: str | None = None, size: int = 50
) -> Page[Execution]:
    """Records, newest first, each with its resource. One query."""
    rows = records.select_related("resource", "started_by")
    page = keyset_page(rows, order=("-started_at", "-id"), cursor=cursor, size=size)
    for row in page.rows:
        row.took = took(row)  # type: ignore[attr-defined]
    return page


def open_tasks(access: Access) -> QuerySet[HumanTask]:
    """The tasks that wait for this person, what is due first on top."""
    return (
        _tasks(access.org.id)
        .filter(
            _within_sight(access),
            assigned_to=access.membership_id,
            state=HumanTask.State.OPEN,
            project__state=Project.State.ACTIVE,
        )
        .order_by(F("due_at").asc(nulls_last=True), "created_at", "id")
    )


def waiting_tasks(project: Project) -> QuerySet[HumanTask]:
    """The open tasks of a project; those that nobody has come first."""
    return (
        _tasks(project.organization_id)
        .filter(project=project, state=HumanTask.State.OPEN)
        .order_by(F("assigned_to").asc(nulls_first=True), "created_at", "id")
    )


def is_within_reach(task: HumanTask, access: Access) -> bool:
    """May this person open the task, if it is theirs? Who was taken out of a project may not."""
    return _tasks(access.org.id).filter(_within_sight(access), pk=task.pk).exists()


def task(organization: UUID, pk: UUID) -> QuerySet[HumanTask]:
    """One task of a project that is not deleted."""
    return _tasks(organization).filter(pk=pk).exclude(project__state=Project.State.DELETED)


def assignable(task: HumanTask, *, search: str = "") -> QuerySet[Membership]:
    """Who may be given the task: who completes tasks and may see where it stands.

    An End User sees a published resource that is shared with them, and nothing around it.
    """
    org, resource, project = task.organization_id, task.resource, task.project
    sharing = [resource.pk] if resource is not None else []
    people = Membership.objects.in_org(org).filter(person__isnull=False)
    people = people.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))
    inside = Q(role__in=_COMPLETING, pk__in=_paths([*sharing, *project.places, org], _SEEING))
    if resource is not None and resource.is_published:
        inside |= Q(role=Role.END_USER, pk__in=_paths(sharing, list(RESOURCE_ROLES)))
    return members_matching(people.filter(inside), search).order_by("sort_name", "id")


def _paths(places: list[UUID], roles: list[Role]) -> RawSQL:
    """The memberships that hold one of these roles at one of these places, by whatever path."""
    return RawSQL(
        "SELECT membership_id FROM access_paths(%s::uuid[], %s::text[], NULL)",
        [places, [role.value for role in roles]],
    )


def _tasks(organization: UUID) -> QuerySet[HumanTask]:
    return HumanTask.objects.in_org(organization).select_related(
        "project", "resource", "assigned_to", "done_by"
    )


def _within_sight(access: Access) -> Q:
    """The tasks that stand where this person sees something, as `assignable` has it."""
    shared = Q(resource__in=own_resources(access))
    if Role.END_USER in access.roles:
        shared &= Q(resource__published_at__isnull=False)
    if Permission.PROJECTS_VIEW in access.permissions:
        return Q()
    return shared | Q(project__in=own_projects(access))


def _theirs(access: Access, use: Permission) -> Q:
    if use in permissions_of(access.roles - {Role.END_USER}, access.policies):
        return Q()
    return _within_reach(access, use)


def _within_reach(access: Access, use: Permission) -> Q:
    """Shared with this person, or in a project where a role of theirs lets them use it."""
    shared = Q(pk__in=own_resources(access))
    if Role.END_USER in access.roles:
        return shared & Q(published_at__isnull=False)
    roles = [role for role in roles_with(use, access.policies) if role in PROJECT_ROLES]
    return (
        shared
        | Q(project__in=_projects_of(access, roles))
        | Q(project__in=_projects_of_groups(access, roles))
    )


def _projects_of(access: Access, roles: list[Role]) -> Any:
    return (
        ProjectGrant.objects.in_org(access.org.id)
        .live()
        .filter(user=access.person_id, permission_id__in=map(permission_id, roles))
        .values("content_object_id")
    )


def _projects_of_groups(access: Access, roles: list[Role]) -> Any:
    groups = live_seats().filter(organization=access.org.id, membership=access.membership_id)
    return (
        ProjectGroupGrant.objects.in_org(access.org.id)
        .live()
        .filter(group__in=groups.values("group"), permission_id__in=map(permission_id, roles))
        .values("content_object_id")
    )
