"""Usage in the browser: split, filtered, day by day, with and without scripts; and insights."""

from __future__ import annotations

import datetime
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from billing.periods import DAY, day_words, month_before, today_here
from config.money import NANO
from config.roles import Role
from projects.models import Project
from tests.billing.counted import count
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, make_group_with
from tests.factories import Cast
from tests.projects.factories import make_group_role, make_project
from tests.projects.insights import monday_of, noon, used

pytestmark = pytest.mark.browser


def spend(house: Cast) -> tuple[Project, Project]:
    """This month two projects and two people; last month one of them, with another model."""
    intake, picking = (make_project(house.acme, name) for name in ("Order intake", "Picking"))
    alice, mia = house.member(house.alice), house.member(house.mia)
    today = today_here()
    small = {"model": "north-small", "task": "summary"}
    large = {"model": "north-large", "task": "routing"}
    count(
        house.acme,
        {"day": today, "project": intake, "person": alice, "calls": 30, "cost": 12 * NANO} | small,
        {"day": today, "project": intake, "person": mia, "calls": 5, "cost": 2 * NANO} | small,
        {"day": today, "project": picking, "person": mia, "calls": 7, "tokens_in": 4000} | large,
        {"day": month_before(today), "project": intake, "person": mia, "calls": 99} | large,
    )
    return intake, picking


def lines(page: Page, by: str) -> Locator:
    """The names in the table, split by this."""
    return page.get_by_role("table", name=re.compile(f", by {by}$")).locator(".usage-name")


def chart(page: Page) -> Locator:
    return page.locator("figure").get_by_role("img")


@pytest.mark.requirement("S1-034", "S3-060")
@pytest.mark.parametrize("scripts", [True, False])
def test_usage_is_split_and_narrowed(house: Cast, visit: Visit, scripts: bool) -> None:
    spend(house)
    page = visit(house.alice, java_script_enabled=scripts)
    page.goto(house.url("usage/"))
    expect(lines(page, "project")).to_have_text(["Order intake", "Picking"])
    expect(chart(page)).to_have_accessible_name(
        re.compile(r"^Money of each day, .*: \$14\.00 in all")
    )
    measures = page.get_by_role("group", name="Measure")
    measures.get_by_role("link", name="Calls").click()
    expect(chart(page)).to_have_accessible_name(re.compile("^Calls of each day, .*: 42 in all"))
    split = page.get_by_role("navigation", name="Split by")
    split.get_by_role("link", name="Model").click()
    expect(lines(page, "model")).to_have_text(["north-small", "north-large"])

    split.get_by_role("link", name="Project").click()
    page.get_by_role("link", name="Order intake", exact=True).click()
    expect(lines(page, "person")).to_have_text(["Alice Marlow", "Mia Castellano"])
    expect(chart(page)).to_have_accessible_name(re.compile(": 35 in all"))
    page.get_by_role("link", name="Clear the filter Project").click()
    expect(chart(page)).to_have_accessible_name(re.compile(": 42 in all"))
    expect(page.get_by_role("link", name="Clear the filter Project")).to_have_count(0)


def test_usage_of_other_days_and_day_by_day(house: Cast, visit: Visit) -> None:
    spend(house)
    page = visit(house.alice)
    page.goto(house.url("usage/?measure=calls"))
    page.get_by_role("button", name=re.compile("^Days:")).click()
    page.get_by_role("link", name="Last month").click()
    expect(chart(page)).to_have_accessible_name(re.compile(": 99 in all"))
    expect(lines(page, "project")).to_have_text(["Order intake"])
    days = page.get_by_role("region", name="Day by day")
    expect(days).to_be_hidden()
    page.locator("summary", has_text="Day by day").click()
    first = month_before(today_here())
    expect(days.get_by_role("row").filter(has_text=day_words(first, year=True))).to_contain_text(
        "99"
    )

    page.get_by_role("button", name=re.compile("^Days:")).click()
    page.get_by_label("From").fill(today_here().isoformat())
    page.get_by_label("To", exact=True).fill(today_here().isoformat())
    page.get_by_role("button", name="Show these days").click()
    expect(chart(page)).to_have_accessible_name(re.compile("^Calls .*: 42 in all"))
    page.goto(house.url("usage/?since=2026-02-31"))
    expect(page.get_by_role("alert")).to_contain_text("Not all of this address could be read")


def last_week() -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC)
    return noon(monday_of(now) - 5 * DAY)


@pytest.mark.requirement("S3-053", "S3-054", "S3-055")
def test_an_owner_turns_insights_on_and_a_viewer_reads_them(house: Cast, visit: Visit) -> None:
    project = make_project(house.acme, "Warehouse picking")
    for person in (house.mia, house.adam):
        used(project, at=last_week(), by=house.member(person))
    group = make_group_with(house, "Engineering leads", house.vera)
    make_group_role(group, Role.INSIGHTS_VIEWER)
    page = visit(house.vera)
    page.goto(house.url("insights/"))
    expect(page.get_by_role("main")).to_contain_text("No project has insights yet.")
    expect(page.get_by_role("main")).to_contain_text("ask Alice Marlow")

    owner = visit(house.alice)
    owner.goto(house.url("insights/"))
    owner.get_by_role("link", name="Choose projects").first.click()
    switch = owner.get_by_role("switch", name="Insights of Warehouse picking")
    switch.check()
    expect(owner.get_by_role("row").filter(has=switch)).to_contain_text("by Alice Marlow")
    assert deeds(house, 1) == ["insights.enabled"]

    page.reload()
    page.get_by_role("link", name="Warehouse picking").click()
    main = page.get_by_role("main")
    people = main.locator(".fact").filter(has_text="Active people")
    expect(people).to_contain_text("2")
    expect(main.get_by_role("heading", name="AI adoption")).to_be_visible()
    expect(main.get_by_role("switch")).to_have_count(0)
    expect(main.get_by_role("button", name=re.compile("^Turn o"))).to_have_count(0)
    assert "Mia Castellano" not in main.inner_text()


def test_an_owner_turns_insights_on_and_off_without_javascript(house: Cast, visit: Visit) -> None:
    make_project(house.acme, "Warehouse picking")
    page = visit(house.alice, java_script_enabled=False)
    page.goto(house.url("insights/projects/"))
    page.get_by_role("button", name="Turn on Warehouse picking").click()
    page.goto(house.url("insights/projects/"))
    page.get_by_role("button", name="Turn off Warehouse picking").click()
    assert deeds(house, 2) == ["insights.disabled", "insights.enabled"]
