"""What a provider says of a subscription, written onto our row: once, whatever the order.

Idempotent: what is so already is left alone, and leaves no entry. Locks are those of `terms.py`.
"""

from __future__ import annotations

import datetime
import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction

from audit.events import Event
from audit.ledger import Actor
from billing.actions.terms import changed, hold, locked, record, save, subscription_end
from billing.gateway import Standing, SubscriptionFacts
from billing.models import Subscription
from billing.offers import Offer
from billing.periods import day_of, day_words, month_of, today_here
from billing.plans import PLANS
from billing.queries.terms import held
from orgs.models import Organization

log = logging.getLogger(__name__)

State = Subscription.State


@transaction.atomic
def subscription_mirror(
    *, organization: UUID, facts: SubscriptionFacts, actor: Actor, provider: str = "stripe"
) -> Subscription | None:
    """Our row as the provider has it; None where there is nothing of it that counts here.

    What has ended stays ended. A second subscription beside a living one, and a plan that is not
    ours, are logged for the operator and change nothing.
    """
    row, living = locked(organization)
    rows = Subscription.objects.in_org(organization)
    known = rows.filter(provider=provider, provider_ref=facts.ref).first()
    if known is None:
        return _begin(row, living, facts, actor, provider)
    if known.state == State.ENDED or living is None:
        return known
    if facts.standing is Standing.ENDED:
        on = day_of(facts.ended_at) if facts.ended_at else today_here()
        subscription_end(living, row=row, on=on, actor=actor)
        return living
    _follow_offer(living, facts, row, actor)
    _follow_end(living, facts, actor)
    _follow_state(living, facts, actor)
    return living


def _begin(
    row: Organization,
    living: Subscription | None,
    facts: SubscriptionFacts,
    actor: Actor,
    provider: str,
) -> Subscription | None:
    if facts.standing in (Standing.PENDING, Standing.ENDED):
        return None
    offer = _offer(facts)
    if living is not None or offer is None:
        why = "there is another one" if living else "its price is none of STRIPE_PRICES"
        log.error("The subscription %s at %s was not taken over: %s", facts.ref, provider, why)
        return None
    today = today_here()
    subscription = Subscription(
        organization_id=row.pk,
        state=State(facts.standing.value),
        plan=offer.plan.code,
        seats=offer.seats,
        currency=offer.currency,
        started_on=today,
        # Of its usage, nothing was charged yet; its seats are, ahead.
        paid_to=month_of(today),
        ends_on=day_of(facts.ends_at) if facts.ends_at else None,
        provider=provider,
        provider_ref=facts.ref,
    )
    save(subscription, by=None)
    hold(subscription, offer, row=row, on=today)
    record(Event.SUBSCRIPTION_STARTED, subscription, actor=actor, changes=changed(None, offer))
    return subscription


def _follow_offer(
    living: Subscription, facts: SubscriptionFacts, row: Organization, actor: Actor
) -> None:
    now, offer = held(living), _offer(facts)
    if offer is None:
        log.error("The price of %s is none of STRIPE_PRICES: its plan stays", facts.ref)
        return
    wanted = offer.priced_like(now)
    if wanted.is_like(now):
        return
    # Put off until the month ends, and told to the provider just before: it holds from then on.
    if (living.next_plan, living.next_seats) == (wanted.plan.code, wanted.seats):
        return
    today = today_here()
    living.next_plan, living.next_seats, living.next_on = "", None, None
    hold(living, wanted, row=row, on=today)
    save(living, by=None)
    changes = changed(now, wanted) | {"from": (None, day_words(today, year=True))}
    record(Event.SUBSCRIPTION_CHANGED, living, actor=actor, changes=changes)


def _follow_end(living: Subscription, facts: SubscriptionFacts, actor: Actor) -> None:
    ends_on = day_of(facts.ends_at) if facts.ends_at else None
    if ends_on == living.ends_on:
        return
    before, living.ends_on = living.ends_on, ends_on
    if ends_on:
        living.next_plan, living.next_seats, living.next_on = "", None, None
    save(living, by=None)
    event = Event.SUBSCRIPTION_CANCELED if ends_on else Event.SUBSCRIPTION_RESUMED
    record(event, living, actor=actor, changes={"ends_on": (_iso(before), _iso(ends_on))})


def _follow_state(living: Subscription, facts: SubscriptionFacts, actor: Actor) -> None:
    if facts.standing is Standing.PENDING or facts.standing.value == living.state:
        return
    before, living.state = living.state, State(facts.standing.value)
    save(living, by=None)
    changes = {"state": (State(before).label, State(living.state).label)}
    record(Event.SUBSCRIPTION_STATE_CHANGED, living, actor=actor, changes=changes)


def _offer(facts: SubscriptionFacts) -> Offer | None:
    plan = PLANS.get(facts.plan)
    try:
        return Offer.of(plan, facts.seats, settings.CURRENCY) if plan else None
    except LookupError:
        return None


def _iso(day: datetime.date | None) -> str | None:
    return day.isoformat() if day else None
