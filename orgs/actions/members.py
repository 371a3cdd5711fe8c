"""Deeds on members: role, removal, leaving."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Role
from orgs.access import Access, require_grant
from orgs.models import Membership


@transaction.atomic
def member_change_role(
    *, membership: Membership, role: Role, reason: str, actor: Access
) -> Membership:
    """Give a member another organization role and keep why (S1-037, S2-167).

    Raises ValidationError: `ceiling`, `own_role` (nobody raises themself), `last_owner`.
    """
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    old = Role(membership.role)
    if role == old:
        return membership
    require_grant(actor, role)
    require_grant(actor, old)
    membership.role, membership.reason = role, reason
    save_keeping_an_owner(membership, fields=["role", "reason"])
    ledger.record(
        Event.MEMBER_ROLE_CHANGED,
        organization=membership.organization_id,
        actor=actor.identity,
        target=target_of(membership),
        changes={"role": (old.label, role.label)},
        reason=reason,
    )
    return membership


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
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
    if constraint == "organization_has_an_owner":
        return ValidationError(
            "This is the last owner. Make somebody else an owner first.", code="last_owner"
        )
    if constraint == "organization_seats_hold":
        return ValidationError(
            "No seat is free. Free one, or ask an owner for a larger plan.", code="no_seat"
        )
    raise error
