"""What the pages about plans show: the comparison, the form with its preview, what was done.

Templates say it; the numbers come from the queries, and from the plans themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse

from billing.actions.subscriptions import standing_words as words
from billing.forms.subscriptions import PlanForm
from billing.models import Subscription
from billing.offers import Offer, sells, sold_plans
from billing.periods import month_after, today_here
from billing.plans import PLANS, Plan, plan_of
from billing.queries.plan_effects import Effect, plan_effects, seats_after
from billing.queries.seat_holders import TooMany, too_many
from billing.queries.subscriptions import PlanChange, Standing, plan_change, standing
from config.moments import format_money
from config.money import money
from config.roles import Permission
from orgs.access import Access
from orgs.models import Entitlement
from orgs.seats import seats

__all__ = [
    "begin",
    "deed_context",
    "done_words",
    "is_overtaken",
    "plan_form",
    "plan_table",
    "words",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One plan of the comparison. `url` is where it is chosen, for who may; empty if it is held."""

    plan: Plan
    is_current: bool
    base: str
    seat: str
    url: str
    action: str
    cells: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the comparison: True and False are marks, all else words, a cell a plan."""

    label: str
    cells: list[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A plan in the form."""

    plan: Plan
    base: str
    seat: str
    is_held: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What the form would do. `crowd` is who would have to go first."""

    change: PlanChange
    effects: list[Effect]
    crowd: TooMany | None
    is_same: bool


def begin(access: Access, living: Subscription | None, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the form starts with: what stands, or what a link asked for, or the least that fits."""
    used = max(1, seats(access.org).used)
    if living is not None:
        plan, number = living.next_plan or living.plan, living.next_seats or living.seats
    else:
        fits = [each for each in sold_plans() if each.seats is None or used <= each.seats]
        plan, number = (fits[0].code if fits else ""), used
    said = asked.get("plan", "")
    if said in {each.code for each in sold_plans()}:
        plan = said
    number = _number(asked.get("seats")) or number
    found = PLANS.get(plan)
    return {"plan": plan, "seats": max(number, found.least if found and living is None else 1)}


def _number(typed: object) -> int:
    """What was typed for seats as far as it is a number of them, else 0."""
    text = str(typed or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def plan_form(access: Access, living: Subscription | None, form: PlanForm) -> dict[str, Any]:
    """The form and what it would do, as far as it says enough."""
    currency = living.currency if living else settings.CURRENCY
    return {
        "form": form,
        "living": living,
        "mark": living.mark if living else "",
        "attempt": uuid4().hex,
        "choices": [
            _choice(Offer.of(plan, 1, currency), is_held=bool(living and living.plan == plan.code))
            for plan in sold_plans()
        ],
        "taken": seats(access.org),
        "preview": preview(access, living, form),
        "back": reverse("billing_overview", args=[access.org.slug]),
        **_around(),
    }


def _choice(offer: Offer, *, is_held: bool) -> Choice:
    return Choice(plan=offer.plan, base=offer.base_price, seat=offer.seat_price, is_held=is_held)


def preview(access: Access, living: Subscription | None, form: PlanForm) -> Preview | None:
    """None: the form does not say enough yet, or asks for what is not sold."""
    plan, number = form["plan"].value(), _number(form["seats"].value())
    if not plan or not number:
        return None
    try:
        change = plan_change(access.org.id, plan, number, subscription=living)
    except ValidationError as error:
        if form.is_bound and not form.errors:
            form.add_error(None, error)
        return None
    old = plan_of(access.org.plan) if living is None else change.old_plan
    is_same = living is not None and (plan, number) == (
        living.next_plan or living.plan,
        living.next_seats or living.seats,
    )
    put_off = change.is_put_off and change.after.plan != change.at_once.plan
    return Preview(
        change=change,
        effects=plan_effects(
            access, old, change.after.plan, on=change.later_on if put_off else None
        ),
        crowd=too_many(access.org, change.after.seats),
        is_same=is_same,
    )


def deed_context(access: Access, stands: Standing) -> dict[str, Any]:
    """What the dialogs about ending and resuming show."""
    living, now = stands.subscription, stands.now
    if living is None or now is None:
        return {}
    default, ends_on = plan_of(settings.DEFAULT_PLAN), living.ends_on or month_after(today_here())
    crowd = seats_after(access, default)
    return {
        "living": living,
        "now": now,
        "mark": living.mark,
        "attempt": uuid4().hex,
        "ends_on": ends_on,
        "default": default,
        "effects": [*([crowd] if crowd else []), *plan_effects(access, now.plan, default)],
        "back": reverse("billing_overview", args=[access.org.slug]),
        **_around(),
    }


def done_words(organization: str, said: Subscription) -> str:
    """What is now true, for the toast."""
    return f"{organization} has {words(said)}"


def is_overtaken(error: ValidationError) -> bool:
    return getattr(error, "code", "") in ("changed", "none")


def plan_table(access: Access) -> dict[str, Any]:
    """The comparison of all plans, from the plans themselves."""
    stands = standing(access.org.id)
    plans = list(PLANS.values())
    currency = stands.subscription.currency if stands.subscription else settings.CURRENCY
    rows = _rows(plans, currency)
    columns = [
        replace(
            _column(access, plan, stands, currency),
            cells=[(row.label, row.cells[place]) for row in rows],
        )
        for place, plan in enumerate(plans)
    ]
    return {
        "columns": columns,
        "chooses": any(column.url for column in columns),
        "rows": rows,
        "currency": currency,
        "sells": sells(),
        "stands": stands,
        "taken": seats(access.org),
        **_around(),
    }


def _column(access: Access, plan: Plan, stands: Standing, currency: str) -> Column:
    is_current = access.org.plan == plan.code
    base, seat = plan.prices(currency) if currency in plan.seat or not plan.is_sold else (0, 0)
    may = access.can(Permission.BILLING_CHANGE_PLAN) and sells()
    living = stands.subscription
    url = action = ""
    if may and plan.is_sold and not (living and living.plan == plan.code):
        route = "subscription_change" if living else "subscription_start"
        url = f"{reverse(route, args=[access.org.slug])}?plan={plan.code}"
        action = f"Choose {plan.label}"
    elif may and living and not plan.is_sold and plan.code == settings.DEFAULT_PLAN:
        url = reverse("subscription_cancel", args=[access.org.slug])
        action = f"Go back to {plan.label}"
    return Column(
        plan=plan,
        is_current=is_current,
        base=format_money(base, currency) if base else "",
        seat=format_money(seat, currency) if seat else "",
        url=url if not (living and living.ends_on) else "",
        action=action,
    )


def _rows(plans: list[Plan], currency: str) -> list[Row]:
    def each(label: str, word: Any) -> Row:
        return Row(label=label, cells=[word(plan) for plan in plans])

    return [
        each("Seats", _seats_cell),
        each("Budget of all keys, a month", lambda plan: _or_none(plan.budget, money)),
        each("Requests a minute, all keys", lambda plan: _or_none(plan.rpm, "{:,}".format)),
        *(
            each(label, lambda plan, code=code: code in plan.entitlements)
            for code, label in Entitlement.choices
        ),
        each("Every permission, role and policy", lambda plan: True),
        each("Usage of models and tools", lambda plan: "At cost" if sells() else "Not charged"),
    ]


def _seats_cell(plan: Plan) -> str:
    if plan.seats is None:
        return f"From {plan.least:,}, no limit" if plan.least > 1 else "No limit"
    return f"Up to {plan.seats:,}"


def _or_none(number: int | None, shown: Any) -> str:
    return "No limit" if number is None else str(shown(number))


def _around() -> dict[str, Any]:
    today = today_here()
    return {"today": today, "next_month": month_after(today)}
