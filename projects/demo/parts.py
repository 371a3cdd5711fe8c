"""What each line on resources, secrets, environments and integrations does to a book.

Each entry looks as the deed of that name in projects/actions would have left it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.events import Event
from audit.ledger import Change, Target
from config import vault
from config.roles import Permission
from projects.actions.resources import only_changed
from projects.demo import lines
from projects.demo.book import Book, target_of
from projects.demo.telling import tell
from projects.kinds import KINDS, kind_of
from projects.models import (
    EnvironmentClass,
    Integration,
    ProjectEnvironment,
    Resource,
    ResourceVersion,
    Secret,
)
from projects.prebuilds import Prebuilds
from projects.providers import PROVIDERS

P = Permission


# Resources


@tell.register(lines.Built)
def _built(line: lines.Built, book: Book) -> None:
    kind = KINDS[line.kind]
    project = book.project(line.project) if line.project else None
    actor = book.doer(line.by, kind.create, project)
    made = Resource(
        project=project,
        kind=kind.value,
        name=line.name,
        description=line.description,
        configuration=_resolved(kind.value, line.configuration, book),
        created_at=book.history.now,
        created_by_id=actor.id,
        changed_at=book.history.now,
        **book.new(),
    )
    book.add(made)
    _keep_version(made, "", actor.id, book)
    changes: dict[str, Change] = {
        "kind": (None, kind.word),
        "name": (None, made.name),
        "description": (None, made.description),
        "project": (None, project.name if project else None),
        "configuration": (None, made.configuration),
    }
    book.history.record(Event.RESOURCE_CREATED, actor, target_of(made), changes)


@tell.register(lines.Changed)
def _changed(line: lines.Changed, book: Book) -> None:
    resource = book.resource(line.name)
    actor = book.doer(line.by, kind_of(resource).change, resource)
    before, version = resource.configuration, resource.version
    resource.configuration = before | _resolved(resource.kind, line.fields, book)
    resource.version, resource.changed_at = version + 1, book.history.now
    _keep_version(resource, line.note, actor.id, book)
    changes: dict[str, Change] = {
        "name": (resource.name, resource.name),
        "description": (resource.description, resource.description),
        "configuration": only_changed(before, resource.configuration),
        "version": (version, resource.version),
    }
    target = target_of(resource)
    book.history.record(Event.RESOURCE_CHANGED, actor, target, changes, reason=line.note)


@tell.register(lines.Published)
def _published(line: lines.Published, book: Book) -> None:
    resource = book.resource(line.name)
    actor = book.doer(line.by, P.HUB_PUBLISH, resource)
    resource.published_at, resource.published_by_id = book.history.now, actor.id
    changes: dict[str, Change] = {"state": ("draft", "published")}
    book.history.record(Event.RESOURCE_PUBLISHED, actor, target_of(resource), changes)


def _keep_version(resource: Resource, note: str, by: Any, book: Book) -> None:
    book.others.append(
        ResourceVersion(
            resource_id=resource.id,
            number=resource.version,
            configuration=resource.configuration,
            changed_at=book.history.now,
            changed_by_id=by,
            note=note,
            **book.new(),
        )
    )


def _resolved(kind: str, said: Mapping[str, Any], book: Book) -> dict[str, Any]:
    """The names of other resources, as the ids that the kind's form would have stored."""
    found = dict(said)
    for field in KINDS[kind].form.refers:
        if isinstance(names := found.get(field), str):
            found[field] = str(book.resource(names).id) if names else ""
        elif names:
            found[field] = [str(book.resource(name).id) for name in names]
    return found


# Machines


@tell.register(lines.Sized)
def _sized(line: lines.Sized, book: Book) -> None:
    actor = book.doer(line.by, P.RUNNERS_MANAGE_ENVIRONMENT_CLASSES)
    cpus, memory, disk = line.size
    made = book.classes[line.name] = EnvironmentClass(
        name=line.name,
        description=line.description,
        runner=book.resource(line.runner) if line.runner else None,
        cpus=cpus,
        memory=memory,
        disk=disk,
        created_at=book.history.now,
        **book.new(),
    )
    facts = {
        "name": made.name,
        "description": made.description,
        "runner": line.runner or "any",
        "cores": str(cpus),
        "memory": f"{memory} GiB",
        "disk": f"{disk} GiB",
    }
    target = Target("environment_class", made.id, made.name)
    changes: dict[str, Change] = {"configuration": (None, facts)}
    book.history.record(Event.ENVIRONMENT_CLASS_CREATED, actor, target, changes)


@tell.register(lines.Runs)
def _runs(line: lines.Runs, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.PROJECTS_CONFIGURE_ENVIRONMENTS, project)
    book.others.extend(
        ProjectEnvironment(
            project_id=project.id, environment_class_id=book.classes[name].id, **book.new()
        )
        for name in line.classes
    )
    changes: dict[str, Change] = {"environments": ([], sorted(line.classes))}
    book.history.record(Event.PROJECT_ENVIRONMENTS_CHANGED, actor, target_of(project), changes)


@tell.register(lines.Prebuilt)
def _prebuilt(line: lines.Prebuilt, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.PROJECTS_MANAGE_PREBUILDS, project)
    before = Prebuilds.read(project.prebuilds).facts
    project.prebuilds = line.prebuilds.stored
    changes: dict[str, Change] = {"configuration": (before, line.prebuilds.facts)}
    book.history.record(Event.PROJECT_PREBUILDS_CHANGED, actor, target_of(project), changes)


# What is never shown again


@tell.register(lines.Hidden)
def _hidden(line: lines.Hidden, book: Book) -> None:
    project = book.project(line.project)
    for name in line.names:
        actor = book.doer(line.by, P.PROJECTS_MANAGE_SECRETS, project)
        secret = Secret(project_id=project.id, name=name, created_at=book.history.now, **book.new())
        _put(secret, actor.id, book)
        book.others.append(secret)
        target, changes = Target("secret", secret.id, name), {"project": (None, project.name)}
        book.history.record(Event.SECRET_CREATED, actor, target, changes)
        book.history.pass_time()


@tell.register(lines.Rotated)
def _rotated(line: lines.Rotated, book: Book) -> None:
    project = book.project(line.project)
    actor = book.doer(line.by, P.PROJECTS_MANAGE_SECRETS, project)
    kept = (one for one in book.of_kind(Secret) if one.project_id == project.id)
    secret = next(one for one in kept if one.name == line.name)
    _put(secret, actor.id, book)
    target, changes = Target("secret", secret.id, line.name), {"project": (project.name,) * 2}
    book.history.record(Event.SECRET_CHANGED, actor, target, changes)


@tell.register(lines.Connected)
def _connected(line: lines.Connected, book: Book) -> None:
    actor = book.doer(line.by, P.RUNNERS_MANAGE_INTEGRATIONS)
    provider = PROVIDERS[line.provider]
    made = Integration(
        kind=provider.kind.value,
        name=line.name,
        provider=provider.value,
        url=line.url,
        runner=book.resource(line.runner) if line.runner else None,
        created_at=book.history.now,
        changed_at=book.history.now,
        **book.new(),
    )
    if line.token:
        place = ("integration", str(made.organization_id), str(made.id))
        made.ciphertext = vault.seal(_drawn(book), place=place)
    book.others.append(made)
    facts = {
        "name": made.name,
        "provider": provider.label,
        "address": made.url,
        "runner": line.runner or "all",
        "token": "kept" if line.token else "",
    }
    changes: dict[str, Change] = {
        "kind": (None, provider.kind.label),
        "configuration": (None, {name: value for name, value in facts.items() if value}),
    }
    target = Target("integration", made.id, made.name)
    book.history.record(Event.INTEGRATION_CREATED, actor, target, changes)


def _put(secret: Secret, by: Any, book: Book) -> None:
    value = _drawn(book)
    ids = (secret.organization_id, secret.project_id, secret.id)
    secret.ciphertext = vault.seal(value, place=("secret", *map(str, ids)))
    secret.length = len(value)
    secret.changed_at, secret.changed_by_id = book.history.now, by


def _drawn(book: Book) -> str:
    return "".join(book.history.chance.choices("0123456789abcdef", k=40))
