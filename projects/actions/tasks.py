"""Deeds on human tasks: making one, completing one's own, and giving it to somebody else."""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Permission
from orgs.access import Access, require
from orgs.models import Membership
from projects.models import HumanTask, Project, Resource
from projects.queries.hub import assignable, is_within_reach


@transaction.atomic
def task_create(
    *,
    project: Project,
    title: str,
    assigned_to: Membership,
    actor: Access,
    description: str = "",
    resource: Resource | None = None,
    due_at: datetime.datetime | None = None,
) -> HumanTask:
    """Make a task that waits for one person, as a step of a workflow does.

    Who may make one is for the caller to ask. Raises ValidationError: `out_of_reach` (they could
    not open it), `archived`, `elsewhere` (the resource is of another project).
    """
    task = HumanTask(
        organization_id=project.organization_id,
        project=project,
        resource=resource,
        title=title,
        description=description,
        assigned_to=assigned_to,
        due_at=due_at,
    )
    if resource is not None and resource.project_id != project.pk:
        message = f"{resource.name} is not in {project.name}."
        raise ValidationError(message, code="elsewhere")
    _require_open(task)
    _require_reach(task, assigned_to)
    task.save(force_insert=True)
    ledger.record(
        Event.TASK_CREATED,
        organization=task.organization_id,
        actor=actor.identity,
        target=target_of(task),
        changes={"to": (None, assigned_to.name), "project": (None, project.name)},
    )
    return task


@transaction.atomic
def task_complete(*, task: HumanTask, outcome: str, actor: Access) -> HumanTask:
    """Complete a task that is assigned to oneself, once (S2-093, S2-118).

    Raises ValidationError: `not_yours`, `out_of_reach`, `done`, `archived`, `forbidden`.
    """
    require(actor, Permission.HUMAN_TASKS_COMPLETE)
    task = _locked(task)
    _require_undone(task)
    if task.assigned_to is None or task.assigned_to_id != actor.membership_id:
        whom = f"waits for {task.assigned_to.name}" if task.assigned_to else "waits for nobody yet"
        message = f"This task {whom}. Reassign it to yourself to complete it."
        raise ValidationError(message, code="not_yours")
    if not is_within_reach(task, actor):
        message = f"You no longer have access to {task.project.name}, where this task stands."
        raise ValidationError(message, code="out_of_reach")
    _require_open(task)
    task.state, task.outcome = HumanTask.State.DONE, outcome
    task.done_at, task.done_by_id = timezone.now(), actor.membership_id
    task.save(update_fields=["state", "outcome", "done_at", "done_by"])
    ledger.record(
        Event.TASK_COMPLETED,
        organization=task.organization_id,
        actor=actor.identity,
        target=target_of(task),
        changes={"state": ("open", "done"), "outcome": (None, outcome)},
    )
    return task


@transaction.atomic
def task_reassign(*, task: HumanTask, to: Membership, actor: Access) -> HumanTask:
    """Give an open task to somebody else who can open it.

    Raises ValidationError: `forbidden`, `done`, `out_of_reach`, `archived`.
    """
    require(actor, Permission.PROJECTS_CHANGE, task.project)
    task = _locked(task)
    _require_undone(task)
    if task.assigned_to_id == to.pk:
        return task
    _require_open(task)
    _require_reach(task, to)
    before = task.assigned_to.name if task.assigned_to else None
    task.assigned_to = to
    task.save(update_fields=["assigned_to"])
    ledger.record(
        Event.TASK_REASSIGNED,
        organization=task.organization_id,
        actor=actor.identity,
        target=target_of(task),
        changes={"to": (before, to.name)},
    )
    return task


def target_of(task: HumanTask) -> Target:
    return Target("task", task.pk, task.title)


def _locked(task: HumanTask) -> HumanTask:
    rows = HumanTask.objects.in_org(task.organization_id)
    rows = rows.select_related("project", "resource", "assigned_to", "done_by")
    return rows.select_for_update(of=("self",)).get(pk=task.pk)


def _require_undone(task: HumanTask) -> None:
    if task.state == HumanTask.State.DONE:
        by = f" by {task.done_by.name}" if task.done_by else ""
        raise ValidationError(f"This task has been completed{by} already.", code="done")


def _require_open(task: HumanTask) -> None:
    if task.project.state != Project.State.ACTIVE:
        message = f"{task.project.name} is archived. Restore it before its tasks go on."
        raise ValidationError(message, code="archived")


def _require_reach(task: HumanTask, to: Membership) -> None:
    if not assignable(task).filter(pk=to.pk).exists():
        message = (
            f"{to.name} could not open this task. Choose somebody of {task.project.name}, or share"
            " what is published with them first."
        )
        raise ValidationError(message, code="out_of_reach")
