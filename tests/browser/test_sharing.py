"""Sharing a project with a person and with a group: told before, seen after, without a reload."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from projects.models import Project
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, make_group_with, open_dialog, open_menu, stay, stayed
from tests.factories import Cast
from tests.projects.factories import make_project

pytestmark = pytest.mark.browser


def share_with(page: Page, search: str, name: str, role: str) -> None:
    """Find somebody in the dialog, choose a role, read what they gain, and share."""
    dialog = open_dialog(page, "Share")
    dialog.get_by_role("searchbox").fill(search)
    dialog.get_by_role("radio", name=re.compile(name)).check()
    dialog.get_by_role("radio", name=re.compile(f"^{role}")).check()
    expect(dialog.locator(".effects")).to_contain_text("on Order intake")
    dialog.get_by_role("button", name="Share").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text(f"{name} has the role {role} on Order intake")).to_be_visible()


def access_url(house: Cast, project: Project, query: str = "") -> str:
    return house.url(f"projects/{project.pk}/access/{query}")


def row_of(page: Page, name: str) -> Locator:
    return page.locator("#access-list").get_by_role("row").filter(has_text=name)


@pytest.mark.requirement("S2-026", "S3-016")
def test_a_project_is_shared_with_a_person_and_a_group(house: Cast, visit: Visit) -> None:
    project = make_project(house.acme, "Order intake")
    make_group_with(house, "Shift leads", house.vera)
    page = visit(house.alice)
    page.goto(access_url(house, project))
    stay(page)
    expect(row_of(page, "Alice Marlow")).to_contain_text("by organization role")
    expect(row_of(page, "Mia Castellano")).to_have_count(0)
    share_with(page, "cast", "Mia Castellano", "Project Member")
    expect(row_of(page, "Mia Castellano")).to_contain_text("Project Member")
    share_with(page, "shift", "Shift leads", "Project Viewer")
    expect(row_of(page, "Vera Lindqvist")).to_contain_text("Shift leads")
    assert stayed(page)
    assert deeds(house, 2) == ["project.shared", "project.shared"]
    mia = visit(house.mia)
    mia.goto(house.url("projects/"))
    expect(mia.get_by_role("link", name=re.compile("Order intake"))).to_be_visible()


def test_a_role_is_changed_and_taken_away_in_the_list(house: Cast, visit: Visit) -> None:
    project = make_project(house.acme, "Order intake")
    page = visit(house.alice)
    page.goto(access_url(house, project, "?show=given"))
    stay(page)
    share_with(page, "cast", "Mia Castellano", "Project Viewer")
    row = row_of(page, "Mia Castellano")
    expect(row).to_contain_text("Project Viewer")

    open_menu(row, "Actions for Mia Castellano")
    dialog = open_dialog(page, re.compile("^Change role"))
    dialog.get_by_role("radio", name=re.compile("^Project Member")).check()
    expect(dialog.locator(".effects")).to_contain_text("Mia Castellano gains")
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(row).to_contain_text("Project Member")

    open_menu(row, "Actions for Mia Castellano")
    dialog = open_dialog(page, "Remove")
    expect(dialog.locator(".effects")).to_contain_text("Mia Castellano loses")
    dialog.get_by_role("button", name="Remove Mia Castellano").click()
    expect(row).to_have_count(0)
    expect(page.locator("#access-list")).to_contain_text("Nothing is given here")
    assert stayed(page)
    assert deeds(house, 3) == ["project.unshared", "project.share_changed", "project.shared"]


def test_a_project_is_shared_changed_and_unshared_without_javascript(
    house: Cast, visit: Visit
) -> None:
    project = make_project(house.acme, "Order intake")
    group = make_group_with(house, "Shift leads", house.vera)
    page = visit(house.alice, java_script_enabled=False)
    page.goto(access_url(house, project, "?show=given"))
    page.get_by_role("link", name="Share").first.click()
    page.get_by_role("radio", name=re.compile(group.name)).check()
    page.get_by_role("radio", name=re.compile("^Project Viewer")).check()
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_text("Shift leads has the role Project Viewer")).to_be_visible()

    page.goto(house.url(f"projects/{project.pk}/share/"))
    page.get_by_role("searchbox", name="Search people and groups").fill("cast")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("radio", name=re.compile("Mia Castellano")).check()
    page.get_by_role("radio", name=re.compile("^Project Viewer")).check()
    page.get_by_role("button", name="Show what changes").click()
    expect(page.locator(".effects")).to_contain_text("Mia Castellano gains")
    expect(page.get_by_role("radio", name=re.compile("Mia Castellano"))).to_be_checked()
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_text("Mia Castellano has the role Project Viewer")).to_be_visible()

    page.goto(access_url(house, project, "?show=given"))
    row = row_of(page, "Mia Castellano")
    open_menu(row, "Actions for Mia Castellano")
    row.get_by_role("link", name=re.compile("^Change role")).click()
    page.get_by_role("radio", name=re.compile("^Project Member")).check()
    page.get_by_role("button", name="Change", exact=True).click()
    expect(row_of(page, "Mia Castellano")).to_contain_text("Project Member")

    page.goto(access_url(house, project, "?show=given"))
    open_menu(row, "Actions for Mia Castellano")
    row.get_by_role("link", name="Remove").click()
    expect(page.locator(".effects")).to_contain_text("Mia Castellano loses")
    page.get_by_role("button", name="Remove Mia Castellano").click()
    expect(row_of(page, "Mia Castellano")).to_have_count(0)
    assert deeds(house, 3) == ["project.unshared", "project.share_changed", "project.shared"]
