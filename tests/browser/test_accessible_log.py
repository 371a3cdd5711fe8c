"""The pages of the log, its proof, the newer settings and the portal: what test_accessibility.py asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from audit.actions.checkpoints import checkpoint_create
from audit.ledger import Actor, Target
from config.roles import Role
from orgs.actions.domains import domain_add
from orgs.actions.support import support_end
from orgs.actions.webhooks import webhook_pause
from orgs.actions.worker_keys import worker_key_create
from orgs.tenancy import bound
from tests.audit.ledgers import change_role
from tests.browser.conftest import Visit
from tests.browser.faults import Screen, faults, faults_of
from tests.factories import TEST, Cast, make_member, make_person
from tests.orgs.rules import make_rule
from tests.orgs.support import claimed, open_window
from tests.orgs.webhooks import make_webhook
from tests.projects.factories import make_project

pytestmark = pytest.mark.browser

SCREENS: tuple[Screen, ...] = (
    *((1280, "light"), (1280, "dark")),
    *((390, "light"), (390, "dark")),
    *((360, "light"), (360, "dark")),
)
LONG = ("Wolfeschlegelsteinhausenbergerdorff " * 2).strip()
HOSTILE = "Ev\u202eil <b>X</b> " + "w" * 60
MONTHS = "?since=2020-01-01&until=2030-01-01"


def of_log(house: Cast) -> list[str]:
    """Entries with long and hostile words, opened and filtered; what proves and what keeps them."""
    hostile = Actor("member", house.mia.pk, HOSTILE, "2001:db8:1965:4bc1::bfdb", "Agent " * 30)
    about = Target("member", house.mia.pk, LONG * 2)
    sequence = change_role(house.acme.pk, actor=hostile, target=about, reason=LONG * 5)
    with bound(house.acme.pk):
        target = Target("organization", house.acme.pk, house.acme.name)
        checkpoint_create(organization=house.acme.pk, target=target, actor=TEST)
    log, mia = "audit-log/", house.member(house.mia).pk
    project = make_project(house.acme, LONG)
    asked = ("", "?q=nothing", f"?q=wolfe&actor={house.mia.pk}", "?follow=1", MONTHS, "?since=soon")
    moment = "?at=2020-01-01"
    return [
        *(log + query for query in asked),
        f"{log}{sequence}/",
        *(log + room for room in ("export/", "export/?q=mia", "checkpoints/", "keeping/")),
        f"{log}filters/new/?q=mia",
        *(f"access/as-of/{query}" for query in ("", moment, "?q=mia", "?at=never")),
        f"access/as-of/?member={mia}",
        f"access/as-of/?member={mia}&place=project:{project.pk}&permission=projects.view",
        f"access/as-of/?place=project:{project.pk}",
    ]


def of_settings(house: Cast) -> list[str]:
    """Filled as they get: a rule that is broken, a webhook that waits, a window open and one over."""
    make_member(house.acme, Role.ADMIN, make_person(LONG))
    rule = make_rule(house.acme, "no Admin may keys.create", known=True)
    over = open_window(house.acme, house.alice, house.sam, reason=LONG * 3)
    with bound(house.acme.pk):
        actor = house.access(house.alice)
        webhook, _ = make_webhook(actor, f"https://siem.example/{'x' * 200}", name=LONG)
        webhook_pause(webhook=webhook, actor=actor)
        domain = domain_add(domain="a" * 60 + ".example", actor=actor)
        worker_key_create(actor=actor)
        support_end(window=over, reason=LONG, actor=actor)
    window = open_window(house.acme, house.alice, house.sam, reason=LONG * 3)
    hooks, support = f"webhooks/{webhook.pk}/", f"support/{window.pk}/"
    rooms = ("", "quotas/", "rules/", "webhooks/", "webhooks/new/", "domains/", "domains/new/")
    deeds = ("", "change/", "secret/", "skip/", "delete/")
    return [
        *(f"settings/{room}" for room in (*rooms, "support/", "support/open/")),
        *(f"settings/{hooks}{deed}" for deed in deeds),
        *(f"settings/{support}{deed}" for deed in ("", "end/")),
        f"settings/rules/{rule.pk}/remove/",
        f"settings/rules/{rule.pk}/exceptions/new/?member={house.member(house.adam).pk}",
        *("settings/rules/?text=no Member may view invoices", "settings/rules/packs/S3/"),
        f"settings/domains/{domain.pk}/remove/",
        "settings/support/cases/new/",
    ]


def of_claims(house: Cast) -> list[str]:
    second = make_person("W" * 100)
    make_member(house.acme, Role.ADMIN, second)
    claim = claimed(house.acme, house.adam, second)
    return ["", "members/recover/", f"members/recover/{claim.pk}/"]


@pytest.mark.parametrize("pages", [of_log, of_settings, of_claims])
def test_the_pages_are_sound(house: Cast, visit: Visit, pages: Callable[[Cast], list[str]]) -> None:
    paths = [house.url(path) for path in pages(house)]
    page = visit(house.alice, reduced_motion="reduce")
    assert faults_of(page, *paths, screens=SCREENS) == {}


def test_the_portal_is_sound(house: Cast, visit: Visit) -> None:
    here = f"organizations/{house.acme.pk}/"
    rooms = ("", "organizations/new/", "metrics/", "settings/", "log/", "log/organizations/")
    deeds = ("", "rename/", "suspend/", "archive/", "delete/")
    paths = [*rooms, *(here + deed for deed in deeds), "providers/", "providers/new/"]
    page = visit(house.sam, reduced_motion="reduce")
    assert faults_of(page, *(f"/admin/{path}" for path in paths), screens=SCREENS) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_and_answers_is_sound(
    house: Cast, visit: Visit, settings: Any, scheme: str
) -> None:
    """An entry with its particulars, a rule that is judged, a secret shown once, at 390 pixels."""
    settings.WEBHOOK_ALLOW_PRIVATE = True
    change_role(house.acme.pk, reason=LONG * 5, changes={"role": (HOSTILE, LONG * 3)})
    page = visit(
        house.alice,
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page.goto(house.url("audit-log/?q=priya"))
    entry = page.locator(".entry").first
    entry.locator("summary").first.click()
    entry.get_by_text("As it is stored").click()
    expect(entry.locator("pre")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="More filters").click()
    assert faults(page) == []
    page.goto(house.url("settings/rules/"))
    page.get_by_label("Rule", exact=True).fill("no Admin may keys.create")
    expect(page.locator("#rule-outlook .notice")).to_be_visible()
    page.get_by_text("What a rule may say").click()
    assert faults(page) == []
    page.goto(house.url("settings/webhooks/new/"))
    page.get_by_label("Name", exact=True).fill(LONG)
    page.get_by_label("Address", exact=True).fill("https://203.0.113.9/log")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".secret")).to_be_visible()
    assert faults(page) == []
