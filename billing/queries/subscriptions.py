"""Reads about a subscription: what stands, and what a change of it would cost. Deeds are in
actions; what else a change of the plan brings about is in `plan_effects.py`."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from billing.charges import term_charges
from billing.models import Subscription, Term
from billing.offers import Offer, offered
from billing.periods import DAY, month_after, month_of, today_here
from billing.plans import Plan, plan_of
from billing.queries.terms import held, planned
from config.moments import format_money


def subscription_of(organization: UUID) -> Subscription | None:
    """The living one, or None."""
    found = Subscription.objects.in_org(organization).exclude(state=Subscription.State.ENDED)
    return found.first()


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """Days of an offer, as `term_charges` takes them."""

    plan: str
    seats: int
    base: int
    seat: int
    starts_on: datetime.date
    ends_on: datetime.date | None

    @classmethod
    def of(cls, offer: Offer, start: datetime.date, end: datetime.date | None = None) -> Days:
        return cls(
            plan=offer.plan.code,
            seats=offer.seats,
            base=offer.base,
            seat=offer.seat,
            starts_on=start,
            ends_on=end,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanChange:
    """What a change would cost: `extra` until this month ends, then `after.month` a month.

    `at_once` holds from today; `later`, where it is less, from `later_on`. All without tax and
    usage, in minor units.
    """

    before: Offer | None
    old_plan: Plan
    at_once: Offer
    after: Offer
    today: datetime.date
    extra: int

    @property
    def is_put_off(self) -> bool:
        return not self.at_once.is_like(self.after)

    @property
    def is_at_once(self) -> bool:
        return self.before is None or not self.at_once.is_like(self.before)

    @property
    def later_on(self) -> datetime.date:
        return month_after(self.today)

    @property
    def last_day(self) -> datetime.date:
        return self.later_on - DAY

    @property
    def days_left(self) -> int:
        """Of this month, today among them."""
        return (self.later_on - self.today).days

    @property
    def extra_words(self) -> str:
        return format_money(self.extra, self.after.currency)

    @property
    def saved(self) -> int:
        """What a month costs less than now; below zero where it costs more."""
        return (self.before.month if self.before else 0) - self.after.month

    @property
    def difference_words(self) -> str:
        """ "€84.00 more" or "€84.00 less" a month; empty where it stays."""
        if not self.saved:
            return ""
        kind = "less" if self.saved > 0 else "more"
        return f"{format_money(abs(self.saved), self.after.currency)} {kind}"


def plan_change(
    organization: UUID,
    plan: str,
    seats: int,
    *,
    subscription: Subscription | None,
    today: datetime.date | None = None,
) -> PlanChange:
    """What another plan or number of seats would cost, from the very terms that are invoiced.

    Raises ValidationError as `offered` does.
    """
    today = today or today_here()
    if subscription is None:
        after = offered(plan, seats, settings.CURRENCY)
        return PlanChange(
            before=None,
            old_plan=plan_of(settings.DEFAULT_PLAN),
            at_once=after,
            after=after,
            today=today,
            extra=_charged([Days.of(after, today)], today, after.currency),
        )
    now = held(subscription)
    after = now
    if (plan, seats) != (now.plan.code, now.seats):
        after = offered(plan, seats, subscription.currency).priced_like(now)
    at_once = now.larger(after)
    return PlanChange(
        before=now,
        old_plan=now.plan,
        at_once=at_once,
        after=after,
        today=today,
        extra=_extra(subscription, now, at_once, today),
    )


def _extra(subscription: Subscription, now: Offer, at_once: Offer, today: datetime.date) -> int:
    """What this month's invoice grows by: the month as it would be, less the month as it is."""
    if at_once.is_like(now):
        return 0
    month = month_of(today)
    terms = list(
        Term.objects.in_org(subscription.organization_id).filter(
            subscription=subscription, starts_on__lt=month_after(today)
        )
    )
    is_charged = [term for term in terms if term.ends_on is None or term.ends_on > month]
    before = [_days(term) for term in is_charged]
    cut = [
        Days.of(Offer.of_term(term, now.currency), term.starts_on, term.ends_on or today)
        for term in is_charged
        if term.starts_on < today
    ]
    changed = [*cut, Days.of(at_once, today)]
    return _charged(changed, today, now.currency) - _charged(before, today, now.currency)


def _days(term: Term) -> Days:
    return Days(
        plan=term.plan,
        seats=term.seats,
        base=term.base,
        seat=term.seat,
        starts_on=term.starts_on,
        ends_on=term.ends_on,
    )


def _charged(days: list[Days], today: datetime.date, currency: str) -> int:
    charges = term_charges(days, month_of(today), month_after(today), currency)
    return sum(charge.net for charge in charges)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How an organization stands: what it holds now, and what it will hold."""

    subscription: Subscription | None
    now: Offer | None
    later: Offer | None

    @property
    def is_put_off(self) -> bool:
        return self.now is not None and self.later is not None and not self.later.is_like(self.now)


def standing(organization: UUID) -> Standing:
    found = subscription_of(organization)
    if found is None:
        return Standing(subscription=None, now=None, later=None)
    now = held(found)
    return Standing(subscription=found, now=now, later=planned(found, now))
