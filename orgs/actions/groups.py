"""Deeds on groups: making, changing, deleting them, and who is in them.

The roles that a group carries are given and taken in group_roles.py.
"""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Entry, Target
from config.database import constraint_of
from config.roles import Scope
from orgs.access import Access
from orgs.actions import members
from orgs.actions.quotas import require_room
from orgs.models import Group, GroupMembership, GroupRole, Membership, Quota
from orgs.queries.group_reach import (
    Share,
    carried_roles,
    group_shares,
    roles_above,
    seat_refusal,
)

_UNSHARED = {
    Scope.WORKSPACE: Event.WORKSPACE_UNSHARED,
    Scope.PROJECT: Event.PROJECT_UNSHARED,
    Scope.RESOURCE: Event.RESOURCE_UNSHARED,
}


@transaction.atomic
def group_create(
    *, name: str, description: str, parent: Group | None, secret: bool, actor: Access
) -> Group:
    """Make a group (S3-040). Raises ValidationError: `name_taken`, `quota`."""
    group = Group(
        organization_id=actor.org.id,
        name=name,
        description=description,
        parent=parent,
        secret=secret,
    )
    require_room(Quota.Kind.GROUPS)
    _save(group)
    ledger.record(
        Event.GROUP_CREATED,
        organization=actor.org.id,
        actor=actor.identity,
        target=target_of(group),
        changes=_changes({}, _facts(group)),
    )
    return group


@transaction.atomic
def group_change(
    *,
    group: Group,
    name: str,
    description: str,
    parent: Group | None,
    secret: bool,
    actor: Access,
) -> Group:
    """Rename, describe, move or hide a group (S3-041).

    Raises ValidationError: `name_taken`, `circle` (a group cannot stand inside itself).
    """
    group = locked(group)
    before = _facts(group)
    group.name, group.description, group.parent, group.secret = name, description, parent, secret
    after = _facts(group)
    if after == before:
        return group
    _save(group)
    ledger.record(
        Event.GROUP_CHANGED,
        organization=group.organization_id,
        actor=actor.identity,
        target=target_of(group),
        changes=_changes(before, after),
    )
    return group


@transaction.atomic
def group_delete(*, group: Group, actor: Access) -> None:
    """Delete a group; its people stay, and the groups inside it move up (S3-042).

    What it carried and what was shared with it ends, each with an entry of its own. Raises
    ValidationError: `carries_roles` for who may not take those roles.
    """
    group = locked(group)
    carried, shares = carried_roles(group), group_shares(group=group, access=actor)
    if roles_above(actor, [row.role for row in carried]):
        message = f"{group.name} carries organization roles. Only owners may delete it."
        raise ValidationError(message, code="carries_roles")
    people = GroupMembership.objects.in_org(group.organization_id).filter(group=group).count()
    for child in Group.objects.in_org(group.organization_id).filter(parent=group):
        group_change(
            group=child,
            name=child.name,
            description=child.description,
            parent=group.parent,
            secret=child.secret,
            actor=actor,
        )
    target = target_of(group)
    group.delete()
    ended = _endings(target, carried, shares)
    if ended:
        ledger.record_many(ended, organization=actor.org.id, actor=actor.identity)
    ledger.record(
        Event.GROUP_DELETED,
        organization=actor.org.id,
        actor=actor.identity,
        target=target,
        changes={"name": (group.name, None), "members": (people, None)},
    )


@transaction.atomic
def group_member_add(
    *,
    group: Group,
    membership: Membership,
    maintainer: bool,
    actor: Access,
    until: datetime.datetime | None = None,
    reason: str = "",
) -> GroupMembership:
    """Put a member into a group, which gives them all that it carries (S3-043, C3-3).

    Raises ValidationError: `ceiling`, `needs_approval`, `oneself`, `past`, `already_in`.
    """
    # Locked against a role that the group is given meanwhile: one of the two comes first.
    group = locked(group)
    _require_ahead(until)
    refusal = seat_refusal(access=actor, group=group, membership=membership, until=until)
    if refusal is not None:
        raise refusal
    seat = GroupMembership(
        organization_id=group.organization_id,
        group=group,
        membership=membership,
        is_maintainer=maintainer,
        added_by_id=actor.membership_id,
        expires_at=until,
        reason=reason,
    )
    try:
        with transaction.atomic():
            seat.save(force_insert=True)
    except IntegrityError as error:
        message = f"{membership.name} is already in {group.name}, or has left."
        raise ValidationError(message, code="already_in") from error
    ledger.record(
        Event.GROUP_MEMBER_ADDED,
        organization=group.organization_id,
        actor=actor.identity,
        target=members.target_of(membership),
        changes={
            "group": (None, group.name),
            "maintainer": (None, maintainer),
            "expires_at": (None, until),
        },
        reason=reason,
    )
    return seat


@transaction.atomic
def group_member_change(
    *,
    seat: GroupMembership,
    maintainer: bool,
    actor: Access,
    until: datetime.datetime | None,
    reason: str = "",
) -> GroupMembership:
    """Set when a place in a group ends, and who is shown as its maintainer.

    An end that comes later, or never, gives again what the group carries: the rules are those of
    `group_member_add`. One that comes sooner takes. Raises ValidationError: `ceiling`,
    `needs_approval`, `oneself`, `past`.
    """
    group = locked(seat.group)
    seat = _locked_seat(seat)
    before = (seat.is_maintainer, seat.expires_at)
    if before == (maintainer, until):
        return seat
    if until != seat.expires_at:
        _require_ahead(until)
    if _is_longer(seat.expires_at, until):
        refusal = seat_refusal(access=actor, group=group, membership=seat.membership, until=until)
        if refusal is not None:
            raise refusal
    seat.is_maintainer, seat.expires_at, seat.reason = maintainer, until, reason or seat.reason
    seat.save(update_fields=["is_maintainer", "expires_at", "reason"])
    ledger.record(
        Event.GROUP_MEMBER_CHANGED,
        organization=seat.organization_id,
        actor=actor.identity,
        target=members.target_of(seat.membership),
        changes={
            "group": (group.name, group.name),
            "maintainer": (before[0], maintainer),
            "expires_at": (before[1], until),
        },
        reason=reason,
    )
    return seat


@transaction.atomic
def group_member_remove(*, seat: GroupMembership, actor: Access) -> None:
    """Take a member out of a group, at once (S3-043)."""
    seat = _locked_seat(seat)
    group, membership = seat.group, seat.membership
    seat.delete()
    ledger.record(
        Event.GROUP_MEMBER_REMOVED,
        organization=group.organization_id,
        actor=actor.identity,
        target=members.target_of(membership),
        changes={"group": (group.name, None)},
    )


def target_of(group: Group) -> Target:
    return Target("group", group.id, group.name)


def locked(group: Group) -> Group:
    """The group as it is now, locked until commit."""
    rows = Group.objects.in_org(group.organization_id).select_for_update(of=("self",), no_key=True)
    return rows.select_related("parent").get(pk=group.pk)


def _locked_seat(seat: GroupMembership) -> GroupMembership:
    seats = GroupMembership.objects.in_org(seat.organization_id).select_for_update(of=("self",))
    return seats.select_related("group", "membership").get(pk=seat.pk)


def _require_ahead(until: datetime.datetime | None) -> None:
    if until is not None and until <= timezone.now():
        raise ValidationError({"until": ValidationError("This is in the past.", code="past")})


def _is_longer(old: datetime.datetime | None, new: datetime.datetime | None) -> bool:
    return old is not None and (new is None or new > old)


def _endings(target: Target, carried: list[GroupRole], shares: list[Share]) -> list[Entry]:
    """What goes with a group, in the words of the deeds that would have ended it one by one."""
    roles = [
        Entry(Event.GROUP_ROLE_TAKEN, target, {"role": (row.role.label, None)}) for row in carried
    ]
    places = [
        Entry(
            _UNSHARED[share.scope],
            Target(share.scope.value, share.place_id, share.place_name),
            {"to": (target.label, None), "role": (share.role.label, None)},
        )
        for share in shares
    ]
    return roles + places


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        constraint = constraint_of(error)
        refusals = {
            "group_name": ("name", "A group with this name exists.", "name_taken"),
            "group_no_circle": ("parent", "A group cannot stand inside itself.", "circle"),
            "group_not_its_own_parent": ("parent", "A group cannot stand inside itself.", "circle"),
        }
        if constraint not in refusals:
            raise
        field, message, code = refusals[constraint]
        raise ValidationError({field: ValidationError(message, code=code)}) from error


def _facts(group: Group) -> dict[str, object]:
    return {
        "name": group.name,
        "description": group.description,
        "parent": group.parent.name if group.parent else None,
        "secret": group.secret,
    }


def _changes(before: dict[str, object], after: dict[str, object]) -> dict[str, Change]:
    return {name: (before.get(name), value) for name, value in after.items()}
