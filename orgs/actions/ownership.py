"""Deeds on ownership: offered by an owner, taken up by the one to whom it is offered."""

from __future__ import annotations

import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from config.moments import format_local
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.actions.members import (
    locked,
    own_membership,
    refuse_support,
    set_role,
    target_of,
)
from orgs.models import Membership, OwnershipOffer

OPEN_FOR = datetime.timedelta(days=7)


@transaction.atomic
def ownership_offer(
    *, membership: Membership, steps_down: bool, actor: Access, page: str = ""
) -> OwnershipOffer:
    """Offer ownership to a member, who has a week to accept (S4-012).

    `page` is the address where it can be accepted, for the mail. Raises ValidationError:
    `forbidden`, `placeholder`, `suspended_account`, `support`, `already_owner`,
    `already_offered`, `gone`.
    """
    require(actor, Permission.ORG_TRANSFER_OWNERSHIP)
    # The lock on the member orders two owners who offer at the same time.
    membership = locked(membership)
    _refuse_unfit(membership)
    _close_stale(membership)
    offer = OwnershipOffer.objects.create(
        organization_id=membership.organization_id,
        offered_to=membership,
        offered_by=own_membership(actor),
        steps_down=steps_down,
        expires_at=timezone.now() + OPEN_FOR,
    )
    _record(Event.OWNERSHIP_OFFERED, membership, actor, {"expires_at": (None, offer.expires_at)})
    org, by = actor.org.name, actor.identity.label
    until = "until " + format_local(offer.expires_at, "j F Y, H:i T")
    _tell(
        membership,
        f"{by} offers you ownership of {org}",
        f"You may accept it {until}, in {org} under Members.\n{page}",
    )
    _tell(
        offer.offered_by,
        f"You offered ownership of {org} to {membership.name}",
        f"{membership.name} may accept it {until}. You may withdraw it until then.\n{page}",
    )
    return offer


@transaction.atomic
def ownership_accept(*, offer: OwnershipOffer, actor: Access) -> OwnershipOffer:
    """Become an owner, and let whoever offered step down if they said so: both, or nothing.

    Raises ValidationError: `not_yours`, `offer_closed`, `offer_void`, `gone`.
    """
    offer = _locked_offer(offer)
    _refuse_others(offer, actor)
    _refuse_closed(offer)
    to, by = _both_locked(offer)
    if by.role != Role.OWNER:
        raise ValidationError(
            f"{by.name} is no longer an owner, so the offer is void. Ask another owner.",
            code="offer_void",
        )
    if to.role != Role.OWNER:
        set_role(to, role=Role.OWNER, reason=f"Ownership offered by {by.name}", actor=actor)
    if offer.steps_down:
        set_role(by, role=Role.ADMIN, reason=f"Handed ownership to {to.name}", actor=actor)
    _answer(offer, OwnershipOffer.State.ACCEPTED)
    _record(Event.OWNERSHIP_ACCEPTED, by, actor)
    org = actor.org.name
    now = "You are an Admin now." if offer.steps_down else "You are both owners now."
    _tell(by, f"{to.name} accepted ownership of {org}", now)
    _tell(to, f"You are an owner of {org}", f"{by.name} offered it, and you accepted.")
    return offer


@transaction.atomic
def ownership_decline(*, offer: OwnershipOffer, actor: Access) -> OwnershipOffer:
    """Say no to an offer. Raises ValidationError: `not_yours`, `offer_closed`."""
    offer = _locked_offer(offer)
    _refuse_others(offer, actor)
    _refuse_closed(offer)
    _answer(offer, OwnershipOffer.State.DECLINED)
    _record(Event.OWNERSHIP_DECLINED, offer.offered_by, actor)
    name, org = offer.offered_to.name, actor.org.name
    _tell(offer.offered_by, f"{name} declined ownership of {org}", "Every role stays as it was.")
    return offer


@transaction.atomic
def ownership_withdraw(*, offer: OwnershipOffer, actor: Access) -> OwnershipOffer:
    """Take an offer back, as any owner. Raises ValidationError: `forbidden`, `offer_closed`."""
    require(actor, Permission.ORG_TRANSFER_OWNERSHIP)
    offer = _locked_offer(offer)
    _refuse_closed(offer)
    _answer(offer, OwnershipOffer.State.WITHDRAWN)
    _record(Event.OWNERSHIP_WITHDRAWN, offer.offered_to, actor)
    org = actor.org.name
    _tell(
        offer.offered_to,
        f"The offer of ownership of {org} was withdrawn",
        f"{actor.identity.label} took it back. Your role stays as it is.",
    )
    return offer


def _refuse_unfit(membership: Membership) -> None:
    if membership.person is None:
        raise ValidationError(
            "A placeholder cannot sign in. Invite the person first.", code="placeholder"
        )
    if not membership.person.is_active:
        raise ValidationError(
            f"The account of {membership.name} is suspended.", code="suspended_account"
        )
    refuse_support(membership)
    if membership.role == Role.OWNER:
        raise ValidationError(f"{membership.name} is an owner already.", code="already_owner")


def _close_stale(membership: Membership) -> None:
    """An overdue or void offer makes room; one that is open stands in the way of a second."""
    offers = OwnershipOffer.objects.in_org(membership.organization_id)
    for offer in offers.filter(offered_to=membership, state=OwnershipOffer.State.PENDING):
        if offer.is_open and offer.offered_by.role == Role.OWNER:
            raise ValidationError(
                f"{membership.name} has an offer already. Withdraw it to make another.",
                code="already_offered",
            )
        _answer(offer, OwnershipOffer.State.WITHDRAWN)


def _locked_offer(offer: OwnershipOffer) -> OwnershipOffer:
    rows = OwnershipOffer.objects.in_org(offer.organization_id).select_for_update()
    found = rows.filter(pk=offer.pk).first()
    if found is None:
        raise ValidationError("This offer is gone.", code="offer_closed")
    return found


def _both_locked(offer: OwnershipOffer) -> tuple[Membership, Membership]:
    """Who is offered ownership and who offers it, locked in the order of their ids."""
    pair = sorted((offer.offered_to, offer.offered_by), key=lambda member: member.id)
    rows = {row.pk: row for row in map(locked, pair)}
    return rows[offer.offered_to_id], rows[offer.offered_by_id]


def _refuse_others(offer: OwnershipOffer, actor: Access) -> None:
    if offer.offered_to_id != actor.membership_id:
        raise ValidationError("This offer was made to somebody else.", code="not_yours")


def _refuse_closed(offer: OwnershipOffer) -> None:
    if offer.is_open:
        return
    overdue = offer.state == OwnershipOffer.State.PENDING
    what = "has expired" if overdue else f"was {offer.get_state_display().lower()}"
    raise ValidationError(f"This offer {what}.", code="offer_closed")


def _answer(offer: OwnershipOffer, state: OwnershipOffer.State) -> None:
    offer.state = state.value
    offer.save(update_fields=["state"])


def _record(
    event: Event,
    about: Membership,
    actor: Access,
    changes: dict[str, ledger.Change] | None = None,
) -> None:
    ledger.record(
        event,
        organization=about.organization_id,
        actor=actor.identity,
        target=target_of(about),
        changes=changes,
    )


def _tell(member: Membership, subject: str, text: str) -> None:
    """A mail once all this is committed; a mail server that is down undoes nothing."""
    if member.email:
        send = partial(send_mail, subject, text, None, [member.email])
        transaction.on_commit(send, robust=True)
