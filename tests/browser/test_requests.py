"""Asking: for a project, and for what a refusal named; the inbox of whoever decides; the answer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project, ProjectGrant
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, inbox_line, open_dialog
from tests.factories import Cast

pytestmark = pytest.mark.browser


def owns(house: Cast, name: str) -> bool:
    """Whether Mia is Project Owner of the project of this name."""
    with bound(house.acme.id):
        project = Project.objects.get(name=name)
        grants = ProjectGrant.objects.filter(content_object=project, user=house.mia)
        return [grant.role for grant in grants] == [Role.PROJECT_OWNER]


def fill_project_request(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Returns desk")
    page.get_by_label("Why").fill("Returns come in by three ways")
    expect(page.get_by_text("Goes to Alice Marlow")).to_be_visible()
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Returns desk")


def read_the_answer(page: Page, house: Cast) -> None:
    """The inbox counts one notice, which leads to the project."""
    page.goto(house.url())
    expect(inbox_line(page)).to_contain_text("1")
    inbox_line(page).click()
    page.get_by_role("link", name="Notices 1").click()
    page.get_by_role("row").filter(has_text="Returns desk").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Returns desk")


@pytest.mark.requirement("S4-012")
def test_a_member_asks_for_a_project_and_gets_it(house: Cast, visit: Visit) -> None:
    mia, alice = visit(house.mia), visit(house.alice)
    mia.goto(house.url("projects/"))
    open_dialog(mia, "Request a project")
    fill_project_request(mia)

    alice.goto(house.url())
    waiting = alice.get_by_role("region", name="Waiting for you")
    expect(waiting).to_contain_text("1 unread notice")
    expect(inbox_line(alice)).to_contain_text("1")
    inbox_line(alice).click()
    alice.get_by_role("link", name="Waiting for you 1").click()
    alice.get_by_role("row").filter(has_text="Returns desk").get_by_role(
        "link", name="Review"
    ).click()
    expect(alice.get_by_text("Returns come in by three ways")).to_be_visible()
    dialog = open_dialog(alice, "Approve")
    expect(dialog.locator(".effects")).to_contain_text("Mia Castellano gains")
    dialog.get_by_role("button", name="Approve").click()
    expect(alice.get_by_text("Nothing waits for you")).to_be_visible()
    assert owns(house, "Returns desk")
    read_the_answer(mia, house)


def test_a_project_is_asked_for_and_approved_without_javascript(house: Cast, visit: Visit) -> None:
    mia = visit(house.mia, java_script_enabled=False)
    alice = visit(house.alice, java_script_enabled=False)
    mia.goto(house.url("projects/"))
    mia.get_by_role("link", name="Request a project").first.click()
    fill_project_request(mia)

    alice.goto(house.url("inbox/"))
    alice.get_by_role("row").filter(has_text="Returns desk").get_by_role(
        "link", name="Review"
    ).click()
    alice.get_by_role("link", name="Approve").click()
    alice.get_by_role("button", name="Show what changes").click()
    expect(alice.locator(".effects")).to_contain_text("Mia Castellano gains")
    alice.get_by_role("button", name="Approve").click()
    expect(alice.get_by_text("Nothing waits for you")).to_be_visible()
    assert owns(house, "Returns desk")
    read_the_answer(mia, house)


def test_a_refusal_offers_to_ask_and_the_answer_comes_back(house: Cast, visit: Visit) -> None:
    mia, alice = visit(house.mia), visit(house.alice)
    mia.goto(house.url("audit-log/"))
    notice = mia.locator(".toast", has_text="You may not")
    expect(notice).to_be_visible()
    notice.get_by_role("link", name="Request access").click()
    dialog = mia.get_by_role("dialog")
    dialog.get_by_label("Why").fill("The quarterly review")
    dialog.get_by_role("button", name="Ask", exact=True).click()
    expect(mia.get_by_role("heading", level=1)).to_be_visible()
    expect(mia.get_by_text("The quarterly review")).to_be_visible()

    alice.goto(house.url("inbox/"))
    row = alice.get_by_role("row").filter(has_text="The quarterly review")
    row.get_by_role("button", name="Answer Mia Castellano").click()
    dialog = open_dialog(alice, "Refuse")
    dialog.get_by_label("Why not").fill("Vera reads it for you")
    dialog.get_by_role("button", name="Refuse").click()
    expect(alice.get_by_text("Nothing waits for you")).to_be_visible()
    assert deeds(house, 2) == ["request.refused", "request.made"]

    mia.goto(house.url("inbox/?tab=asked"))
    expect(mia.get_by_text("Vera reads it for you")).to_be_visible()


def test_a_refusal_says_why_and_whom_to_ask_without_javascript(house: Cast, visit: Visit) -> None:
    mia = visit(house.mia, java_script_enabled=False)
    notice = mia.locator(".toast", has_text="You may not")
    mia.goto(house.url("audit-log/"))
    notice.get_by_role("link", name="Why?").click()
    expect(mia.get_by_role("heading", level=1)).to_have_text("Explain")
    expect(mia.locator(".verdict")).to_contain_text("may not")
    mia.goto(house.url("audit-log/"))
    notice.get_by_role("link", name="Request access").click()
    mia.get_by_label("Why").fill("The quarterly review")
    mia.get_by_role("button", name="Ask", exact=True).click()
    expect(mia.get_by_text("Alice Marlow may decide this")).to_be_visible()
    assert deeds(house, 1) == ["request.made"]
