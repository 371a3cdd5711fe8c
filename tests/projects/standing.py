"""The access tables as they are, and as the ledger says they are: the same, column by column."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from orgs.models import Group, GroupMembership, GroupRole, Membership, Organization
from projects.actions.shares import TABLES
from projects.history.fold import whole
from projects.history.moments import Moment
from projects.models import Project, Resource, Workspace


def folded(organization: UUID, moment: Moment) -> dict[tuple[str, UUID], Any]:
    return {
        (fact.kind, fact.row): (fact.holder, fact.place, _values(fact.values))
        for fact in whole(organization, moment)
    }


def _values(values: dict[str, Any]) -> dict[str, Any]:
    said = dict(values)
    if said.get("expires_at"):
        said["expires_at"] = datetime.datetime.fromisoformat(said["expires_at"])
    return said


def live_rows(organization: UUID) -> dict[tuple[str, UUID], Any]:
    """Every row of every access table, as the tables have it."""
    found: dict[tuple[str, UUID], Any] = {}
    org = Organization.objects.get(pk=organization)
    said: dict[str, Any] = {"state": org.state, "policies": org.policies}
    found["organization", org.pk] = (None, None, said)
    for member in Membership.objects.in_org(organization):
        said = {"role": member.role, "is_person": member.person_id is not None}
        said["expires_at"] = member.expires_at
        found["membership", member.pk] = (member.pk, None, said)
    for group in Group.objects.in_org(organization):
        found["group", group.pk] = (group.pk, None, {})
    for seat in GroupMembership.objects.in_org(organization):
        said = {"expires_at": seat.expires_at}
        found["seat", seat.pk] = (seat.membership_id, seat.group_id, said)
    for row in GroupRole.objects.in_org(organization):
        said = {"role": row.role.value, "expires_at": row.expires_at}
        found["group_role", row.pk] = (row.group_id, None, said)
    for workspace in Workspace.objects.in_org(organization):
        found["workspace", workspace.pk] = (None, workspace.pk, {})
    for project in Project.objects.in_org(organization):
        above = str(project.workspace_id) if project.workspace_id else None
        said = {"state": project.state, "policies": project.policies, "workspace_id": above}
        found["project", project.pk] = (None, project.pk, said)
    for resource in Resource.objects.in_org(organization):
        said = {"kind": resource.kind, "is_published": resource.is_published}
        said["project_id"] = str(resource.project_id) if resource.project_id else None
        found["resource", resource.pk] = (None, resource.pk, said)
    return found | _grants(organization)


def _grants(organization: UUID) -> dict[tuple[str, UUID], Any]:
    found: dict[tuple[str, UUID], Any] = {}
    members = dict(Membership.objects.in_org(organization).values_list("person_id", "pk"))
    for scope, (people, groups) in TABLES.items():
        for row in people.objects.in_org(organization):
            said = {"role": row.role.value, "expires_at": row.expires_at}
            holder = members[row.user_id]
            found[f"{scope.value}_grant", row.pk] = (holder, row.content_object_id, said)
        for row in groups.objects.in_org(organization):
            said = {"role": row.role.value, "expires_at": row.expires_at}
            found[f"{scope.value}_group_grant", row.pk] = (
                row.group_id,
                row.content_object_id,
                said,
            )
    return found
