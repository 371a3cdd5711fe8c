"""What would fail at the first payment is said when the server starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from billing.gateway import gateway
from billing.offers import sold_plans


@checks.register("billing")
def stripe_is_set_up(**_: Any) -> list[checks.CheckMessage]:
    """With a key, Stripe also needs the secret of its events and a price for every plan sold."""
    if not settings.STRIPE_API_KEY:
        return []
    try:
        gateway()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="billing.E001")]
    found: list[checks.CheckMessage] = []
    if not settings.STRIPE_WEBHOOK_SECRET:
        said = "STRIPE_API_KEY is set and STRIPE_WEBHOOK_SECRET is not: no event is taken."
        hint = "Make an endpoint for /billing/webhook/stripe at Stripe, and set its secret."
        found.append(checks.Error(said, hint=hint, id="billing.E002"))
    missing = [plan.code for plan in sold_plans() if plan.code not in settings.STRIPE_PRICES]
    if missing:
        said = f"STRIPE_PRICES has no price for {' or '.join(missing)}: it cannot be subscribed to."
        hint = "Set STRIPE_PRICES=team=price_…,enterprise=price_…,enterprise_base=price_…"
        found.append(checks.Warning(said, hint=hint, id="billing.W001"))
    return found
