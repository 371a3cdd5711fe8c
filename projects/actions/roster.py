"""The rows of a roster that are this app's: projects, and what groups may do there, in bulk.

Whether the plan may be applied has been asked in `orgs/actions/roster.py`: by an Owner alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from audit.events import Event
from audit.ledger import Target
from config.roles import Role
from orgs.access import Access
from orgs.actions.quotas import require_room
from orgs.actions.roster_rows import BATCH, Rows
from orgs.grants import role_of
from orgs.models import Group, Quota
from orgs.roster.changes import Change, Kind
from orgs.roster.snapshot import ProjectNow
from projects.actions.projects import changes as changes_of
from projects.actions.projects import facts
from projects.actions.share_rules import latest_end
from projects.actions.shares import target_of
from projects.models import Project, ProjectGroupGrant


def projects_now(organization: UUID, access: Access | None) -> tuple[ProjectNow, ...]:
    """The projects, as far as this person sees them, with the roles of groups. Two queries."""
    projects = Project.objects.in_org(organization).kept()
    if access is not None:
        projects = projects.visible_to(access)
    shares: dict[UUID, dict[str, str]] = defaultdict(dict)
    grants = ProjectGroupGrant.objects.in_org(organization).live()
    for project, group, permission in grants.values_list(
        "content_object_id", "group_id", "permission_id"
    ):
        shares[project][str(group)] = role_of(permission).value
    return tuple(
        ProjectNow(
            id=str(project.pk),
            name=project.name,
            description=project.description,
            archived=project.state == Project.State.ARCHIVED,
            shares=shares[project.pk],
        )
        for project in projects.order_by("sort_name", "id")
    )


def add_projects(rows: Rows, changes: Sequence[Change]) -> None:
    projects = [
        Project(
            organization_id=rows.organization,
            name=change.project,
            description=str(change.after["description"]),
            state=_state(change.after["archived"]),
        )
        for change in changes
    ]
    require_room(Quota.Kind.PROJECTS, len(projects))
    Project.objects.bulk_create(projects, batch_size=BATCH)
    for project in projects:
        rows.note(
            Event.PROJECT_CREATED,
            target_of(project),
            **changes_of({}, facts(project) | {"workspace": None}),
        )
        if project.state == Project.State.ARCHIVED:
            rows.note(Event.PROJECT_ARCHIVED, target_of(project), state=("active", "archived"))


def change_projects(rows: Rows, changes: Sequence[Change]) -> None:
    found = Project.objects.in_org(rows.organization).in_bulk(
        [UUID(str(change.project_id)) for change in changes]
    )
    for change in changes:
        project = found[UUID(str(change.project_id))]
        before = facts(project)
        project.name = str(change.after.get("name", project.name))
        project.description = str(change.after.get("description", project.description))
        if (after := facts(project)) != before:
            rows.note(Event.PROJECT_CHANGED, target_of(project), **changes_of(before, after))
        if "archived" in change.after:
            old, project.state = project.state, _state(change.after["archived"])
            is_archived = project.state == Project.State.ARCHIVED
            event = Event.PROJECT_ARCHIVED if is_archived else Event.PROJECT_RESTORED
            rows.note(event, target_of(project), state=(old, project.state))
    Project.objects.bulk_update(found.values(), ["name", "description", "state"], batch_size=BATCH)


def remove_shares(rows: Rows, changes: Sequence[Change]) -> None:
    shares = _Shares(rows)
    ProjectGroupGrant.objects.in_org(rows.organization).filter(
        pk__in=[shares.grant(change).pk for change in changes]
    ).delete()
    for change in changes:
        role = Role(str(change.before["role"])).label
        to = rows.group(change).name
        rows.note(Event.PROJECT_UNSHARED, shares.target(change), to=(to, None), role=(role, None))


def change_shares(rows: Rows, changes: Sequence[Change]) -> None:
    shares = _Shares(rows)
    grants = []
    for change in changes:
        grant = shares.grant(change)
        grant.role, grant.reason = Role(str(change.after["role"])), rows.reason
        grants.append(grant)
        to = rows.group(change).name
        rows.note(
            Event.PROJECT_SHARE_CHANGED,
            shares.target(change),
            to=(to, to),
            role=tuple(Role(str(side["role"])).label for side in (change.before, change.after)),  # type: ignore[arg-type]
            expires_at=(grant.expires_at, grant.expires_at),
        )
    ProjectGroupGrant.objects.bulk_update(grants, ["permission", "reason"], batch_size=BATCH)


def add_shares(rows: Rows, changes: Sequence[Change]) -> None:
    shares = _Shares(rows)
    grants = []
    for change in changes:
        group, role = rows.group(change), Role(str(change.after["role"]))
        project = shares.project(change)
        grant = ProjectGroupGrant(
            organization_id=rows.organization,
            content_object_id=project.pk,
            group_id=group.pk,
            granted_by_id=rows.actor.membership_id,
            expires_at=latest_end(project),
            reason=rows.reason,
        )
        grant.role = role
        grants.append(grant)
        rows.note(
            Event.PROJECT_SHARED,
            target_of(project),
            to=(None, group.name),
            role=(None, role.label),
            expires_at=(None, grant.expires_at),
        )
    # A role that has ended stands in the way of its own return.
    pairs = ((grant.content_object_id, grant.group_id) for grant in grants)
    ended = [shares.grants[pair].pk for pair in pairs if pair in shares.grants]
    ProjectGroupGrant.objects.in_org(rows.organization).filter(pk__in=ended).delete()
    ProjectGroupGrant.objects.bulk_create(grants, batch_size=BATCH)


WRITERS: Mapping[Kind, Callable[[Rows, Sequence[Change]], None]] = {
    Kind.PROJECT_ADD: add_projects,
    Kind.PROJECT_CHANGE: change_projects,
    Kind.SHARE_REMOVE: remove_shares,
    Kind.SHARE_CHANGE: change_shares,
    Kind.SHARE_ADD: add_shares,
}


class _Shares:
    """The projects and the roles of groups there, as they are now."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        projects = Project.objects.in_org(rows.organization).kept()
        self.projects = {project.pk: project for project in projects}
        self.named = {project.name: project for project in self.projects.values()}
        grants = ProjectGroupGrant.objects.in_org(rows.organization)
        self.grants = {(grant.content_object_id, grant.group_id): grant for grant in grants}

    def project(self, change: Change) -> Project:
        if change.project_id:
            return self.projects[UUID(change.project_id)]
        return self.named[change.project]

    def grant(self, change: Change) -> ProjectGroupGrant:
        group: Group = self.rows.group(change)
        found: ProjectGroupGrant = self.grants[self.project(change).pk, group.pk]
        return found

    def target(self, change: Change) -> Target:
        return target_of(self.project(change))


def _state(archived: object) -> str:
    return Project.State.ARCHIVED if archived else Project.State.ACTIVE
