"""Workspaces, projects, resources and roles on them for tests, each with its ledger entry.

The rows are simply there; the deeds that make them in earnest have tests of their own.
"""

from __future__ import annotations

import datetime
import itertools
import time
from typing import Any

from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Role, Scope
from orgs.models import Group, GroupRole, Membership, Organization
from orgs.tenancy import bound
from projects.actions.shares import TABLES, AnyGrant, AnyPlace, target_of
from projects.models import Project, Request, Resource, Workspace
from tests.factories import TEST

# Beyond what an earlier run may have left in a database that is used again.
_numbers = itertools.count(time.time_ns() // 10**6 % 10**10)

_SHARED = {
    Scope.WORKSPACE: Event.WORKSPACE_SHARED,
    Scope.PROJECT: Event.PROJECT_SHARED,
    Scope.RESOURCE: Event.RESOURCE_SHARED,
}


def make_workspace(organization: Organization, name: str = "", **fields: Any) -> Workspace:
    with bound(organization.id):
        workspace = Workspace.objects.create(
            organization=organization, name=name or f"Workspace {next(_numbers)}", **fields
        )
        _record(
            Event.WORKSPACE_CREATED,
            workspace,
            {"name": (None, workspace.name), "description": (None, workspace.description)},
        )
    return workspace


def make_project(
    organization: Organization,
    name: str = "",
    workspace: Workspace | None = None,
    **fields: Any,
) -> Project:
    """A project; `state="deleted"` gets the date that goes with it."""
    if fields.get("state") == Project.State.DELETED:
        fields.setdefault("deletes_at", timezone.now() + datetime.timedelta(days=30))
    with bound(organization.id):
        project = Project.objects.create(
            organization=organization,
            workspace=workspace,
            name=name or f"Project {next(_numbers)}",
            **fields,
        )
        _record(
            Event.PROJECT_CREATED,
            project,
            {
                "name": (None, project.name),
                "description": (None, project.description),
                "workspace": (None, workspace.name if workspace else None),
                "product": (None, project.is_product),
                "environment": (None, project.environment),
            },
        )
    return project


def make_resource(
    where: Project | Organization, kind: str = "agent", name: str = "", **fields: Any
) -> Resource:
    """A resource of a project, or (runner, automation) of the organization itself."""
    project = where if isinstance(where, Project) else None
    organization = where.organization_id if isinstance(where, Project) else where.pk
    with bound(organization):
        resource = Resource.objects.create(
            organization_id=organization,
            project=project,
            kind=kind,
            name=name or f"{kind.capitalize()} {next(_numbers)}",
            **fields,
        )
        _record(
            Event.RESOURCE_CREATED,
            resource,
            {
                "kind": (None, resource.kind_label),
                "name": (None, resource.name),
                "description": (None, resource.description),
                "project": (None, project.name if project else None),
                "configuration": (None, resource.configuration),
            },
        )
    return resource


def make_grant(place: AnyPlace, to: Membership | Group, role: Role, **fields: Any) -> AnyGrant:
    """A role on this place that is simply held, with its ledger entry.

    `fields` are those of the grant: `expires_at`, `reason`, `granted_by`, `granted_at`.
    """
    person_table, group_table = TABLES[place.scope]
    holder: dict[str, Any]
    if isinstance(to, Group):
        table, holder = group_table, {"group_id": to.pk}
    else:
        table, holder = person_table, {"user_id": to.person_id}
    with bound(place.organization_id):
        grant: AnyGrant = table(
            organization_id=place.organization_id, content_object=place, **holder, **fields
        )
        grant.role = role
        grant.save()
        _record(
            _SHARED[place.scope],
            place,
            {
                "to": (None, to.name),
                "role": (None, role.label),
                "expires_at": (None, grant.expires_at),
            },
        )
    return grant


def make_group_role(group: Group, role: Role, **fields: Any) -> GroupRole:
    """A role of the whole organization that a group carries, with its ledger entry."""
    with bound(group.organization_id):
        carried = GroupRole(
            organization_id=group.organization_id,
            content_object_id=group.organization_id,
            group=group,
            **fields,
        )
        carried.role = role
        carried.save()
        ledger.record(
            Event.GROUP_ROLE_GIVEN,
            organization=group.organization_id,
            actor=TEST,
            target=Target("group", group.pk, group.name),
            changes={"role": (None, role.label)},
        )
    return carried


def make_request(by: Membership, kind: str = "access", **fields: Any) -> Request:
    """Something that this member asked for and nobody has answered."""
    values: dict[str, Any] = {
        "reason": "It is needed",
        "expires_at": timezone.now() + datetime.timedelta(days=14),
    }
    with bound(by.organization_id):
        asked = Request.objects.create(
            organization_id=by.organization_id, requested_by=by, kind=kind, **(values | fields)
        )
        on = asked.workspace or asked.project or asked.resource or asked.group
        ledger.record(
            Event.REQUEST_MADE,
            organization=by.organization_id,
            actor=TEST,
            target=Target("request", asked.pk, asked.name or str(on or asked.permission)),
            changes={
                "kind": (None, asked.get_kind_display()),
                "role": (None, asked.role),
                "on": (None, on.name if on else None),
            },
        )
    return asked


def _record(event: Event, place: AnyPlace, changes: dict[str, Any]) -> None:
    ledger.record(
        event,
        organization=place.organization_id,
        actor=TEST,
        target=target_of(place),
        changes=changes,
    )
