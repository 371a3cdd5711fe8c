"""What billing adds to the dashboard: what was used, which budgets near their end, what is owed.

Joined in `apps.py`; the queries are those of the pages that each number leads to.
"""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from billing.models import Subscription
from billing.periods import day_words, today_here
from billing.queries.budgets import Budget, nearest_budgets
from billing.queries.invoices import upcoming
from billing.queries.metering import MonthToDate, month_to_date
from billing.queries.owed import Owed, owed
from billing.queries.subscriptions import subscription_of
from config.moments import format_money, human_time
from config.money import money
from config.roles import Permission
from orgs.access import Access
from orgs.dashboard_parts import Card, Fact, Parts, Waiting
from projects.allowance import a_window

MOST_OVERDUE = 2


def shown(access: Access) -> Parts:
    """Seven queries at most, each only for who may read what it finds."""
    month = month_to_date(access.org.id) if access.can(Permission.BILLING_VIEW_USAGE) else None
    budgets = nearest_budgets(access) if access.can(Permission.BILLING_VIEW_COSTS) else []
    subscription = subscription_of(access.org.id) if access.can(Permission.BILLING_VIEW) else None
    found = owed(access.org.id) if access.can(Permission.BILLING_VIEW_INVOICES) else Owed()
    cards = [_budgets(budgets)] if budgets else []
    if access.can(Permission.ORG_VIEW_TEAM_SECTIONS):
        cards.append(_status(access, subscription, found, month))
    return Parts(
        facts=_facts(access, month) if month else [],
        waiting=[
            *_overdue(access, found),
            *_trouble(access, subscription),
            *_ending(access, subscription),
            *_nearly_spent(access, budgets),
        ],
        cards=cards,
    )


def _facts(access: Access, month: MonthToDate) -> list[Fact]:
    today, calls = month.latest[-1][1], [sums.calls for _, sums in month.latest]
    page = reverse("usage", args=[access.org.slug])
    if access.can(Permission.BILLING_VIEW_COSTS):
        first = Fact(
            label="Spent this month",
            value=money(month.sums.cost),
            note=month.cost.words(money),
            url=page,
        )
    else:
        first = Fact(
            label="Requests this month",
            value=f"{month.sums.calls:,}",
            note=month.calls.words("{:,}".format),
            url=page,
        )
    said = f"Requests a day over the last 14 days, from {calls[0]:,} to {calls[-1]:,} today"
    requests = Fact(
        label="Requests today",
        value=f"{today.calls:,}",
        note=_usual(calls),
        url=page,
        line=calls if any(calls) else (),
        line_says=said,
    )
    return [first, requests, _refused(access, today.calls, today.refused)]


def _usual(calls: list[int]) -> str:
    *before, _ = calls
    mean = sum(before) // len(before)
    return f"{mean:,} a day of late" if any(before) else "None on the 13 days before"


def _refused(access: Access, calls: int, refused: int) -> Fact:
    note = "No request yet today"
    if calls:
        note = f"{refused * 1000 // calls:,} in 1,000" if refused else "None of today’s requests"
    url = ""
    if access.can(Permission.KEYS_SET_POLICIES):
        url = reverse("call_list", args=[access.org.slug]) + "?outcome=refused"
    return Fact(label="Refused today", value=f"{refused:,}", note=note, url=url)


def _overdue(access: Access, found: Owed) -> list[Waiting]:
    pays = access.can(Permission.BILLING_MANAGE_PAYMENT_METHODS)
    return [
        Waiting(
            icon="document-text",
            title=f"Invoice {invoice.number} is overdue",
            note=f"{format_money(invoice.due, invoice.currency)} was due on"
            f" {day_words(invoice.due_on) if invoice.due_on else ''}",
            url=reverse("invoice_view", args=[access.org.slug, invoice.pk]) if pays else "",
            deed="Open",
        )
        for invoice in found.overdue[:MOST_OVERDUE]
    ]


def _trouble(access: Access, subscription: Subscription | None) -> list[Waiting]:
    """A payment that failed. By transfer it is the overdue invoice that says so."""
    if subscription is None or subscription.provider == "transfer":
        return []
    if subscription.state != Subscription.State.PAST_DUE:
        return []
    changes = access.can(Permission.BILLING_MANAGE_PAYMENT_METHODS)
    return [
        Waiting(
            icon="credit-card",
            title="A payment failed",
            note="The payment method was refused. It is tried again; another one may work.",
            url=reverse("payment_method_change", args=[access.org.slug]) if changes else "",
            deed="Change method",
        )
    ]


def _ending(access: Access, subscription: Subscription | None) -> list[Waiting]:
    if subscription is None or subscription.ends_on is None:
        return []
    changes = access.can(Permission.BILLING_CHANGE_PLAN)
    plan = subscription.of_plan.label
    return [
        Waiting(
            icon="calendar-days",
            title=f"The subscription to {plan} ends on {day_words(subscription.ends_on)}",
            note=f"What {plan} includes ends with it; nobody loses their account.",
            url=reverse("billing_overview", args=[access.org.slug]) if changes else "",
            deed="Look at it",
        )
    ]


def _nearly_spent(access: Access, budgets: list[Budget]) -> list[Waiting]:
    manages = access.can(Permission.BILLING_MANAGE_BUDGETS)
    return [
        Waiting(
            icon="banknotes",
            title=_budget_title(budget),
            note=_budget_note(budget),
            url=reverse("budget_set", args=[access.org.slug, budget.layer, budget.subject.pk])
            if manages
            else "",
            deed="Raise budget",
        )
        for budget in budgets
        if budget.state in ("near", "spent")
    ]


def _budget_title(budget: Budget) -> str:
    name = budget.subject.name
    if budget.state == "spent":
        return f"{name} has spent its budget"
    spent_at = budget.pace.spent_at
    when = f" {human_time(spent_at, now=timezone.now())}" if spent_at else ""
    return f"{name} reaches its budget{when}" if when else f"{name} has nearly spent its budget"


def _budget_note(budget: Budget) -> str:
    standing = budget.standing
    if standing is None:
        return ""
    of = money(standing.state.budget or 0)
    return f"{money(standing.taken)} of {of} {a_window(standing.allowance.window)}"


def _budgets(budgets: list[Budget]) -> Card:
    return Card(template="billing/_dashboard_budgets.html", part={"budgets": budgets})


def _status(
    access: Access, subscription: Subscription | None, found: Owed, month: MonthToDate | None
) -> Card:
    """How the subscription stands, the next invoice and the last one (S4-032)."""
    next_one = None
    if subscription is not None:
        next_one = upcoming(access.org.id, today_here(), subscription=subscription, month=month)
    part = {"subscription": subscription, "last": found.last, "next": next_one}
    return Card(template="billing/_dashboard_status.html", part=part, aside=True)
