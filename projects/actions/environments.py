"""Deeds on environment classes: defining them, and which of them a project may run on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config.database import constraint_of
from orgs.access import Access
from projects.actions.projects import locked, record
from projects.models import EnvironmentClass, Project, ProjectEnvironment, Resource

MOST_CLASSES = 200


@transaction.atomic
def environment_class_create(
    *,
    name: str,
    description: str,
    runner: Resource | None,
    cpus: int,
    memory: int,
    disk: int,
    actor: Access,
) -> EnvironmentClass:
    """Define a size of machine (S3-028). Raises ValidationError: `name_taken`, `too_many`."""
    classes = EnvironmentClass.objects.in_org(actor.org.id)
    if classes.count() >= MOST_CLASSES:
        message = f"There are {MOST_CLASSES} classes. Delete one that nobody uses first."
        raise ValidationError(message, code="too_many")
    made = EnvironmentClass(organization_id=actor.org.id, name=name, description=description)
    made.runner, made.cpus, made.memory, made.disk = runner, cpus, memory, disk
    _save(made)
    _record(Event.ENVIRONMENT_CLASS_CREATED, made, (None, _facts(made)), actor)
    return made


@transaction.atomic
def environment_class_change(
    *,
    environment_class: EnvironmentClass,
    name: str,
    description: str,
    runner: Resource | None,
    cpus: int,
    memory: int,
    disk: int,
    actor: Access,
) -> EnvironmentClass:
    """Give a class another name or size. Raises ValidationError: `name_taken`."""
    changed = _locked(environment_class)
    before = _facts(changed)
    changed.name, changed.description, changed.runner = name, description, runner
    changed.cpus, changed.memory, changed.disk = cpus, memory, disk
    if _facts(changed) == before:
        return changed
    _save(changed)
    _record(Event.ENVIRONMENT_CLASS_CHANGED, changed, (before, _facts(changed)), actor)
    return changed


@transaction.atomic
def environment_class_delete(*, environment_class: EnvironmentClass, actor: Access) -> None:
    """Delete a class; projects that chose it lose that choice, and nothing else."""
    gone = _locked(environment_class)
    facts = _facts(gone)
    EnvironmentClass.objects.in_org(gone.organization_id).filter(pk=gone.pk).delete()
    _record(Event.ENVIRONMENT_CLASS_DELETED, gone, (facts, None), actor)


@transaction.atomic
def project_choose_environments(
    *, project: Project, chosen: Iterable[EnvironmentClass], actor: Access
) -> None:
    """Say on which classes a project may run (S3-037); an unchanged choice leaves no entry.

    Raises ValidationError: `gone`.
    """
    # The project's row orders two who choose at once.
    project = locked(project)
    rows = ProjectEnvironment.objects.in_org(project.organization_id).filter(project=project)
    before = {row.environment_class_id: row for row in rows.select_related("environment_class")}
    wanted = {each.pk: each for each in chosen}
    if set(before) == set(wanted):
        return
    rows.exclude(environment_class__in=wanted).delete()
    ProjectEnvironment.objects.bulk_create(
        ProjectEnvironment(
            organization_id=project.organization_id, project=project, environment_class=each
        )
        for key, each in wanted.items()
        if key not in before
    )
    names = [row.environment_class.name for row in before.values()]
    chosen_names = [each.name for each in wanted.values()]
    said: dict[str, Change] = {"environments": (sorted(names), sorted(chosen_names))}
    record(Event.PROJECT_ENVIRONMENTS_CHANGED, project, actor, said)


def _locked(environment_class: EnvironmentClass) -> EnvironmentClass:
    rows = EnvironmentClass.objects.in_org(environment_class.organization_id)
    rows = rows.select_for_update(of=("self",)).select_related("runner")
    return rows.get(pk=environment_class.pk)


def _save(environment_class: EnvironmentClass) -> None:
    try:
        with transaction.atomic():
            environment_class.save()
    except IntegrityError as error:
        if constraint_of(error) != "environment_class_name":
            raise
        message = "An environment class with this name exists."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from error


def _facts(environment_class: EnvironmentClass) -> dict[str, Any]:
    """The class in words, as the ledger keeps it."""
    facts = {
        "name": environment_class.name,
        "description": environment_class.description,
        "runner": environment_class.runner.name if environment_class.runner else "any",
        "cores": str(environment_class.cpus),
        "memory": f"{environment_class.memory} GiB",
        "disk": f"{environment_class.disk} GiB",
    }
    return {key: value for key, value in facts.items() if value}


def _record(event: Event, about: EnvironmentClass, change: Change, actor: Access) -> None:
    ledger.record(
        event,
        organization=about.organization_id,
        actor=actor.identity,
        target=Target("environment_class", about.pk, about.name),
        changes={"configuration": change},
    )
