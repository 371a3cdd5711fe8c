"""Deeds on the roles that a group carries: giving one, taking one, and undoing either.

Groups themselves and who is in them are in groups.py; what a role means is in the rule book.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.models import Event as Entry
from audit.models import Outcome
from config.roles import GROUP_ROLES, Role
from orgs.access import Access
from orgs.actions.groups import locked, target_of
from orgs.ceiling import require_grant
from orgs.grants import permission_id
from orgs.models import Entitlement, Group, GroupRole, Membership

UNDO_SECONDS = 30
SALT = "orgs.group_role_undo"
_ROLE_EVENTS = (Event.GROUP_ROLE_GIVEN, Event.GROUP_ROLE_TAKEN, Event.GROUP_ROLE_RESTORED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A role as it stood on a group, so that it can stand there again to the letter."""

    id: UUID
    granted_by_id: UUID | None
    granted_at: datetime.datetime
    reason: str
    expires_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Toggled:
    """What a toggle has left: `undo` takes it back, by who did it and for thirty seconds."""

    changed: bool
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """What a token of `group_role_toggle` says: who did what, and what stood there before."""

    organization: UUID
    group: UUID
    role: Role
    by: UUID | None
    sequence: int
    now: UUID | None
    before: Standing | None


@transaction.atomic
def group_role_toggle(*, group: Group, role: Role, on: bool, actor: Access) -> Toggled:
    """Let a group carry a role, or no longer (S3-017, S3-021). One row, however many people.

    `on` is what is wanted, so that asking twice changes nothing. Raises ValidationError:
    `not_for_groups`, `ceiling`, `plan`.
    """
    _require_may(actor, role)
    group = locked(group)
    row = _row(group, role)
    if on == (row is not None and not row.is_expired):
        return Toggled(changed=False)
    if on:
        _require_plan(actor)
    before = _standing(row)
    if row is not None:
        row.delete()
    new = _given(group, role, actor) if on else None
    sequence = ledger.record(
        Event.GROUP_ROLE_GIVEN if on else Event.GROUP_ROLE_TAKEN,
        organization=group.organization_id,
        actor=actor.identity,
        target=target_of(group),
        changes={"role": (None, role.label) if on else (role.label, None)},
    )
    undo = Undo(
        organization=group.organization_id,
        group=group.pk,
        role=role,
        by=actor.membership_id,
        sequence=sequence,
        now=new.pk if new else None,
        before=before,
    )
    return Toggled(changed=True, undo=signing.dumps(_words(undo), salt=SALT, compress=True))


@transaction.atomic
def group_role_undo(*, group: Group, role: Role, token: str, actor: Access) -> None:
    """Put a group's role back to the row, or the gap, that was there before (S3-021).

    Works once, for who made the change, while nothing else has changed it since. Raises
    ValidationError: `too_late`, `invalid`, `not_yours`, `changed_since`, `ceiling`, `plan`.
    """
    undo = read_undo(token, actor=actor)
    if (undo.group, undo.role) != (group.pk, role):
        raise _invalid()
    _require_may(actor, role)
    group = locked(group)
    row = _row(group, role)
    if (row.pk if row else None) != undo.now or _changed_since(undo):
        message = f"The role {role.label} of {group.name} has changed since. Nothing was undone."
        raise ValidationError(message, code="changed_since")
    if undo.before is not None:
        _require_plan(actor)
    if row is not None:
        row.delete()
    if undo.before is not None:
        _put_back(group, role, undo.before)
    held, was = (role.label if there else None for there in (row, undo.before))
    ledger.record(
        Event.GROUP_ROLE_RESTORED,
        organization=group.organization_id,
        actor=actor.identity,
        target=target_of(group),
        changes={"role": (held, was)},
    )


def read_undo(token: str, *, actor: Access) -> Undo:
    """What the token says. Raises ValidationError: `too_late`, `invalid`, `not_yours`."""
    try:
        said = _read(signing.loads(token, salt=SALT, max_age=UNDO_SECONDS))
    except signing.SignatureExpired as error:
        message = f"Undo is offered for {UNDO_SECONDS} seconds. Set the box again instead."
        raise ValidationError(message, code="too_late") from error
    except (signing.BadSignature, ValueError, KeyError, TypeError) as error:
        raise _invalid() from error
    if said.organization != actor.org.id:
        raise _invalid()
    if said.by is None or said.by != actor.membership_id:
        raise ValidationError("Only who made this change may undo it.", code="not_yours")
    return said


def stands(undo: Undo) -> bool:
    """Is the state still the one that this token would undo?"""
    rows = GroupRole.objects.in_org(undo.organization).filter(group=undo.group)
    row = rows.filter(permission=permission_id(undo.role)).first()
    return (row.pk if row else None) == undo.now and not _changed_since(undo)


def _require_may(actor: Access, role: Role) -> None:
    if role not in GROUP_ROLES:
        raise ValidationError("A group does not carry this role.", code="not_for_groups")
    require_grant(actor, role)


def _require_plan(actor: Access) -> None:
    """The second gate: taking a role away needs no plan, giving one does (S3-002)."""
    if not actor.org.includes(Entitlement.GROUP_ROLES):
        raise ValidationError(actor.plan_refusal(Entitlement.GROUP_ROLES), code="plan")


def _row(group: Group, role: Role) -> GroupRole | None:
    rows = GroupRole.objects.in_org(group.organization_id).select_for_update(of=("self",))
    found: GroupRole | None = rows.filter(group=group, permission=permission_id(role)).first()
    return found


def _standing(row: GroupRole | None) -> Standing | None:
    if row is None:
        return None
    return Standing(row.pk, row.granted_by_id, row.granted_at, row.reason, row.expires_at)


def _given(group: Group, role: Role, actor: Access) -> GroupRole:
    row = GroupRole(
        organization_id=group.organization_id,
        content_object_id=group.organization_id,
        group=group,
        granted_by_id=actor.membership_id,
    )
    row.role = role
    _insert(row)
    return row


def _put_back(group: Group, role: Role, before: Standing) -> None:
    """Who gave it may have left since: then the row would name nobody by now, and does so."""
    row = GroupRole(
        organization_id=group.organization_id,
        content_object_id=group.organization_id,
        group=group,
        **asdict(before),
    )
    members = Membership.objects.in_org(group.organization_id)
    if before.granted_by_id and not members.filter(pk=before.granted_by_id).exists():
        row.granted_by_id = None
    row.role = role
    _insert(row)


def _insert(row: GroupRole) -> None:
    """Not by `save`: guardian's looks up the organization, the permission and its type first."""
    GroupRole.objects.bulk_create([row])


def _changed_since(undo: Undo) -> bool:
    """Rows come and go under the same look, so the ledger says whether this was the last word."""
    return Entry.objects.filter(
        organization_id=undo.organization,
        target_id=undo.group,
        sequence__gt=undo.sequence,
        outcome=Outcome.DONE,
        action__in=[event.value for event in _ROLE_EVENTS],
        body__contains=json.dumps(undo.role.label),
    ).exists()


def _invalid() -> ValidationError:
    return ValidationError("This is not an undo of this change.", code="invalid")


def _words(undo: Undo) -> dict[str, Any]:
    """The token's content, as JSON holds it."""
    words = {key: _plain(value) for key, value in asdict(undo).items()}
    if undo.before is not None:
        words["before"] = {key: _plain(value) for key, value in asdict(undo.before).items()}
    return words


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(words: dict[str, Any]) -> Undo:
    before = words["before"]
    return Undo(
        organization=UUID(words["organization"]),
        group=UUID(words["group"]),
        role=Role(words["role"]),
        by=_id(words["by"]),
        sequence=int(words["sequence"]),
        now=_id(words["now"]),
        before=Standing(
            id=UUID(before["id"]),
            granted_by_id=_id(before["granted_by_id"]),
            granted_at=datetime.datetime.fromisoformat(before["granted_at"]),
            reason=before["reason"],
            expires_at=_moment(before["expires_at"]),
        )
        if before
        else None,
    )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _moment(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None
