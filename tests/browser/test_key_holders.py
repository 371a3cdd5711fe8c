"""Who a key acts for: a member who goes, a service account that stays, a token; and the log of it.

A key's own life is in test_key_journeys.py.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from config.roles import Permission, Role
from orgs.tenancy import bound
from projects.models import Key, Project
from tests.browser.conftest import Visit
from tests.browser.gateway import ELSEWHERE, OFFICE, Gateway, make_gateway
from tests.browser.steps import deeds, open_dialog, open_menu
from tests.factories import Cast
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import make_account, make_key, make_limit

pytestmark = pytest.mark.browser


def keys_of_mia(house: Cast, project: Project) -> tuple[str, str]:
    """Two that she made: the nightly run, and one that only she needs."""
    make_grant(project, house.member(house.mia), Role.PROJECT_OWNER)
    nightly, own = (make_key(project, house.member(house.mia), n) for n in ("Nightly", "Own try"))
    return nightly[1], own[1]


def give_away_first(page: Page, name: str, to: str) -> None:
    """From the dialog that would remove somebody, and back to the list of their keys."""
    page.get_by_role("link", name=re.compile("to a service account first")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys of Mia Castellano")
    page.get_by_role("row").filter(has_text=name).get_by_role("link", name="Give").click()
    page.get_by_role("radio", name=to).check()
    page.get_by_role("button", name="Give the key").click()
    expect(page.get_by_role("rowheader")).to_have_count(1)


def remove_mia(page: Page) -> None:
    effects = page.locator(".effects").first
    expect(effects).to_contain_text("Own try, last used")
    expect(effects).not_to_contain_text("Nightly")
    page.get_by_label(re.compile("^Reason")).fill("Left the company")
    page.get_by_label(re.compile("to confirm$")).fill("Mia Castellano")
    page.get_by_role("button", name="Remove Mia Castellano").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("access")


def is_as_it_should(house: Cast, gateway: Gateway, nightly: str, own: str) -> None:
    assert (gateway.lets(nightly), gateway.verify(own).status_code) == (True, 401)
    with bound(house.acme.id):
        assert Key.objects.get(name="Own try").revoke_reason == "Its creator left the organization."
    assert set(deeds(house)) >= {"member.removed", "key.revoked"}


@pytest.mark.requirement("S2-151")
@pytest.mark.parametrize("scripted", [True, False])
def test_a_key_is_given_away_before_its_maker_goes(
    house: Cast, visit: Visit, server: str, scripted: bool
) -> None:
    project, gateway = make_project(house.acme, "Order intake"), make_gateway(house, server)
    nightly, own = keys_of_mia(house, project)
    make_account(house.acme, "Nightly jobs")
    assert (gateway.lets(nightly), gateway.lets(own)) == (True, True)
    page = visit(house.alice, java_script_enabled=scripted)
    page.goto(house.url(f"members/{house.member(house.mia).pk}/"))
    page.get_by_role("link", name=re.compile("^Remove")).first.click()
    effects = page.locator(".effects").filter(visible=True).first
    for words in ("Nightly, last used", "Own try, last used", "2 calls in the last hour"):
        expect(effects).to_contain_text(words)
    give_away_first(page, "Nightly", "Nightly jobs")
    page.get_by_role("link", name="Remove Mia Castellano").click()
    remove_mia(page)
    is_as_it_should(house, gateway, nightly, own)


def evaluate(house: Cast, gateway: Gateway, project: Project) -> tuple[int, object]:
    answer = gateway.post(
        "/access/v1/evaluation",
        {
            "subject": {"type": "user", "id": str(house.member(house.alice).pk)},
            "action": {"name": Permission.PROJECTS_VIEW.value},
            "resource": {"type": "project", "id": str(project.pk)},
        },
    )
    return answer.status_code, answer.json().get("decision")


def test_a_token_asks_for_decisions_and_does_no_more(
    house: Cast, visit: Visit, server: str
) -> None:
    project = make_project(house.acme, "Order intake")
    page = visit(house.alice)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
    page.goto(house.url("settings/service-accounts/"))
    dialog = open_dialog(page, "New service account")
    dialog.get_by_label("Name", exact=True).fill("Robot platform")
    dialog.get_by_role("button", name="Create service account").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Robot platform")

    dialog = open_dialog(page, "New token")
    dialog.get_by_label("Name", exact=True).fill("Production")
    dialog.get_by_role("checkbox", name=re.compile("decide")).check()
    dialog.get_by_role("button", name="Make the token").click()
    expect(dialog.get_by_text("shown once, now")).to_be_visible()
    dialog.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast", has_text="Copied")).to_be_visible()
    text = str(page.evaluate("navigator.clipboard.readText()"))
    assert dialog.locator(".secret code").inner_text() == text
    dialog.get_by_role("link", name="I have copied it").click()
    row = page.locator(".service-tokens").get_by_role("row").filter(has_text="Production")
    expect(row).to_contain_text("decide")
    assert text not in page.content()

    gateway = Gateway(server, text)
    assert evaluate(house, gateway, project) == (200, True)
    assert gateway.post("/v1/usage", {}).status_code in (400, 403)
    page.reload()
    assert text not in page.content()
    open_menu(row, "Actions for Production")
    dialog = open_dialog(page, "Revoke token")
    dialog.get_by_label(re.compile("^Reason")).fill("The gateway moved")
    dialog.get_by_role("button", name="Revoke Production").click()
    expect(row).to_contain_text("Revoked")
    assert evaluate(house, gateway, project)[0] == 401
    made = ["service_token.revoked", "service_token.created", "service_account.created"]
    assert deeds(house) == made


def test_a_token_is_made_without_javascript(house: Cast, visit: Visit, server: str) -> None:
    project, account = make_project(house.acme), make_account(house.acme, "Robot platform")
    page = visit(house.alice, java_script_enabled=False)
    page.goto(house.url(f"settings/service-accounts/{account.pk}/"))
    page.get_by_role("link", name="New token").click()
    page.get_by_label("Name", exact=True).fill("Production")
    page.get_by_role("checkbox", name=re.compile("decide")).check()
    page.get_by_role("button", name="Make the token").click()
    gateway = Gateway(server, page.locator(".secret code").inner_text())
    assert evaluate(house, gateway, project) == (200, True)
    page.get_by_role("link", name="I have copied it").click()
    assert gateway.token not in page.content()


def calls_of_the_day(house: Cast, server: str, project: Project) -> None:
    """One allowed, one from the wrong network, and one for Vera, who may only look."""
    gateway = make_gateway(house, server)
    key, text = make_key(project, house.member(house.alice), "Nightly")
    make_limit(key, allowed_networks=["203.0.113.0/24"])
    make_grant(project, house.member(house.vera), Role.PROJECT_VIEWER)
    veras = make_key(project, house.member(house.vera), "Vera's script")[1]
    assert gateway.lets(text, model="north-small")
    assert not gateway.lets(text, ip=ELSEWHERE, model="north-small")
    assert not gateway.lets(veras)


@pytest.mark.requirement("S2-153", "S2-154", "S1-058", "S1-059")
def test_the_request_log_says_who_was_refused_and_why(
    house: Cast, visit: Visit, server: str
) -> None:
    project = make_project(house.acme, "Order intake")
    calls_of_the_day(house, server, project)
    page = visit(house.alice)
    page.goto(house.url("settings/keys/requests/"))
    entries = page.locator(".entry.call")
    expect(entries).to_have_count(3)
    page.get_by_label("Decision").select_option("refused")
    expect(entries).to_have_count(2)
    expect(page).to_have_url(re.compile("decision=refused"))
    denied = entries.filter(has_text="Vera's script")
    expect(denied).to_contain_text("No permission")
    denied.locator("summary").click()
    expect(denied).to_contain_text("Whoever the key acts for may not do this.")
    expect(denied).to_contain_text("Vera Lindqvist")
    page.get_by_role("link", name="Clear the filter Decision").click()
    expect(entries).to_have_count(3)

    page.get_by_role("button", name="Model, task, address").click()
    page.get_by_label("Address").fill(OFFICE)
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(entries).to_have_count(2)
    page.goto(house.url(f"projects/{project.pk}/requests/?reason=network"))
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text(ELSEWHERE)
    entries.locator("summary").click()
    expect(entries).to_contain_text("outside the networks that the key allows")


def test_the_request_log_is_filtered_without_javascript(
    house: Cast, visit: Visit, server: str
) -> None:
    project = make_project(house.acme, "Order intake")
    calls_of_the_day(house, server, project)
    page = visit(house.alice, java_script_enabled=False)
    page.goto(house.url("settings/keys/requests/"))
    page.get_by_label("Decision").select_option("refused")
    page.get_by_role("button", name="Filter", exact=True).filter(visible=True).last.click()
    expect(page.locator(".entry.call")).to_have_count(2)
