"""How a claim of ownership ends without its completion, and who is told of any turn of it.

Each turn is one guarded statement: of two who come at once, one finds it as it was.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.roles import Role
from config.text import NAME_LENGTH
from orgs.access import Access
from orgs.actions.notices import notify
from orgs.models import Membership, Organization, OrganizationDomain, OwnerClaim
from orgs.queries.claims import RUNNING

State = OwnerClaim.State


@transaction.atomic
def claim_cancel(*, claim: OwnerClaim, actor: Access) -> OwnerClaim:
    """Any Owner ends a claim before it is completed; so do the two whose claim it is.

    Raises ValidationError: `forbidden`, `closed`.
    """
    if not may_cancel(claim, actor):
        message = "Owners cancel a claim, and the two Admins whose claim it is."
        raise ValidationError(message, code="forbidden")
    return claim_end(claim, State.CANCELED, actor.identity)


def may_cancel(claim: OwnerClaim, actor: Access) -> bool:
    if actor.is_support:
        return False
    theirs = actor.membership_id in (claim.claimant_id, claim.second_id)
    return actor.role is Role.OWNER or (actor.membership_id is not None and theirs)


def claims_cancel_of(*, domain: OrganizationDomain, actor: Access) -> None:
    """Whatever claim rests on this domain is over with it."""
    claims = OwnerClaim.objects.in_org(actor.org.id).filter(domain=domain, state__in=RUNNING)
    for claim in claims.order_by("id"):
        claim_end(claim, State.CANCELED, actor.identity)


def claim_end(claim: OwnerClaim, state: OwnerClaim.State, actor: Actor) -> OwnerClaim:
    """Canceled or expired, told and recorded. Raises ValidationError: `closed`."""
    was = claim.state
    by = actor.label[:NAME_LENGTH] if actor.id else ""
    turned = turn(claim, was=RUNNING, state=state, closed_at=timezone.now(), closed_by_name=by)
    if was == State.OPEN or claim.method != OwnerClaim.Method.PLATFORM:
        what = "was canceled" if state == State.CANCELED else "has expired"
        who = f" by {by}" if by else ""
        tell(turned, f"{turned.claimant_name}’s claim of ownership {what}{who}.")
    event = {State.CANCELED: Event.OWNER_CLAIM_CANCELED, State.EXPIRED: Event.OWNER_CLAIM_EXPIRED}
    record(event[state], turned, actor, {"state": (State(was).label, state.label)})
    return turned


def turn(claim: OwnerClaim, *, was: tuple[OwnerClaim.State, ...], **values: Any) -> OwnerClaim:
    """Change a claim that still is what it was. Raises ValidationError: `closed`."""
    rows = OwnerClaim.objects.in_org(claim.organization_id).filter(pk=claim.pk, state__in=was)
    if not rows.update(**values):
        raise ValidationError("This claim is not open any more.", code="closed")
    return OwnerClaim.objects.in_org(claim.organization_id).get(pk=claim.pk)


def concerned(organization: UUID) -> list[Membership]:
    """Every Owner and Admin of the organization itself: who hears of every turn."""
    members = Membership.objects.in_org(organization).filter(role__in=[Role.OWNER, Role.ADMIN])
    return list(members.exclude(origin=Membership.Origin.SUPPORT).order_by("id"))


def tell(claim: OwnerClaim, text: str) -> None:
    """A notice and a letter for everybody concerned, with the way to the claim."""
    organization = Organization.objects.get(pk=claim.organization_id)
    path = reverse("owner_claim_view", args=[organization.slug, claim.pk])
    notify(organization=organization.pk, members=concerned(organization.pk), text=text, path=path)


def record(
    event: Event,
    claim: OwnerClaim,
    actor: Actor,
    changes: dict[str, ledger.Change],
    reason: str = "",
) -> None:
    ledger.record(
        event,
        organization=claim.organization_id,
        actor=actor,
        target=Target("owner_claim", claim.pk, claim.claimant_name),
        changes=changes,
        reason=reason,
    )
