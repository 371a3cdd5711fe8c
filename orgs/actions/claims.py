"""Owner recovery without a ticket: somebody claims, everybody hears of it, 72 hours pass.

Two Admins together claim, or one with a domain that an Owner has proved before. Alone an Admin
gets nowhere. This is the one path on which a role is given above its giver's ceiling: what stands
in for the Owner who would give it is the second Admin or the DNS, the notice to all of them, and
the time in which any Owner cancels. How claims end otherwise is in `claim_ends.py`; what the
platform may do for an organization without an owner, in `assignments.py`.
"""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.events import Event
from audit.ledger import SYSTEM
from config.database import constraint_of
from config.moments import format_local
from config.roles import Permission, Role
from config.text import NAME_LENGTH
from orgs.access import Access, require
from orgs.actions.claim_ends import claim_end, record, tell, turn
from orgs.actions.members import locked, set_role
from orgs.domains import require_answer
from orgs.models import Membership, OrganizationDomain, OwnerClaim
from orgs.models.recovery import NOTICE, new_token
from orgs.queries.claims import RUNNING
from orgs.rules.keeping import unjudged

State = OwnerClaim.State
Method = OwnerClaim.Method


@transaction.atomic
def claim_create(*, domain: OrganizationDomain | None, reason: str, actor: Access) -> OwnerClaim:
    """Ask to become an owner, as an Admin; nothing begins before it is confirmed or proved.

    Raises ValidationError: `forbidden`, `not_admin`, `ends`, `reason`, `not_proved`, `running`,
    `asked_already`.
    """
    require(actor, Permission.ORG_HANDLE_SUPPORT)
    own = _own_admin(actor)
    if own.expires_at is not None:
        message = "Your membership has an end, and an owner’s has none."
        raise ValidationError(message, code="ends")
    if not reason:
        raise ValidationError("Say why: every owner and admin reads it.", code="reason")
    if domain is not None and domain.verified_at is None:
        message = f"No owner has proved {domain.domain}, so it proves nothing now."
        raise ValidationError(message, code="not_proved")
    _require_none_open(actor)
    method = Method.DOMAIN if domain else Method.ADMINS
    claim = _insert(
        OwnerClaim(
            organization_id=actor.org.id,
            method=method,
            claimant=own,
            claimant_name=own.name,
            domain=domain,
            domain_name=domain.domain if domain else "",
            token=new_token() if domain else "",
            reason=reason,
        )
    )
    if domain is None:
        tell(claim, f"{own.name} asks a second Admin to confirm a claim of ownership.")
    changes = {"method": (None, in_words(method))}
    record(Event.OWNER_CLAIM_CREATED, claim, actor.identity, changes, reason)
    return claim


@transaction.atomic
def claim_confirm(*, claim: OwnerClaim, actor: Access) -> OwnerClaim:
    """Another Admin stands by a claim: now everybody is told, and the 72 hours begin.

    Raises ValidationError: `forbidden`, `not_admin`, `own_claim`, `closed`, `running`.
    """
    require(actor, Permission.ORG_HANDLE_SUPPORT)
    own = _own_admin(actor)
    if claim.claimant_id == own.pk:
        raise ValidationError("Another Admin has to confirm it.", code="own_claim")
    if claim.method != Method.ADMINS:
        raise ValidationError("This claim is proved by a domain.", code="closed")
    _require_standing(claim)
    opened = _announce(claim, second=own, second_name=own.name[:NAME_LENGTH])
    changes = {"ripe_at": (None, opened.ripe_at)}
    record(Event.OWNER_CLAIM_CONFIRMED, opened, actor.identity, changes)
    return opened


@transaction.atomic
def claim_prove(*, claim: OwnerClaim, actor: Access) -> OwnerClaim:
    """The claimant shows that the domain is still theirs: everybody is told, 72 hours begin.

    Raises ValidationError: `forbidden`, `not_admin`, `not_yours`, `not_proved`, `closed`,
    `running`, `no_answer`, `other_answer`, `unreachable`.
    """
    require(actor, Permission.ORG_HANDLE_SUPPORT)
    _require_own(claim, actor)
    _own_admin(actor)
    require_domain(claim)
    require_answer(claim.domain_name, claim.token)
    opened = _announce(claim)
    changes = {"domain": (None, claim.domain_name), "ripe_at": (None, opened.ripe_at)}
    record(Event.OWNER_CLAIM_PROVED, opened, actor.identity, changes)
    return opened


@transaction.atomic
def claim_complete(*, claim: OwnerClaim, actor: Access) -> OwnerClaim:
    """After the 72 hours the claimant becomes an owner, once; who is an owner already stays one.

    All that the claim rests on is asked again. Raises ValidationError: `not_yours`, `not_ripe`,
    `not_admin`, `second_gone`, `not_proved`, `closed`, and what the DNS says.
    """
    _require_own(claim, actor)
    if claim.method == Method.DOMAIN:
        require_domain(claim)
        require_answer(claim.domain_name, claim.token)
    # Members first, in the order of their ids, then the claim: as whoever demotes one does.
    people = {row.pk: row for row in map(locked, _people(claim))}
    claimant = _require_ready(claim, people)
    now = timezone.now()
    done = turn(
        claim,
        was=(State.OPEN,),
        state=State.COMPLETED,
        closed_at=now,
        closed_by_name=actor.identity.label[:NAME_LENGTH],
    )
    # No rule stands between an organization and its way back to an owner: "at most 3 Owners"
    # counts those who cannot be reached. What it then breaks is found and told by the clock.
    with unjudged():
        set_role(claimant, role=Role.OWNER, reason=f"Claimed: {claim.reason}"[:500], actor=actor)
    tell(done, f"{claimant.name} completed the claim and is an owner now.")
    changes = {"state": (State.OPEN.label, State.COMPLETED.label)}
    record(Event.OWNER_CLAIM_COMPLETED, done, actor.identity, changes)
    return done


def in_words(method: OwnerClaim.Method) -> str:
    """As it stands in a sentence of the log."""
    return method.label[0].lower() + method.label[1:]


def announced(claim: OwnerClaim) -> str:
    """What every owner and admin is told when the 72 hours begin."""
    ripe = format_local(claim.ripe_at, "j F Y, H:i T") if claim.ripe_at else ""
    return (
        f"{claim.claimant_name} claims ownership. Unless an owner cancels, it may be completed"
        f" from {ripe}."
    )


def require_domain(claim: OwnerClaim) -> OrganizationDomain:
    """The domain of the claim, proved by an owner before it. Raises ValidationError."""
    domains = OrganizationDomain.objects.in_org(claim.organization_id).filter(
        verified_at__isnull=False, verified_at__lt=claim.created_at
    )
    domain = domains.filter(pk=claim.domain_id).first() if claim.domain_id else None
    if domain is None:
        message = "The domain is no longer among those that an owner has proved."
        raise ValidationError(message, code="not_proved")
    return domain


def announce_values(now: datetime.datetime) -> dict[str, Any]:
    return {"state": State.OPEN, "notice_at": now, "ripe_at": now + NOTICE}


def _announce(claim: OwnerClaim, **values: Any) -> OwnerClaim:
    """The one turn from asked to open; that no second claim is, the database sees to."""
    _require_in_time(claim)
    try:
        with transaction.atomic():
            now = timezone.now()
            opened = turn(claim, was=(State.ASKED,), **announce_values(now), **values)
    except IntegrityError as error:
        raise _refusal_of(error) from error
    tell(opened, announced(opened))
    return opened


def _require_ready(claim: OwnerClaim, people: dict[UUID, Membership]) -> Membership:
    """The claimant, now that everything the claim rests on was asked again."""
    if claim.state != State.OPEN or claim.ripe_at is None:
        raise ValidationError("This claim is not open any more.", code="closed")
    if claim.ripe_at > timezone.now():
        when = format_local(claim.ripe_at, "j F Y, H:i T")
        raise ValidationError(f"The notice runs until {when}.", code="not_ripe")
    _require_in_time(claim)
    claimant = people.get(claim.claimant_id) if claim.claimant_id else None
    if claimant is None or not _is_active_admin(claimant):
        raise ValidationError("Only an Admin completes a claim.", code="not_admin")
    if claim.method == Method.ADMINS:
        second = people.get(claim.second_id) if claim.second_id else None
        if second is None or not _is_active_admin(second):
            name = claim.second_name or "The second Admin"
            raise ValidationError(f"{name} is no active Admin any more.", code="second_gone")
    return claimant


def _require_in_time(claim: OwnerClaim) -> None:
    if claim.has_lapsed:
        raise ValidationError("This claim has expired.", code="closed")


def _people(claim: OwnerClaim) -> list[Membership]:
    """Who claims and who confirmed, as far as they are still here, in the order of their ids."""
    members = Membership.objects.in_org(claim.organization_id)
    ids = [pk for pk in (claim.claimant_id, claim.second_id) if pk]
    return list(members.filter(pk__in=ids).order_by("id"))


def _require_standing(claim: OwnerClaim) -> None:
    """Who asked still is an active Admin. Raises ValidationError: `closed`."""
    members = Membership.objects.in_org(claim.organization_id)
    claimant = members.filter(pk=claim.claimant_id).first() if claim.claimant_id else None
    if claimant is None or not _is_active_admin(claimant):
        message = f"{claim.claimant_name} is no active Admin any more."
        raise ValidationError(message, code="closed")


def _own_admin(actor: Access) -> Membership:
    """The claimant's or the second's own membership. Raises ValidationError: `not_admin`."""
    members = Membership.objects.in_org(actor.org.id)
    own = members.filter(pk=actor.membership_id).first() if actor.membership_id else None
    if own is None or not _is_active_admin(own):
        raise ValidationError(
            "Admins of the organization claim ownership, and nobody of support.", code="not_admin"
        )
    return own


def _is_active_admin(member: Membership) -> bool:
    is_admin = member.role == Role.ADMIN and not member.is_support and not member.is_expired
    return is_admin and member.person is not None and member.person.is_active


def _require_own(claim: OwnerClaim, actor: Access) -> None:
    if actor.membership_id is None or claim.claimant_id != actor.membership_id:
        raise ValidationError("This claim is somebody else’s.", code="not_yours")


def _require_none_open(actor: Access) -> None:
    claims = OwnerClaim.objects.in_org(actor.org.id)
    for claim in claims.filter(state__in=RUNNING):
        if claim.has_lapsed:
            claim_end(claim, State.EXPIRED, SYSTEM)
    if claims.filter(state=State.OPEN).exists():
        raise _running()


def _insert(claim: OwnerClaim) -> OwnerClaim:
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal_of(error) from error
    return claim


def _refusal_of(error: IntegrityError) -> ValidationError:
    constraint = constraint_of(error)
    if constraint == "owner_claim_one_open":
        return _running()
    if constraint == "owner_claim_one_asked":
        message = "You have asked already. Withdraw that claim to make another."
        return ValidationError(message, code="asked_already")
    if constraint == "owner_claim_two_people":
        return ValidationError("Another Admin has to confirm it.", code="own_claim")
    raise error


def _running() -> ValidationError:
    return ValidationError("A claim of ownership is running already.", code="running")
