"""Deeds on invitations by those who invite: create, change, send again, revoke.

Many at once are in invitation_batches.py, answers to an invitation in answers.py. The order of
locks is an invitation's row, then the organization's, as in the database's own functions; who
creates or revives a pending invitation takes the organization's first, so that two of them
never wait for each other.
"""

from __future__ import annotations

import datetime
import math
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config.database import constraint_of
from config.roles import Role
from config.text import clean_email
from orgs.access import Access
from orgs.actions.members import refusal_of
from orgs.ceiling import require_grant
from orgs.models import Invitation, Membership, Organization
from orgs.queries.invitations import Roll, hash_of, roll_of
from orgs.seats import no_seat_words

NEEDS_REASON = frozenset({Role.OWNER, Role.ADMIN})
LONGEST_DAYS = 30
State = Invitation.State
_RENEWED = ["state", "token_hash", "sent_at", "expires_at"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Somebody to invite; `placeholder` is the entry that the person takes over."""

    email: str
    role: Role
    reason: str = ""
    placeholder: Membership | None = None


@transaction.atomic
def invitation_create(
    *,
    email: str,
    role: Role,
    reason: str,
    actor: Access,
    membership: Membership | None = None,
) -> tuple[Invitation, str]:
    """Invite an address (S1-042); returns the invitation and its token, which is kept nowhere.

    A placeholder, named or known by the same address, becomes a member in place. Raises
    ValidationError: `ceiling`, `reason_missing`, `own_address`, `already_member`,
    `already_pending`, `ended`, `no_seat`, and what `clean_email` raises.
    """
    lock_organization(actor)
    ask = Ask(email=clean_email(email), role=role, reason=reason, placeholder=membership)
    roll = roll_of(actor, [ask.email])
    require_invitable(ask, roll=roll, actor=actor)
    invitation, token = insert_invitation(ask, roll=roll, actor=actor)
    record_sent(invitation, actor=actor)
    return invitation, token


@transaction.atomic
def invitation_change(
    *, invitation: Invitation, role: Role, days: int, reason: str, actor: Access
) -> Invitation:
    """Change the role and the days left of an open invitation; its link stays as it is.

    Raises ValidationError: `not_open`, `ceiling`, `reason_missing`, `days`.
    """
    invitation = _locked(invitation)
    _require_state(invitation, may_be_overdue=False)
    old_role, old_expiry = Role(invitation.role), invitation.expires_at
    if (role, days) == (old_role, days_left(invitation)):
        return invitation
    require_grant(actor, old_role)
    require_grant(actor, role)
    if role != old_role:
        require_reason(role, reason)
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError("Choose 1 to %(most)d days.", "days", {"most": LONGEST_DAYS})
    if days != days_left(invitation):
        invitation.expires_at = _in_days(days)
    invitation.role, invitation.reason = role, reason or invitation.reason
    invitation.save(update_fields=["role", "reason", "expires_at"])
    _record(
        Event.INVITATION_CHANGED,
        invitation,
        actor=actor,
        changes={
            "role": (old_role.label, role.label),
            "expires_at": _dates(old_expiry, invitation.expires_at),
        },
        reason=reason,
    )
    return invitation


@transaction.atomic
def invitation_resend(*, invitation: Invitation, actor: Access) -> tuple[Invitation, str]:
    """Give an invitation a new link, which kills the old one, and its full time again.

    An expired one takes a seat again. Raises ValidationError: `not_open`, `ceiling`,
    `already_member`, `already_pending`, `no_seat`, `meanwhile`.
    """
    revived = invitation.state == State.EXPIRED
    if revived:
        lock_organization(actor)
    invitation = _locked(invitation)
    _require_state(invitation, may_be_overdue=True)
    if (invitation.state == State.EXPIRED) != revived:
        raise ValidationError("This has just changed. Look again, then decide.", "meanwhile")
    require_grant(actor, Role(invitation.role))
    member = roll_of(actor, [invitation.email]).members.get(invitation.email)
    if member is not None and not member.is_placeholder:
        raise _already_member()
    token, old_expiry = secrets.token_urlsafe(32), invitation.expires_at
    invitation.state, invitation.token_hash = State.PENDING, hash_of(token)
    invitation.sent_at, invitation.expires_at = timezone.now(), _in_days()
    _save_within_seats(invitation, actor=actor, fields=_RENEWED)
    _record(
        Event.INVITATION_RESENT,
        invitation,
        actor=actor,
        changes={"expires_at": _dates(old_expiry, invitation.expires_at)},
    )
    return invitation, token


@transaction.atomic
def invitation_revoke(*, invitation: Invitation, actor: Access) -> Invitation:
    """Close an open invitation at once and free its seat.

    Raises ValidationError: `not_open`, `ceiling`.
    """
    invitation = _locked(invitation)
    if invitation.state == State.REVOKED:
        return invitation
    _require_state(invitation, may_be_overdue=False)
    require_grant(actor, Role(invitation.role))
    invitation.state, invitation.answered_at = State.REVOKED, timezone.now()
    invitation.save(update_fields=["state", "answered_at"])
    _record(Event.INVITATION_REVOKED, invitation, actor=actor)
    return invitation


def require_invitable(ask: Ask, *, roll: Roll, actor: Access) -> None:
    """The checks that a dry run and the deed share. Raises ValidationError with a code each."""
    require_grant(actor, ask.role)
    require_reason(ask.role, ask.reason)
    if ask.email in roll.own:
        raise ValidationError("This is your own address.", code="own_address")
    known = roll.members.get(ask.email)
    if known is not None and not known.is_placeholder:
        raise _already_member()
    if ask.placeholder is not None and known is not None and known.pk != ask.placeholder.pk:
        raise ValidationError(
            "This address belongs to %(name)s on the member list.",
            code="already_member",
            params={"name": known.name},
        )
    if ask.email in roll.invited:
        raise _already_pending()
    if placeholder := ask.placeholder or known:
        if placeholder.is_expired:
            raise ValidationError(
                "The place of %(name)s has ended. Extend it first.",
                code="ended",
                params={"name": placeholder.name},
            )
        # Filling an entry gives its holder that entry's place: no way around the ceiling.
        require_grant(actor, Role(placeholder.role))


def require_reason(role: Role, reason: str) -> None:
    if role in NEEDS_REASON and not reason:
        raise ValidationError(
            "Say why: an %(role)s is invited with a reason.",
            code="reason_missing",
            params={"role": role.label},
        )


def insert_invitation(ask: Ask, *, roll: Roll, actor: Access) -> tuple[Invitation, str]:
    """Insert without an entry in the ledger, which the caller writes last."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organization_id=actor.org.id,
        email=ask.email,
        role=ask.role,
        reason=ask.reason,
        token_hash=hash_of(token),
        invited_by_id=actor.membership_id,
        membership=ask.placeholder or roll.members.get(ask.email),
        expires_at=_in_days(),
    )
    _save_within_seats(invitation, actor=actor)
    return invitation, token


def record_sent(invitation: Invitation, *, actor: Access) -> None:
    _record(
        Event.INVITATION_SENT,
        invitation,
        actor=actor,
        changes={
            "role": (None, invitation.role_label),
            "expires_at": _dates(None, invitation.expires_at),
        },
        reason=invitation.reason,
    )


def lock_organization(actor: Access) -> None:
    """One after the other: who counts seats or opens an invitation here."""
    Organization.objects.select_for_update(no_key=True).only("id").get(pk=actor.org.id)


def days_left(invitation: Invitation) -> int:
    """Whole days until it expires, a begun one counted."""
    return math.ceil((invitation.expires_at - timezone.now()) / datetime.timedelta(days=1))


def target_of(invitation: Invitation) -> Target:
    return Target("invitation", invitation.id, invitation.email)


def _locked(invitation: Invitation) -> Invitation:
    return (
        Invitation.objects.in_org(invitation.organization_id)
        .select_for_update()
        .get(pk=invitation.pk)
    )


def _require_state(invitation: Invitation, *, may_be_overdue: bool) -> None:
    state = invitation.shown_state
    if state == State.PENDING or (may_be_overdue and state == State.EXPIRED):
        return
    word = State(state).label.lower()
    raise ValidationError(
        "This invitation is open no more: it is %(state)s.", "not_open", {"state": word}
    )


def _save_within_seats(each: Invitation, *, actor: Access, fields: list[str] | None = None) -> None:
    """Save; the database refuses a second open one for the address, and a seat too many."""
    try:
        with transaction.atomic():
            if each._state.adding:
                _close_overdue(each)
            each.save(update_fields=fields)
    except IntegrityError as error:
        if constraint_of(error) == "invitation_one_pending":
            raise _already_pending() from error
        if constraint_of(error) == "organization_seats_hold":
            raise ValidationError(no_seat_words(actor), code="no_seat") from error
        raise refusal_of(error) from error


def _close_overdue(invitation: Invitation) -> None:
    """An overdue invitation of the same address must not stand in the way of a new one."""
    Invitation.objects.in_org(invitation.organization_id).filter(
        email=invitation.email, state=State.PENDING, expires_at__lte=timezone.now()
    ).update(state=State.EXPIRED)


def _record(
    event: Event,
    invitation: Invitation,
    *,
    actor: Access,
    changes: dict[str, Change] | None = None,
    reason: str = "",
) -> None:
    ledger.record(
        event,
        organization=invitation.organization_id,
        actor=actor.identity,
        target=target_of(invitation),
        changes=changes,
        reason=reason,
    )


def _in_days(days: int | None = None) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(days=days or settings.INVITATION_DAYS)


def _dates(before: datetime.datetime | None, after: datetime.datetime) -> Change:
    return before and before.isoformat(timespec="seconds"), after.isoformat(timespec="seconds")


def _already_member() -> ValidationError:
    return ValidationError("Already a member.", code="already_member")


def _already_pending() -> ValidationError:
    return ValidationError("Already invited; send it again instead.", code="already_pending")
