"""Who reads billing without changing it: a Billing Viewer, and Members as the policies let them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from billing.periods import today_here
from config.money import NANO
from config.roles import PRESET_POLICIES, Preset, Role
from orgs.actions.organizations import organization_change_policies
from orgs.tenancy import bound
from tests.billing.counted import count
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, make_group_with
from tests.factories import Cast
from tests.house.books import keep_books
from tests.projects.factories import make_group_role, make_project
from tests.projects.keys import make_key

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("seller")]

CHANGES = re.compile(
    "^(Subscribe|Change.*|Resume|Cancel.*|Billing details|Buy.*|Set a budget.*|Undo)$"
)
PAGES = ("billing/", "billing/plans/", "billing/credits/", "billing/budgets/", "billing/invoices/")


def make_books(house: Cast) -> str:
    """A subscription, invoices and usage of a project; the number of an invoice."""
    project, alice = make_project(house.acme, "Order intake"), house.member(house.alice)
    group = make_group_with(house, "Finance", house.eddie)
    make_group_role(group, Role.BILLING_VIEWER)
    key, _ = make_key(project, alice, "Production", cost_centre=group)
    return str(keep_books(project, key, group, alice).invoice.number)


def changes_nothing(page: Page) -> None:
    """No control on this page changes anything: no link to a deed, no form that sends."""
    main = page.get_by_role("main")
    expect(main.get_by_role("link", name=CHANGES)).to_have_count(0)
    expect(main.get_by_role("button", name=CHANGES)).to_have_count(0)
    expect(main.locator("form[method=post]")).to_have_count(0)


@pytest.mark.requirement("S1-066", "S3-062", "S3-063", "S3-064", "S3-065", "S3-066")
def test_a_billing_viewer_reads_everything_and_changes_nothing(house: Cast, visit: Visit) -> None:
    number = make_books(house)
    page = visit(house.eddie)
    page.get_by_role("link", name="Billing", exact=True).click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("You may read billing")
    expect(main).to_contain_text("Alice Marlow may change it.")
    expect(main).to_contain_text("60 seats")
    for path in PAGES:
        page.goto(house.url(path))
        changes_nothing(page)
    page.get_by_role("link", name=number, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(number)
    changes_nothing(page)
    for deed in ("change/", "cancel/", "details/", "method/", "credits/buy/"):
        page.goto(house.url(f"billing/{deed}"))
        expect(page.locator(".toast", has_text="You may not")).to_be_visible()


@pytest.mark.requirement("S3-060", "S3-061")
def test_a_billing_viewer_exports_usage_on_a_phone(house: Cast, visit: Visit) -> None:
    make_books(house)
    page = visit(house.eddie, viewport={"width": 390, "height": 844})
    page.goto(house.url("billing/plans/"))
    expect(page.get_by_role("region", name="Team")).to_contain_text("Export of usage reports")
    page.goto(house.url("usage/?by=model"))
    table = page.get_by_role("table", name=re.compile(", by model$"))
    expect(table.get_by_role("row").filter(has_text="north")).to_contain_text("€")
    page.get_by_role("link", name="Export").click()
    page.get_by_role("radio", name=re.compile("^Each day")).check()
    page.get_by_role("radio", name=re.compile("^CSV")).check()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download").click()
    assert coming.value.suggested_filename.endswith(".csv")
    first, *others = Path(coming.value.path()).read_text("utf-8-sig").splitlines()
    assert first.startswith("day,")
    assert "cost" in first
    assert any("north" in line for line in others)
    # An End User in a finance group learns what was spent, not what the project is called.
    assert not any("Order intake" in line for line in others)
    assert deeds(house, 1) == ["usage.exported"]


def use_preset(house: Cast, preset: Preset) -> None:
    with bound(house.acme.id):
        organization_change_policies(
            organization=house.acme.id,
            policies=PRESET_POLICIES[preset],
            seen=PRESET_POLICIES[Preset.S1],
            actor=house.access(house.alice),
        )


def spend(house: Cast) -> None:
    counted = {"calls": 3, "tokens_in": 900, "cost": 7 * NANO}
    count(house.acme, {"day": today_here(), "model": "north-small", **counted})


@pytest.mark.requirement("S1-034", "S4-042")
@pytest.mark.parametrize(("preset", "sees"), [(Preset.S1, True), (Preset.S2, False)])
def test_a_member_sees_usage_and_costs_by_policy(
    house: Cast, visit: Visit, preset: Preset, sees: bool
) -> None:
    use_preset(house, preset)
    spend(house)
    page = visit(house.mia)
    page.get_by_role("link", name="Usage", exact=True).click()
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", level=1)).to_have_text("Usage")
    expect(main.get_by_text("900").first).to_be_visible()
    expect(main.get_by_role("columnheader", name="Cost", exact=True)).to_have_count(1 * sees)
    expect(main.get_by_role("link", name="Money")).to_have_count(1 * sees)
    assert ("€" in main.inner_text()) is sees
    expect(main).to_contain_text("You may not export usage reports")

    expect(page.get_by_role("link", name="Billing", exact=True)).to_have_count(0)
    page.goto(house.url("billing/"))
    expect(page).to_have_url(re.compile(house.url() + "$"))
    expect(page.locator(".toast", has_text="You may not")).to_be_visible()


@pytest.mark.requirement("S4-015", "S4-019", "S4-050")
def test_a_member_reads_billing_where_the_policy_says_so(house: Cast, visit: Visit) -> None:
    number = make_books(house)
    use_preset(house, Preset.S4)
    page = visit(house.mia)
    nav = page.get_by_role("navigation", name="Console")
    expect(nav.get_by_role("link", name="Billing")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill("billing")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Billing")
    expect(page.get_by_role("main")).to_contain_text("Alice Marlow may change it.")
    changes_nothing(page)
    page.get_by_role("link", name="All invoices").click()
    expect(page.get_by_role("link", name=number, exact=True)).to_be_visible()
    changes_nothing(page)
    page.goto(house.url("billing/cancel/"))
    expect(page.locator(".toast", has_text="You may not")).to_be_visible()
