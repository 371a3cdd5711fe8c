"""What each line on workspaces, projects and shares does to a book, and the entry it leaves.

What projects hold is in `parts.py`, what people ask for in `asking.py`.
"""

from __future__ import annotations

import datetime

from audit.events import Event
from audit.ledger import Actor, Change
from config.roles import Permission, Role, Scope
from orgs.models import Membership
from projects.actions.project_ends import DAYS_KEPT
from projects.actions.workspaces import name_of
from projects.demo import lines
from projects.demo.book import Book, Grantee, Held, Place, target_of
from projects.demo.telling import tell
from projects.models import Project, ProjectInsights, Workspace
from projects.policies import ProjectPolicy

P = Permission
_SHARED = {
    Scope.WORKSPACE: Event.WORKSPACE_SHARED,
    Scope.PROJECT: Event.PROJECT_SHARED,
    Scope.RESOURCE: Event.RESOURCE_SHARED,
}
_CHANGED = {
    Scope.WORKSPACE: Event.WORKSPACE_SHARE_CHANGED,
    Scope.PROJECT: Event.PROJECT_SHARE_CHANGED,
    Scope.RESOURCE: Event.RESOURCE_SHARE_CHANGED,
}
_TAKEN = {
    Scope.WORKSPACE: Event.WORKSPACE_UNSHARED,
    Scope.PROJECT: Event.PROJECT_UNSHARED,
    Scope.RESOURCE: Event.RESOURCE_UNSHARED,
}


# Workspaces and projects


@tell.register(lines.Space)
def _space(line: lines.Space, book: Book) -> None:
    actor = book.doer(line.by, P.WORKSPACES_CREATE)
    made = Workspace(
        name=line.name, description=line.description, created_at=book.history.now, **book.new()
    )
    book.add(made)
    changes: dict[str, Change] = {
        "name": (None, made.name),
        "description": (None, made.description),
    }
    book.history.record(Event.WORKSPACE_CREATED, actor, target_of(made), changes)


@tell.register(lines.Begun)
def _begun(line: lines.Begun, book: Book) -> None:
    actor = book.doer(line.by, P.PROJECTS_CREATE)
    workspace = book.workspace(line.workspace) if line.workspace else None
    if workspace is not None:
        book.doer(line.by, P.WORKSPACES_ASSIGN_PROJECTS, workspace)
    made = Project(
        workspace=workspace,
        name=line.name,
        description=line.description,
        is_product=line.product,
        environment=line.environment,
        created_at=book.history.now,
        **book.new(),
    )
    book.add(made)
    changes: dict[str, Change] = {
        "name": (None, made.name),
        "description": (None, made.description),
        "workspace": (None, workspace.name if workspace else None),
        "product": (None, made.is_product),
        "environment": (None, Project.Environment(made.environment).label),
    }
    book.history.record(Event.PROJECT_CREATED, actor, target_of(made), changes)
    if made.environment == Project.Environment.PRODUCTION:
        _decide(made, {ProjectPolicy.OWNERS_APPROVE}, actor, book)
    if line.owner:
        book.history.pass_time()
        to = book.history.members[line.owner]
        give(made, to, Role.PROJECT_OWNER, actor, book, reason="The first Project Owner")


@tell.register(lines.Moved)
def _moved(line: lines.Moved, book: Book) -> None:
    project, workspace = book.project(line.project), book.workspace(line.workspace)
    for place in filter(None, (project.workspace, workspace)):
        actor = book.doer(line.by, P.WORKSPACES_ASSIGN_PROJECTS, place)
    changes: dict[str, Change] = {"workspace": (name_of(project.workspace), workspace.name)}
    project.workspace = workspace
    book.history.record(Event.PROJECT_MOVED, actor, target_of(project), changes)


@tell.register(lines.Decided)
def _decided(line: lines.Decided, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.PROJECTS_SET_POLICIES, project)
    _decide(project, set(line.policies), actor, book)


def _decide(project: Project, more: set[ProjectPolicy], actor: Actor, book: Book) -> None:
    before = set(project.policies)
    project.policies = sorted({*before, *more})
    changes: dict[str, Change] = {"policies": (_labels(before), _labels(set(project.policies)))}
    book.history.record(Event.PROJECT_POLICIES_CHANGED, actor, target_of(project), changes)


@tell.register(lines.Archived)
def _archived(line: lines.Archived, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.PROJECTS_DELETE, project)
    before, project.state = project.state, Project.State.ARCHIVED.value
    changes: dict[str, Change] = {"state": (before, project.state)}
    target = target_of(project)
    book.history.record(Event.PROJECT_ARCHIVED, actor, target, changes, reason=line.reason)


@tell.register(lines.Deleted)
def _deleted(line: lines.Deleted, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.PROJECTS_DELETE, project)
    before, project.state = project.state, Project.State.DELETED.value
    project.deletes_at = book.history.now + datetime.timedelta(days=DAYS_KEPT)
    changes: dict[str, Change] = {
        "state": (before, project.state),
        "deletes_at": (None, project.deletes_at),
    }
    target = target_of(project)
    book.history.record(Event.PROJECT_DELETED, actor, target, changes, reason=line.reason)


@tell.register(lines.Measured)
def _measured(line: lines.Measured, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.INSIGHTS_ENABLE)
    book.others.append(
        ProjectInsights(
            project_id=project.id,
            enabled_by_id=actor.id,
            enabled_at=book.history.now,
            **book.new(),
        )
    )
    changes: dict[str, Change] = {"state": ("off", "on")}
    book.history.record(Event.INSIGHTS_ENABLED, actor, target_of(project), changes)


# Shares


@tell.register(lines.Shared)
def _shared(line: lines.Shared, book: Book) -> None:
    place, to = book.places[line.on], book.grantee(line.to)
    actor = book.sharer(line.by, line.role, place)
    _ask_the_rules(place, to, line.role, line.by, book)
    until = book.until(line.until)
    give(place, to, line.role, actor, book, reason=line.reason, until=until)


@tell.register(lines.Raised)
def _raised(line: lines.Raised, book: Book) -> None:
    place, to = book.places[line.on], book.grantee(line.to)
    actor = book.sharer(line.by, line.role, place)
    _ask_the_rules(place, to, line.role, line.by, book)
    held = book.held[place.id, to.id]
    old, end = held.role, held.row.expires_at
    held.role, held.row.expires_at = line.role, book.until(line.until)
    held.row.reason = line.reason or held.row.reason
    held.row.granted_by_id, held.row.granted_at = actor.id, book.history.now
    changes: dict[str, Change] = {
        "to": (to.name, to.name),
        "role": (old.label, line.role.label),
        "expires_at": (end, held.row.expires_at),
    }
    event, target = _CHANGED[place.scope], target_of(place)
    book.history.record(event, actor, target, changes, reason=line.reason)


@tell.register(lines.Taken)
def _taken(line: lines.Taken, book: Book) -> None:
    place, to = book.places[line.on], book.grantee(line.to)
    held = book.held.pop((place.id, to.id))
    actor = book.sharer(line.by, held.role, place)
    changes: dict[str, Change] = {"to": (to.name, None), "role": (held.role.label, None)}
    event, target = _TAKEN[place.scope], target_of(place)
    book.history.record(event, actor, target, changes, reason=line.reason)


def give(
    place: Place,
    to: Grantee,
    role: Role,
    actor: Actor,
    book: Book,
    *,
    reason: str = "",
    until: datetime.datetime | None = None,
) -> None:
    """As `give` in projects/actions/shares.py does it. Raises ValueError if they have one."""
    if (place.id, to.id) in book.held:
        raise ValueError(f"{to.name} has a role on {place.name} already")
    row = book.grant(place, to)
    row.granted_by_id, row.granted_at = actor.id, book.history.now
    row.reason, row.expires_at = reason, until
    book.held[place.id, to.id] = Held(row, role, place, to)
    changes: dict[str, Change] = {
        "to": (None, to.name),
        "role": (None, role.label),
        "expires_at": (None, until),
    }
    target = target_of(place)
    book.history.record(_SHARED[place.scope], actor, target, changes, reason=reason)


def _ask_the_rules(place: Place, to: Grantee, role: Role, by: str, book: Book) -> None:
    """Raises ValueError for a share that projects/actions/share_rules.py would refuse."""
    if to.name == by:
        raise ValueError(f"{by} shares {place.name} with nobody else")
    project = place if isinstance(place, Project) else getattr(place, "project", None)
    if project and project.has_policy(ProjectPolicy.OWNERS_APPROVE):
        book.doer(by, P.ORG_APPROVE_PRODUCTION)
    if not isinstance(to, Membership):
        return
    if to.role == Role.END_USER and place.scope is not Scope.RESOURCE:
        raise ValueError(f"{to.name} is an End User, and no place for them is {place.name}")
    is_member = Role.PROJECT_MEMBER in book.roles_on(to.name, place)
    if role is Role.PROJECT_OWNER and not is_member:
        raise ValueError(f"{to.name} is no Project Member of {place.name} yet")


def _labels(policies: set[str]) -> list[str]:
    return [policy.label for policy in ProjectPolicy if policy.value in policies]
