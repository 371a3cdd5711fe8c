"""The newer rooms of the settings in the browser: rules, webhooks, quotas and the key of the workers."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from config.roles import Role
from orgs.models import Membership, Webhook
from orgs.tenancy import bound
from tests.browser.conftest import Visit
from tests.browser.steps import deeds, stay, stayed
from tests.factories import Cast, make_group, make_member, make_person

pytestmark = pytest.mark.browser

OWNERS = "between 2 and 3 Owners"


def second_owner(house: Cast) -> Membership:
    return make_member(house.acme, Role.OWNER, make_person("Jonas Weber"))


def add_rule(page: Page, house: Cast) -> None:
    page.goto(house.url("settings/rules/"))
    page.get_by_label("Rule", exact=True).fill(OWNERS)
    page.get_by_role("button", name="Add rule").click()
    expect(rule(page)).to_contain_text("Holds")


def rule(page: Page) -> Any:
    return page.locator(".rule").filter(has_text=OWNERS)


def demote(page: Page, house: Cast, owner: Membership, *, scripts: bool) -> None:
    """In a dialog over the list where there are scripts, else on a page of its own."""
    if scripts:
        page.goto(house.url("members/"))
        page.get_by_role("button", name=f"Actions for {owner.name}").click()
        page.get_by_role("link", name="Change role").filter(visible=True).click()
    else:
        page.goto(house.url(f"members/{owner.pk}/role/"))
    page.get_by_role("radio", name=re.compile("^Member")).check()
    page.get_by_label("Reason").fill("Moves to another team")
    page.get_by_role("button", name=re.compile("^(Change|Make)")).last.click()


def role_of(house: Cast, member: Membership) -> str:
    with bound(house.acme.pk):
        return Membership.objects.in_org(house.acme.pk).get(pk=member.pk).role


@pytest.mark.parametrize("scripts", [True, False])
def test_a_rule_stops_a_change_until_there_is_an_exception(
    house: Cast, visit: Visit, scripts: bool
) -> None:
    owner = second_owner(house)
    page = visit(house.alice, java_script_enabled=scripts, expected=("409",))
    add_rule(page, house)
    demote(page, house, owner, scripts=scripts)
    said = page.locator(".toast.bad") if scripts else page.get_by_role("alert")
    expect(said).to_contain_text(OWNERS)
    expect(said).to_contain_text("1 Owner")
    assert role_of(house, owner) == Role.OWNER
    page.get_by_role("link", name="Record an exception").click()
    later = timezone.localdate() + datetime.timedelta(days=14)
    page.get_by_label("Until").fill(str(later))
    page.get_by_label("Why").fill("Until the next owner is named")
    page.get_by_role("button", name="Record the exception").click()
    expect(rule(page)).to_contain_text("1 exception")
    demote(page, house, owner, scripts=scripts)
    expect(page.locator(".toast").filter(has_text="Jonas Weber")).to_be_visible()
    assert role_of(house, owner) == Role.MEMBER
    assert "member.role_changed" in deeds(house)


def test_what_is_being_written_is_judged_and_nothing_jumps(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    second_owner(house)
    add_rule(page, house)
    stay(page)
    sentence = page.get_by_label("Rule", exact=True)
    sentence.fill("no Viewer may vew the audit log")
    outlook = page.locator("#rule-outlook")
    expect(outlook).to_contain_text("Did you mean")
    sentence.fill("no Admin may keys.create")
    expect(outlook).to_contain_text("breaks it now")
    expect(outlook).to_contain_text("Adam Brandt")
    rule(page).locator("summary").click()
    rule(page).get_by_role("button", name="Switch off").press("Enter")
    again = rule(page).get_by_role("button", name="Switch on")
    # What was unfolded stays so, and whoever uses a keyboard is where they were.
    expect(again).to_be_focused()
    page.get_by_text("What a rule may say").click()
    expect(page.get_by_role("link", name="no Member may view invoices")).to_be_visible()
    rule(page).get_by_role("link", name="Remove this rule").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(rule(page)).to_have_count(0)
    assert stayed(page)


def webhook(house: Cast) -> Webhook:
    with bound(house.acme.pk):
        return Webhook.objects.in_org(house.acme.pk).get()


@pytest.mark.requirement("S3-050")
@pytest.mark.parametrize("scripts", [True, False])
def test_an_owner_sets_up_a_webhook_and_tests_it(
    house: Cast, visit: Visit, settings: Any, scripts: bool
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    page = visit(house.alice, java_script_enabled=scripts, expected=("422",))
    page.goto(house.url("settings/webhooks/"))
    expect(page.get_by_text("No webhooks yet.")).to_be_visible()
    page.get_by_role("link", name="New webhook").first.click()
    page.get_by_label("Name", exact=True).fill("Collector")
    address = page.get_by_label("Address", exact=True)
    address.fill("ftp://127.0.0.1/")
    page.get_by_role("button", name="Set up").click()
    expect(address).to_have_attribute("aria-invalid", "true")
    address.fill("https://203.0.113.9/log")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".secret code")).to_have_text(re.compile("^whsec_"))
    secret = page.locator(".secret code").inner_text()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Collector")
    assert secret not in page.content()
    page.get_by_role("main").get_by_role("button", name="Send a test").first.click()
    expect(page.locator(".section-note").filter(has_text="A test is on its way")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Pause").first.click()
    expect(page.locator(".notice").filter(has_text="Paused")).to_be_visible()
    found = webhook(house)
    assert (found.state, found.test_at is not None) == ("paused", True)
    assert deeds(house) == ["webhook.paused", "webhook.tested", "webhook.created"]


@pytest.mark.requirement("S2-029")
@pytest.mark.parametrize("scripts", [True, False])
def test_a_quota_stops_the_next_group(house: Cast, visit: Visit, scripts: bool) -> None:
    make_group(house.acme, "Builders")
    page = visit(house.alice, java_script_enabled=scripts, expected=("422",))
    page.goto(house.url("settings/quotas/"))
    groups = page.get_by_label("Groups", exact=True)
    groups.fill("-1")
    page.get_by_label("Projects", exact=True).fill("20")
    page.locator("form.card").evaluate("form => (form.noValidate = true)") if scripts else None
    groups.fill("1")
    page.get_by_role("button", name="Save quotas").click()
    expect(page.get_by_role("main")).to_contain_text("no more may be made")
    page.goto(house.url("groups/new/"))
    page.get_by_label("Name", exact=True).fill("One too many")
    page.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("alert").first).to_contain_text("group")
    assert "group.created" not in deeds(house, 1)


@pytest.mark.requirement("S4-014", "S4-046")
@pytest.mark.parametrize("scripts", [True, False])
def test_the_worker_key_is_made_copied_replaced_and_retired(
    house: Cast, visit: Visit, scripts: bool
) -> None:
    page = visit(house.alice, java_script_enabled=scripts)
    if scripts:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(house.url("settings/"))
    card = page.get_by_role("region", name="Worker SSH key")
    card.get_by_role("link", name="Make a worker key").click()
    page.get_by_role("button", name="Make the key").click()
    first = card.locator(".secret code")
    expect(first).to_have_text(re.compile("^ssh-ed25519 "))
    text = first.inner_text()
    if scripts:
        card.get_by_role("button", name="Copy").click()
        assert page.evaluate("navigator.clipboard.readText()") == text
    card.get_by_role("link", name="Replace").click()
    page.get_by_role("button", name="Replace the key").click()
    expect(card.locator(".secret")).to_have_count(2)
    expect(card).to_contain_text("The key before, replaced")
    card.get_by_role("link", name="Retire this key").click()
    page.get_by_role("button", name="Retire the key").click()
    expect(card.locator(".secret")).to_have_count(1)
    expect(card.locator(".secret code")).not_to_have_text(text)
    assert deeds(house) == ["worker_key.retired", "worker_key.rotated", "worker_key.created"]

    reader = visit(house.mia)
    reader.goto(house.url("settings/"))
    expect(reader.get_by_text("Worker SSH key")).to_have_count(0)
