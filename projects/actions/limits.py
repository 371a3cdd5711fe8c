"""Deeds on limits: what each layer allows. Which of them binds a key is in `projects/limits.py`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.database import constraint_of
from config.roles import Permission
from orgs.access import Access, Bound, require
from orgs.models import Group, Membership, Organization
from projects.allowance import Allowance
from projects.models import Key, Limit, Project
from projects.queries.limits import approved

Subject = Key | Project | Group | Membership | Organization | Bound

# The plan's limits are the platform's to set.
SUBJECTS: dict[str, tuple[type[Any], ...]] = {
    Limit.Layer.ORGANIZATION.value: (Organization, Bound),
    Limit.Layer.GROUP.value: (Group,),
    Limit.Layer.PROJECT.value: (Project,),
    Limit.Layer.CREATOR.value: (Membership,),
    Limit.Layer.KEY.value: (Key,),
}
_KINDS = {"creator": "member"}
# Whose budget is a team's: it is set under Billing.
TEAM_LAYERS = ("organization", "group", "project")
LIMITING, BUDGETING = Permission.KEYS_SET_POLICIES, Permission.BILLING_MANAGE_BUDGETS


@transaction.atomic
def limit_set(
    *, subject: Subject, layer: str, said: Allowance, actor: Access, seen: str = ""
) -> Limit | None:
    """Say what a layer allows (S1-031, S1-050–054); None where nothing is held back any more.

    The budget of a whole team takes another permission than the rest (S3-065, S3-066). What was
    said before stays unrecorded. `seen` is the mark of what the form began from. Raises
    ValidationError: `forbidden`, `layer`, `revoked`, `changed`, `not_approved`, `zone`.
    """
    _require_either(actor, layer)
    _check_subject(subject, layer, actor)
    limit = _locked(subject, layer, actor.org.id)
    before = Allowance.of(limit)
    _require_for(actor, layer, before, said)
    if said == before:
        return limit
    if seen and seen != before.mark:
        message = "Somebody changed these limits meanwhile. Look at them again, then save."
        raise ValidationError(message, code="changed")
    if layer != Limit.Layer.ORGANIZATION and said.lists != before.lists:
        approved(actor.org.id).check(said)
    limit = _stored(limit, subject, layer, said, actor)
    _record(subject, layer, before, said, actor)
    return limit


def may_budget(actor: Access, layer: str) -> bool:
    """May they say what this layer may spend? A key's and a person's budget is part of the
    policies of keys; that of an organization, a cost centre or a project is for Owners."""
    permission = BUDGETING if layer in TEAM_LAYERS else LIMITING
    return actor.can(permission)


def _require_either(actor: Access, layer: str) -> None:
    if not (layer in TEAM_LAYERS and actor.can(BUDGETING)):
        require(actor, LIMITING)


def _require_for(actor: Access, layer: str, before: Allowance, said: Allowance) -> None:
    """Each part of what changes takes its own permission."""
    if layer in TEAM_LAYERS and said.money != before.money:
        require(actor, BUDGETING)
    if layer not in TEAM_LAYERS or said.without_money != before.without_money:
        require(actor, LIMITING)


def _check_subject(subject: Subject, layer: str, actor: Access) -> None:
    if not isinstance(subject, SUBJECTS.get(layer, ())):
        raise ValidationError("Nobody sets the limits of this layer here.", code="layer")
    if getattr(subject, "organization_id", subject.pk) != actor.org.id:
        raise ValidationError("That is not of this organization.", code="layer")
    if isinstance(subject, Key) and not subject.is_live:
        raise ValidationError("This key has ended. Its limits stay as they were.", code="revoked")


def _locked(subject: Subject, layer: str, organization: UUID) -> Limit | None:
    rows = Limit.objects.in_org(organization).select_for_update()
    return rows.filter(subject=subject.pk, layer=layer).first()


def _stored(
    limit: Limit | None, subject: Subject, layer: str, said: Allowance, actor: Access
) -> Limit | None:
    if limit is not None and said.is_empty:
        limit.delete()
        return None
    is_new = limit is None
    limit = limit or Limit(organization_id=actor.org.id, layer=layer)
    if layer != Limit.Layer.ORGANIZATION:
        setattr(limit, f"{layer}_id", subject.pk)
    for name, value in said.fields().items():
        setattr(limit, name, value)
    limit.changed_at, limit.changed_by_id = timezone.now(), actor.membership_id
    try:
        with transaction.atomic():
            limit.save(force_insert=is_new)
    except (IntegrityError, DataError) as error:
        raise _refusal_of(error) from error
    return limit


def _refusal_of(error: IntegrityError | DataError) -> Exception:
    if isinstance(error, DataError):
        # The two lists of time zones, Python's and the database's, are not quite the same.
        message = "The database does not know this time zone. Choose the city nearest to it."
        return ValidationError({"zone": ValidationError(message, code="zone")})
    if constraint_of(error) == "limit_once":
        message = "Somebody set these limits meanwhile. Look at them again, then save."
        return ValidationError(message, code="changed")
    return error


def _record(
    subject: Subject, layer: str, before: Allowance, said: Allowance, actor: Access
) -> None:
    is_key = layer == Limit.Layer.KEY
    old, new = before.facts(), said.facts()
    event = Event.KEY_POLICY_CHANGED if is_key else Event.LIMIT_CHANGED
    ledger.record(
        event,
        organization=actor.org.id,
        actor=actor.identity,
        target=target_of(subject, layer),
        changes={field.name: (old[field.name], new[field.name]) for field in event.fields},
    )


def target_of(subject: Subject, layer: str) -> Target:
    """Whose limits, as the ledger names it."""
    return Target(_KINDS.get(layer, layer), subject.pk, subject.name)
