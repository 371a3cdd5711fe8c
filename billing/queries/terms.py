"""What a subscription holds: now, and once the month is over. Changing it: `actions/terms.py`."""

from __future__ import annotations

from billing.models import Subscription, Term
from billing.offers import Offer


def held(subscription: Subscription) -> Offer:
    """What holds now, at the prices at which it was bought; a living one always has a term."""
    terms = Term.objects.in_org(subscription.organization_id)
    return Offer.of_term(terms.get(subscription=subscription, ends_on=None), subscription.currency)


def planned(subscription: Subscription, now: Offer) -> Offer:
    """What holds once this month is over, if nobody changes it: `now`, unless less was asked."""
    if subscription.next_on is None or subscription.next_seats is None:
        return now
    later = Offer.of(subscription.of_next_plan, subscription.next_seats, subscription.currency)
    return later.priced_like(now)
