"""The plans, as data: what each costs, how many seats it has, what it includes and allows.

An organization without a subscription has `settings.DEFAULT_PLAN`. Beside a database of one's own
that is Enterprise: everything is included, nothing is charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from config.moments import WITHOUT_MINOR_UNITS
from config.money import NANO
from orgs.models import Entitlement


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One plan. Prices are per month and without tax; usage is charged on top, at its cost.

    `seats` is the most there may be, None without a limit; `least` the fewest that are sold.
    `budget` (nano-units a month) and `rpm` bind every key, as the layer "plan" of its limits.
    """

    code: str
    label: str
    summary: str
    rank: int
    base: Mapping[str, Decimal] = field(default_factory=dict)
    seat: Mapping[str, Decimal] = field(default_factory=dict)
    least: int = 1
    seats: int | None = None
    entitlements: frozenset[str] = frozenset()
    budget: int | None = None
    rpm: int | None = None

    @property
    def is_sold(self) -> bool:
        """Is it subscribed to? The free one is what remains without a subscription."""
        return bool(self.seat or self.base)

    def prices(self, currency: str) -> tuple[int, int]:
        """What a month costs, as it stands and for each seat: minor units of the currency.

        Raises LookupError where the plan has no price in this currency.
        """
        if not self.is_sold:
            return 0, 0
        if currency not in self.seat:
            raise LookupError(f"The plan {self.label} has no price in {currency}.")
        return minor(self.base.get(currency, Decimal(0)), currency), minor(
            self.seat[currency], currency
        )


def exponent(currency: str) -> int:
    """How many decimals its minor unit has (ISO 4217): 2, or 0 for yen and the like."""
    return 0 if currency.upper() in WITHOUT_MINOR_UNITS else 2


def minor(amount: Decimal, currency: str) -> int:
    """An exact price in minor units. Raises ValueError where it is finer than these."""
    units = amount.scaleb(exponent(currency))
    if units != units.to_integral_value():
        raise ValueError(f"{amount} is finer than the minor unit of {currency}.")
    return int(units)


def _prices(**amounts: str) -> Mapping[str, Decimal]:
    return {currency: Decimal(amount) for currency, amount in amounts.items()}


EVERYTHING = frozenset(Entitlement.values)

PLANS: dict[str, Plan] = {
    plan.code: plan
    for plan in (
        Plan(
            code="free",
            label="Free",
            summary="For a first project: three seats, every permission, a small budget.",
            rank=0,
            seats=3,
            budget=25 * NANO,
            rpm=60,
        ),
        Plan(
            code="team",
            label="Team",
            summary="For a company’s teams: seats as needed, roles on groups, usage reports.",
            rank=1,
            seat=_prices(USD="24", EUR="21", GBP="19", JPY="3200"),
            seats=500,
            entitlements=frozenset({Entitlement.GROUP_ROLES.value, Entitlement.USAGE_EXPORT.value}),
            rpm=6_000,
        ),
        Plan(
            code="enterprise",
            label="Enterprise",
            summary="For the whole house: insights, no limit on seats sold, every entitlement.",
            rank=2,
            base=_prices(USD="450", EUR="400", GBP="360", JPY="60000"),
            seat=_prices(USD="42", EUR="38", GBP="34", JPY="5600"),
            least=10,
            entitlements=EVERYTHING,
        ),
    )
}


def plan_of(code: str) -> Plan:
    """The plan of this code; one that is no longer sold counts as Enterprise without a price."""
    return PLANS.get(code) or PLANS["enterprise"]
