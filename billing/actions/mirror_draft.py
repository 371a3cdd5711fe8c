"""Metered usage onto the draft of a provider's next invoice, once the month it is of is over."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings

from billing.actions.month import UsageIsBehindError, is_counted
from billing.charges import usage_charge
from billing.gateway import Gateway, InvoiceFacts, UsageLine
from billing.models import Subscription
from billing.periods import day_of, midnight, month_before, month_of
from billing.queries.metering import metered

log = logging.getLogger(__name__)


def usage_put(*, organization: UUID, facts: InvoiceFacts, provider: Gateway) -> None:
    """What the month before cost, as one line of this draft; nothing where it is there already.

    Only the renewal of a subscription takes usage, from the day on which it began. Raises
    UsageIsBehindError while requests of that month are not added up: the provider tells again.
    """
    if not facts.is_renewal or not facts.subscription:
        return
    rows = Subscription.objects.in_org(organization)
    subscription = rows.filter(provider_ref=facts.subscription).first()
    if subscription is None:
        return
    end = month_of(day_of(facts.made_at))
    month = month_before(end)
    start = max(month, subscription.started_on)
    ref = f"usage {organization} {month}"
    if start >= end or any(line.ref == ref for line in facts.lines):
        return
    if facts.currency != settings.CURRENCY:
        log.error("Usage is counted in %s, not in that of %s", settings.CURRENCY, facts.ref)
        return
    if not is_counted(end):
        raise UsageIsBehindError(f"{start} to {end}")
    charge = usage_charge(metered(organization, start, end).total, (), start, end, facts.currency)
    if charge is None:
        return
    line = UsageLine(
        ref=ref,
        text=charge.text,
        amount=charge.net,
        currency=facts.currency,
        starts_at=midnight(start),
        ends_at=midnight(end),
    )
    provider.usage_add(customer=facts.customer, lines=(line,), invoice=facts.ref)
