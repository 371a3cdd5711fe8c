"""What one more seat costs, for whoever wants to invite somebody; `orgs/seats.py` asks it."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import dateformat

from billing.offers import Offer, sells, sold_plans
from billing.periods import today_here
from billing.queries.subscriptions import plan_change, subscription_of
from billing.queries.terms import held
from config.roles import Permission
from orgs.access import Access
from orgs.queries.organizations import owner_names
from orgs.seats import SeatPrice


def seat_price(access: Access) -> SeatPrice:
    """Only for who may view billing, and where seats are counted and sold. Five queries at most."""
    if access.org.seats is None or not access.can(Permission.BILLING_VIEW) or not sells():
        return SeatPrice()
    living = subscription_of(access.org.id)
    if living is None:
        plan = sold_plans()[0]
        offer = Offer.of(plan, plan.least, settings.CURRENCY)
        return SeatPrice(month=offer.seat_price, plan=plan.label, **_buyer(access, "start"))
    now = held(living)
    try:
        more = plan_change(access.org.id, now.plan.code, now.seats + 1, subscription=living)
    except ValidationError:
        # The plan has no more seats: what one would cost is a question of the next larger plan.
        return SeatPrice()
    month = dateformat.format(today_here(), "F")
    rest = f"{more.extra_words} for the rest of {month}"
    buyer = _buyer(access, "change", seats=now.seats + 1)
    return SeatPrice(month=now.seat_price, rest=rest, **buyer)


def _buyer(access: Access, deed: str, *, seats: int | None = None) -> dict[str, str]:
    """Where it is bought, or whom to ask."""
    if access.can(Permission.BILLING_CHANGE_PLAN):
        page = reverse(f"subscription_{deed}", args=[access.org.slug])
        return {"url": f"{page}?seats={seats}" if seats else page}
    names = owner_names(access.org.id, most=1)
    others = " or another Owner" if access.org.owner_count > 1 else ""
    return {"ask": f"{names[0]}{others}"} if names else {"ask": "An Owner"}
