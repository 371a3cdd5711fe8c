"""Support in the browser: let in for a while, reading only, and out again; and the way back to owners."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from config.roles import Role
from orgs.models import OwnerClaim
from orgs.tenancy import bound
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, open_dialog
from tests.factories import Cast, make_member, make_person

pytestmark = pytest.mark.browser


def let_in(page: Page, house: Cast, form: Any) -> None:
    form.get_by_label("Whom to let in").fill(house.sam.email)
    form.get_by_label("For how many hours").fill("2")
    form.get_by_role("radio", name=re.compile("^To read only")).check()
    form.get_by_label("Reason").fill("The import stops at line 40")
    form.get_by_role("button", name="Let support in").click()
    expect(page.get_by_role("link", name="Sam Whitfield", exact=True)).to_be_visible()


@pytest.mark.requirement("S1-020", "S2-138")
def test_an_owner_lets_support_in_and_out(house: Cast, visit: Visit) -> None:
    sam = visit(house.sam, expected=("404", "403"))
    assert sam.goto(house.url("members/")).status == 404  # type: ignore[union-attr]
    page = visit(house.alice)
    page.goto(house.url("settings/support/"))
    expect(page.get_by_text("Nobody of support is inside.")).to_be_visible()
    let_in(page, house, open_dialog(page, "Let support in"))
    expect(page.locator(".banner")).to_contain_text("Support is inside until")

    sam.goto(house.url())
    expect(sam.locator(".banner")).to_contain_text("You are inside Acme Robotics as support")
    expect(sam.locator(".banner")).to_contain_text("to read only")
    sam.goto(house.url("members/"))
    expect(sam.get_by_role("main")).to_contain_text("Mia Castellano")
    expect(sam.get_by_role("link", name="Invite member")).to_have_count(0)
    sam.goto(house.url("groups/new/"))
    expect(sam.get_by_label("Name", exact=True)).to_have_count(0)
    refused = sam.evaluate(
        """async (path) => {
          const body = new URLSearchParams({ csrfmiddlewaretoken: JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"], name: "Taken" });
          return (await fetch(path, { method: "POST", body })).url;
        }""",
        house.url("groups/new/"),
    )
    assert not refused.endswith("/groups/new/")
    assert "group.created" not in deeds(house, 3)

    page.goto(house.url())
    page.locator(".banner").get_by_role("button", name="End now").click()
    expect(page.locator(".banner")).to_have_count(0)
    assert deeds(house, 2) == ["support.ended", "support.opened"]
    assert sam.goto(house.url("members/")).status == 404  # type: ignore[union-attr]


@pytest.mark.requirement("S1-020")
def test_a_window_is_opened_and_ended_without_javascript(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, java_script_enabled=False, expected=("422",))
    page.goto(house.url("settings/support/"))
    page.get_by_role("link", name="Let support in").click()
    page.get_by_label("Whom to let in").fill("nobody@example.com")
    page.get_by_label("Reason").fill("The import stops")
    page.get_by_role("button", name="Let support in").click()
    expect(page.get_by_role("main")).to_contain_text("Nobody in support has this address")
    let_in(page, house, page)
    page.get_by_role("link", name="End the window of Sam Whitfield").click()
    page.get_by_role("button", name="End now").last.click()
    expect(page.get_by_text("Nobody of support is inside.")).to_be_visible()
    expect(page.get_by_role("region", name="Earlier windows")).to_contain_text("by Alice Marlow")


@pytest.mark.parametrize("scripts", [True, False])
def test_two_admins_claim_ownership_and_an_owner_cancels(
    house: Cast, visit: Visit, scripts: bool
) -> None:
    second = make_person("Ines Dolmen")
    make_member(house.acme, Role.ADMIN, second)
    page = visit(house.adam, java_script_enabled=scripts)
    page.goto(house.url("members/recover/"))
    page.get_by_role("link", name="Claim ownership").click()
    page.get_by_label("Reason").fill("Nobody answers since Monday")
    page.get_by_role("button", name="Claim ownership").click()
    expect(page.get_by_text("Another Admin has to confirm it")).to_be_visible()
    expect(page.get_by_role("button", name="Become an owner")).to_have_count(0)
    address = page.url

    other = visit(second, java_script_enabled=scripts)
    other.goto(address)
    expect(other.get_by_text("Do you stand by it?")).to_be_visible()
    mail.outbox.clear()
    other.get_by_role("button", name="Confirm it").click()
    expect(other.locator(".fact").filter(has_text="Announced")).to_contain_text("72 hours")

    owner = visit(house.alice, java_script_enabled=scripts)
    owner.goto(house.url())
    banner = owner.locator(".banner")
    expect(banner).to_contain_text("Adam Brandt claims ownership.")
    banner.get_by_role("link", name="Look and cancel").click()
    owner.get_by_role("link", name="Look", exact=True).click()
    owner.get_by_role("button", name="Cancel the claim").click()
    expect(banner).to_have_count(0)
    with bound(house.acme.pk):
        assert OwnerClaim.objects.in_org(house.acme.pk).get().state == "canceled"
        assert house.member(house.adam).role == Role.ADMIN
