"""Seats: the one count of them, and what one more would cost, which the app above this one says.

A member has a seat, and a pending invitation holds one; an overdue one holds none, whatever the
database's counter still says. That no more are taken than there are is the database's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from orgs.access import Access
from orgs.models import Invitation


class Counted(Protocol):
    """An organization as the binding or its row has it."""

    @property
    def pk(self) -> UUID: ...
    @property
    def seats(self) -> int | None: ...
    @property
    def seats_used(self) -> int: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Seats:
    """Seats in use, members and open invitations alike; `limit` None means as many as wanted."""

    used: int
    limit: int | None
    invited: int

    @property
    def free(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def members(self) -> int:
        """Of those in use, without what invitations hold."""
        return self.used - self.invited

    @property
    def words(self) -> str:
        """As in "41 of 60 seats"."""
        last = self.used if self.limit is None else self.limit
        of = "" if self.limit is None else f" of {self.limit:,}"
        return f"{self.used:,}{of} {'seat' if last == 1 else 'seats'}"


def seats(org: Counted) -> Seats:
    """The one count of seats. An overdue invitation holds none.

    The database frees those of overdue invitations when the next seat is taken; until then its
    counter has them, so they are taken off here.
    """
    pending = Invitation.objects.in_org(org.pk).filter(state=Invitation.State.PENDING)
    found = pending.aggregate(
        invited=Count("id", filter=Q(expires_at__gt=timezone.now())),
        overdue=Count("id", filter=Q(expires_at__lte=timezone.now())),
    )
    used = org.seats_used - found["overdue"]
    return Seats(used=used, limit=org.seats, invited=found["invited"])


@dataclass(frozen=True, kw_only=True, slots=True)
class SeatPrice:
    """What one more seat costs, in words, and who may buy it.

    `month` is empty where none is sold to this organization; `url` leads to the purchase, for who
    may make it; `rest` is what it comes to until this month ends, where that is known.
    """

    month: str = ""
    rest: str = ""
    plan: str = ""
    url: str = ""
    ask: str = ""

    @property
    def words(self) -> str:
        """ "One more costs €21.00 a month, €6.30 for the rest of November."; empty if none is."""
        if not self.month:
            return ""
        rest = f", {self.rest}" if self.rest else ""
        whose = f" on the {self.plan} plan" if self.plan else ""
        return f"One more costs {self.month} a month{whose}{rest}."

    @property
    def who(self) -> str:
        """Who may buy it: "Alice Marlow or another Owner may buy it under Billing."."""
        return f"{self.ask} may buy it under Billing." if self.month and self.ask else ""


class Pricing(Protocol):
    def __call__(self, access: Access) -> SeatPrice: ...


_prices: list[Pricing] = []


def on_pricing(callback: Pricing) -> None:
    """Ask this one what a seat costs. Called when the apps are ready."""
    if callback not in _prices:
        _prices.append(callback)


def seat_price(access: Access) -> SeatPrice:
    """What one more seat would cost here, as far as this person may know it."""
    return next((price(access) for price in _prices), SeatPrice())


def no_seat_words(access: Access) -> str:
    """Why nobody more fits in, and what to do about it."""
    price = seat_price(access)
    if not price.month:
        return "No seat is free. Free one, or ask an owner for a larger plan."
    return " ".join(filter(None, ["No seat is free.", price.words, price.who]))
