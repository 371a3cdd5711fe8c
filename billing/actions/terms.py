"""What an organization holds from a day on: its terms, and the turn of a month that changes them.

Who locks anything of a subscription locks the organization's row first, as whoever takes a seat
does, and then the subscription's: so two never wait for each other, and one of them sees what the
other left.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Change, Target
from billing.actions.plans import plan_write
from billing.models import Subscription, Term
from billing.offers import Offer
from billing.periods import day_words
from billing.plans import plan_of
from billing.queries.terms import held, planned
from config.moments import format_money
from orgs.models import Invitation, Organization
from orgs.seats import seats

State = Subscription.State


def locked(organization: UUID) -> tuple[Organization, Subscription | None]:
    """The organization's row and its living subscription, until this transaction ends."""
    row = Organization.objects.select_for_update(no_key=True).get(pk=organization)
    living = Subscription.objects.in_org(organization).exclude(state=State.ENDED)
    return row, living.select_for_update(no_key=True).first()


def hold(subscription: Subscription, offer: Offer, *, row: Organization, on: datetime.date) -> None:
    """Let the offer hold from a day on, wherever it is read. The caller saves and records.

    Of a day that was begun with another term the later one counts, whole.
    """
    terms = Term.objects.in_org(subscription.organization_id).filter(subscription=subscription)
    term = terms.filter(ends_on=None).first()
    values = {
        "plan": offer.plan.code,
        "seats": offer.seats,
        "base": offer.base,
        "seat": offer.seat,
    }
    if term is not None and term.starts_on >= on:
        terms.filter(pk=term.pk).update(**values)
    else:
        terms.filter(ends_on=None).update(ends_on=on)
        Term.objects.create(
            organization_id=subscription.organization_id,
            subscription=subscription,
            starts_on=on,
            **values,
        )
    subscription.plan, subscription.seats = offer.plan.code, offer.seats
    free_overdue_seats(row)
    plan_write(row, offer.plan, seats=offer.seats)


def free_overdue_seats(row: Organization) -> None:
    """Overdue invitations hold no seat; the database's counter learns it only now."""
    Invitation.objects.in_org(row.pk).filter(
        state=Invitation.State.PENDING, expires_at__lte=timezone.now()
    ).update(state=Invitation.State.EXPIRED)
    row.refresh_from_db(fields=["seats_used"])


@transaction.atomic
def subscription_turn(
    *, subscription: Subscription, on: datetime.date, actor: Actor
) -> Subscription:
    """What was put off until a month ends happens: fewer seats, a smaller plan, or the end.

    Nothing where nothing is due by `on`, so it may be called again. Nobody loses a seat: who came
    meanwhile stays, and is paid for.
    """
    row, living = locked(subscription.organization_id)
    if living is None or living.pk != subscription.pk:
        return subscription
    return due(living, row=row, on=on, actor=actor)


def due(
    living: Subscription, *, row: Organization, on: datetime.date, actor: Actor
) -> Subscription:
    """The turn itself, for who holds the locks already."""
    if living.ends_on is not None and living.ends_on <= on:
        subscription_end(living, row=row, on=living.ends_on, actor=actor)
    elif living.next_on is not None and living.next_on <= on:
        _shrink(living, row=row, actor=actor)
    return living


def subscription_end(
    living: Subscription, *, row: Organization, on: datetime.date, actor: Actor
) -> None:
    """It is over: the organization has again what one has without a subscription.

    For who holds the locks. What was added keeps its members, and takes in nobody more.
    """
    before = held(living)
    terms = Term.objects.in_org(living.organization_id).filter(subscription=living, ends_on=None)
    # Ended on the day that it began: not one day of this term counts.
    terms.filter(starts_on__gte=on).delete()
    terms.update(ends_on=on)
    living.state, living.ends_on = State.ENDED, on
    living.next_plan, living.next_seats, living.next_on = "", None, None
    save(living, by=None)
    plan = plan_of(settings.DEFAULT_PLAN)
    free_overdue_seats(row)
    plan_write(row, plan)
    after = {"plan": plan.label, "seats": row.seats, "price": format_money(0, living.currency)}
    record(Event.SUBSCRIPTION_ENDED, living, actor=actor, changes=_pairs(facts(before), after))


def _shrink(living: Subscription, *, row: Organization, actor: Actor) -> None:
    before = held(living)
    wanted, on = planned(living, before), living.next_on
    if on is None:
        raise LookupError("Nothing was put off.")
    used = seats(row).used
    wanted = replace(wanted, seats=max(wanted.seats, used))
    living.next_plan, living.next_seats, living.next_on = "", None, None
    hold(living, wanted, row=row, on=on)
    save(living, by=None)
    changes = _pairs(facts(before), facts(wanted)) | {"from": (None, day_words(on, year=True))}
    record(Event.SUBSCRIPTION_CHANGED, living, actor=actor, changes=changes)


def save(subscription: Subscription, *, by: UUID | None) -> None:
    subscription.changed_at, subscription.changed_by_id = timezone.now(), by
    subscription.save()


def record(
    event: Event,
    subscription: Subscription,
    *,
    actor: Actor,
    changes: dict[str, Change],
    reason: str = "",
) -> None:
    ledger.record(
        event,
        organization=subscription.organization_id,
        actor=actor,
        target=target_of(subscription),
        changes=changes,
        reason=reason,
    )


def target_of(subscription: Subscription) -> Target:
    return Target("subscription", subscription.pk, subscription.of_plan.label)


def facts(offer: Offer | None) -> dict[str, Any]:
    """As the ledger keeps an offer (S1-047)."""
    if offer is None:
        return {"plan": None, "seats": None, "price": None}
    return {"plan": offer.plan.label, "seats": offer.seats, "price": offer.price}


def _pairs(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Change]:
    return {name: (before[name], after[name]) for name in before}


def changed(before: Offer | None, after: Offer) -> dict[str, Change]:
    return _pairs(facts(before), facts(after))
