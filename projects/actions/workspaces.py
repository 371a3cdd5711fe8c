"""Deeds on workspaces: making, changing and deleting them, and which projects are in them.

Roles on a workspace are given in `shares.py`.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Entry
from config.database import constraint_of
from config.roles import Permission
from orgs.access import Access, require
from orgs.actions.quotas import require_room
from orgs.models import Quota
from projects.actions.shares import target_of
from projects.models import Project, Workspace
from projects.policies import ProjectPolicy

NO_WORKSPACE = "no workspace"


@transaction.atomic
def workspace_create(*, name: str, description: str, actor: Access) -> Workspace:
    """Make a workspace (S4-027). Raises ValidationError: `name_taken`, `quota`."""
    require(actor, Permission.WORKSPACES_CREATE)
    workspace = Workspace(organization_id=actor.org.id, name=name, description=description)
    require_room(Quota.Kind.WORKSPACES)
    _save(workspace)
    ledger.record(
        Event.WORKSPACE_CREATED,
        organization=actor.org.id,
        actor=actor.identity,
        target=target_of(workspace),
        changes={"name": (None, name), "description": (None, description)},
    )
    return workspace


@transaction.atomic
def workspace_change(
    *, workspace: Workspace, name: str, description: str, actor: Access
) -> Workspace:
    """Rename or describe a workspace. Raises ValidationError: `name_taken`, `gone`."""
    workspace = locked(workspace)
    before = (workspace.name, workspace.description)
    if before == (name, description):
        return workspace
    workspace.name, workspace.description = name, description
    _save(workspace)
    ledger.record(
        Event.WORKSPACE_CHANGED,
        organization=workspace.organization_id,
        actor=actor.identity,
        target=target_of(workspace),
        changes={"name": (before[0], name), "description": (before[1], description)},
    )
    return workspace


@transaction.atomic
def workspace_delete(*, workspace: Workspace, reason: str, actor: Access) -> int:
    """Delete a workspace with the roles on it; its projects stay, in no workspace (S4-028).

    Each project's own log says that it was moved. Returns how many. Raises ValidationError: `gone`.
    """
    workspace = locked(workspace)
    inside = Project.objects.in_org(workspace.organization_id).filter(workspace=workspace)
    projects = list(inside.select_for_update(of=("self",), no_key=True).order_by("pk"))
    inside.update(workspace=None)
    target = target_of(workspace)
    workspace.delete()
    moves = [_moved(project, workspace.name, NO_WORKSPACE) for project in projects]
    gone = {"name": (workspace.name, None), "projects": (len(projects), None)}
    ledger.record_many(
        [*moves, Entry(Event.WORKSPACE_DELETED, target, gone)],
        organization=actor.org.id,
        actor=actor.identity,
        reason=reason,
    )
    return len(projects)


@transaction.atomic
def project_move(
    *, project: Project, workspace: Workspace | None, actor: Access, reason: str = ""
) -> Project:
    """Put a project into a workspace, into another one, or into none (S4-055).

    Takes `workspaces.assign_projects` on the workspace it goes to and on the one it leaves.
    Raises ValidationError: `forbidden`, `gone`, `archived`, `needs_approval`.
    """
    # The workspace first: whoever deletes one locks it, then its projects.
    to = locked(workspace) if workspace else None
    project = _locked_project(project)
    before = project.workspace
    if before == to:
        return project
    for place in filter(None, (before, to)):
        require(actor, Permission.WORKSPACES_ASSIGN_PROJECTS, place)
    _require_movable(project, to, actor)
    require(actor, Permission.PROJECTS_VIEW, project)
    project.workspace = to
    project.save(update_fields=["workspace"])
    move = _moved(project, name_of(before), name_of(to))
    ledger.record(
        move.event,
        organization=project.organization_id,
        actor=actor.identity,
        target=move.target,
        changes=move.changes,
        reason=reason,
    )
    return project


def require_approval(project: Project, workspace: Workspace | None, actor: Access) -> None:
    """Everyone in a workspace views its projects: where Owners approve access, they put it there.

    Raises ValidationError: `needs_approval`.
    """
    if workspace is None or not project.has_policy(ProjectPolicy.OWNERS_APPROVE):
        return
    if not actor.can(Permission.ORG_APPROVE_PRODUCTION):
        message = (
            f"Everyone in {workspace.name} would view {project.name}, and Owners approve access "
            "to it. Ask an Owner to put it there."
        )
        raise ValidationError({"workspace": ValidationError(message, code="needs_approval")})


def locked(workspace: Workspace) -> Workspace:
    """The row as it is now, locked until commit. Raises ValidationError: `gone`."""
    rows = Workspace.objects.in_org(workspace.organization_id).select_for_update()
    found = rows.filter(pk=workspace.pk).first()
    if found is None:
        message = f"The workspace {workspace.name} has been deleted meanwhile."
        raise ValidationError(message, code="gone")
    return found


def name_of(workspace: Workspace | None) -> str:
    return workspace.name if workspace else NO_WORKSPACE


def _moved(project: Project, old: str, new: str) -> Entry:
    return Entry(Event.PROJECT_MOVED, target_of(project), {"workspace": (old, new)})


def _locked_project(project: Project) -> Project:
    rows = Project.objects.in_org(project.organization_id).select_related("workspace")
    found = rows.select_for_update(of=("self",), no_key=True).filter(pk=project.pk).first()
    if found is None:
        raise ValidationError(f"{project.name} has been deleted meanwhile.", code="gone")
    return found


def _require_movable(project: Project, to: Workspace | None, actor: Access) -> None:
    if project.state == Project.State.DELETED:
        raise ValidationError(f"{project.name} has been deleted meanwhile.", code="gone")
    if project.state == Project.State.ARCHIVED:
        message = f"{project.name} is archived. Restore it before you move it."
        raise ValidationError(message, code="archived")
    require_approval(project, to, actor)


def _save(workspace: Workspace) -> None:
    try:
        with transaction.atomic():
            workspace.save()
    except IntegrityError as error:
        if constraint_of(error) != "workspace_name":
            raise
        taken = ValidationError("A workspace with this name exists.", code="name_taken")
        raise ValidationError({"name": taken}) from error
