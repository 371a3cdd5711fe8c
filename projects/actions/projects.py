"""Deeds on projects: making and changing them, and their policies.

How they end and come back: `project_ends.py`. Into and out of workspaces: `workspaces.py`. Roles
on a project: `shares.py`.
"""

from __future__ import annotations

import hashlib
import json

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from config.database import constraint_of
from config.roles import Permission, Role, permissions_of
from orgs.access import Access, require
from orgs.actions.quotas import require_room
from orgs.models import Membership, Quota
from projects.actions import workspaces
from projects.actions.shares import give, target_of
from projects.models import Project, Workspace
from projects.policies import ProjectPolicy


@transaction.atomic
def project_create(
    *,
    name: str,
    description: str,
    workspace: Workspace | None,
    is_product: bool,
    environment: str,
    owner: Membership | None,
    actor: Access,
) -> Project:
    """Make a project, and name its first Project Owner (S2-021, S3-032).

    In production Owners approve access from the start. Raises ValidationError: `name_taken`,
    `quota`, `forbidden`, `gone`, `needs_approval`, `oneself`, `placeholder`, `end_user`.
    """
    require(actor, Permission.PROJECTS_CREATE)
    to = workspaces.locked(workspace) if workspace else None
    if to is not None:
        require(actor, Permission.WORKSPACES_ASSIGN_PROJECTS, to)
    project = Project(
        organization_id=actor.org.id,
        name=name,
        description=description,
        workspace=to,
        is_product=is_product,
        environment=environment,
        policies=_with_default(environment, []),
    )
    workspaces.require_approval(project, to, actor)
    require_room(Quota.Kind.PROJECTS)
    save(project)
    said = facts(project) | {"workspace": to.name if to else None}
    record(Event.PROJECT_CREATED, project, actor, changes({}, said))
    _record_policies(project, [], actor)
    if owner is not None:
        _require_first_owner(project, owner, actor)
        role, reason = Role.PROJECT_OWNER, "The first Project Owner"
        give(place=project, to=owner, role=role, until=None, reason=reason, actor=actor)
    return project


@transaction.atomic
def project_change(
    *,
    project: Project,
    name: str,
    description: str,
    workspace: Workspace | None,
    is_product: bool,
    environment: str,
    seen: str,
    actor: Access,
) -> Project:
    """Change what a project is called, for, and in (S2-062). `seen` is what stood there before.

    Becoming production turns the Owners' approval on. Raises ValidationError: `name_taken`,
    `archived`, `gone`, `changed_meanwhile`, and those of `project_move`.
    """
    # The workspace is locked before the project, wherever both are.
    to = workspaces.locked(workspace) if workspace else None
    project = locked(project)
    if seen and seen != version_of(project):
        raise _overtaken()
    require_active(project)
    if to != project.workspace:
        project = workspaces.project_move(project=project, workspace=to, actor=actor)
    before, policies = facts(project), list(project.policies)
    project.name, project.description = name, description
    project.is_product, project.environment = is_product, environment
    after = facts(project)
    if after == before:
        return project
    if before["environment"] != after["environment"]:
        project.policies = _with_default(environment, policies)
    save(project)
    record(Event.PROJECT_CHANGED, project, actor, changes(before, after))
    _record_policies(project, policies, actor)
    return project


@transaction.atomic
def project_change_policies(
    *,
    project: Project,
    policies: frozenset[ProjectPolicy],
    seen: frozenset[ProjectPolicy],
    actor: Access,
) -> Project:
    """Turn the policies of a project on and off, all at once (S2-063).

    The Owners' approval is taken back by an Owner only: it would bind nobody otherwise.
    Raises ValidationError: `archived`, `gone`, `changed_meanwhile`, `needs_approval`.
    """
    project = locked(project)
    require_active(project)
    old = frozenset(map(ProjectPolicy, project.policies))
    if policies == old:
        return project
    if seen != old:
        raise _overtaken()
    if ProjectPolicy.OWNERS_APPROVE in old - policies:
        _require_approver(actor)
    before, project.policies = list(project.policies), sorted(policies)
    project.save(update_fields=["policies"])
    _record_policies(project, before, actor)
    return project


def version_of(project: Project) -> str:
    """A mark of what the settings show, so that nobody undoes another's change unseen."""
    shown = json.dumps([*facts(project).values(), str(project.workspace_id)])
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def locked(project: Project) -> Project:
    """The row as it is now, locked until commit. Raises ValidationError: `gone`."""
    rows = Project.objects.in_org(project.organization_id).select_related("workspace")
    rows = rows.select_for_update(of=("self",), no_key=True)
    found: Project | None = rows.filter(pk=project.pk).first()
    if found is None:
        raise ValidationError(f"{project.name} is gone for good.", code="gone")
    return found


def require_active(project: Project) -> None:
    if project.state == Project.State.ARCHIVED:
        message = f"{project.name} has been archived meanwhile. Restore it first."
        raise ValidationError(message, code="archived")
    if project.state == Project.State.DELETED:
        raise ValidationError(f"{project.name} has been deleted meanwhile.", code="gone")


def _require_approver(actor: Access) -> None:
    if not actor.can(Permission.ORG_APPROVE_PRODUCTION):
        message = "An Owner gives final approval here, so an Owner turns this policy off."
        raise ValidationError(message, code="needs_approval")


def _require_first_owner(project: Project, owner: Membership, actor: Access) -> None:
    """Somebody who can hold it; nobody hands themself more than they have (the ceiling)."""
    more = permissions_of({Role.PROJECT_OWNER}, actor.policies) - actor.permissions_on(project)
    if owner.pk == actor.membership_id and more:
        raise _refused("Somebody else makes you a Project Owner.", "oneself")
    if owner.is_placeholder or owner.is_expired:
        raise _refused(f"{owner.name} cannot sign in. Name somebody who has joined.", "placeholder")
    if owner.role == Role.END_USER:
        message = f"{owner.name} is an End User and works in the Hub. Make them a Member first."
        raise _refused(message, "end_user")
    approved = actor.can(Permission.ORG_APPROVE_PRODUCTION)
    if project.has_policy(ProjectPolicy.OWNERS_APPROVE) and not approved:
        message = (
            "In production an Owner approves who gets access. Leave this empty and share after."
        )
        raise _refused(message, "needs_approval")


def _refused(message: str, code: str) -> ValidationError:
    return ValidationError({"owner": ValidationError(message, code=code)})


def _overtaken() -> ValidationError:
    message = "Somebody else changed this since you opened the page. Nothing of yours was saved."
    return ValidationError(message, code="changed_meanwhile")


def _with_default(environment: str, policies: list[str]) -> list[str]:
    default = {ProjectPolicy.OWNERS_APPROVE.value}
    return sorted({*policies, *(default if environment == Project.Environment.PRODUCTION else ())})


def record(
    event: Event,
    project: Project,
    actor: Access,
    said: dict[str, ledger.Change],
    reason: str = "",
) -> None:
    ledger.record(
        event,
        organization=project.organization_id,
        actor=actor.identity,
        target=target_of(project),
        changes=said,
        reason=reason,
    )


def _record_policies(project: Project, before: list[str], actor: Access) -> None:
    if before == project.policies:
        return
    said: dict[str, ledger.Change] = {"policies": (_labels(before), _labels(project.policies))}
    record(Event.PROJECT_POLICIES_CHANGED, project, actor, said)


def _labels(policies: list[str]) -> list[str]:
    return [policy.label for policy in ProjectPolicy if policy in policies]


def facts(project: Project) -> dict[str, object]:
    return {
        "name": project.name,
        "description": project.description,
        "product": project.is_product,
        "environment": Project.Environment(project.environment).label,
    }


def changes(before: dict[str, object], after: dict[str, object]) -> dict[str, ledger.Change]:
    return {name: (before.get(name), value) for name, value in after.items()}


def save(project: Project) -> None:
    try:
        with transaction.atomic():
            project.save()
    except IntegrityError as error:
        if constraint_of(error) != "project_name":
            raise
        taken = ValidationError("A project with this name exists.", code="name_taken")
        raise ValidationError({"name": taken}) from error
