"""Many of everything below an organization, each row with another neighbour, for counting queries.

Rows are added to those there, so that the same page is read among few and among many.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import GROUP_ROLES, Role
from orgs.actions.notices import notify
from orgs.grants import permission_id
from orgs.models import Group, GroupRole, Invitation, Membership
from projects.actions.shares import TABLES, AnyPlace
from projects.models import (
    EnvironmentClass,
    Execution,
    HumanTask,
    Integration,
    InvitationProject,
    ModelProvider,
    Project,
    ProjectEnvironment,
    Request,
    Resource,
    ResourceVersion,
    Secret,
    Workspace,
)
from projects.models.resources import IN_A_PROJECT
from tests.factories import TEST, Cast

READER = {
    "workspace": Role.WORKSPACE_VIEWER,
    "project": Role.PROJECT_VIEWER,
    "resource": Role.RESOURCE_USER,
}


def populate_projects(
    cast: Cast,
    members: list[Membership],
    groups: list[Group],
    invitations: list[Invitation],
    rows: int,
) -> dict[str, Any]:
    """Grow Acme to this many of everything; ids of what has most around it. Runs bound."""
    org = {"organization": cast.acme}
    workspaces = _grown(Workspace, rows, lambda n: {"name": f"Space {n:03}", **org})
    projects = _grown(
        Project,
        rows,
        # The first workspace has every second project, the others one each.
        lambda n: {
            "name": f"Project {n:03}",
            "workspace": workspaces[0 if n % 2 == 0 else n],
            **org,
        },
    )
    runners = _grown(
        Resource, rows, lambda n: {"name": f"Runner {n:03}", "kind": "runner", **org}, kind="runner"
    )
    _grown(
        Resource,
        rows,
        lambda n: {"name": f"Job {n:03}", "kind": "automation", **org},
        kind="automation",
    )
    resources = _resources(cast, projects, members, rows)
    _parts(cast, projects[0], resources, runners, members, rows)
    grants = {
        f"{place.scope.value}_grant": _share(place, members, groups)
        for place in (workspaces[0], projects[0], resources[0])
    }
    _given_everywhere(projects, workspaces, members[0], groups[0])
    for number, group in enumerate(groups):
        GroupRole.objects.get_or_create(
            group=group,
            permission_id=permission_id(GROUP_ROLES[number % len(GROUP_ROLES)]),
            defaults={"content_object": cast.acme, "expires_at": _soon(number), **org},
        )
    requests = _requests(cast, projects, members, rows)
    tasks = _tasks(cast, projects, resources, members, rows)
    for number, project in enumerate(projects):
        InvitationProject.objects.get_or_create(
            invitation=invitations[0], project=project, defaults={"role": "project_viewer", **org}
        )
        ledger.record(
            Event.PROJECT_ARCHIVED,
            organization=cast.acme.id,
            actor=TEST,
            target=Target("project", projects[0].pk, f"Project {number}"),
            changes={"state": ("active", "archived")},
        )
    return {
        "workspace": workspaces[0].pk,
        "project": projects[0].pk,
        "resource": resources[0].pk,
        "secret": Secret.objects.filter(project=projects[0])[0].pk,
        "environment": EnvironmentClass.objects.in_org(cast.acme)[0].pk,
        "integration": Integration.objects.in_org(cast.acme)[0].pk,
        "provider": ModelProvider.objects.in_org(cast.acme)[0].pk,
        "request": requests[0].pk,
        "task": tasks[0].pk,
        **grants,
    }


def _grown(
    model: type[Any], rows: int, values: Callable[[int], dict[str, Any]], **which: Any
) -> list[Any]:
    """As many as there should be, those that were there first."""
    made = list(model.objects.filter(**which).order_by("pk"))
    return made + [model.objects.create(**values(number)) for number in range(len(made), rows)]


def _resources(
    cast: Cast, projects: list[Project], members: list[Membership], rows: int
) -> list[Resource]:
    """All kinds in the first project, published by another member each; one in each other."""
    return _grown(
        Resource,
        rows * 2,
        lambda n: {
            "name": f"Part {n:03}",
            "organization": cast.acme,
            "kind": IN_A_PROJECT[n % len(IN_A_PROJECT)],
            "project": projects[0 if n % 2 == 0 else n % len(projects)],
            "published_at": timezone.now(),
            "published_by": members[n % len(members)],
            "created_by": members[n % len(members)],
        },
        project__isnull=False,
    )


def _parts(
    cast: Cast,
    project: Project,
    resources: list[Resource],
    runners: list[Resource],
    members: list[Membership],
    rows: int,
) -> None:
    org = {"organization": cast.acme}
    secret = {"project": project, "ciphertext": b"-", "length": 1, **org}
    by: Callable[[int], Membership] = lambda n: members[n % len(members)]  # noqa: E731
    _grown(Secret, rows, lambda n: {"name": f"S{n}", "changed_by": by(n), **secret})
    size = {"cpus": 2, "memory": 4, "disk": 20, **org}
    sizes = _grown(
        EnvironmentClass, rows, lambda n: {"name": f"Size {n}", "runner": runners[n], **size}
    )
    for size_of in sizes:
        ProjectEnvironment.objects.get_or_create(project=project, environment_class=size_of, **org)
    code = {"kind": "scm", "provider": "github", **org}
    _grown(Integration, rows, lambda n: {"name": f"Code {n}", "runner": runners[n], **code})
    models = {"provider": "google", "ciphertext": b"-", **org}
    _grown(ModelProvider, rows, lambda n: {"name": f"M {n}", "changed_by": by(n), **models})
    version = {"resource": resources[0], "configuration": {}, **org}
    _grown(ResourceVersion, rows, lambda n: {"number": n + 1, "changed_by": by(n), **version})
    for kind, held in (("run", resources), ("conversation", resources), ("log", runners)):
        _grown(
            Execution,
            rows,
            lambda n, kind=kind, held=held: {
                "kind": kind,
                "resource": held[n if n % 2 else 0],
                "project_id": held[n if n % 2 else 0].project_id,
                "started_by": cast.member(cast.alice) if n % 2 == 0 else by(n),
                **org,
            },
            kind=kind,
        )


def _share(place: AnyPlace, members: list[Membership], groups: list[Group]) -> Any:
    """Everyone and every group has a role there; each second one ends soon. A person's grant."""
    person_table, group_table = TABLES[place.scope]
    given = {"content_object": place, "organization_id": place.organization_id}
    for number, member in enumerate(members):
        if member.person_id:
            said = {"permission_id": permission_id(READER[place.scope.value])}
            said |= {"granted_by": members[number - 1], "expires_at": _soon(number)}
            person_table.objects.get_or_create(user_id=member.person_id, defaults=said, **given)
    for number, group in enumerate(groups):
        said = {"permission_id": permission_id(READER[place.scope.value])}
        said |= {"granted_by": members[number % len(members)], "expires_at": _soon(number)}
        group_table.objects.get_or_create(group_id=group.pk, defaults=said, **given)
    return person_table.objects.filter(**given)[0].pk


def _given_everywhere(
    projects: list[Project], workspaces: list[Workspace], member: Membership, group: Group
) -> None:
    """One member and one group hold a role on every project and workspace."""
    for place in (*projects[1:], *workspaces[1:]):
        _, group_table = TABLES[place.scope]
        group_table.objects.get_or_create(
            group_id=group.pk,
            content_object=place,
            organization_id=place.organization_id,
            defaults={"permission_id": permission_id(READER[place.scope.value])},
        )


def _requests(
    cast: Cast, projects: list[Project], members: list[Membership], rows: int
) -> list[Request]:
    """Each by another member about another project; and as many that Alice has made."""
    until = timezone.now() + timedelta(days=9)
    common = {"organization": cast.acme, "reason": "Because", "expires_at": until}
    common |= {"kind": "access", "role": Role.PROJECT_VIEWER.value}
    alice = cast.member(cast.alice)
    for number in range(rows):
        Request.objects.get_or_create(
            requested_by=alice, for_member=alice, project=projects[number], defaults=common
        )
        Request.objects.get_or_create(
            requested_by=members[number],
            for_member=members[number],
            project=projects[number],
            defaults=common,
        )
    return list(Request.objects.in_org(cast.acme).exclude(requested_by=alice).order_by("pk"))


def _tasks(
    cast: Cast,
    projects: list[Project],
    resources: list[Resource],
    members: list[Membership],
    rows: int,
) -> list[HumanTask]:
    alice = cast.member(cast.alice)
    tasks = _grown(
        HumanTask,
        rows,
        lambda n: {
            "organization": cast.acme,
            "title": f"Task {n}",
            "project": projects[n],
            "resource": resources[n],
            "assigned_to": alice,
        },
    )
    for number in range(rows):
        notify(
            organization=cast.acme.id,
            members=[alice],
            text=f"Notice {number}",
            path="/",
            key=f"notice-{number}",
            mail=False,
        )
    return tasks


def _soon(number: int) -> datetime | None:
    return timezone.now() + timedelta(days=3) if number % 2 else None
