"""Deeds on when a membership ends. Shares and places in groups carry their ends themselves.

An end that has come is void at once, wherever a decision is made; no job is needed for that.
"""

from __future__ import annotations

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.actions.members import locked, refuse_support, save_keeping_an_owner, target_of
from orgs.ceiling import require_grant
from orgs.models import Membership


@transaction.atomic
def member_extend(
    *, membership: Membership, until: datetime.datetime | None, reason: str, actor: Access
) -> Membership:
    """Set when a membership ends, move it, or let it go on without one; also once it has ended.

    Raises ValidationError: `forbidden`, `own_membership`, `owner`, `past`, `ceiling`,
    `support`, `gone`.
    """
    require(actor, Permission.MEMBERS_CHANGE_ROLE)
    membership = locked(membership)
    refuse_support(membership)
    before = membership.expires_at
    if until == before:
        return membership
    if membership.pk == actor.membership_id:
        message = "Nobody decides when their own membership ends. Another owner may."
        raise ValidationError(message, code="own_membership")
    if membership.role == Role.OWNER:
        message = "An owner’s membership has no end. Change the role first."
        raise ValidationError(message, code="owner")
    if until is not None and until <= timezone.now():
        raise ValidationError({"until": ValidationError("This is in the past.", code="past")})
    # An end that is moved or taken away gives the role again.
    require_grant(actor, Role(membership.role))
    membership.expires_at = until
    save_keeping_an_owner(membership, fields=["expires_at"])
    ledger.record(
        Event.MEMBER_EXPIRY_CHANGED,
        organization=membership.organization_id,
        actor=actor.identity,
        target=target_of(membership),
        changes={"expires_at": (before, until)},
        reason=reason,
    )
    return membership
