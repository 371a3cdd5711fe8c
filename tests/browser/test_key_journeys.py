"""Keys, from end to end: made and copied once, held back, rotated, revoked.

Finding them is in test_key_rooms.py; who holds them, tokens and the log in test_key_holders.py.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page, expect

from orgs.tenancy import bound
from projects.models import Key, Limit, Project
from tests.browser.conftest import Visit
from tests.browser.gateway import ELSEWHERE, OFFICE, Gateway, make_gateway
from tests.browser.steps import deeds, open_dialog, stay, stayed
from tests.factories import Cast
from tests.projects.factories import make_project
from tests.projects.keys import make_key

pytestmark = pytest.mark.browser

NAME = "Production deployment, ETL"


def fill_key(page: Page) -> None:
    """A project key with a budget and a rate, up to the answer that shows it."""
    page.get_by_role("link", name="Create API Key").first.click()
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_role("radio", name="Execute workflows").check()
    page.locator(".limits-card > summary").click()
    page.get_by_label("Budget", exact=True).fill("12.50")
    page.get_by_label("For each").select_option("day")
    page.get_by_label("Requests a minute").fill("60")
    page.get_by_label("Networks").fill("203.0.113.0/24")
    page.get_by_role("button", name="Create API Key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy the key now")


def holds_what_was_said(house: Cast) -> None:
    with bound(house.acme.id):
        key = Key.objects.get(name=NAME)
        assert (key.kind, key.executes, key.chats) == ("project", True, False)
        limit = Limit.objects.get(key=key)
        assert (limit.budget, limit.window, limit.rpm) == (12_500_000_000, "day", 60)


def keys_of(house: Cast, project: Project) -> str:
    return house.url(f"projects/{project.pk}/keys/")


@pytest.mark.requirement("S1-050", "S1-051", "S1-052", "S2-139", "S2-143", "S2-144")
def test_a_key_is_made_copied_once_and_works(house: Cast, visit: Visit, server: str) -> None:
    project, gateway = make_project(house.acme, "Order intake"), make_gateway(house, server)
    page = visit(house.alice, expected=("422",))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
    page.goto(keys_of(house, project))
    fill_key(page)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()
    text = str(page.evaluate("navigator.clipboard.readText()"))
    assert page.locator(".secret code").inner_text() == text

    said = gateway.verify(text, estimated_cost="2.5").json()
    assert (said["decision"], said["key"]["name"]) == (True, NAME)
    assert said["binding"]["limit"] == "12.50"
    assert gateway.verify(text, ip=ELSEWHERE).json()["reason"] == "network"
    holds_what_was_said(house)

    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("This form has made its key already")
    assert text not in page.content()
    page.goto(keys_of(house, project))
    row = page.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text(f"from {OFFICE}")
    assert text not in page.content()
    row.get_by_role("link", name=NAME, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    assert text not in page.content()
    assert deeds(house, 2) == ["key.policy_changed", "key.created"]


@pytest.mark.requirement("S1-050")
def test_a_key_is_made_without_javascript(house: Cast, visit: Visit, server: str) -> None:
    project, gateway = make_project(house.acme, "Order intake"), make_gateway(house, server)
    page = visit(house.alice, java_script_enabled=False)
    page.goto(keys_of(house, project))
    fill_key(page)
    text = page.locator(".secret code").inner_text()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    assert gateway.lets(text)
    holds_what_was_said(house)
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    with pytest.raises(PlaywrightError, match="ERR_CACHE_MISS"):
        page.go_back()


def current_step(page: Page) -> Locator:
    return page.locator(".steps [aria-current=step]")


@pytest.mark.requirement("S2-147", "S2-148", "S2-149")
def test_a_key_is_rotated_in_four_steps(house: Cast, visit: Visit, server: str) -> None:
    project, gateway = make_project(house.acme, "Order intake"), make_gateway(house, server)
    key, old = make_key(project, house.member(house.alice), NAME)
    assert gateway.lets(old)
    page = visit(house.alice)
    page.goto(house.url(f"keys/{key.pk}/"))
    page.get_by_role("link", name="Rotate", exact=True).first.click()
    expect(current_step(page)).to_have_text("New secret")
    page.get_by_label("Hours that both work").fill("48")
    page.get_by_role("button", name="Make the new secret").click()
    new = page.locator(".secret code").inner_text()
    expect(current_step(page)).to_have_text("Update your application")
    assert new != old

    # The page tells of each use by itself.
    stay(page)
    use = page.locator("#use")
    expect(use).to_contain_text("has not been used yet")
    assert gateway.lets(new, ip="203.0.113.8")
    expect(use).to_contain_text("from 203.0.113.8")
    expect(current_step(page)).to_have_text("Retire the old secret")
    assert gateway.lets(old)
    expect(current_step(page)).to_have_text("Check that it works")
    expect(use).to_contain_text("the old one was still used")
    expect(use.get_by_role("row").filter(has_text="Old")).to_contain_text(f"from {OFFICE}")
    assert stayed(page)
    assert new in page.locator(".secret").inner_text()

    dialog = open_dialog(page, "Retire it now")
    dialog.get_by_label(re.compile("^Reason")).fill("Every worker is updated")
    dialog.get_by_role("button", name=re.compile("^Retire bw_live_")).click()
    expect(page.locator(".key-secrets")).to_contain_text("Retired")
    assert gateway.verify(old).status_code == 401
    assert gateway.lets(new)
    assert deeds(house, 2) == ["key.retired", "key.rotated"]


@pytest.mark.requirement("S2-147")
def test_a_key_is_rotated_without_javascript(house: Cast, visit: Visit, server: str) -> None:
    project, gateway = make_project(house.acme, "Order intake"), make_gateway(house, server)
    key, old = make_key(project, house.member(house.alice), NAME)
    page = visit(house.alice, java_script_enabled=False)
    page.goto(house.url(f"keys/{key.pk}/rotate/"))
    page.get_by_role("button", name="Make the new secret").click()
    new = page.locator(".secret code").inner_text()
    assert (gateway.lets(new), gateway.lets(old)) == (True, True)
    page.goto(house.url(f"keys/{key.pk}/rotate/"))
    assert new not in page.content()
    expect(page.locator("#use")).to_contain_text("the old one was still used")
    page.get_by_role("link", name="Retire it now").click()
    page.get_by_role("button", name=re.compile("^Retire bw_live_")).click()
    expect(page.locator(".key-secrets")).to_contain_text("Retired")
    assert (gateway.lets(new), gateway.verify(old).status_code) == (True, 401)


@pytest.mark.requirement("S2-150", "S2-155")
def test_a_revoked_key_stops_at_once_and_the_project_says_why(
    house: Cast, visit: Visit, server: str
) -> None:
    project, gateway = make_project(house.acme, "Order intake"), make_gateway(house, server)
    key, text = make_key(project, house.member(house.alice), NAME)
    assert gateway.lets(text)
    page = visit(house.alice, expected=("422",))
    page.goto(house.url(f"keys/{key.pk}/"))
    dialog = open_dialog(page, "Revoke")
    expect(dialog.locator(".effects")).to_contain_text(f"from {OFFICE}")
    dialog.get_by_role("button", name="Revoke key").click()
    reason = dialog.get_by_label(re.compile("^Reason"))
    reason.fill("It was pasted into a public ticket")
    dialog.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("It works nowhere any more")).to_be_visible()
    assert gateway.verify(text).status_code == 401
    expect(page.locator(".notice.bad")).to_contain_text("It was pasted into a public ticket")

    page.goto(house.url(f"projects/{project.pk}/audit/"))
    entry = page.locator(".entry").filter(has_text="key.revoked")
    expect(entry).to_contain_text("Alice Marlow")
    entry.locator("summary").click()
    expect(entry).to_contain_text("It was pasted into a public ticket")


def lived_key(house: Cast, gateway: Gateway) -> tuple[Key, str]:
    """Used three times from the office, and once from where nobody expects it."""
    key, text = make_key(make_project(house.acme, "Order intake"), house.member(house.alice), NAME)
    for ip in (OFFICE, OFFICE, OFFICE, ELSEWHERE):
        assert gateway.lets(text, ip=ip, model="north-small")
    return key, text


@pytest.mark.requirement("S1-052", "S1-054")
def test_limits_are_rehearsed_before_they_hold(house: Cast, visit: Visit, server: str) -> None:
    gateway = make_gateway(house, server)
    key, text = lived_key(house, gateway)
    page = visit(house.alice)
    page.goto(house.url(f"keys/{key.pk}/"))
    page.get_by_role("link", name="Change limits").filter(visible=True).click()
    page.get_by_label("Networks").fill("203.0.113.0/24")
    outlook = page.locator("#limit-outlook")
    page.get_by_label("Models").fill("north-small")
    expect(outlook).to_contain_text(
        f"1 of the 2 addresses of the last 7 days would be shut out: {ELSEWHERE}"
    )
    page.get_by_role("button", name="Rehearse with the last 30 days").click()
    expect(outlook).to_contain_text(f"Would have refused 1 of 4: 1 from {ELSEWHERE}.")
    page.get_by_label("Budget", exact=True).fill("10")
    page.get_by_label("Requests a minute").fill("100")
    page.get_by_role("button", name=re.compile("^Save")).click()
    again = page.get_by_role("button", name="Save all the same")
    if again.count():
        again.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)

    assert gateway.verify(text, ip=ELSEWHERE).json()["reason"] == "network"
    assert gateway.lets(text, model="north-small", estimated_cost="8")
    assert gateway.verify(text, model="north-small", estimated_cost="3").json()["layer"] == "key"
    page.reload()
    expect(page.locator(".limit.binds")).to_contain_text("Budget, monthly, binds")
    expect(page.locator(".limit.binds")).to_contain_text("$8.00 of $10.00")
    expect(page.get_by_text(re.compile(r"The budget of .* binds first"))).to_be_visible()


def test_limits_are_rehearsed_without_javascript(house: Cast, visit: Visit, server: str) -> None:
    gateway = make_gateway(house, server)
    key, text = lived_key(house, gateway)
    page = visit(house.alice, java_script_enabled=False)
    page.goto(house.url(f"keys/{key.pk}/policy/"))
    page.get_by_label("Networks").fill("203.0.113.0/24")
    page.get_by_role("button", name="Rehearse with 7 days").click()
    expect(page.locator("#limit-outlook")).to_contain_text("Would have refused 1 of 4")
    expect(page.get_by_label("Networks")).to_have_value("203.0.113.0/24")
    page.get_by_role("button", name="Save all the same").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    assert gateway.verify(text, ip=ELSEWHERE).json()["reason"] == "network"
