"""Explain beside the list: an allow with every path, a deny with what would change it, and out."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from config.roles import Role
from tests.browser.conftest import Visit
from tests.browser.steps import make_group_with, stay, stayed
from tests.factories import Cast
from tests.projects.factories import make_grant, make_project

pytestmark = pytest.mark.browser


def test_explain_shows_both_paths_then_a_deny_and_what_would_change_it(
    house: Cast, visit: Visit
) -> None:
    project = make_project(house.acme, "Order intake")
    group = make_group_with(house, "Shift leads", house.mia)
    make_grant(project, house.member(house.mia), Role.PROJECT_MEMBER)
    make_grant(project, group, Role.PROJECT_VIEWER)
    page = visit(house.alice, permissions=["clipboard-read", "clipboard-write"])
    page.goto(house.url(f"projects/{project.pk}/access/"))
    stay(page)
    panel = page.get_by_role("complementary", name="Explain")
    expect(panel).to_be_hidden()
    page.get_by_role("link", name="Explain the access of Mia Castellano").click()
    expect(panel.locator(".verdict")).to_contain_text("Mia may view this project")
    expect(panel.locator(".proof")).to_contain_text("Order intake")
    expect(panel.locator(".more-path")).to_have_count(1)
    expect(panel).to_contain_text("Shift leads")

    panel.locator(".explain-who summary").click()
    panel.get_by_role("searchbox", name="Search another person").fill("lindq")
    panel.get_by_role("link", name=re.compile("Vera Lindqvist")).click()
    expect(panel.locator(".verdict")).to_contain_text("Vera may not")
    expect(panel.get_by_role("heading", name=re.compile("What would change it"))).to_be_visible()

    panel.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert str(house.member(house.vera).pk) in link
    assert stayed(page)

    # What is suggested is done from here, and the panel answers anew.
    panel.locator(".remedies").get_by_role("link", name=re.compile("^Share")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name=re.compile("Vera Lindqvist"))).to_be_checked()
    dialog.get_by_role("button", name="Share").click()
    expect(panel.locator(".verdict")).to_contain_text("Vera may view this project")
    assert stayed(page)

    # Beside an answer in JSON the browser looks for an icon of its own.
    other = visit(house.alice, expected=("404",))
    other.goto(link)
    expect(other.locator(".verdict")).to_contain_text("Vera may view this project")
    other.get_by_role("link", name="As JSON").click()
    said = json.loads(other.locator("body").inner_text())
    assert said["allowed"] is True
