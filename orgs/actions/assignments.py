"""The platform names an owner where there is none; and what the clock does to claims.

The portal sees none of the contents: functions of the database check, write the claim and its
entry. All that follows (the notice to the Admins, 72 hours, the invitation) is done by the clock
inside the organization, so no superadmin's hand is in it.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from uuid6 import uuid7

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from config.moments import format_local
from config.roles import Role
from orgs import letters
from orgs.access import Access
from orgs.actions.claim_ends import claim_end, record, tell, turn
from orgs.actions.claims import announce_values, in_words
from orgs.models import Invitation, Membership, Organization, OwnerClaim
from orgs.queries.invitations import hash_of
from orgs.tenancy import bound

State = OwnerClaim.State
_CREATE = "SELECT owner_assignment_create(%s, %s, %s, %s, %s, %s::jsonb, %s::jsonb)"
_CANCEL = "SELECT owner_assignment_cancel(%s, %s, %s, %s::jsonb, %s::jsonb)"
REFUSED = {
    "missing": "This organization is gone.",
    "pending": "It still waits for its first owner. Name another first owner instead.",
    "has_owner": "It has an active owner. Inside an organization, owners name owners.",
    "kept_out": (
        "It has an owner, whose account the platform keeps out. Nobody is named in their place:"
        " let the account in instead."
    ),
    "own_address": "You may not name yourself.",
    "superadmin": "You may not name somebody who runs this platform.",
    "running": "A claim of ownership is running already.",
}


@transaction.atomic
def owner_assignment_create(
    *, organization: UUID, name: str, email: str, reason: str, actor: Access
) -> UUID:
    """Name who shall own an organization without an owner; its Admins have 72 hours' notice.

    From the portal (S2-009). Raises ValidationError by the words of `REFUSED`.
    """
    claim = uuid7()
    changes: dict[str, ledger.Change] = {"method": (None, in_words(OwnerClaim.Method.PLATFORM))}
    facts, words = _texts(Event.OWNER_CLAIM_CREATED, claim, email, changes, reason, actor)
    said = (organization, claim, email, reason, actor.identity.id, facts, words)
    answer = _one(_CREATE, said)
    if answer != "done":
        field = "email" if answer in ("own_address", "superadmin") else None
        refusal = ValidationError(REFUSED[answer], code=answer)
        raise ValidationError({field: refusal}) if field else refusal
    ledger.record_platform(
        Event.OWNER_CLAIM_CREATED,
        actor=actor.identity,
        target=Target("organization", organization, name),
        changes=changes,
        reason=reason,
    )
    return claim


@transaction.atomic
def owner_assignment_cancel(
    *, organization: UUID, name: str, claim: UUID, email: str, reason: str, actor: Access
) -> None:
    """Take it back before the 72 hours are over. Raises ValidationError: `closed`."""
    changes: dict[str, ledger.Change] = {"state": (State.OPEN.label, State.CANCELED.label)}
    facts, words = _texts(Event.OWNER_CLAIM_CANCELED, claim, email, changes, reason, actor)
    said = (organization, claim, actor.identity.id, facts, words)
    if not _one(_CANCEL, said):
        raise ValidationError("It is not open any more.", code="closed")
    ledger.record_platform(
        Event.OWNER_CLAIM_CANCELED,
        actor=actor.identity,
        target=Target("organization", organization, name),
        changes=changes,
        reason=reason,
    )


def claim_advance(*, organization: UUID, claim: UUID, actor: Actor) -> None:
    """What the clock does to one claim: announce, invite or end it. May run twice."""
    with bound(organization):
        held = Organization.objects.select_for_update(no_key=True).get(pk=organization)
        found = OwnerClaim.objects.in_org(organization).filter(pk=claim).first()
        if found is None or not found.is_running:
            return
        if found.lapses_at <= timezone.now():
            claim_end(found, State.EXPIRED, actor)
        elif found.method == OwnerClaim.Method.PLATFORM:
            _advance_platforms(found, held, actor)


def _advance_platforms(claim: OwnerClaim, held: Organization, actor: Actor) -> None:
    if _has_an_owner(held):
        claim_end(claim, State.CANCELED, actor)
    elif claim.state == State.ASKED:
        _announce(claim, actor)
    elif claim.is_ripe:
        _invite(claim, held, actor)


def _has_an_owner(organization: Organization) -> bool:
    """One whom the platform keeps out counts as well: whoever suspends must not name the next."""
    owners = Membership.objects.in_org(organization).filter(role=Role.OWNER)
    return owners.filter(person__isnull=False).exists()


def _announce(claim: OwnerClaim, actor: Actor) -> None:
    """The notice to the Admins; from now on the 72 hours run."""
    try:
        with transaction.atomic():
            opened = turn(claim, was=(State.ASKED,), **announce_values(timezone.now()))
    except IntegrityError:
        return  # A claim of Admins came first; this one waits for its end, or expires.
    ripe = format_local(opened.ripe_at, "j F Y, H:i T") if opened.ripe_at else ""
    text = f"The platform names {opened.email} as owner, because there is none. Invited {ripe}."
    tell(opened, text)
    record(Event.OWNER_CLAIM_ANNOUNCED, opened, actor, {"ripe_at": (None, opened.ripe_at)})


def _invite(claim: OwnerClaim, held: Organization, actor: Actor) -> None:
    """Who was named gets the invitation of an owner, and accepts as anybody does."""
    invitation, token = _invitation(claim, held, actor)
    done = turn(
        claim,
        was=(State.OPEN,),
        state=State.COMPLETED,
        closed_at=timezone.now(),
        invitation=invitation,
    )
    link = f"{settings.PUBLIC_URL}{reverse('invitation_view', args=[token])}"
    letters.post([letters.first_owner_letter(invitation, organization=held, link=link)])
    tell(done, f"{claim.email} was invited as owner, as the platform announced.")
    changes: dict[str, ledger.Change] = {"state": (State.OPEN.label, State.COMPLETED.label)}
    record(Event.OWNER_CLAIM_COMPLETED, done, actor, changes)


def _invitation(claim: OwnerClaim, held: Organization, actor: Actor) -> tuple[Invitation, str]:
    pending = Invitation.objects.in_org(held).filter(
        email=claim.email, state=Invitation.State.PENDING
    )
    for earlier in pending.select_for_update():
        earlier.state, earlier.answered_at = Invitation.State.REVOKED, timezone.now()
        earlier.save(update_fields=["state", "answered_at"])
        _record_invitation(Event.INVITATION_REVOKED, earlier, actor, {})
    held.refresh_from_db()
    if held.seats is not None and held.seats_used >= held.seats:
        # Nobody is there who could free a seat: one more is lent, and gone with the next that is.
        held.seats_of_plan = held.seats if held.seats_of_plan is None else held.seats_of_plan
        held.seats = held.seats_used + 1
        held.save(update_fields=["seats", "seats_of_plan"])
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        organization=held,
        email=claim.email,
        role=Role.OWNER,
        reason=claim.reason,
        token_hash=hash_of(token),
        expires_at=timezone.now() + datetime.timedelta(days=settings.INVITATION_DAYS),
    )
    ends = invitation.expires_at.isoformat(timespec="seconds")
    given = {"role": (None, invitation.role_label), "expires_at": (None, ends)}
    _record_invitation(Event.INVITATION_SENT, invitation, actor, given)
    return invitation, token


def _record_invitation(
    event: Event, invitation: Invitation, actor: Actor, changes: dict[str, ledger.Change]
) -> None:
    ledger.record(
        event,
        organization=invitation.organization_id,
        actor=actor,
        target=Target("invitation", invitation.pk, invitation.email),
        changes=changes,
    )


def _texts(
    event: Event,
    claim: UUID,
    email: str,
    changes: dict[str, ledger.Change],
    reason: str,
    actor: Access,
) -> tuple[str, str]:
    return ledger.texts(
        event,
        actor=actor.identity,
        target=Target("owner_claim", claim, email),
        changes=changes,
        reason=reason,
        outcome=Outcome.DONE,
    )


def _one(statement: str, said: Sequence[str | UUID | None]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement, said)
        return str(cursor.fetchone()[0] or "")
