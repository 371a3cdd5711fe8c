"""One organization's account, from its first day: what was bought, and what came of it.

Joined to the demo as the chapter after its projects, whose request log says what was used. The
entries of the ledger are put among the others by their time.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Greatest

from audit.events import Event
from audit.ledger import Change, Target
from billing.demo import bills
from billing.demo.asked import Asked
from billing.demo.lines import ACCOUNTS
from billing.demo.telling import Telling
from billing.models import BillingDetails, Subscription, Term
from billing.offers import Offer
from billing.plans import Plan, plan_of
from orgs.demo.history import History
from orgs.models import Organization
from projects.models import Limit


def begin(history: History) -> Books:
    return Books(history)


class Books:
    """The chapter of one organization. Everything is told as its rows are asked for."""

    def __init__(self, history: History) -> None:
        account = ACCOUNTS.get(history.story.name)
        self.told = Telling(history, account) if account else None

    def rows(self) -> Iterator[Sequence[models.Model]]:
        if self.told is None or not _is_sold(self.told):
            return
        yield _plan(self.told, plan_of(self.told.account.plan))
        if self.told.account.seats:
            yield [_details(self.told)]
            subscription = _subscription(self.told)
            yield [subscription]
            terms = bills.terms_of(
                subscription, self.told.steps(), subscription.plan, self.told.currency
            )
            yield terms
            _tell_of_seats(self.told, subscription, terms)
            yield from Asked(self.told, subscription, terms).rows()
        self.told.history.entries.sort(key=lambda entry: entry.at)


def _is_sold(told: Telling) -> bool:
    plan = plan_of(told.account.plan)
    return not plan.is_sold or told.currency in plan.seat


def _plan(told: Telling, plan: Plan) -> list[Limit]:
    rows = Organization.objects.using(bills.OWNER).filter(pk=told.org.pk)
    rows.update(plan=plan.code, entitlements=sorted(plan.entitlements))
    if plan.seats and not plan.is_sold:
        rows.update(seats=Greatest(plan.seats, F("seats_used")))
    if plan.budget is None and plan.rpm is None:
        return []
    layer = {"layer": Limit.Layer.PLAN, "zone": settings.TIME_ZONE}
    return [Limit(**told.new(told.history.now), budget=plan.budget, rpm=plan.rpm, **layer)]


def _details(told: Telling) -> BillingDetails:
    account = told.account
    row = BillingDetails(
        **told.new(told.first), **account.buyer, recipients=list(account.recipients)
    )
    address = ", ".join(
        filter(None, (row.street, f"{row.postcode} {row.city}".strip(), row.country))
    )
    said = {
        "legal_name": row.legal_name,
        "address": address,
        "tax_id": row.tax_id,
        "purchase_order": row.purchase_order,
        "recipients": ", ".join(row.recipients),
    }
    changes = {name: ("", value) for name, value in said.items()}
    told.say(Event.BILLING_DETAILS_CHANGED, told.first, changes, actor=told.owner(told.first))
    return row


def _subscription(told: Telling) -> Subscription:
    steps = told.steps()
    is_late = any(paid.after is None for paid in told.account.paid)
    return Subscription(
        **told.new(told.first),
        state="past_due" if is_late else "active",
        plan=told.account.plan,
        seats=steps[-1][1],
        currency=told.currency,
        started_on=steps[0][0],
        paid_to=told.today.replace(day=1),
        changed_at=bills.at_night(steps[-1][0]),
    )


def _tell_of_seats(told: Telling, subscription: Subscription, terms: list[Term]) -> None:
    before: dict[str, Any] = {"plan": None, "seats": None, "price": None}
    for term in terms:
        offer = Offer.of_term(term, told.currency)
        after = {"plan": offer.plan.label, "seats": offer.seats, "price": offer.price}
        changes: dict[str, Change] = {name: (before[name], after[name]) for name in after}
        at = bills.at_night(term.starts_on) + datetime.timedelta(hours=9)
        event = Event.SUBSCRIPTION_STARTED
        if before["plan"]:
            event = Event.SUBSCRIPTION_CHANGED
            changes["from"] = (None, f"{term.starts_on:%-d %b %Y}")
        target = Target("subscription", subscription.pk, offer.plan.label)
        told.say(event, at, changes, target=target, actor=told.owner(at))
        before = after
