"""The portal in the browser: a superadmin makes a container, shuts it, counts, and closes the door."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.factories import Cast, make_person

pytestmark = pytest.mark.browser


@pytest.mark.requirement("S2-014", "S2-137")
@pytest.mark.parametrize("scripts", [True, False])
def test_an_organization_is_made_and_opened_by_its_first_owner(
    house: Cast, visit: Visit, scripts: bool
) -> None:
    slug, owner = f"harbor-{uuid4().hex[:8]}", make_person("Nora Lund")
    page = visit(house.sam, java_script_enabled=scripts)
    page.goto("/admin/")
    page.get_by_role("link", name="Create organization").first.click()
    page.get_by_label("Name", exact=True).fill("Harbor Works")
    page.get_by_label("Address").fill(slug)
    page.get_by_label("First owner’s email").fill(owner.email)
    page.get_by_role("button", name="Create organization").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("waits for")
    link = page.locator(".secret code").inner_text()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("main")).to_contain_text("It has no owner")

    nora = visit(owner, java_script_enabled=scripts)
    nora.goto(link)
    nora.get_by_role("button", name=re.compile("^(Accept|Join|Open)")).click()
    expect(nora).to_have_url(re.compile(f"/o/{slug}/"))
    page.reload()
    expect(page.get_by_role("main")).not_to_contain_text("It has no owner")
    inside = page.request.get(f"/o/{slug}/members/")
    assert inside.status == 404


@pytest.mark.requirement("S2-016", "S2-017")
@pytest.mark.parametrize("scripts", [True, False])
def test_an_organization_is_suspended_with_a_reason_and_opened_again(
    house: Cast, visit: Visit, scripts: bool
) -> None:
    page = visit(house.sam, java_script_enabled=scripts)
    page.goto(f"/admin/organizations/{house.acme.pk}/")
    page.get_by_role("link", name="Suspend").click()
    page.get_by_label("Reason").fill("The invoice of May is open")
    page.get_by_role("textbox", name=re.compile("to confirm")).fill("Acme Robotics")
    page.get_by_role("button", name="Suspend Acme Robotics").click()
    expect(page.get_by_role("main")).to_contain_text("The invoice of May is open")

    alice = visit(house.alice, java_script_enabled=scripts, expected=("403",))
    alice.goto(house.url("members/"))
    expect(alice.get_by_role("main")).to_contain_text("The invoice of May is open")
    expect(alice.get_by_role("link", name="Invite member")).to_have_count(0)
    page.get_by_role("link", name="Lift the suspension").click()
    page.get_by_role("button", name="Lift the suspension").click()
    expect(page.get_by_role("main")).not_to_contain_text("The invoice of May is open")
    alice.goto(house.url("members/"))
    expect(alice.get_by_role("main")).to_contain_text("Mia Castellano")


@pytest.mark.requirement("S2-137")
def test_metrics_count_and_name_nobody(house: Cast, visit: Visit) -> None:
    page = visit(house.sam)
    page.goto("/admin/")
    page.get_by_role("link", name="Metrics").click()
    main = page.get_by_role("main")
    expect(main.locator(".fact").first).to_contain_text("Members")
    expect(main.get_by_role("region", name="Organizations")).to_contain_text("Open")
    expect(main).not_to_contain_text("Acme")
    page.get_by_role("link", name="Platform log").click()
    page.get_by_role("link", name="Organizations, in numbers").click()
    expect(page.get_by_role("main")).not_to_contain_text("Mia Castellano")


def register(page: Page, how: str, notice: str = "") -> None:
    page.goto("/admin/settings/")
    page.get_by_role("radio", name=how).check()
    page.get_by_label("Notice on the sign-in page").fill(notice)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("radio", name=how)).to_be_checked()


@pytest.mark.requirement("S1-041")
@pytest.mark.parametrize("scripts", [True, False])
def test_closed_registration_is_said_at_the_door(house: Cast, visit: Visit, scripts: bool) -> None:
    page = visit(house.sam, java_script_enabled=scripts)
    visitor = visit(java_script_enabled=scripts, expected=("403",))
    title = visitor.get_by_role("heading", level=1)
    register(page, "By invitation only", "We move house on Saturday.")
    try:
        visitor.goto("/sign-up/")
        expect(title).to_have_text("Accounts are created by invitation")
        visitor.goto("/sign-in/")
        expect(visitor.get_by_text("We move house on Saturday.")).to_be_visible()
    finally:
        register(page, "Open to everyone")
    visitor.goto("/sign-up/")
    expect(title).to_have_text("Create an account")
