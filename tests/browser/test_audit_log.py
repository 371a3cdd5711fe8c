"""The audit log in a browser: searching it, keeping a filter, and following it live."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.audit.ledgers import change_role
from tests.browser.conftest import Visit
from tests.factories import Cast

pytestmark = pytest.mark.browser


@pytest.mark.requirement("S2-030", "S4-016")
def test_search_the_log_save_the_filter_and_delete_it(house: Cast, visit: Visit) -> None:
    change_role(house.acme.id)
    page = visit(house.alice)
    page.goto(house.url("audit-log/"))
    page.get_by_role("searchbox").fill("priya")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=priya$"))
    expect(page.locator(".entry")).to_have_count(1)
    entry = page.locator(".entry").first
    entry.locator("summary").first.click()
    expect(entry.locator("ins")).to_have_text("Admin")
    entry.get_by_text("As it is stored").click()
    expect(entry.locator("pre")).to_contain_text('"action": "member.role_changed"')
    page.get_by_role("button", name="Saved filters").click()
    page.get_by_role("link", name="Save this filter").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("About Priya")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Saved the filter About Priya")
    page.goto(house.url("audit-log/"))
    page.get_by_role("button", name="Saved filters").click()
    page.get_by_role("link", name="About Priya", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?q=priya$"))
    page.get_by_role("button", name="Saved filters").click()
    page.get_by_role("link", name="Delete the filter About Priya").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete filter").click()
    expect(page.locator(".toast")).to_contain_text("Deleted the filter About Priya")


def test_a_new_entry_arrives_by_itself_while_following(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("audit-log/?action=member.role_changed"))
    page.get_by_role("link", name="Follow").click()
    expect(page.get_by_text("Following: new entries appear here")).to_be_visible()
    expect(page).to_have_url(re.compile("follow=1"))
    before = page.locator(".entry").count()
    change_role(house.acme.id)
    expect(page.locator(".entry.new")).to_have_count(1, timeout=15_000)
    assert page.locator(".entry").count() == before + 1
    expect(page.locator("#arrived")).to_contain_text("1 new entry at")
    page.get_by_role("link", name="Stop").click()
    expect(page.get_by_text("Following: new entries appear here")).to_have_count(0)
