"""The turn of the month: what is over is invoiced, oldest first, and what was planned begins.

May run twice, late, and beside itself: each month is one transaction under the lock of its
subscription, and `paid_to` says what was done.
"""

from __future__ import annotations

import datetime
import logging
from uuid import UUID

from django.db import connection
from django.db.models import F, Q

from audit.ledger import Actor
from billing.actions.invoices import invoice_issue, invoice_make
from billing.actions.rollup import ForeignLogError, usage_roll
from billing.actions.terms import locked, subscription_turn
from billing.charges import NO_PROJECT, Charge, days_in_words, term_charges, usage_charge
from billing.models import Invoice, Subscription, Term
from billing.models.subscriptions import LARGEST
from billing.periods import DAY, midnight, month_after
from billing.queries.metering import metered
from billing.queries.rollup import counted
from orgs.tenancy import bound
from projects.models import Project

log = logging.getLogger(__name__)

GONE = "A project that was deleted"
MOST_USAGE = LARGEST // 10
"""Minor units of usage in a month: reports beyond it are a fault, and no invoice holds them."""


class UsageIsBehindError(Exception):
    """The request log is not added up to the end of the month; the next run tries again."""


def months_invoice(*, today: datetime.date, actor: Actor) -> list[Invoice]:
    """Every month of every organization that is over and was not invoiced yet.

    One that fails is logged, tried again by the next run, and stops no other.
    """
    _catch_up()
    issued: list[Invoice] = []
    for organization in organizations_due(today):
        try:
            issued += organization_invoice(organization=organization, today=today, actor=actor)
        except UsageIsBehindError as error:
            log.warning("%s: %s waits for its usage", organization, error)
        except Exception:
            # Whatever is wrong with one organization's rows, the others get their invoices.
            log.exception("The month of the organization %s was not invoiced", organization)
    return issued


def organization_invoice(
    *, organization: UUID, today: datetime.date, actor: Actor
) -> list[Invoice]:
    """All months of one organization that are over: each in its own transaction.

    Raises UsageIsBehindError; the months before are invoiced then.
    """
    issued: list[Invoice] = []
    while True:
        with bound(organization):
            turned, invoice = _turn(organization, today, actor)
        if not turned:
            return issued
        issued += [invoice] if invoice else []


def organizations_due(today: datetime.date) -> list[UUID]:
    """Where a month is to be invoiced: asked across the wall, ids and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT subscriptions_due(%s)", [today])
        return [row[0] for row in cursor.fetchall()]


def _catch_up() -> None:
    try:
        usage_roll()
    except ForeignLogError as error:
        log.error("%s", error)


def _turn(organization: UUID, today: datetime.date, actor: Actor) -> tuple[bool, Invoice | None]:
    """The oldest month that is over: was there one, and its invoice if anything was to be paid."""
    locked(organization)
    subscription = _behind(organization, today)
    if subscription is None:
        return False, None
    start, end = subscription.paid_to, month_after(subscription.paid_to)
    if not is_counted(end):
        raise UsageIsBehindError(days_in_words(start, end - DAY))
    invoice = _invoice(subscription, start, end, actor, today)
    Subscription.objects.in_org(organization).filter(pk=subscription.pk).update(paid_to=end)
    subscription_turn(subscription=subscription, on=end, actor=actor)
    return True, invoice


def _behind(organization: UUID, today: datetime.date) -> Subscription | None:
    """The subscription whose month is to be invoiced next; one that has ended has a last month."""
    rows = Subscription.objects.in_org(organization).filter(provider="transfer")
    rows = rows.filter(~Q(state=Subscription.State.ENDED) | Q(paid_to__lt=F("ends_on")))
    found = rows.order_by("paid_to", "started_on").select_for_update().first()
    return found if found and month_after(found.paid_to) <= today else None


def _invoice(
    subscription: Subscription,
    start: datetime.date,
    end: datetime.date,
    actor: Actor,
    today: datetime.date,
) -> Invoice | None:
    charges = month_charges(subscription, start, end)
    if not charges:
        return None
    invoice = invoice_make(
        organization=subscription.organization_id,
        kind=Invoice.Kind.INVOICE,
        cause=f"days {start} to {end} of {subscription.pk}",
        title=f"{subscription.of_plan.label} and usage, {days_in_words(start, end - DAY)}",
        charges=charges,
        period=(start, end),
        currency=subscription.currency,
    )
    return invoice_issue(invoice=invoice, actor=actor, today=today)


def month_charges(
    subscription: Subscription, start: datetime.date, end: datetime.date
) -> list[Charge]:
    """Plan, seats and usage of the days [start, end): usage only while it was subscribed to."""
    organization = subscription.organization_id
    terms = Term.objects.in_org(organization).filter(subscription=subscription)
    charges = term_charges(terms, start, end, subscription.currency)
    first, until = max(start, subscription.started_on), min(end, subscription.ends_on or end)
    if first >= until:
        return charges
    used = metered(organization, first, until)
    parts = parts_of(organization, used.projects)
    usage = usage_charge(used.total, parts, first, until, subscription.currency)
    if usage and usage.net > MOST_USAGE:
        # Whoever reports so much would otherwise never be invoiced for anything again.
        log.error("%s: the usage of %s to %s is not charged: it is too much to be true",
                  organization, first, until)  # fmt: skip
        return charges
    return [*charges, usage] if usage else charges


def parts_of(organization: UUID, projects: dict[UUID | None, int]) -> list[dict[str, object]]:
    """Under the names of today: an annex is read long after a project was renamed or deleted."""
    names = dict(
        Project.objects.in_org(organization)
        .filter(pk__in=[pk for pk in projects if pk])
        .values_list("pk", "name")
    )
    return [
        {
            "project": str(pk) if pk else "",
            "name": names.get(pk, GONE) if pk else NO_PROJECT,
            "nano": nano,
        }
        for pk, nano in projects.items()
    ]


def is_counted(end: datetime.date) -> bool:
    """Is every call before this day, in the installation's zone, in the sums?"""
    now = counted()
    return now.state == "ok" and now.until is not None and now.until >= midnight(end)
