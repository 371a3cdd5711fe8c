"""What billing, usage and insights hold: a little for one organization, or many rows of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from billing.actions.credit import credit_add
from billing.actions.credit_notes import credit_note_issue
from billing.actions.invoices import invoice_issue, invoice_make
from billing.charges import Charge
from billing.models import Invoice, Subscription, Term
from billing.plans import plan_of
from orgs.models import Group, Membership, Organization
from orgs.tenancy import bound
from projects.models import Execution, Key, Project, ProjectInsights
from tests.billing.bills import ISSUER, make_details, make_invoice, pay
from tests.billing.counted import count
from tests.factories import TEST, Cast
from tests.projects.factories import make_project

NANO = 10**9


def sold() -> override_settings:
    """While somebody issues invoices there is something to subscribe to, and to buy."""
    return override_settings(ISSUER=ISSUER, TAX_RATE="19")


@dataclass(frozen=True, kw_only=True)
class Books:
    """The living subscription, and what was issued: one overdue, one paid, one taken back."""

    subscription: Subscription
    invoice: Invoice
    paid: Invoice


def keep_books(
    project: Project, key: Key, group: Group, member: Membership, *, prefix: str = ""
) -> Books:
    """A subscription, invoices, credit, usage and insights, all about this project and key."""
    organization = project.organization
    make_details(
        organization,
        legal_name=f"{prefix}Acme Robotics SAS",
        purchase_order=f"{prefix}PO 4711",
        recipients=[f"{prefix.strip().lower() or 'our'}-finance@example.com"],
    )
    today = timezone.localdate()
    invoices = [_issued(organization, f"{prefix}Usage and seats", number) for number in range(3)]
    with sold():
        pay(invoices[1], invoices[1].gross)
        with bound(organization.pk):
            credit_note_issue(invoice=invoices[2], reason=f"{prefix}Charged twice", actor=TEST)
            credit_add(
                organization=organization.pk,
                amount=5_000,
                invoice=None,
                reason=f"{prefix}Sorry",
                actor=TEST,
            )
    who = {"project": project, "group": group, "person": member, "key": key}
    for days in (0, 1, 40):
        counted = {"calls": 20, "refused": 1, "tokens_in": 900, "cost": 7 * NANO}
        model = {"model": f"{prefix}north", "task": f"{prefix}summary"}
        count(organization, {"day": today - datetime.timedelta(days), **who, **model, **counted})
    look_into(project, member)
    return Books(
        subscription=make_subscription(organization), invoice=invoices[0], paid=invoices[1]
    )


def make_subscription(organization: Organization, plan: str = "enterprise") -> Subscription:
    """As of the first of last month, in the installation's currency."""
    started = (timezone.localdate().replace(day=1) - datetime.timedelta(days=1)).replace(day=1)
    with bound(organization.pk):
        base, seat = plan_of(plan).prices(settings.CURRENCY)
        row = Subscription.objects.create(
            organization_id=organization.pk,
            plan=plan,
            seats=60,
            currency=settings.CURRENCY,
            started_on=started,
            paid_to=timezone.localdate().replace(day=1),
        )
        Term.objects.create(
            organization_id=organization.pk,
            subscription=row,
            plan=plan,
            seats=60,
            base=base,
            seat=seat,
            starts_on=started,
        )
        said = {"plan": (None, plan), "seats": (None, 60), "price": (None, "")}
        target = Target("organization", organization.pk, organization.name)
        ledger.record(
            Event.SUBSCRIPTION_STARTED,
            organization=organization.pk,
            actor=TEST,
            target=target,
            changes=said,
        )
    return row


def make_open_invoice(organization: Organization, title: str = "Usage and seats") -> Invoice:
    make_details(organization)
    return _issued(organization, title, 0)


def _issued(organization: Organization, title: str, number: int) -> Invoice:
    """Issued two months ago and open, so that it is overdue."""
    on = timezone.localdate() - datetime.timedelta(days=60 - number)
    with sold():
        return make_invoice(organization, _charge(title, 10_000 + number), title=title, on=on)


def _charge(text: str, net: int) -> Charge:
    price = Decimal(net).scaleb(-2)
    return Charge(kind="seats", text=text, quantity=Decimal(1), unit="C62", price=price, net=net)


def look_into(project: Project, member: Membership) -> ProjectInsights:
    """Insights of this project are on, and there is something to see in them."""
    with bound(project.organization_id):
        row, _ = ProjectInsights.objects.get_or_create(
            organization_id=project.organization_id,
            project=project,
            defaults={"enabled_by": member},
        )
        Execution.objects.create(
            organization_id=project.organization_id,
            project=project,
            started_by=member,
            state="succeeded",
            summary="A run",
        )
        ledger.record(
            Event.INSIGHTS_ENABLED,
            organization=project.organization_id,
            actor=TEST,
            target=Target("project", project.pk, project.name),
            changes={"state": ("off", "on")},
        )
    return row


def populate_books(cast: Cast, rows: int) -> dict[str, Any]:
    """Grow Acme to this many of each; ids of what has most around it. Runs unbound."""
    with bound(cast.acme.id):
        members = list(Membership.objects.filter(login__gt="").order_by("login"))
        groups = list(Group.objects.order_by("name"))
        projects = list(Project.objects.order_by("name"))
        keys = list(Key.objects.order_by("created_at", "pk"))
        issued = Invoice.objects.exclude(state="draft").count()
        lives = Subscription.objects.first()
        watched = ProjectInsights.objects.count()
    first = _first_invoice(cast, projects, rows)
    for number in range(issued, rows):
        make_open_invoice(cast.acme, f"Month {number:03}")
        with bound(cast.acme.id):
            credit_add(
                organization=cast.acme.id,
                amount=100 + number,
                invoice=None,
                reason=f"Sorry {number}",
                actor=TEST,
            )
    _terms(lives or make_subscription(cast.acme), rows)
    today = timezone.localdate()
    for number in range(watched, rows):
        about: dict[str, Any] = {
            "project": projects[number],
            "group": groups[number],
            "key": keys[number],
        }
        about |= {"person": members[number], "model": f"model-{number}", "task": f"task-{number}"}
        day = today - datetime.timedelta(days=number)
        for which in {day, today}:
            row = {"day": which, "calls": 3, "tokens_in": 5, "cost": (number + 1) * NANO}
            count(cast.acme, about | row | {"refused": number})
        look_into(projects[number], members[number])
    return {"invoice": first.pk, "budget": projects[0].pk}


def _first_invoice(cast: Cast, projects: list[Project], rows: int) -> Invoice:
    """An invoice of so many lines, of usage of as many projects, paid in as many parts."""
    make_details(cast.acme)
    parts = [
        {"project": str(project.pk), "name": project.name, "nano": NANO}
        for project in projects[:rows]
    ]
    with sold(), bound(cast.acme.id):
        charges = [replace(_charge(f"Line {number}", 100), parts=parts) for number in range(rows)]
        made = invoice_make(
            organization=cast.acme.id,
            kind="invoice",
            cause=f"first {rows}",
            title="The long one",
            charges=charges,
        )
        invoice = invoice_issue(invoice=made, actor=TEST, today=timezone.localdate())
    for _ in range(rows):
        pay(invoice, 1)
    return invoice


def _terms(subscription: Subscription, rows: int) -> None:
    """As many terms, one after the other; the newest runs."""
    with bound(subscription.organization_id):
        terms = Term.objects.in_org(subscription.organization_id)
        first = terms.order_by("starts_on")[0]
        for number in range(terms.count(), rows):
            day = first.starts_on - datetime.timedelta(days=number)
            Term.objects.create(
                organization_id=subscription.organization_id,
                subscription=subscription,
                plan=first.plan,
                seats=60 - number,
                base=first.base,
                seat=first.seat,
                starts_on=day,
                ends_on=day + datetime.timedelta(days=1),
            )


def some_watched_project(organization: Organization, member: Membership) -> Project:
    project = make_project(organization)
    look_into(project, member)
    return project
