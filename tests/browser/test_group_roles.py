"""The boxes of the groups page: ticked, told under the row, undone; by mouse, keys and plain forms."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from config.roles import Role
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, make_group_with, stay, stayed
from tests.factories import Cast

pytestmark = pytest.mark.browser

AUDIT = Role.AUDIT_LOG_READER.label


def may_read_the_log(page: Page, house: Cast) -> bool:
    """Whether the log opens for whoever sits before this page; else they are sent home."""
    page.goto(house.url("audit-log/"))
    return page.get_by_role("heading", level=1).inner_text() == "Audit log"


@pytest.mark.requirement("S3-013", "S3-015", "S3-020", "S3-021")
def test_a_tick_opens_a_page_to_the_group_and_undo_shuts_it(house: Cast, visit: Visit) -> None:
    group = make_group_with(house, "Security", house.mia)
    page, mia = visit(house.alice), visit(house.mia)
    assert not may_read_the_log(mia, house)
    page.goto(house.url("groups/"))
    stay(page)
    row = page.locator(f"#group-{group.pk}")
    box = row.get_by_role("checkbox", name=f"{AUDIT} for Security")
    box.click()
    note = row.locator(".row-note")
    expect(note).to_contain_text(f"+1 person gains {AUDIT}")
    expect(note.get_by_role("img", name=house.mia.name)).to_be_visible()
    expect(box).to_be_checked()
    expect(page.locator("#group-said")).to_contain_text(f"+1 person gains {AUDIT}")
    assert may_read_the_log(mia, house)
    note.get_by_role("button", name="Undo").click()
    expect(note).to_contain_text("Undone")
    expect(box).not_to_be_checked()
    assert not may_read_the_log(mia, house)
    assert stayed(page)
    assert deeds(house, 2) == ["group.role_restored", "group.role_given"]
    page.goto(house.url("audit-log/"))
    expect(page.locator(".entry").filter(has_text="Security").first).to_contain_text("Security")


def test_a_role_is_given_and_undone_by_keyboard_alone(house: Cast, visit: Visit) -> None:
    group = make_group_with(house, "Security", house.mia)
    page = visit(house.alice)
    page.goto(house.url("groups/"))
    row = page.locator(f"#group-{group.pk}")
    box = row.get_by_role("checkbox", name=f"{AUDIT} for Security")
    row.get_by_role("link").first.focus()
    for _ in Role:
        page.keyboard.press("Tab")
        if box.evaluate("box => box === document.activeElement"):
            break
    expect(box).to_be_focused()
    page.keyboard.press("Space")
    expect(row.locator(".row-note")).to_contain_text(f"+1 person gains {AUDIT}")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    undo = row.get_by_role("button", name="Undo")
    for _ in Role:
        page.keyboard.press("Tab")
        if undo.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(row.locator(".row-note")).to_contain_text("Undone")
    expect(box).not_to_be_checked()
    # The button is gone with what it undid; whoever goes on, goes on from this row.
    assert row.evaluate("row => row.contains(document.activeElement)")
    assert deeds(house, 2) == ["group.role_restored", "group.role_given"]


def test_a_role_is_given_and_undone_without_javascript(house: Cast, visit: Visit) -> None:
    group = make_group_with(house, "Security", house.mia)
    page = visit(house.alice, java_script_enabled=False)
    mia = visit(house.mia, java_script_enabled=False)
    page.goto(house.url("groups/"))
    page.get_by_role("button", name=f"Give {AUDIT}, Security").click()
    expect(page).to_have_url(re.compile(house.url("groups/")))
    row = page.locator(f"#group-{group.pk}")
    told = page.locator(".row-note, .group-note").first
    expect(told).to_contain_text(f"+1 person gains {AUDIT}")
    expect(row.get_by_role("checkbox", name=f"{AUDIT} for Security")).to_be_checked()
    assert may_read_the_log(mia, house)
    told.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile("Undone: "))).to_be_visible()
    expect(row.get_by_role("checkbox", name=f"{AUDIT} for Security")).not_to_be_checked()
    assert not may_read_the_log(mia, house)
    assert deeds(house, 2) == ["group.role_restored", "group.role_given"]
