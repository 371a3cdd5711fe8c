"""Deeds on resources: making, changing, deleting, publishing and withdrawing them.

Sharing one is in `shares.py`; what a configuration may say is for the kind's form.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from config.database import constraint_of
from config.roles import Permission
from orgs.access import Access, require
from projects.actions.shares import target_of
from projects.kinds import KINDS, kind_of
from projects.models import Project, Resource, ResourceVersion
from projects.queries.limits import approved

Configuration = dict[str, Any]


@transaction.atomic
def resource_create(
    *,
    kind: str,
    project: Project | None,
    name: str,
    description: str,
    configuration: Configuration,
    actor: Access,
) -> Resource:
    """Make a resource in a project, or of the organization itself (S2-041 to S2-044, S3-024).

    Raises ValidationError: `name_taken`, `archived`, `not_approved`.
    """
    resource = Resource(
        organization_id=actor.org.id,
        project=project,
        kind=kind,
        name=name,
        description=description,
        configuration=configuration,
        created_by_id=actor.membership_id,
    )
    _require_open(resource)
    _require_approved(resource)
    _save(resource, new=True)
    _keep_version(resource, note="", actor=actor)
    ledger.record(
        Event.RESOURCE_CREATED,
        organization=resource.organization_id,
        actor=actor.identity,
        target=target_of(resource),
        changes={
            "kind": (None, KINDS[kind].word),
            "name": (None, name),
            "description": (None, description),
            "project": (None, project.name if project else None),
            "configuration": (None, configuration),
        },
    )
    return resource


@transaction.atomic
def resource_change(
    *,
    resource: Resource,
    name: str,
    description: str,
    configuration: Configuration,
    base: int,
    note: str = "",
    actor: Access,
) -> Resource:
    """Save the next version of what began as version `base` (S2-074 to S2-077, S3-025).

    Raises ValidationError: `overtaken` (somebody saved a version meanwhile), `name_taken`,
    `archived`, `not_approved`.
    """
    resource = _locked(resource)
    before = (resource.name, resource.description, resource.configuration)
    if before == (name, description, configuration):
        return resource
    if resource.version != base:
        message = f"Version {resource.version} of {resource.name} was saved meanwhile."
        raise ValidationError(message, code="overtaken")
    _require_open(resource)
    resource.name, resource.description = name, description
    resource.configuration = configuration
    _require_approved(resource)
    resource.version, resource.changed_at = base + 1, timezone.now()
    _save(resource)
    _keep_version(resource, note=_told(note, before, resource), actor=actor)
    ledger.record(
        Event.RESOURCE_CHANGED,
        organization=resource.organization_id,
        actor=actor.identity,
        target=target_of(resource),
        changes={
            "name": (before[0], name),
            "description": (before[1], description),
            "configuration": only_changed(before[2], configuration),
            "version": (base, resource.version),
        },
        reason=note,
    )
    return resource


@transaction.atomic
def resource_delete(*, resource: Resource, reason: str = "", actor: Access) -> None:
    """Delete a resource with its versions and shares (S2-057, S3-026). Raises `archived`."""
    resource = _locked(resource)
    _require_open(resource)
    target = target_of(resource)
    kind, configuration = kind_of(resource).word, resource.configuration
    project = resource.project.name if resource.project else None
    resource.delete()
    ledger.record(
        Event.RESOURCE_DELETED,
        organization=actor.org.id,
        actor=actor.identity,
        target=target,
        changes={
            "kind": (kind, None),
            "project": (project, None),
            "configuration": (configuration, None),
        },
        reason=reason,
    )


@transaction.atomic
def resource_publish(*, resource: Resource, reason: str = "", actor: Access) -> Resource:
    """Put an agent or a workflow into the Hub (S2-068, S2-087, S2-125).

    Raises ValidationError: `forbidden`, and those of `publish`.
    """
    require(actor, Permission.HUB_PUBLISH, resource)
    return publish(resource=resource, reason=reason, actor=actor)


@transaction.atomic
def publish(*, resource: Resource, reason: str = "", actor: Access) -> Resource:
    """Save and record that it is in the Hub; who may do so has been asked.

    Raises ValidationError: `not_for_the_hub`, `already`, `archived`.
    """
    resource = _locked(resource)
    kind = kind_of(resource)
    if kind.use is None:
        message = f"{kind.plural} are not used directly. Publish the agent or the workflow."
        raise ValidationError(message, code="not_for_the_hub")
    if resource.is_published:
        raise ValidationError(f"{resource.name} is in the Hub already.", code="already")
    _require_open(resource)
    resource.published_at, resource.published_by_id = timezone.now(), actor.membership_id
    resource.save(update_fields=["published_at", "published_by"])
    _record_state(Event.RESOURCE_PUBLISHED, resource, ("draft", "published"), reason, actor)
    return resource


@transaction.atomic
def resource_withdraw(*, resource: Resource, reason: str = "", actor: Access) -> Resource:
    """Take it out of the Hub; who has it only from there loses it at once.

    Raises ValidationError: `forbidden`, `not_published`.
    """
    require(actor, Permission.HUB_PUBLISH, resource)
    resource = _locked(resource)
    if not resource.is_published:
        raise ValidationError(f"{resource.name} is not in the Hub.", code="not_published")
    resource.published_at = resource.published_by_id = None
    resource.save(update_fields=["published_at", "published_by"])
    _record_state(Event.RESOURCE_WITHDRAWN, resource, ("published", "draft"), reason, actor)
    return resource


def only_changed(
    before: Configuration, after: Configuration
) -> tuple[Configuration, Configuration]:
    """The fields that differ, as they were and as they are; a field that is new was None."""
    names = [
        name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)
    ]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def _locked(resource: Resource) -> Resource:
    rows = Resource.objects.in_org(resource.organization_id).select_related("project")
    return rows.select_for_update(of=("self",)).get(pk=resource.pk)


def _require_open(resource: Resource) -> None:
    if resource.project is not None and resource.project.state != Project.State.ACTIVE:
        message = (
            f"{resource.project.name} is archived. Restore it before you change what it holds."
        )
        raise ValidationError(message, code="archived")


def _require_approved(resource: Resource) -> None:
    """Only models that the organization approves (S1-021, S2-072), in an earlier version too."""
    model = resource.configuration.get("model")
    models = approved(resource.organization_id).models if model else None
    if models is not None and model not in models:
        listed = ", ".join(models) or "none yet"
        message = f"{model} is not approved by the organization. It approves: {listed}."
        raise ValidationError({"model": ValidationError(message, code="not_approved")})


def _keep_version(resource: Resource, *, note: str, actor: Access) -> None:
    ResourceVersion.objects.create(
        organization_id=resource.organization_id,
        resource=resource,
        number=resource.version,
        configuration=resource.configuration,
        changed_by_id=actor.membership_id,
        note=note,
    )


def _told(note: str, before: tuple[str, str, Configuration], resource: Resource) -> str:
    """What a version's own configuration does not show, and what was said about it."""
    said = []
    if before[0] != resource.name:
        said.append(f"Renamed from “{before[0]}” to “{resource.name}”.")
    if before[1] != resource.description:
        said.append("Described anew.")
    return " ".join([*said, *([note] if note else [])])[:500]


def _save(resource: Resource, *, new: bool = False) -> None:
    try:
        with transaction.atomic():
            resource.save(force_insert=new)
    except IntegrityError as error:
        if constraint_of(error) != "resource_name":
            raise
        kind = kind_of(resource)
        where = resource.project.name if resource.project else "this organization"
        message = f"{kind.article.capitalize()} {kind.word} with this name exists in {where}."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from error


def _record_state(
    event: Event, resource: Resource, state: tuple[str, str], reason: str, actor: Access
) -> None:
    ledger.record(
        event,
        organization=resource.organization_id,
        actor=actor.identity,
        target=target_of(resource),
        changes={"state": state},
        reason=reason,
    )
