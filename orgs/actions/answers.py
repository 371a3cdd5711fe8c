"""Answers to an invitation, by whoever was invited: accept, decline.

They act from outside the organization: a function of the database checks the address, changes
the rows and binds the transaction. Inviting is in invitations.py.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from uuid6 import uuid7

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from config.database import constraint_of
from config.prepared import prepared_row
from config.roles import Role
from orgs import joining
from orgs.access import Access
from orgs.actions.invitations import target_of
from orgs.actions.members import refusal_of
from orgs.models import Invitation, Membership, Organization, OwnerClaim
from orgs.queries.invitations import Glimpse, hash_of, invitation_peek
from orgs.queries.organizations import organizations_of
from orgs.rules.keeping import keeping_rules, unjudged
from orgs.tenancy import bind_member, bound

_ACCEPT = "SELECT * FROM accept_invitation(%s, %s, %s)"
_DECLINE = "SELECT * FROM decline_invitation(%s, %s)"

CLOSED = {
    "accepted": "This invitation has been accepted.",
    "declined": "This invitation was declined.",
    "revoked": "This invitation was revoked.",
    "expired": "This invitation has expired.",
    "closed": "The organization takes in nobody at present.",
}


@transaction.atomic
@keeping_rules()
def invitation_accept(*, token: str, person: User, identity: Actor) -> Access:
    """Join by an invitation, once, and only with the invited address proved (S1-042).

    Returns the new member's access, with the transaction bound to it. Raises ValidationError:
    `unknown`, `expired`, `revoked`, `accepted`, `declined`, `closed`, `other_address`,
    `already_member`, `address_in_use`, `ended`, `superadmin`, `rule`.
    """
    row = _accepted_row(token, person)
    if row is None:
        raise _refusal(token, person)
    organization_id, invitation_id, membership_id, role, opened = row
    organization = Organization.objects.get(pk=organization_id)
    access = bind_member(organization.slug, person.pk, identity=identity)
    if access is None:
        # Of an entry of the list that had an end, which has come meanwhile.
        raise ValidationError(
            "Your place in this organization has ended. Ask whoever invited you to extend it.",
            code="ended",
        )
    with _judged(organization_id, invitation_id):
        _record_joining(access, invitation_id, membership_id, Role(role))
        joining.joined(invitation=invitation_id, access=access)
        if opened:
            _record_opened(organization, access)
    return access


@transaction.atomic
def invitation_decline(*, token: str, person: User, identity: Actor) -> Invitation:
    """Say no, which frees the seat. Raises ValidationError as accepting does."""
    row = prepared_row(_DECLINE, [hash_of(token), person.pk])
    if row is None:
        raise _refusal(token, person)
    organization_id, invitation_id = row
    invitation = Invitation.objects.in_org(organization_id).get(pk=invitation_id)
    ledger.record(
        Event.INVITATION_DECLINED,
        organization=organization_id,
        actor=identity,
        target=target_of(invitation),
    )
    return invitation


def record_refused_answer(event: Event, glimpse: Glimpse, *, code: str, identity: Actor) -> None:
    """Write down an answer that was refused, in the ledger of the organization that invited."""
    with bound(glimpse.organization_id):
        ledger.record(
            event,
            organization=glimpse.organization_id,
            actor=identity,
            target=Target("invitation", glimpse.id, glimpse.email),
            reason=code,
            outcome=Outcome.FAILED,
        )


def _accepted_row(token: str, person: User) -> tuple[Any, ...] | None:
    try:
        with transaction.atomic():
            return prepared_row(_ACCEPT, [hash_of(token), person.pk, uuid7()])
    except IntegrityError as error:
        constraint = constraint_of(error)
        if constraint == "membership_one_per_person":
            raise _already_member() from error
        if constraint == "membership_email":
            raise ValidationError(
                "Another entry of the member list has this address. Ask whoever invited you.",
                code="address_in_use",
            ) from error
        raise refusal_of(error) from error


def _judged(organization: UUID, invitation: UUID) -> AbstractContextManager[None]:
    """By the rules, but for whom the platform has named: as with every claim, no rule stands
    between an organization and its way back to an owner, who alone may mend the rule."""
    claims = OwnerClaim.objects.in_org(organization).filter(invitation=invitation)
    return unjudged() if claims.exists() else nullcontext()


def _record_opened(organization: Organization, access: Access) -> None:
    ledger.record(
        Event.ORGANIZATION_OPENED,
        organization=organization.pk,
        actor=access.identity,
        target=Target("organization", organization.pk, organization.name),
        changes={"state": ("pending", "open")},
    )


def _record_joining(access: Access, invitation_id: UUID, membership_id: UUID, role: Role) -> None:
    org = access.org.id
    invitation = Invitation.objects.in_org(org).get(pk=invitation_id)
    member = Membership.objects.in_org(org).get(pk=membership_id)
    ledger.record(
        Event.INVITATION_ACCEPTED,
        organization=org,
        actor=access.identity,
        target=target_of(invitation),
        changes={"role": (None, role.label)},
    )
    ledger.record(
        Event.MEMBER_JOINED,
        organization=org,
        actor=access.identity,
        target=Target("member", member.id, member.name),
        changes={
            "role": (None, role.label),
            "name": (None, member.name),
            "email": (None, member.email),
        },
        reason=invitation.reason,
    )


def _refusal(token: str, person: User) -> ValidationError:
    """Why the database did not let this answer through."""
    glimpse = invitation_peek(token)
    if glimpse is None:
        return ValidationError("This invitation is not valid any more.", code="unknown")
    if not glimpse.is_open:
        return ValidationError(CLOSED[glimpse.state], code=glimpse.state)
    if not glimpse.is_for(person):
        return ValidationError(
            "This invitation is for %(email)s; you have not proved that this address is yours.",
            code="other_address",
            params={"email": glimpse.email},
        )
    if person.is_staff and not _is_in(glimpse.organization_id, person):
        return ValidationError(
            "Whoever runs this platform may not take up what it has named somebody for.",
            code="superadmin",
        )
    return _already_member()


def _is_in(organization: UUID, person: User) -> bool:
    return any(mine.id == organization for mine in organizations_of(person.pk))


def _already_member() -> ValidationError:
    return ValidationError("You are a member already.", code="already_member")
