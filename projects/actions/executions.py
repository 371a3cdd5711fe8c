"""Deeds on what a platform reports: a run, a conversation, a proof, and how it went.

A record is no deed of a person and is a record itself; a proof is entered in the ledger as well,
because people will rest on it. What has ended stays as it ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.database import constraint_of
from orgs.access import Access
from orgs.models import Membership
from projects.models import Call, Execution, Key, Project, Resource

State = Execution.State
_PLACE = ("kind", "project_id", "resource_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was said about an execution: `said` holds the fields of it that were sent."""

    id: UUID
    kind: str = Execution.Kind.RUN.value
    project: UUID | None = None
    resource: UUID | None = None
    started_by: str = ""
    key: UUID | None = None
    verification: UUID | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def execution_record(*, report: Report, actor: Access) -> tuple[Execution, bool]:
    """Record it, or what became of it; and whether it is new. The same report twice is one.

    Raises ValidationError: `not_found` (with the field), `other_place`, `ended`, `order`, `taken`.
    """
    org = actor.org.id
    found = Execution.objects.in_org(org).select_for_update().filter(pk=report.id).first()
    execution = found or Execution(pk=report.id, organization_id=org)
    place = _place_of(report, org)
    if found is None:
        _set(execution, {"started_at": timezone.now(), **place})
    elif any(place[name] != getattr(found, name) for name in _PLACE if place[name] is not None):
        raise ValidationError(
            "This execution was recorded as another kind, or in another place.", code="other_place"
        )
    _go_on(execution, report.said, is_new=found is None)
    _save(execution, is_new=found is None)
    if found is None and execution.kind == Execution.Kind.PROOF:
        _record(execution, actor)
    return execution, found is None


def _go_on(execution: Execution, said: Mapping[str, Any], *, is_new: bool) -> None:
    if not is_new and execution.state != State.RUNNING:
        if any(getattr(execution, name) != value for name, value in said.items()):
            word = State(execution.state).label.lower()
            raise ValidationError(
                "This execution has ended: it is %(state)s.", code="ended", params={"state": word}
            )
        return
    _set(execution, said)
    if execution.state == State.RUNNING:
        execution.finished_at = None
    elif execution.finished_at is None:
        execution.finished_at = max(timezone.now(), execution.started_at)
    if execution.finished_at and execution.finished_at < execution.started_at:
        raise ValidationError("An execution ends after it starts.", code="order")


def _place_of(report: Report, org: UUID) -> dict[str, Any]:
    """Where it ran and for whom, by the ids that were sent; each has to be of this organization."""
    call = _call_of(report, org)
    resource = _one(Resource, report.resource, org, "resource")
    project = report.project or (resource.project_id if resource else None)
    project = project or (call.project_id if call else None)
    if project is not None:
        _one(Project, project, org, "project")
    if resource is not None and resource.project_id != project:
        raise _missing("resource")
    key = _one(Key, report.key or (call.key_id if call else None), org, "key")
    started_by = _member(report.started_by, org) or (key.creator_id if key else None)
    return {
        "kind": report.kind,
        "project_id": project,
        "resource_id": report.resource,
        "started_by_id": started_by,
        "key_id": key.pk if key else None,
        "verification_id": report.verification,
    }


def _call_of(report: Report, org: UUID) -> Call | None:
    if report.verification is None:
        return None
    call = Call.objects.in_org(org).filter(pk=report.verification, verification_id=None).first()
    if call is None or (report.key is not None and call.key_id != report.key):
        raise _missing("verification")
    return call


def _one(model: Any, pk: UUID | None, org: UUID, name: str) -> Any:
    if pk is None:
        return None
    row = model.objects.in_org(org).filter(pk=pk).first()
    if row is None:
        raise _missing(name)
    return row


def _member(said: str, org: UUID) -> UUID | None:
    """A membership by its id or the address it has here."""
    if not said:
        return None
    try:
        found = Membership.objects.in_org(org).filter(pk=UUID(said))
    except ValueError:
        found = Membership.objects.in_org(org).filter(email=said.strip().lower())
    member = found.values_list("pk", flat=True).first()
    if member is None:
        raise _missing("started_by")
    return member


def _missing(name: str) -> ValidationError:
    return ValidationError("Nothing here has this id.", code="not_found", params={"field": name})


def _set(execution: Execution, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(execution, name, value)


def _save(execution: Execution, *, is_new: bool) -> None:
    """Whoever comes second with an id that was free a moment ago is told so."""
    try:
        with transaction.atomic():
            execution.save(force_insert=is_new)
    except IntegrityError as error:
        if constraint_of(error) not in ("projects_execution_pkey", "projects_execution_in_org"):
            raise
        raise ValidationError("Another execution has this id.", code="taken") from error


def _record(execution: Execution, actor: Access) -> None:
    label = execution.summary or f"{execution.get_kind_display()} {execution.pk}"
    ledger.record(
        Event.EXECUTION_RECORDED,
        organization=execution.organization_id,
        actor=actor.identity,
        target=Target("execution", execution.pk, label),
        changes={
            "kind": (None, execution.get_kind_display()),
            "state": (None, State(execution.state).label),
        },
    )
