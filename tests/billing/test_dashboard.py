"""What billing adds to the dashboard: numbers of use, budgets near their end, what is owed."""

from __future__ import annotations

import datetime
import html
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Subscription
from billing.periods import DAY, month_before, today_here
from config.money import NANO
from config.roles import Policy, Preset, Role
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import charge, make_invoice, make_subscription
from tests.billing.counted import count
from tests.billing.test_budget_pages import Spending, finance, policies
from tests.factories import (
    Cast,
    make_group,
    make_member,
    make_organization,
    make_person,
    sign_in,
)
from tests.projects.calls import build_clock
from tests.projects.factories import make_project
from tests.projects.keys import make_limit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("issuer")]
MOST = 16


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def page_of(cast: Cast, person: Any) -> str:
    return html.unescape(sign_in(person).get(cast.url()).content.decode())


def fact_of(page: str, label: str) -> str:
    return page.partition(f"<dt>{label}</dt>")[2].partition("</div>")[0]


def status_of(page: str) -> str:
    return page.partition(">Billing status</h2>")[2].partition("</section>")[0]


def waits(page: str) -> str:
    return page.partition(">Waiting for you</h2>")[2].partition("</section>")[0]


def used(organization: Organization) -> None:
    today = today_here()
    before = month_before(today)
    count(
        organization,
        {"day": today, "calls": 2_000, "refused": 3, "cost": 106 * NANO},
        {"day": before, "calls": 10, "cost": 100 * NANO},
        {"day": today - 3 * DAY, "calls": 500},
    )


def test_what_was_used_stands_at_the_top(cast: Cast) -> None:
    used(cast.acme)
    page = page_of(cast, cast.alice)
    spent = fact_of(page, "Spent this month")
    assert "€106.00" in spent
    assert "6 % more than by this day in" in spent
    assert f'href="{cast.url("usage/")}"' in spent
    assert "2,000" in fact_of(page, "Requests today")
    assert 'class="spark"' in fact_of(page, "Requests today")
    refused = fact_of(page, "Refused today")
    assert ">3<" in refused
    assert "1 in 1,000" in refused


@pytest.mark.requirement("S4-043", "S1-023")
def test_who_may_not_see_costs_sees_requests(cast: Cast) -> None:
    used(cast.acme)
    policies(cast)
    page = page_of(cast, cast.mia)
    assert "Spent this month" not in page
    assert "€106.00" not in page
    assert "Requests this month" in page
    policies(cast, Policy.MEMBERS_READ_COSTS)
    assert "€106.00" in page_of(cast, cast.mia)
    assert "€106.00" in page_of(cast, cast.vera)


def test_an_organization_that_used_nothing_says_so(cast: Cast) -> None:
    page = page_of(cast, cast.alice)
    assert "€0.00" in fact_of(page, "Spent this month")
    assert 'class="spark"' not in page
    assert "No request yet today" in fact_of(page, "Refused today")
    assert ">Budgets</h2>" not in page


def test_the_three_budgets_nearest_their_end_are_shown(cast: Cast) -> None:
    spending = Spending(cast)
    for subject, budget in ((spending.project, 100), (spending.group, 400), (cast.acme, 800)):
        make_limit(subject, budget=budget * NANO)
    make_limit(make_project(cast.acme, "Idle one"), budget=NANO)
    spending.spend(95 * NANO)
    page = page_of(cast, cast.alice)
    part = page.partition(">Budgets</h2>")[2].partition("</section>")[0]
    assert part.index("Order intake") < part.index("Assembly") < part.index("Acme Robotics")
    assert "Idle one" not in part
    assert "95 %, nearly spent" in part
    waiting = waits(page)
    assert "Order intake" in waiting
    assert "€95.00 of €100.00 a month" in waiting
    assert cast.url(f"billing/budgets/project/{spending.project.pk}/") in waiting
    assert "Assembly" not in waiting


def test_who_reads_costs_is_told_of_a_budget_and_does_not_raise_it(cast: Cast) -> None:
    spending = Spending(cast)
    make_limit(spending.group, budget=100 * NANO)
    make_limit(spending.project, budget=100 * NANO)
    spending.spend(100 * NANO)
    for person in (cast.adam, cast.vera, finance(cast)):
        page = page_of(cast, person)
        assert "Assembly has spent its budget" in waits(page)
        assert "Raise budget" not in page
        assert "Order intake" not in page, "a project that they do not see"
    policies(cast)
    assert "Assembly" not in page_of(cast, cast.mia)


@pytest.mark.requirement("S3-072")
def test_an_overdue_invoice_waits_for_owners_and_is_read_by_finance(cast: Cast) -> None:
    invoice = make_invoice(cast.acme, charge(10_000), on=datetime.date(2026, 10, 1))
    address = cast.url(f"billing/invoices/{invoice.pk}/")
    page = page_of(cast, cast.alice)
    assert f"Invoice {invoice.number} is overdue" in waits(page)
    assert "€119.00 was due on 15 Oct" in waits(page)
    assert address in waits(page)
    assert "Overdue" in status_of(page)
    for person in (cast.adam, cast.vera, finance(cast)):
        page = page_of(cast, person)
        assert f"Invoice {invoice.number} is overdue" in waits(page)
        assert address not in page
    policies(cast)
    assert invoice.number not in page_of(cast, cast.mia)
    policies(cast, Policy.MEMBERS_READ_BILLING)
    assert invoice.number in page_of(cast, cast.mia)


def test_the_last_invoice_is_the_newest_however_many_are_overdue(cast: Cast) -> None:
    for month in range(1, 13):
        make_invoice(cast.acme, charge(100), on=datetime.date(2025, month, 1))
    newest = make_invoice(cast.acme, charge(100), on=today_here())
    assert newest.number in status_of(page_of(cast, cast.alice))


@pytest.mark.requirement("S4-032")
def test_the_billing_status_names_plan_state_next_and_last_invoice(cast: Cast) -> None:
    first = today_here().replace(day=1)
    make_subscription(cast.acme, plan="team", seats=12, started_on=first)
    with bound(cast.acme.pk):
        Organization.objects.filter(pk=cast.acme.pk).update(plan="team")
    invoice = make_invoice(cast.acme, charge(10_000), on=today_here())
    part = status_of(page_of(cast, cast.alice))
    assert "<dt>Team</dt>" in part
    assert "Active" in part
    assert "Next invoice, 1 " in part
    assert "€252.00" in part
    assert invoice.number in part
    assert "Due on" in part


@pytest.mark.parametrize("provider", ["transfer", "stripe"])
def test_a_failed_payment_and_an_end_wait_for_the_owner(cast: Cast, provider: str) -> None:
    ends = today_here() + 5 * DAY
    make_subscription(
        cast.acme,
        started_on=today_here().replace(day=1),
        state=Subscription.State.PAST_DUE,
        provider=provider,
        provider_ref="sub_1" if provider == "stripe" else "",
        ends_on=ends,
    )
    page = page_of(cast, cast.alice)
    assert ("A payment failed" in waits(page)) is (provider == "stripe")
    assert "The subscription to Team ends on" in waits(page)
    assert "Past due" in status_of(page)
    assert "Change method" not in page_of(cast, cast.vera)
    assert "The subscription to Team ends on" in waits(page_of(cast, cast.vera))
    policies(cast)
    assert "ends on" not in waits(page_of(cast, cast.mia))


@pytest.mark.requirement("S4-030", "S4-031", "S4-032", "S4-043")
@pytest.mark.parametrize("preset", list(Preset))
def test_only_owners_have_team_and_billing_whatever_the_preset(cast: Cast, preset: Preset) -> None:
    owner = make_person("Olga Winter")
    organization = make_organization(owner, "Presets", preset=preset)
    people = {role: make_person() for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER)}
    for role, person in people.items():
        make_member(organization, role, person)
    address = f"/o/{organization.slug}/"
    page = sign_in(owner).get(address).content.decode()
    assert ">Team</h2>" in page
    assert "<b>4</b> members" in page
    assert "Pending invitations" in page
    assert "Seats in use" in page
    assert ">Billing status</h2>" in page
    for person in people.values():
        page = sign_in(person).get(address).content.decode()
        assert ">Your access</h2>" in page
        assert ">Team</h2>" not in page
        assert ">Billing status</h2>" not in page


def test_the_number_of_queries_stays_within_its_ceiling(cast: Cast) -> None:
    used(cast.acme)
    make_subscription(cast.acme, started_on=today_here().replace(day=1))
    client = sign_in(cast.alice)

    def asked() -> int:
        client.get(cast.url())
        with CaptureQueriesContext(connection) as captured:
            client.get(cast.url())
        said = [query["sql"] for query in captured.captured_queries]
        return len([sql for sql in said if not sql.startswith(("BEGIN", "COMMIT", "SAVE", "REL"))])

    few = asked()
    for number in range(12):
        make_limit(make_group(cast.acme, f"Crew {number}"), budget=NANO)
        make_limit(make_project(cast.acme, f"Line {number}"), budget=NANO)
        make_invoice(cast.acme, charge(100), on=datetime.date(2026, 9, 1))
    many = asked()
    # With budgets there is one question more: how far those that were found are used up.
    assert many <= few + 1
    assert many <= MOST


def test_nothing_of_another_organization_shows(cast: Cast) -> None:
    used(cast.umbrella)
    invoice = make_invoice(cast.umbrella, charge(10_000), on=datetime.date(2026, 10, 1))
    make_limit(make_group(cast.umbrella, "Night shift"), budget=NANO)
    page = page_of(cast, cast.alice)
    assert invoice.number not in page
    assert "Night shift" not in page
    assert "€106.00" not in page
