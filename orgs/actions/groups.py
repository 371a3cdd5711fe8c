"""Deeds on groups: making, changing, deleting them, and who is in them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config.database import constraint_of
from orgs.access import Access
from orgs.actions import members
from orgs.models import Group, GroupMembership, Membership


@transaction.atomic
def group_create(
    *, name: str, description: str, parent: Group | None, secret: bool, actor: Access
) -> Group:
    """Make a group (S3-040). Raises ValidationError: `name_taken`."""
    group = Group(
        organization_id=actor.org.id,
        name=name,
        description=description,
        parent=parent,
        secret=secret,
    )
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
    group = Group.objects.select_for_update(of=("self",)).select_related("parent").get(pk=group.pk)
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
    """Delete a group; its people stay, and the groups inside it move up (S3-042)."""
    group = Group.objects.select_for_update().get(pk=group.pk)
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
    ledger.record(
        Event.GROUP_DELETED,
        organization=actor.org.id,
        actor=actor.identity,
        target=target,
        changes={"name": (group.name, None), "members": (people, None)},
    )


@transaction.atomic
def group_member_add(
    *, group: Group, membership: Membership, maintainer: bool, actor: Access
) -> GroupMembership:
    """Put a member into a group (S3-043). Raises ValidationError: `already_in`."""
    seat = GroupMembership(
        organization_id=group.organization_id,
        group=group,
        membership=membership,
        is_maintainer=maintainer,
        added_by_id=actor.membership_id,
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
        changes={"group": (None, group.name), "maintainer": (None, maintainer)},
    )
    return seat


@transaction.atomic
def group_member_change(
    *, seat: GroupMembership, maintainer: bool, actor: Access
) -> GroupMembership:
    """Mark or unmark a maintainer, which is shown and carries no permission."""
    seat = _locked(seat)
    if seat.is_maintainer == maintainer:
        return seat
    seat.is_maintainer = maintainer
    seat.save(update_fields=["is_maintainer"])
    ledger.record(
        Event.GROUP_MEMBER_CHANGED,
        organization=seat.organization_id,
        actor=actor.identity,
        target=members.target_of(seat.membership),
        changes={
            "group": (seat.group.name, seat.group.name),
            "maintainer": (not maintainer, maintainer),
        },
    )
    return seat


@transaction.atomic
def group_member_remove(*, seat: GroupMembership, actor: Access) -> None:
    """Take a member out of a group, at once (S3-043)."""
    seat = _locked(seat)
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


def _locked(seat: GroupMembership) -> GroupMembership:
    seats = GroupMembership.objects.select_for_update(of=("self",))
    return seats.select_related("group", "membership").get(pk=seat.pk)


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
