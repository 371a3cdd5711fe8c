"""What an End User has: the Hub, what is shared with them in it, their tasks and their history."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from config.roles import Role
from orgs.tenancy import bound
from projects.models import HumanTask, Resource
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, open_dialog
from tests.factories import Cast
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.resources import kept, make_record, make_task, publish

pytestmark = pytest.mark.browser

OFFERED = {"Hub", "Inbox", "Permissions", "Docs"}


def make_hub(house: Cast) -> Resource:
    """A published agent that Eddie may use, one that he may not, a record and a task of his."""
    project = make_project(house.acme, "Order intake")
    eddie = house.member(house.eddie)
    agent, other = (make_resource(project, "agent", name) for name in ("Order reader", "Hidden"))
    make_grant(agent, eddie, Role.RESOURCE_USER)
    with bound(house.acme.id):
        publish(house, agent)
        publish(house, other)
        make_task(house, project, eddie, "Approve order 4711", resource=kept(agent))
    make_record(eddie, agent, kind="conversation", state="succeeded", summary="Where is 4711?")
    mia = house.member(house.mia)
    make_record(mia, agent, kind="conversation", state="succeeded", summary="Asked by Mia")
    return agent


def offered(page: Page) -> set[str]:
    """The pages that navigation and palette name."""
    lines = page.locator(".nav-link, .palette-item [data-palette-text]").all_text_contents()
    return {re.sub(r"\d+$", "", line.strip()) for line in lines}


@pytest.mark.requirement("S2-093", "S2-118", "S2-119")
@pytest.mark.parametrize("width", [360, 1280])
def test_an_end_user_lives_in_the_hub(house: Cast, visit: Visit, width: int) -> None:
    make_hub(house)
    page = visit(house.eddie, viewport={"width": width, "height": 800}, expected=("404",))
    expect(page).to_have_url(re.compile(house.url("hub/") + "$"))
    expect(page.get_by_role("link", name=re.compile("Order reader")).last).to_be_visible()
    expect(page.get_by_text("Hidden")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("link", name="Approve order 4711", exact=True).click()
    dialog = open_dialog(page, "Complete")
    dialog.get_by_role("radio", name="Approved").check()
    dialog.get_by_role("button", name="Complete").click()
    expect(page.get_by_text("Approve order 4711 is completed")).to_be_visible()
    expect(page.get_by_role("link", name="Approve order 4711", exact=True)).to_have_count(0)
    assert deeds(house, 1) == ["task.completed"]
    with bound(house.acme.id):
        assert HumanTask.objects.get().state == "done"

    page.get_by_role("link", name=re.compile("Order reader")).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Order reader")
    expect(page.get_by_text("You may chat with this agent.")).to_be_visible()
    page.get_by_role("link", name="All of my history").click()
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_text("Where is 4711?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_end_user_finds_no_other_page(house: Cast, visit: Visit) -> None:
    agent = make_hub(house)
    page = visit(house.eddie, expected=("404",))
    names = offered(page)
    assert names >= OFFERED
    assert not names & {"Dashboard", "Members", "Groups", "Projects", "Runners", "Settings"}
    paths = page.locator(".nav-link, .palette-item, main a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    for path in sorted(set(paths)):
        response = page.goto(path)
        assert response
        assert (response.status, response.request.redirected_from) == (200, None), path
    for path in ("members/", "groups/", "audit-log/", "settings/"):
        page.goto(house.url(path))
        expect(page).to_have_url(re.compile(house.url("hub/") + "$"))
    response = page.goto(house.url(f"resources/{agent.pk}/"))
    assert response
    assert response.status == 404 or page.url.endswith(house.url("hub/"))
