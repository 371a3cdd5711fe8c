"""The pages of billing, usage, insights and providers: what test_accessibility.py asks, of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from projects.models import Project
from tests.browser.conftest import Visit
from tests.browser.faults import Screen, faults, faults_of
from tests.browser.steps import make_group_with, open_dialog
from tests.factories import Cast
from tests.house.books import keep_books
from tests.projects.factories import make_project
from tests.projects.keys import make_key, make_limit

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("seller")]

SCREENS: tuple[Screen, ...] = (
    *((1280, "light"), (1280, "dark")),
    *((390, "light"), (390, "dark")),
    *((360, "light"), (360, "dark")),
)
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 2
MONTH = 50_000_000_000


def make_books(house: Cast) -> tuple[Project, list[str]]:
    """Everything with long names: the project, and the addresses of two invoices."""
    project, alice = make_project(house.acme, LONG.strip()), house.member(house.alice)
    group = make_group_with(house, LONG.strip(), house.mia)
    key, _ = make_key(project, alice, LONG.strip(), cost_centre=group)
    for subject in (house.acme, project, group):
        make_limit(subject, budget=MONTH)
    books = keep_books(project, key, group, alice, prefix=LONG)
    return project, [f"billing/invoices/{one.pk}/" for one in (books.invoice, books.paid)]


def of_billing(house: Cast) -> list[str]:
    project, invoices = make_books(house)
    deeds = ("", "plans/", "change/", "cancel/", "resume/", "details/", "method/", "credits/")
    here = [*deeds, "credits/buy/", "invoices/", "invoices/?state=void&year=2020"]
    return [*(f"billing/{deed}" for deed in here), *invoices]


def of_budgets(house: Cast) -> list[str]:
    project, _ = make_books(house)
    layers = ("", "?layer=project", "?layer=project&show=all", "?q=nothing")
    return [
        *(f"billing/budgets/{layer}" for layer in layers),
        f"billing/budgets/organization/{house.acme.pk}/",
        f"billing/budgets/project/{project.pk}/",
        *("", "security/", "settings/providers/", "settings/providers/new/"),
    ]


def of_usage(house: Cast) -> list[str]:
    project, _ = make_books(house)
    asked = ("", "?measure=calls&by=person", "?measure=tokens&by=model&period=90", "?since=soon")
    return [
        *(f"usage/{query}" for query in asked),
        f"usage/?project={project.pk}",
        "usage/?period=2020-01",
        "usage/export/",
        f"projects/{project.pk}/costs/",
        *("insights/", "insights/projects/", "insights/projects/?q=none"),
        f"insights/{project.pk}/",
    ]


def of_nothing_yet(house: Cast) -> list[str]:
    project = make_project(house.acme, LONG.strip())
    rooms = ("", "plans/", "subscribe/", "credits/", "credits/buy/", "budgets/", "invoices/")
    return [
        *(f"billing/{room}" for room in rooms),
        *("usage/", f"projects/{project.pk}/costs/"),
        *("insights/", f"insights/{project.pk}/"),
    ]


@pytest.mark.parametrize("pages", [of_billing, of_budgets, of_usage, of_nothing_yet])
def test_the_pages_are_sound(house: Cast, visit: Visit, pages: Callable[[Cast], list[str]]) -> None:
    paths = [house.url(path) for path in pages(house)]
    page = visit(house.alice, reduced_motion="reduce")
    assert faults_of(page, *paths, screens=SCREENS) == {}


def test_what_a_reader_sees_is_sound(house: Cast, visit: Visit) -> None:
    make_books(house)
    rooms = ("billing/", "billing/credits/", "billing/budgets/", "billing/invoices/", "usage/")
    page = visit(house.vera, reduced_motion="reduce")
    assert faults_of(page, *(house.url(room) for room in rooms), screens=SCREENS) == {}


def test_the_agreements_are_sound(house: Cast, visit: Visit) -> None:
    page = visit(reduced_motion="reduce")
    assert faults_of(page, "/sla/", "/dpa/", screens=SCREENS) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_previews_and_refusals_are_sound(house: Cast, visit: Visit, scheme: str) -> None:
    """What dialogs say before and after a deed, at 390 pixels."""
    make_books(house)
    screen = {"width": 390, "height": 844}
    page = visit(house.alice, expected=("422",), viewport=screen, color_scheme=scheme)
    page.goto(house.url("billing/change/"))
    page.get_by_role("radio", name=re.compile("^Team")).check()
    page.get_by_role("spinbutton", name="Seats").fill("2")
    expect(page.locator(".crowd")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("spinbutton", name="Seats").fill("12")
    expect(page.locator("#plan-preview .bill")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url("billing/details/"))
    page.get_by_label("Tax id").fill("FR40303265046")
    page.get_by_role("button", name="Save details").click()
    expect(page.locator(".field-error").first).to_be_visible()
    assert faults(page) == []
    page.goto(house.url("billing/credits/buy/"))
    page.get_by_label("Amount").fill("50")
    expect(page.locator("#credit-preview .effects")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url("billing/"))
    open_dialog(page, "Change the billing details")
    assert faults(page) == []
