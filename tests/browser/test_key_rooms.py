"""Finding keys: the list by keyboard, the palette, who sees none of it, and all of it by phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.steps import open_dialog, stay, stayed
from tests.factories import Cast
from tests.projects.factories import make_project
from tests.projects.keys import make_key, make_limit

pytestmark = pytest.mark.browser

NAME = "Production deployment, ETL"


@pytest.mark.requirement("S1-018", "S4-020")
def test_an_admin_finds_a_key_by_keyboard(house: Cast, visit: Visit) -> None:
    intake, picking = (make_project(house.acme, name) for name in ("Order intake", "Picking"))
    alice = house.member(house.alice)
    etl, _ = make_key(intake, alice, NAME)
    make_limit(etl, rpm=60, allowed_models=["north-small"])
    make_key(picking, alice, "Warehouse scanners")
    make_key(house.acme, house.member(house.adam), "Dashboard export")
    page = visit(house.adam)
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill("API keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
    names = page.locator(".keys .row-link")
    expect(names).to_have_count(3)
    expect(page.locator(".tabs [aria-current=page] .count")).to_have_text("3")

    stay(page)
    page.get_by_role("searchbox").focus()
    page.keyboard.type("deployment")
    expect(names).to_have_text([NAME])
    assert stayed(page)
    page.get_by_role("link", name=f"Show all limits of {NAME}").focus()
    page.keyboard.press("Enter")
    opened = page.locator(".row-detail .limit")
    expect(opened).to_have_count(5)
    expect(page.locator(".row-detail .limit.binds")).to_contain_text("0 of 60")
    page.get_by_role("link", name=f"Hide all limits of {NAME}").focus()
    page.keyboard.press("Enter")
    expect(opened).to_have_count(0)

    page.goto(house.url("settings/keys/"))
    page.get_by_role("button", name="Creator", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Adam Brandt").press("Enter")
    expect(names).to_have_text(["Dashboard export"])
    page.get_by_role("link", name="Clear the filter Creator").press("Enter")
    expect(names).to_have_count(3)


@pytest.mark.requirement("S1-018", "S4-018")
def test_a_member_sees_no_settings(house: Cast, visit: Visit) -> None:
    page = visit(house.mia)
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)
    page.keyboard.press("Control+k")
    for word in ("key", "limits", "service"):
        page.get_by_role("dialog").get_by_role("combobox").fill(word)
        expect(page.locator(".palette-item").filter(visible=True)).to_have_count(0)
    page.keyboard.press("Escape")
    for room in ("keys", "limits", "service-accounts", "keys/requests"):
        page.goto(house.url(f"settings/{room}/"))
        expect(page).to_have_url(re.compile(house.url() + "$"))
        expect(page.locator(".toast", has_text="You may not")).to_be_visible()


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("create api", "settings/keys/new/"),
        ("limits of", "settings/limits/"),
        ("requests of", "settings/keys/requests/"),
        ("service", "settings/service-accounts/"),
    ],
)
def test_the_palette_leads_to_keys(house: Cast, visit: Visit, word: str, path: str) -> None:
    page = visit(house.alice)
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill(word)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(house.url(path) + "$"))


def test_a_key_of_the_longest_name_fits_a_phone(house: Cast, visit: Visit) -> None:
    """The list, opened, and each step of a rotation, at 390 pixels."""
    project = make_project(house.acme, "Order intake")
    maker = house.member(house.alice)
    key, _ = make_key(project, maker, "W" * 100)
    make_limit(key, budget=10**18, rpm=1, allowed_networks=["2001:db8:1234:5678::/64"])
    page = visit(house.alice, viewport={"width": 390, "height": 844})
    wide = "document.documentElement.scrollWidth - innerWidth"
    for path in ("settings/keys/", f"settings/keys/?open={key.pk}", f"keys/{key.pk}/"):
        page.goto(house.url(path))
        assert page.evaluate(wide) <= 0, path
    page.goto(house.url(f"keys/{key.pk}/rotate/"))
    assert page.evaluate(wide) <= 0
    page.get_by_role("button", name="Make the new secret").click()
    expect(page.locator(".secret")).to_be_visible()
    assert page.evaluate(wide) <= 0
    open_dialog(page, "Retire it now")
    assert page.evaluate(wide) <= 0
