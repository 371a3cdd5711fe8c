"""A plan with a number of seats, and what it costs a month: what is bought, in plain numbers.

No query and no HTTP. What a change of it costs in the month it is made in is in
`queries/subscriptions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError

from billing.issuer import issues_invoices
from billing.plans import PLANS, Plan, plan_of
from config.moments import format_money

if TYPE_CHECKING:
    from billing.models import Term

# More than anybody employs, and far below what the columns hold.
MOST_SEATS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """So many seats of a plan, at the prices of the day on which they were bought."""

    plan: Plan
    seats: int
    currency: str
    base: int
    seat: int

    @classmethod
    def of(cls, plan: Plan, seats: int, currency: str) -> Self:
        """At today's prices. Raises LookupError where there is none in this currency."""
        base, seat = plan.prices(currency)
        return cls(plan=plan, seats=seats, currency=currency, base=base, seat=seat)

    @classmethod
    def of_term(cls, term: Term, currency: str) -> Self:
        """As it was bought: a new price list changes nothing that runs."""
        plan = plan_of(term.plan)
        return cls(plan=plan, seats=term.seats, currency=currency, base=term.base, seat=term.seat)

    @property
    def month(self) -> int:
        """What a whole month costs without tax, in minor units."""
        return self.base + self.seat * self.seats

    @property
    def price(self) -> str:
        return format_money(self.month, self.currency)

    @property
    def seat_price(self) -> str:
        return format_money(self.seat, self.currency)

    @property
    def base_price(self) -> str:
        return format_money(self.base, self.currency) if self.base else ""

    @property
    def words(self) -> str:
        """ "Team with 12 seats"."""
        return f"{self.plan.label} with {seats_words(self.seats)}"

    def larger(self, other: Offer) -> Offer:
        """The larger plan of both with the larger number of seats: what holds until a month ends
        in which something was made smaller."""
        offer = self if self.plan.rank >= other.plan.rank else other
        return replace(offer, seats=max(self.seats, other.seats))

    def priced_like(self, now: Offer) -> Offer:
        """At the prices of what is held, where the plan stays."""
        if self.plan.code != now.plan.code:
            return self
        return replace(self, base=now.base, seat=now.seat)

    def is_like(self, other: Offer) -> bool:
        """The same plan and seats, whatever they cost."""
        return (self.plan.code, self.seats) == (other.plan.code, other.seats)


def sells() -> bool:
    """Can anything be subscribed to here? Without an issuer nobody could ask to be paid."""
    return (issues_invoices() or bool(settings.STRIPE_API_KEY)) and bool(sold_plans())


def sold_plans() -> tuple[Plan, ...]:
    """The plans that have a price in the installation's currency."""
    currency = settings.CURRENCY
    return tuple(plan for plan in PLANS.values() if plan.is_sold and currency in plan.seat)


def offered(plan: str, seats: int, currency: str) -> Offer:
    """What somebody asks for, where it is sold.

    Raises ValidationError for the field that is wrong: `plan_unknown`, `seats_least`,
    `seats_most`.
    """
    found = PLANS.get(plan)
    if found is None or not found.is_sold or currency not in found.seat:
        raise _error("plan", "There is no such plan to subscribe to.", "plan_unknown")
    if seats < found.least:
        least = seats_words(found.least)
        raise _error("seats", f"{found.label} is sold from {least} on.", "seats_least")
    if found.seats is not None and seats > found.seats:
        message = f"{found.label} has {seats_words(found.seats)} at most. Choose a larger plan."
        raise _error("seats", message, "seats_most")
    if seats > MOST_SEATS:
        message = f"Choose at most {seats_words(MOST_SEATS)}, or speak with us."
        raise _error("seats", message, "seats_most")
    return Offer.of(found, seats, currency)


def seats_words(number: int) -> str:
    return f"{number:,} seat{'' if number == 1 else 's'}"


def _error(field: str, message: str, code: str) -> ValidationError:
    return ValidationError({field: ValidationError(message, code=code)})
