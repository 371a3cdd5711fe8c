"""Two people at one configuration: who saves second is told, and nothing of either is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from config.roles import Role
from orgs.tenancy import bound
from projects.actions.resources import resource_create
from tests.browser.conftest import Visit
from tests.browser.steps import deeds
from tests.factories import Cast
from tests.projects.factories import make_grant, make_project
from tests.projects.resources import AGENT_CONFIGURATION, kept

pytestmark = pytest.mark.browser


def test_who_saves_second_is_told_and_both_changes_are_kept(house: Cast, visit: Visit) -> None:
    project = make_project(house.acme, "Order intake")
    make_grant(project, house.member(house.mia), Role.PROJECT_MEMBER)
    with bound(house.acme.id):
        agent = resource_create(
            kind="agent",
            project=project,
            name="Order reader",
            description="",
            configuration=AGENT_CONFIGURATION,
            actor=house.access(house.alice),
        )
    address = house.url(f"resources/{agent.pk}/change/")
    mia, alice = visit(house.mia, expected=("409", "422")), visit(house.alice)
    mia.goto(address)
    alice.goto(address)
    alice.get_by_label("Model").fill("large-2")
    alice.get_by_role("button", name="Save").click()
    alice.wait_for_url("**" + house.url(f"resources/{agent.pk}/"))

    mia.get_by_label("Instructions").fill("Answer at length, and say where it stands.")
    mia.get_by_role("button", name="Save").click()
    expect(mia.get_by_role("alert")).to_contain_text("was saved while you were typing")
    expect(mia.get_by_role("region", name="Saved meanwhile")).to_contain_text("large-2")
    expect(mia.get_by_role("region", name="If you save over it")).to_contain_text("at length")
    expect(mia.get_by_label("Instructions")).to_have_value(
        "Answer at length, and say where it stands."
    )
    mia.get_by_role("button", name="Keep both changes").click()
    expect(mia.get_by_text("Answer at length, and say where it stands.")).to_be_visible()
    now = kept(agent)
    assert now.configuration["model"] == "large-2"
    assert now.configuration["instructions"].startswith("Answer at length")
    assert deeds(house, 2) == ["resource.changed", "resource.changed"]
