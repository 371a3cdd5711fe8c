"""The pages of projects, resources, requests and access: what test_accessibility.py asks, of them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, expect

from config.roles import Role
from orgs.tenancy import bound
from tests.browser.conftest import Visit
from tests.browser.faults import Screen, faults, faults_of
from tests.browser.steps import make_group_with, open_dialog
from tests.factories import Cast, make_group
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_resource,
    make_workspace,
)
from tests.projects.parts import make_class, make_secret
from tests.projects.resources import AGENT_CONFIGURATION, kept, make_record, make_task, publish

pytestmark = pytest.mark.browser

SCREENS: tuple[Screen, ...] = ((1280, "light"), (360, "dark"), (390, "light"))
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 2


def of_places(house: Cast) -> list[str]:
    """Workspaces and projects, filled and empty, with the deeds on them as pages of their own."""
    workspace = make_workspace(house.acme, "Order handling", description=LONG * 3)
    project = make_project(house.acme, LONG.strip(), workspace, environment="production")
    shelved = make_project(house.acme, "Old catalogue", state="archived")
    group = make_group_with(house, "Shift leads", house.vera)
    soon = timezone.now() + datetime.timedelta(days=3)
    mia = make_grant(project, house.member(house.mia), Role.PROJECT_OWNER, expires_at=soon)
    make_grant(project, group, Role.PROJECT_MEMBER, reason="On call " * 20)
    secret = make_secret(house, project, "STOCK_TOKEN")
    at, here = f"workspaces/{workspace.pk}/", f"projects/{project.pk}/"
    rooms = ("", "change/", "delete/", "projects/", f"{here}remove/", "access/", "share/")
    tabs = ("", "settings/", "audit/", "usage/", "access/", "access/?show=given", "resources/")
    deeds = ("share/", f"share/{mia.pk}/", f"share/{mia.pk}/remove/", "archive/", "delete/")
    parts = ("environments/", "prebuilds/", "secrets/", "secrets/new/")
    vault = (f"secrets/{secret.pk}/", f"secrets/{secret.pk}/delete/")
    return [
        *("workspaces/", "workspaces/new/", "projects/", "projects/?q=nothing", "projects/new/"),
        *("projects/?state=deleted", f"projects/{shelved.pk}/", f"projects/{shelved.pk}/restore/"),
        *(at + page for page in rooms),
        *(here + page for page in (*tabs, *deeds, *parts, *vault)),
    ]


def of_things(house: Cast) -> list[str]:
    """Resources of a project and of the organization, the rooms they stand in, and the Hub."""
    project = make_project(house.acme, "Order intake")
    agent = make_resource(project, "agent", LONG.strip(), configuration=AGENT_CONFIGURATION)
    runner = make_resource(house.acme, "runner", "Builder")
    alice = house.member(house.alice)
    make_record(alice, agent, kind="conversation", state="failed", summary=LONG * 2)
    make_class(house)
    with bound(house.acme.id):
        publish(house, agent)
        task = make_task(house, project, alice, "Approve it", resource=kept(agent))
    here = f"resources/{agent.pk}/"
    pages = ("", "change/", "delete/", "versions/", "history/", "publish/", "withdraw/", "access/")
    kinds = ("agent", "workflow", "tool", "knowledge-base")
    rooms = ("environment-classes/", "environment-classes/new/", "integrations/", "logs/", "new/")
    return [
        *(here + page for page in (*pages, "share/")),
        *(f"projects/{project.pk}/resources/new/{kind}/" for kind in kinds),
        *("runners/", *(f"runners/{room}" for room in rooms), "runners/integrations/new/"),
        *(f"resources/{runner.pk}/", f"resources/{runner.pk}/access/"),
        *("automations/", "automations/new/", "automations/history/", "executions/"),
        *("hub/", "hub/?q=nothing", f"hub/{agent.pk}/", "hub/history/"),
        *(f"tasks/{task.pk}/{page}" for page in ("", "complete/", "reassign/")),
    ]


def of_answers(house: Cast) -> list[str]:
    """Requests, notices, who may do what and why, and what a group carries."""
    project = make_project(house.acme, "Order intake")
    group = make_group_with(house, "Shift leads", house.mia)
    make_group_role(group, Role.RUNNERS_ADMIN)
    make_group(house.acme, "Empty")
    make_grant(project, group, Role.PROJECT_MEMBER)
    mia = house.member(house.mia)
    wanted = make_request(mia, "project", name="Returns desk", reason=LONG * 4)
    asks = make_request(mia, role=Role.AUDIT_LOG_READER.value, reason="The quarterly review")
    place = f"place=project:{project.pk}"
    answers = ("", "approve/", "refuse/")
    return [
        *("inbox/", "inbox/?tab=asked", "inbox/?tab=notices"),
        *(f"requests/{one.pk}/{page}" for one in (wanted, asks) for page in answers),
        *("requests/project/", "requests/new/?role=audit_log_reader"),
        *("access/", "access/?q=nobody", "access/ending/"),
        *(f"members/{mia.pk}/access/", f"members/{mia.pk}/expiry/"),
        *(f"groups/{group.pk}/{page}" for page in ("", "access/", "members/new/", "delete/")),
        *("explain/", f"explain/?member={mia.pk}&permission=projects.change&{place}"),
        f"explain/?member={house.member(house.vera).pk}&permission=projects.view&{place}",
    ]


@pytest.mark.parametrize("pages", [of_places, of_things, of_answers])
def test_the_pages_are_sound(house: Cast, visit: Visit, pages: Callable[[Cast], list[str]]) -> None:
    paths = [house.url(path) for path in pages(house)]
    page = visit(house.alice, reduced_motion="reduce")
    assert faults_of(page, *paths, screens=SCREENS) == {}


def focused(dialog: Locator) -> str:
    return str(dialog.evaluate("() => document.activeElement.getAttribute('name') ?? ''"))


def test_the_share_dialog_is_walked_from_top_to_bottom(house: Cast, visit: Visit) -> None:
    project = make_project(house.acme, "Order intake")
    page = visit(house.alice)
    page.goto(house.url(f"projects/{project.pk}/access/"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    opener = page.get_by_role("link", name="Share").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert faults(page) == []
    walked = [focused(dialog)]
    for _ in range(20):
        page.keyboard.press("Tab")
        name = focused(dialog)
        if name and name != walked[-1]:
            walked.append(name)
    assert walked[:5] == ["q", "to", "role", "until", "reason"]
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_on_a_page_is_sound_as_well(house: Cast, visit: Visit, scheme: str) -> None:
    """A note under a row, the panel beside a list, a dialog with its preview, at 390 pixels."""
    project = make_project(house.acme, "Order intake")
    group = make_group_with(house, "Shift leads", house.mia)
    wanted = make_request(house.member(house.mia), "project", name="Returns desk")
    page = visit(house.alice, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page.goto(house.url("groups/"))
    page.locator(f"#group-{group.pk}").get_by_role("checkbox").first.click()
    expect(page.locator(".row-note")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url(f"projects/{project.pk}/access/"))
    page.get_by_role("link", name="Explain the access of").first.click()
    expect(page.locator(".verdict")).to_be_visible()
    assert faults(page) == []
    page.goto(house.url(f"requests/{wanted.pk}/"))
    dialog = open_dialog(page, re.compile("^Approve"))
    expect(dialog.locator(".effects")).to_be_visible()
    assert faults(page) == []
