"""Deeds on members: role, removal, leaving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.database import constraint_of
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.ceiling import require_grant
from orgs.leaving import leave
from orgs.models import Membership


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one person in a deed on several; `refused` is the reason why not."""

    membership: Membership
    changed: bool = False
    refused: str = ""


@transaction.atomic
def member_change_role(
    *, membership: Membership, role: Role, reason: str, actor: Access
) -> Membership:
    """Give a member another organization role and keep why (S1-037, S2-167).

    Nobody raises themself: of one's own roles only that of an owner may be changed, and only
    downward is left from there (X-03). Raises ValidationError: `forbidden`, `ceiling`,
    `own_role`, `last_owner`, `ends`, `support`, `gone`.
    """
    require(actor, Permission.MEMBERS_CHANGE_ROLE)
    membership = locked(membership)
    refuse_support(membership)
    old = Role(membership.role)
    if role == old:
        return membership
    if membership.id == actor.membership_id and old is not Role.OWNER:
        raise ValidationError("Nobody changes their own role upward.", code="own_role")
    require_grant(actor, role)
    require_grant(actor, old)
    set_role(membership, role=role, reason=reason, actor=actor)
    return membership


def set_role(membership: Membership, *, role: Role, reason: str, actor: Access) -> None:
    """Save and record another role; who may do so has been asked."""
    old = Role(membership.role)
    membership.role, membership.reason = role.value, reason
    save_keeping_an_owner(membership, fields=["role", "reason"])
    ledger.record(
        Event.MEMBER_ROLE_CHANGED,
        organization=membership.organization_id,
        actor=actor.identity,
        target=target_of(membership),
        changes={"role": (old.label, role.label)},
        reason=reason,
    )


@transaction.atomic
def member_remove(*, membership: Membership, reason: str, actor: Access) -> None:
    """Remove a member, with everything they had in the organization (S2-024, S2-161).

    Seats in groups and offers of ownership go with the row; the sessions end when it was the
    person's last organization. Raises ValidationError: `forbidden`, `own_membership`, `ceiling`,
    `last_owner`, `gone`.
    """
    require(actor, Permission.MEMBERS_REMOVE)
    membership = locked(membership)
    if membership.id == actor.membership_id:
        raise ValidationError("This is you. Leave the organization instead.", code="own_membership")
    require_grant(actor, Role(membership.role))
    _delete(membership, event=Event.MEMBER_REMOVED, reason=reason, actor=actor)


@transaction.atomic
def member_leave(*, actor: Access, reason: str = "") -> None:
    """Leave the organization of `actor`. Raises ValidationError: `last_owner`, `gone`."""
    own = own_membership(actor)
    try:
        _delete(locked(own), event=Event.MEMBER_LEFT, reason=reason, actor=actor)
    except ValidationError as error:
        if error.code != "last_owner":
            raise
        raise ValidationError(
            "You are the last owner. Offer ownership to someone before you leave.",
            code="last_owner",
        ) from error


def member_bulk_change_role(
    *, memberships: Sequence[Membership], role: Role, reason: str, actor: Access
) -> list[Result]:
    """Give several members the same role. Whoever is refused keeps theirs; the others change."""

    def change(membership: Membership) -> bool:
        changes = membership.role != role
        member_change_role(membership=membership, role=role, reason=reason, actor=actor)
        return changes

    return _each(memberships, change)


def member_bulk_remove(
    *, memberships: Sequence[Membership], reason: str, actor: Access
) -> list[Result]:
    """Remove several members. Whoever is refused stays; the others go."""

    def remove(membership: Membership) -> bool:
        member_remove(membership=membership, reason=reason, actor=actor)
        return True

    return _each(memberships, remove)


@transaction.atomic
def _each(memberships: Sequence[Membership], deed: Callable[[Membership], bool]) -> list[Result]:
    """Each in a savepoint of its own, in the order of the ids: two such deeds never cross."""
    results = []
    for membership in sorted(memberships, key=lambda one: one.id):
        try:
            results.append(Result(membership, changed=deed(membership)))
        except ValidationError as error:
            results.append(Result(membership, refused=" ".join(error.messages)))
    return sorted(results, key=lambda result: result.membership.name.lower())


def _delete(membership: Membership, *, event: Event, reason: str, actor: Access) -> None:
    leave(organization=membership.organization_id, members=[membership.pk], actor=actor.identity)
    try:
        with transaction.atomic():
            Membership.objects.in_org(membership.organization_id).filter(pk=membership.pk).delete()
    except IntegrityError as error:
        raise refusal_of(error) from error
    ledger.record(
        event,
        organization=membership.organization_id,
        actor=actor.identity,
        target=target_of(membership),
        changes={"role": (membership.role_label, None)},
        reason=reason,
    )


def own_membership(actor: Access) -> Membership:
    """The membership of who acts. Raises ValidationError: `gone`."""
    members = Membership.objects.in_org(actor.org.id)
    own = members.filter(pk=actor.membership_id).first() if actor.membership_id else None
    if own is None:
        raise _gone()
    return own


def locked(membership: Membership) -> Membership:
    """The row as it is now, locked until commit. Raises ValidationError: `gone`."""
    rows = Membership.objects.in_org(membership.organization_id).select_for_update()
    found = rows.filter(pk=membership.pk).first()
    if found is None:
        raise _gone()
    return found


def _gone() -> ValidationError:
    return ValidationError("This person is no longer in the organization.", code="gone")


def refuse_support(membership: Membership) -> None:
    """What a window let in is changed by its window alone. Raises ValidationError: `support`."""
    if membership.is_support:
        raise ValidationError(
            f"{membership.name} is here through a support window. End it, and open another.",
            code="support",
        )


def target_of(membership: Membership) -> Target:
    return Target("member", membership.id, membership.name)


def save_keeping_an_owner(membership: Membership, *, fields: list[str]) -> None:
    """Save; the database refuses the last active owner's going, whoever asks at the same time."""
    try:
        with transaction.atomic():
            membership.save(update_fields=fields)
    except IntegrityError as error:
        raise refusal_of(error) from error


def refusal_of(error: IntegrityError) -> ValidationError:
    """The database's refusal as a sentence; any other integrity error is not ours to explain."""
    constraint = constraint_of(error)
    if constraint == "organization_has_an_owner":
        return ValidationError(
            "This is the last owner. Make somebody else an owner first.", code="last_owner"
        )
    if constraint == "organization_seats_hold":
        return ValidationError(
            "No seat is free. Free one, or ask an owner for a larger plan.", code="no_seat"
        )
    if constraint == "membership_owner_never_expires":
        return ValidationError(
            "An owner’s membership has no end, and this one has. Clear its end first.",
            code="ends",
        )
    raise error
