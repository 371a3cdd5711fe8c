"""What a deed asks of the payment provider before it locks anything: in words of our own rows.

Bank transfer answers without a network, so that every deed goes one way. What the provider refuses
is a refusal of the deed, and nothing has changed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from billing.gateway import (
    Buyer,
    GatewayError,
    Standing,
    SubscriptionFacts,
    deed_key,
    gateway,
    gateway_of,
)
from billing.models import BillingDetails, Subscription
from billing.offers import Offer
from billing.periods import day_of, midnight, month_after, month_of, today_here
from orgs.access import Access


@dataclass(frozen=True, slots=True)
class Bought:
    """What the provider has made of it; `ref` is empty where only we know of it."""

    provider: str
    ref: str


@contextmanager
def refusing() -> Iterator[None]:
    """A provider's refusal as one of the deed's own, with its code."""
    try:
        yield
    except GatewayError as error:
        raise ValidationError(error.sentence, code=error.code) from error


def subscribe(actor: Access, offer: Offer, *, attempt: str) -> Bought:
    asked = gateway()
    with refusing():
        customer = customer_of(actor, attempt=attempt)
        facts = asked.subscribe(
            organization=actor.org.id,
            customer=customer,
            plan=offer.plan.code,
            seats=offer.seats,
            key=deed_key("subscribe", actor.org.id, attempt, offer.plan.code, offer.seats),
        )
    return Bought(asked.code, facts.ref)


@contextmanager
def given_back(bought: Bought, *, unless: str) -> Iterator[None]:
    """What was bought in vain, because somebody else came first, is given back at once."""
    try:
        yield
    except ValidationError:
        if bought.ref and bought.ref != unless:
            with refusing():
                asked = gateway_of(bought.provider)
                held = asked.subscription(bought.ref)
                asked.cancel(held, key=deed_key("give back", bought.ref), now=True)
        raise


def change(
    before: Subscription,
    now: Offer,
    wanted: Offer,
    *,
    attempt: str,
    prorate: bool = True,
) -> None:
    """What holds at once; what is put off until a month ends is asked for then."""
    if wanted.is_like(now):
        return
    with refusing():
        gateway_of(before.provider).change(
            facts_of(before),
            plan=wanted.plan.code,
            seats=wanted.seats,
            key=deed_key("change", before.pk, attempt, before.mark, wanted.plan.code, wanted.seats),
            prorate=prorate,
        )


def cancel(before: Subscription, *, attempt: str) -> datetime.date | None:
    """The day from which it is over, as the provider says it."""
    with refusing():
        said = gateway_of(before.provider).cancel(
            facts_of(before), key=deed_key("cancel", before.pk, attempt, before.mark)
        )
    return day_of(said.ends_at) if said.ends_at else None


def resume(before: Subscription, *, attempt: str) -> None:
    with refusing():
        gateway_of(before.provider).resume(
            facts_of(before), key=deed_key("resume", before.pk, attempt, before.mark)
        )


def customer_of(actor: Access, *, attempt: str) -> str:
    """The customer at the provider, made on the first occasion; empty where there is none.

    The caller records the deed for which there has to be one.
    """
    asked = gateway()
    if not asked.has_pages:
        return ""
    details, _ = BillingDetails.objects.get_or_create(organization_id=actor.org.id)
    if details.provider_customer:
        return details.provider_customer
    key = deed_key("customer", actor.org.id, attempt)
    made = asked.customer(buyer_of(details, actor), ref="", key=key)
    # Of two forms that were sent at once the first one's stays: what is paid, and whatever the
    # provider tells, belongs to one customer.
    rows = BillingDetails.objects.in_org(actor.org.id).filter(provider_customer="")
    rows.update(provider_customer=made)
    details.refresh_from_db(fields=["provider_customer"])
    return details.provider_customer


def buyer_of(details: BillingDetails, actor: Access) -> Buyer:
    return Buyer(
        organization=actor.org.id,
        name=details.legal_name or actor.org.name,
        email=details.recipients[0] if details.recipients else "",
        street=details.street,
        street_2=details.street_2,
        postcode=details.postcode,
        city=details.city,
        region=details.region,
        country=details.country,
        tax_id=details.tax_id,
        purchase_order=details.purchase_order,
    )


def facts_of(subscription: Subscription) -> SubscriptionFacts:
    """Our row as the gateway speaks of it: for the calendar month in which we are."""
    first = month_of(today_here())
    details = BillingDetails.objects.in_org(subscription.organization_id).first()
    return SubscriptionFacts(
        ref=subscription.provider_ref,
        customer=details.provider_customer if details else "",
        standing=Standing(subscription.state),
        plan=subscription.plan,
        seats=subscription.seats,
        period_start=midnight(first),
        period_end=midnight(month_after(first)),
        ends_at=midnight(subscription.ends_on) if subscription.ends_on else None,
    )
