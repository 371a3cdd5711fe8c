"""Metered usage onto the draft of a provider's next invoice, once the month it is of is over."""

from __future__ import annotations

import datetime
import logging
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from billing.actions.mirror_subscription import day_of
from billing.actions.month import UsageIsBehindError, is_counted
from billing.charges import usage_charge
from billing.gateway import Gateway, InvoiceFacts, UsageLine
from billing.periods import month_before, month_of
from billing.queries.metering import metered

log = logging.getLogger(__name__)


def usage_put(*, organization: UUID, facts: InvoiceFacts, provider: Gateway) -> None:
    """What the month before cost, as one line of this draft; nothing where it is there already.

    Only the renewal of a subscription takes usage. Raises UsageIsBehindError while requests of
    that month are not added up: the provider tells again.
    """
    if not facts.is_renewal:
        return
    end = month_of(day_of(facts.made_at))
    start = month_before(end)
    ref = f"usage {organization} {start}"
    if any(line.ref == ref for line in facts.lines):
        return
    if facts.currency != settings.CURRENCY.upper():
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
        starts_at=_midnight(start),
        ends_at=_midnight(end),
    )
    provider.usage_add(customer=facts.customer, lines=(line,), invoice=facts.ref)


def _midnight(day: datetime.date) -> datetime.datetime:
    start = datetime.datetime.combine(day, datetime.time())
    return timezone.make_aware(start, timezone.get_default_timezone())
