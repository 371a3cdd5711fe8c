"""Billing in the browser, of an Owner: details, plan, seats, credit, invoices; and two tabs at once.

Who only reads it is in test_billing_readers.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from billing.models import BillingDetails, Subscription
from config.money import NANO
from orgs.tenancy import bound
from projects.models import Limit
from tests.billing.bills import charge, make_details, make_invoice, pay
from tests.billing.plans import entries, living
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, open_dialog, stay, stayed
from tests.factories import Cast, make_group

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("seller")]


def fact(page: Page, name: str | re.Pattern[str]) -> Locator:
    """The number of this name at the top of a page, with the line under it."""
    return page.locator(".fact").filter(has=page.get_by_role("term").filter(has_text=name))


def subscribed(house: Cast) -> Subscription:
    found = living(house.acme)
    assert found is not None
    return found


def fill_details(form: Page | Locator, tax_id: str) -> None:
    form.get_by_label("Legal name").fill("Acme Robotics SAS")
    form.get_by_label("Street and number").fill("3 rue des Forges")
    form.get_by_label("Postcode").fill("59000")
    form.get_by_label("City").fill("Lille")
    form.get_by_label("Country").select_option(label="France")
    form.get_by_label("Tax id").fill(tax_id)
    form.get_by_label("Purchase order").fill("PO 4711")
    form.get_by_label("Invoices are sent to").fill("finance@acme.example\nbooks@acme.example")
    form.get_by_role("button", name="Save details").click()


def details(house: Cast) -> BillingDetails:
    with bound(house.acme.pk):
        return BillingDetails.objects.in_org(house.acme).get()


@pytest.mark.requirement("S4-015", "S4-049")
def test_an_owner_says_whom_invoices_are_for(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, expected=("422",))
    page.goto(house.url("billing/"))
    dialog = open_dialog(page, "Billing details")
    fill_details(dialog, "FR40303265046")
    tax_id = dialog.get_by_label("Tax id")
    expect(tax_id).to_have_attribute("aria-invalid", "true")
    expect(tax_id).to_have_accessible_description(re.compile("a digit is wrong or two are swapped"))
    expect(dialog.get_by_label("Legal name")).to_have_value("Acme Robotics SAS")
    tax_id.fill("FR 40 303 265 045")
    dialog.get_by_role("button", name="Save details").click()

    card = page.get_by_role("region", name="Billing details")
    expect(card).to_contain_text("59000 Lille")
    expect(card).to_contain_text("FR40303265045")
    expect(card).to_contain_text("books@acme.example")
    assert details(house).purchase_order == "PO 4711"
    assert deeds(house, 1) == ["billing_details.changed"]


@pytest.mark.requirement("S4-048")
def test_an_owner_subscribes_and_has_more_seats(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, expected=("422",))
    page.goto(house.url("billing/"))
    expect(fact(page, "Plan")).to_contain_text("Not subscribed")
    dialog = open_dialog(page, "Subscribe")
    dialog.get_by_role("radio", name=re.compile("^Team")).check()
    dialog.get_by_role("spinbutton", name="Seats").fill("12")
    preview = dialog.locator("#plan-preview")
    expect(preview).to_contain_text("€252.00")
    expect(preview).to_contain_text("The rest of")
    # Two clicks are one subscription.
    dialog.get_by_role("button", name="Subscribe").dblclick()
    expect(fact(page, "Plan")).to_contain_text("12 seats, €252.00 a month")
    expect(fact(page, "Seats")).to_contain_text("5 of 12")
    expect(fact(page, "Next invoice")).to_contain_text("€")
    assert len(entries(house.acme, "subscription.")) == 1

    dialog = open_dialog(page, "Change plan")
    dialog.get_by_role("spinbutton", name="Seats").fill("15")
    expect(preview).to_contain_text("€315.00")
    dialog.get_by_role("button", name="Change plan").click()
    expect(fact(page, "Seats")).to_contain_text("5 of 15")

    dialog = open_dialog(page, "Change plan")
    dialog.get_by_role("spinbutton", name="Seats").fill("3")
    expect(preview).to_contain_text("2 too many for 3 seats")
    expect(preview.locator(".crowd").get_by_role("link")).to_have_count(2)
    dialog.get_by_role("button", name="Change plan").click()
    expect(dialog.get_by_role("spinbutton", name="Seats")).to_have_attribute("aria-invalid", "true")
    assert subscribed(house).next_seats is None


@pytest.mark.requirement("S4-048")
def test_an_owner_takes_back_fewer_seats_and_the_end(
    house: Cast, visit: Visit, settings: Any
) -> None:
    settings.DEFAULT_PLAN = "free"
    page = visit(house.alice)
    subscribe(page, house)
    dialog = open_dialog(page, "Change plan")
    dialog.get_by_role("spinbutton", name="Seats").fill("8")
    expect(dialog).to_contain_text("€168.00")
    dialog.get_by_role("button", name="Change plan").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("Team with 8 seats")
    page.get_by_role("button", name="Undo").click()
    expect(main).not_to_contain_text("Team with 8 seats")
    assert (subscribed(house).seats, subscribed(house).next_seats) == (12, None)

    dialog = open_dialog(page, "Cancel subscription")
    expect(dialog).to_contain_text("Until then it may be resumed")
    effects = dialog.locator(".effects")
    expect(effects).to_contain_text("Usage stays on its page; the files end with Team.")
    expect(effects).to_contain_text("Nobody is removed.")
    dialog.get_by_label("Why it ends").fill("We build our own")
    dialog.get_by_role("button", name="Cancel subscription").click()
    expect(main).to_contain_text(": no subscription")
    expect(fact(page, "Seats")).to_contain_text("5 of 12")
    dialog = open_dialog(page, "Resume")
    dialog.get_by_role("button", name="Resume subscription").click()
    expect(main).not_to_contain_text(": no subscription")
    assert subscribed(house).ends_on is None
    assert deeds(house, 2) == ["subscription.resumed", "subscription.canceled"]


def subscribe(page: Page, house: Cast, seats: str = "12") -> None:
    page.goto(house.url("billing/subscribe/"))
    page.get_by_role("radio", name=re.compile("^Team")).check()
    page.get_by_role("spinbutton", name="Seats").fill(seats)
    page.get_by_role("button", name="Subscribe").click()
    expect(fact(page, "Seats")).to_contain_text(f"5 of {seats}")


@pytest.mark.requirement("S4-048", "S4-049")
def test_an_owner_does_without_javascript(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, java_script_enabled=False, expected=("422",))
    page.goto(house.url("billing/"))
    page.get_by_role("link", name="Billing details").first.click()
    fill_details(page, "FR40303265046")
    expect(page.get_by_label("Tax id")).to_have_attribute("aria-invalid", "true")
    fill_details(page, "FR40303265045")
    expect(page.get_by_role("region", name="Billing details")).to_contain_text("FR40303265045")

    page.get_by_role("link", name="Subscribe").click()
    page.get_by_role("spinbutton", name="Seats").fill("12")
    page.get_by_role("button", name="Show what it costs").click()
    expect(page.locator("#plan-preview")).to_contain_text("€252.00")
    page.get_by_role("button", name="Subscribe").click()
    expect(fact(page, "Seats")).to_contain_text("5 of 12")
    page.get_by_role("link", name="Change plan").click()
    page.get_by_role("spinbutton", name="Seats").fill("3")
    page.get_by_role("button", name="Show what it costs").click()
    expect(page.locator("#plan-preview")).to_contain_text("2 too many for 3 seats")
    page.get_by_role("spinbutton", name="Seats").fill("15")
    page.get_by_role("button", name="Change plan").click()
    expect(fact(page, "Seats")).to_contain_text("5 of 15")

    page.get_by_role("link", name="Cancel subscription").click()
    page.get_by_role("button", name="Cancel subscription").click()
    expect(page.get_by_role("main")).to_contain_text(": no subscription")
    page.get_by_role("link", name="Resume").first.click()
    page.get_by_role("button", name="Resume subscription").click()
    assert subscribed(house).ends_on is None


def download(page: Page, name: str) -> tuple[str, bytes]:
    """The file behind this link: its name, and what is in it."""
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


@pytest.mark.requirement("S3-066", "S4-050")
def test_an_owner_buys_credit_and_takes_the_invoice_along(house: Cast, visit: Visit) -> None:
    make_details(house.acme)
    page = visit(house.alice, expected=("422",))
    page.goto(house.url("billing/credits/"))
    dialog = open_dialog(page, "Buy credit")
    amount = dialog.get_by_label("Amount")
    amount.fill("0")
    dialog.get_by_role("button", name="Buy credit").click()
    expect(amount).to_have_attribute("aria-invalid", "true")
    # What was swapped in a moment ago does not listen yet.
    expect(dialog.locator(".htmx-added")).to_have_count(0)
    amount.fill("50")
    expect(dialog.locator("#credit-preview")).to_contain_text("+€50.00")
    dialog.get_by_role("button", name="Buy credit").dblclick()
    expect(fact(page, "Amount")).to_contain_text("€50.00")
    expect(fact(page, "State")).to_contain_text("Open, due")
    number = page.get_by_role("heading", level=1).inner_text()

    name, content = download(page, "Download PDF")
    assert (name.endswith(".pdf"), content[:5]) == (True, b"%PDF-")
    name, content = download(page, "XML")
    assert name.endswith(".xml")
    root = ElementTree.fromstring(content)  # noqa: S314
    assert root.tag.endswith("}CrossIndustryInvoice")
    assert number in content.decode()

    page.goto(house.url("billing/credits/"))
    expect(fact(page, "Waiting to be paid")).to_contain_text("1 top-up")
    expect(fact(page, "Balance")).to_contain_text("€0.00")


@pytest.mark.requirement("S1-063", "S4-050")
def test_an_owner_finds_invoices_by_state(house: Cast, visit: Visit) -> None:
    make_details(house.acme)
    settled = make_invoice(house.acme)
    pay(settled, settled.gross)
    unpaid = make_invoice(house.acme, charge(12_000))
    page = visit(house.alice)
    page.goto(house.url("billing/"))
    page.get_by_role("link", name="All invoices").click()
    table = page.get_by_role("table", name="Invoices and credit notes")
    for invoice in (settled, unpaid):
        expect(table).to_contain_text(str(invoice.number))
    stay(page)
    page.get_by_label("State").select_option(label="Paid")
    expect(table).not_to_contain_text(str(unpaid.number))
    expect(table).to_contain_text(str(settled.number))
    assert stayed(page)
    expect(page).to_have_url(re.compile("state=paid"))
    _, content = download(page, f"Download {settled.number} as PDF")
    assert content[:5] == b"%PDF-"
    page.get_by_label("State").select_option(label="Void")
    expect(page.get_by_text("No invoice is like this.")).to_be_visible()


@pytest.mark.requirement("S3-066")
def test_an_owner_sets_a_budget_and_an_admin_reads_it(house: Cast, visit: Visit) -> None:
    group = make_group(house.acme, "Finance")
    page = visit(house.alice, expected=("422",))
    page.goto(house.url("billing/budgets/?layer=group&show=all"))
    dialog = open_dialog(page, "Set a budget for Finance")
    budget = dialog.get_by_label("Budget", exact=True)
    budget.fill("0")
    dialog.get_by_role("button", name="Save budget").click()
    expect(budget).to_have_attribute("aria-invalid", "true")
    budget.fill("250")
    dialog.get_by_label("For each").select_option("month")
    expect(dialog.locator("#limit-outlook")).to_contain_text("€250.00")
    dialog.get_by_role("button", name="Save budget").click()
    row = page.get_by_role("row").filter(has_text="Finance")
    expect(row).to_contain_text("of €250.00 a month")
    expect(row.get_by_role("meter", name="Spent of the budget")).to_be_visible()
    with bound(house.acme.pk):
        assert Limit.objects.get(group=group).budget == 250 * NANO

    page = visit(house.adam)
    page.goto(house.url("billing/budgets/?layer=group"))
    expect(page.get_by_role("row").filter(has_text="Finance")).to_contain_text("of €250.00")
    expect(page.get_by_role("main")).to_contain_text("ask Alice Marlow")
    expect(page.get_by_role("link", name=re.compile("budget (of|for)"))).to_have_count(0)


@pytest.mark.requirement("S4-048")
def test_two_tabs_do_not_undo_each_other(house: Cast, visit: Visit) -> None:
    first, second = visit(house.alice), visit(house.alice, expected=("409",))
    subscribe(first, house)
    second.goto(house.url("billing/"))
    dialog = open_dialog(second, "Change plan")
    seats = dialog.get_by_role("spinbutton", name="Seats")
    seats.fill("20")
    first.goto(house.url("billing/cancel/"))
    first.get_by_role("button", name="Cancel subscription").click()
    expect(first.get_by_role("main")).to_contain_text(": no subscription")

    dialog.get_by_role("button", name="Change plan").click()
    expect(dialog.get_by_role("alert")).to_contain_text("was changed meanwhile")
    expect(seats).to_have_value("20")
    assert subscribed(house).seats == 12
    dialog.get_by_role("link", name="Resume").click()
    dialog.get_by_role("button", name="Resume subscription").click()
    expect(second.get_by_role("main")).not_to_contain_text(": no subscription")

    # The other way round: what is canceled is what was looked at.
    dialog = open_dialog(second, "Cancel subscription")
    first.goto(house.url("billing/change/"))
    first.get_by_role("spinbutton", name="Seats").fill("20")
    first.get_by_role("button", name="Change plan").click()
    expect(fact(first, "Seats")).to_contain_text("5 of 20")
    dialog.get_by_role("button", name="Cancel subscription").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Team with 20 seats")
    assert (subscribed(house).seats, subscribed(house).ends_on) == (20, None)
