"""What every page owes to a keyboard and to a screen reader, asked of each page in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from config.roles import Role
from orgs.actions.groups import group_member_add
from orgs.tenancy import bound
from tests.browser.conftest import Visit
from tests.browser.faults import faults, faults_of
from tests.factories import Cast, make_group, make_member, make_person

pytestmark = pytest.mark.browser


def in_organization(house: Cast) -> list[str]:
    """Every page of an organization, lists filled and empty, deeds as pages of their own."""
    group = make_group(house.acme, "Builders")
    with bound(house.acme.id):
        group_member_add(
            group=group,
            membership=house.member(house.mia),
            maintainer=True,
            actor=house.access(house.alice),
        )
    mias = f"members/{house.member(house.mia).pk}/"
    paths = ["", "hub/", "members/", "members/?q=nobody", "members/access/", "members/leave/"]
    paths += [mias, f"{mias}role/", f"{mias}remove/", f"{mias}ownership/"]
    paths += [
        "invitations/",
        "invitations/?q=nobody",
        "invitations/new/",
        "groups/",
        "groups/?q=none",
    ]
    paths += ["groups/new/"] + [f"groups/{group.pk}/{deed}" for deed in ("", "change/", "delete/")]
    paths += [f"groups/{group.pk}/members/new/", "permissions/", "docs/", "settings/", "billing/"]
    paths += ["audit-log/", "audit-log/?outcome=failed", "roster/import/"]
    return [house.url(path) for path in paths]


SIGNED_OUT = ("/sign-in/", "/sign-up/", "/password/reset/", "/terms/", "/privacy/")
PORTAL = ("", "organizations/", "organizations/new/", "accounts/", "log/")
OF_A_PERSON = (
    "/organizations/",
    "/organizations/new/",
    "/profile/",
    "/profile/sessions/",
    "/profile/second-factor/",
    "/profile/passkeys/",
    "/profile/password/",
)


def test_pages_of_an_organization_are_sound(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    assert faults_of(page, *in_organization(house)) == {}


def test_pages_of_an_organization_are_sound_by_phone(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, viewport={"width": 360, "height": 740}, color_scheme="dark")
    assert faults_of(page, *in_organization(house)) == {}


def test_pages_outside_of_organizations_are_sound(house: Cast, visit: Visit) -> None:
    assert faults_of(visit(viewport={"width": 360, "height": 740}), *SIGNED_OUT) == {}
    assert faults_of(visit(house.mia), *OF_A_PERSON) == {}
    assert faults_of(visit(house.sam), *(f"/admin/{path}" for path in PORTAL)) == {}


def test_the_longest_names_fit_a_phone(house: Cast, visit: Visit) -> None:
    member = make_member(house.acme, Role.MEMBER, make_person("W" * 100))
    page = visit(house.alice, viewport={"width": 360, "height": 740})
    paths = ("members/", f"members/{member.pk}/", f"members/{member.pk}/remove/", "audit-log/")
    assert faults_of(page, *(house.url(path) for path in paths)) == {}


def test_a_keyboard_opens_a_dialog_and_leaves_it(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("members/"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    opener = page.get_by_role("link", name="Invite member")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_menu_is_walked_with_arrows(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("members/"))
    opener = page.get_by_role("button", name=f"Actions for {house.mia.name}")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".menu:popover-open .menu-item").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".menu:popover-open .menu-item").nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_whoever_wants_no_motion_gets_none(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, reduced_motion="reduce")
    page.goto(house.url("members/"))
    longest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('*')].map("
        "(e) => parseFloat(getComputedStyle(e).transitionDuration)))"
    )
    assert longest <= 0.001
