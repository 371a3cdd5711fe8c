"""The pages of keys, limits, service accounts and requests: what test_accessibility.py asks, of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from config.roles import Role
from tests.browser.conftest import Visit
from tests.browser.faults import Screen, faults, faults_of
from tests.browser.gateway import ELSEWHERE, make_gateway
from tests.browser.steps import open_dialog
from tests.factories import Cast, make_group
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import make_account, make_key, make_limit, make_secret, make_token

pytestmark = pytest.mark.browser

SCREENS: tuple[Screen, ...] = ((1280, "light"), (360, "dark"), (390, "light"))
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 2
MONTH = 50_000_000_000


def of_keys(house: Cast, server: str) -> list[str]:
    """Live, rotating, revoked; spent and free; with every deed as a page of its own."""
    project, alice = make_project(house.acme, "Order intake"), house.member(house.alice)
    gateway = make_gateway(house, server)
    full, text = make_key(project, alice, LONG.strip(), cost_centre=make_group(house.acme))
    make_limit(full, budget=MONTH, rpm=60, allowed_models=["north-small"])
    make_limit(project, budget=2 * MONTH, allowed_networks=["203.0.113.0/24", "2001:db8::/32"])
    for cost in ("46", "5", "1"):
        gateway.verify(text, model="north-small", estimated_cost=cost)
    turned, old = make_key(project, alice, "Warehouse scanners")
    gateway.verify(old)
    gateway.verify(make_secret(turned))
    make_key(house.acme, alice, "Empty")
    here, there = f"keys/{full.pk}/", f"keys/{turned.pk}/"
    deeds = ("", "change/", "policy/", "rotate/", "holder/", "revoke/", "requests/")
    rooms = ("", f"?open={full.pk}", "?state=all", "?q=nothing", "new/", "requests/")
    return [
        *(f"settings/keys/{room}" for room in rooms),
        *(here + deed for deed in deeds),
        *(there + deed for deed in ("", "rotate/", "retire/", "overlap/")),
        *(f"projects/{project.pk}/keys/{room}" for room in ("", "new/")),
        f"projects/{project.pk}/requests/",
        "settings/keys/requests/?decision=refused",
        "settings/keys/requests/?reason=task",
    ]


def of_accounts(house: Cast, server: str) -> list[str]:
    """Limits of each layer, service accounts and tokens, and the keys of somebody who may go."""
    project = make_project(house.acme, "Order intake")
    mia, group = house.member(house.mia), make_group(house.acme, LONG.strip())
    make_grant(project, mia, Role.PROJECT_OWNER)
    key, _ = make_key(project, mia, LONG.strip())
    make_limit(house.acme, budget=MONTH, rpm=600, allowed_models=["north-small"])
    for subject in (project, group, mia):
        make_limit(subject, budget=MONTH, allowed_networks=["192.0.2.0/24"])
    account = make_account(house.acme, LONG.strip(), (project,), description=LONG * 3)
    token, _ = make_token(account)
    make_token(account, "decide")
    here, limits = f"settings/service-accounts/{account.pk}/", "settings/limits/"
    deeds = ("", "change/", "suspend/", "delete/", "projects/new/", "tokens/new/")
    layers = ("", "?layer=project", "?layer=creator", "?layer=project&show=all", "?q=nothing")
    subjects = (("organization", house.acme), ("project", project), ("group", group))
    return [
        *("settings/service-accounts/", "settings/service-accounts/?q=nothing"),
        *("settings/service-accounts/new/", *(here + deed for deed in deeds)),
        *(f"{here}projects/{project.pk}/remove/", f"{here}tokens/{token.pk}/revoke/"),
        *(limits + layer for layer in layers),
        *(f"{limits}{layer}/{subject.pk}/" for layer, subject in subjects),
        f"{limits}creator/{mia.pk}/",
        *(f"members/{mia.pk}/keys/", f"members/{mia.pk}/remove/"),
        f"keys/{key.pk}/holder/?leaving=1",
    ]


@pytest.mark.parametrize("pages", [of_keys, of_accounts])
def test_the_pages_are_sound(
    house: Cast, visit: Visit, server: str, pages: Callable[[Cast, str], list[str]]
) -> None:
    paths = [house.url(path) for path in pages(house, server)]
    page = visit(house.alice, reduced_motion="reduce")
    assert faults_of(page, *paths, screens=SCREENS) == {}


def test_the_reference_is_sound(house: Cast, visit: Visit) -> None:
    page = visit(reduced_motion="reduce")
    assert faults_of(page, "/docs/api/", screens=SCREENS) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_shown_once_and_rehearsed_is_sound(
    house: Cast, visit: Visit, server: str, scheme: str
) -> None:
    """The answers that hold a key or a token, and a rehearsal that refuses, at 390 pixels."""
    project, alice = make_project(house.acme, "Order intake"), house.member(house.alice)
    key, text = make_key(project, alice, LONG.strip())
    make_gateway(house, server).verify(text, ip=ELSEWHERE, model="north-small")
    account = make_account(house.acme, "Robot platform")
    page = visit(house.alice, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.goto(house.url(f"projects/{project.pk}/keys/new/"))
    page.get_by_label("Name", exact=True).fill(LONG.strip())
    page.get_by_role("radio", name="Both").check()
    page.locator(".limits-card > summary").click()
    assert faults(page) == []
    page.get_by_role("button", name="Create API Key").click()
    expect(page.locator(".secret")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url(f"keys/{key.pk}/rotate/"))
    page.get_by_role("button", name="Make the new secret").click()
    expect(page.locator(".secret")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url(f"keys/{key.pk}/policy/"))
    page.get_by_label("Networks").fill("203.0.113.0/24")
    page.get_by_role("button", name="Rehearse with the last 7 days").click()
    expect(page.locator(".rehearsal")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url(f"settings/service-accounts/{account.pk}/"))
    dialog = open_dialog(page, "New token")
    dialog.get_by_label("Name", exact=True).fill("Production")
    dialog.get_by_role("checkbox", name=re.compile("decide")).check()
    dialog.get_by_role("button", name="Make the token").click()
    expect(dialog.locator(".secret")).to_be_visible()
    assert faults(page) == []
