"""Which pictures are taken, as whom and after what: data for tests/screenshots.py.

`SHOTS` are those of the documentation; `ROOMS` show the pages of keys, billing, settings, log and
portal, to look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from playwright.sync_api import Page

Scheme = Literal["light", "dark"]
SCREEN, PHONE = (1280, 860), (390, 844)
KEYS, BILLING = "/o/acme/settings/keys/", "/o/acme/billing/"
WIDGET, SCANNERS, ETL = "Support chat widget", "Warehouse scanners", "Production deployment, ETL"


class Shot(NamedTuple):
    """A page as somebody of Acme sees it, or from outside: `who` is a button of the demo.

    `then` are links to follow from there, by their words; `explain` is whose access to explain;
    `do` is what else happens before the picture.
    """

    name: str
    page: str
    who: str = "alice"
    size: tuple[int, int] = SCREEN
    schemes: tuple[Scheme, ...] = ("light", "dark")
    then: tuple[str, ...] = ()
    explain: str = ""
    do: Callable[[Page], None] | None = None


def make_key(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Invoice archive")
    page.get_by_role("radio", name="Execute workflows").check()
    page.get_by_label("Last day").fill(str(page.get_by_label("Last day").get_attribute("max")))
    page.get_by_role("button", name="Create API Key").click()
    page.locator(".secret").wait_for()


def open_limits(page: Page) -> None:
    page.locator(".limits-card > summary").click()


def show_all_limits(page: Page) -> None:
    page.get_by_role("link", name=f"Show all limits of {WIDGET}").click()
    page.locator(".row-detail").wait_for()


def new_secret(page: Page) -> None:
    """Another one takes the place of a new secret that nobody has used."""
    page.get_by_role("button", name=re.compile("^Make (the new secret|another)")).click()
    page.locator(".secret").wait_for()


def retire(page: Page) -> None:
    page.get_by_role("link", name="Retire it now").click()
    page.get_by_role("dialog").locator("form").wait_for()


def rehearse(page: Page) -> None:
    page.get_by_label("Networks").fill("203.0.113.24/32")
    page.get_by_label("Models").fill("north-small")
    page.get_by_role("button", name="Rehearse with the last 7 days").click()
    page.locator(".rehearsal").wait_for()
    page.locator(".rehearsal").evaluate("part => part.scrollIntoView({ block: 'center' })")


def make_token(page: Page) -> None:
    page.get_by_role("link", name="New token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Gateway in Frankfurt")
    dialog.get_by_role("checkbox", name=re.compile("decide")).check()
    dialog.get_by_role("button", name="Make the token").click()
    dialog.locator(".secret").wait_for()


def open_entry(page: Page) -> None:
    entry = page.locator(".entry").filter(has_text="’s role from").first
    entry.locator("summary").first.click()
    entry.get_by_text("As it is stored").wait_for()


def open_broken(page: Page) -> None:
    page.locator(".rule").filter(has_text="Projects Admin ends").locator("summary").click()


def let_support_in(page: Page) -> None:
    page.get_by_role("link", name="Let support in").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Whom to let in").fill("sam.whitfield@bailiwick.example")
    dialog.get_by_label("Reason").fill("Case 3: the nightly jobs of the robots stop")
    dialog.get_by_role("button", name="Let support in").click()
    page.locator(".banner").wait_for()
    # What was said in passing is not for the picture.
    page.get_by_role("button", name="Dismiss").first.click()


def open_request(page: Page) -> None:
    page.locator(".entry.call > summary").first.click()


SHOTS = (
    Shot("sign-in", "/sign-in/", who=""),
    Shot("dashboard", "/o/acme/"),
    Shot("members", "/o/acme/members/"),
    Shot("members-phone", "/o/acme/members/", size=PHONE, schemes=("light",)),
    Shot("groups", "/o/acme/groups/"),
    Shot("matrix", "/o/acme/permissions/"),
    Shot("audit-log", "/o/acme/audit-log/?area=member", do=open_entry),
    Shot("checkpoints", "/o/acme/audit-log/checkpoints/", schemes=("light",)),
    Shot("as-of", "/o/acme/access/as-of/", then=("30 days ago",), schemes=("light",)),
    Shot("rules", "/o/acme/settings/rules/", schemes=("light",), do=open_broken),
    Shot("projects", "/o/acme/projects/", schemes=("light",)),
    Shot(
        *("explain", "/o/acme/projects/"),
        then=("Warehouse picking", "Access"),
        explain="Mia Castellano",
    ),
    Shot("inbox", "/o/acme/inbox/"),
    Shot("hub-phone", "/o/acme/hub/", who="eddie", size=PHONE, schemes=("light",)),
    Shot("keys", KEYS, do=show_all_limits),
    Shot("keys-phone", KEYS, size=PHONE, schemes=("light",)),
    Shot("key-rotation", KEYS, then=(SCANNERS, "Rotat")),
    Shot("key-rehearsal", KEYS, then=(ETL, "Change limits"), do=rehearse),
    Shot("billing", BILLING),
    Shot("billing-phone", BILLING, size=PHONE, schemes=("light",)),
    Shot("invoice", f"{BILLING}invoices/", then=("INV-2026-000007",), schemes=("light",)),
    Shot("usage", "/o/acme/usage/"),
    Shot("insights", "/o/acme/insights/", schemes=("light",)),
    # This leaves its banner on every page, so it comes last.
    Shot("support", "/o/acme/settings/support/", schemes=("dark",), do=let_support_in),
)

_ROOMS = (
    Shot("key-list", KEYS, do=show_all_limits),
    Shot("key-list-any", f"{KEYS}?state=all"),
    Shot("key", KEYS, then=(ETL,)),
    Shot("key-create", f"{KEYS}new/", do=open_limits),
    Shot("key-rotate-1", KEYS, then=(WIDGET, "Rotat")),
    Shot("key-rotate-3", KEYS, then=(SCANNERS, "Rotat")),
    Shot("key-rotate-4", KEYS, then=(SCANNERS, "Rotat"), do=retire),
    Shot("key-policy", KEYS, then=(ETL, "Change limits"), do=rehearse),
    Shot("limits", "/o/acme/settings/limits/"),
    Shot("service-accounts", "/o/acme/settings/service-accounts/"),
    Shot("service-account", "/o/acme/settings/service-accounts/", then=("Nightly jobs",)),
    Shot("requests", f"{KEYS}requests/?decision=refused", do=open_request),
    Shot("plans", f"{BILLING}plans/"),
    Shot("plan-change", f"{BILLING}change/"),
    Shot("billing-details", f"{BILLING}details/"),
    Shot("credit", f"{BILLING}credits/"),
    Shot("budgets", f"{BILLING}budgets/"),
    Shot("invoices", f"{BILLING}invoices/"),
    Shot("usage-models", "/o/acme/usage/?by=model&measure=tokens"),
    Shot("insights-projects", "/o/acme/insights/projects/"),
    Shot("security", "/o/acme/security/"),
    Shot("api-reference", "/docs/api/", who=""),
    Shot("settings", "/o/acme/settings/"),
    Shot("quotas", "/o/acme/settings/quotas/"),
    Shot("webhooks", "/o/acme/settings/webhooks/"),
    Shot("webhook", "/o/acme/settings/webhooks/", then=("Security monitoring",)),
    Shot("domains", "/o/acme/settings/domains/"),
    Shot("keeping", "/o/acme/audit-log/keeping/"),
    Shot("export", "/o/acme/audit-log/export/"),
    Shot("as-of-person", "/o/acme/access/as-of/?q=adam", then=("Adam Brandt",)),
    Shot("recovery", "/o/acme/members/recover/", who="adam"),
    Shot("portal", "/admin/", who="sam"),
    Shot("portal-metrics", "/admin/metrics/", who="sam"),
    Shot("portal-settings", "/admin/settings/", who="sam"),
    # These leave something in the demo, so they come last.
    Shot(
        "token-made", "/o/acme/settings/service-accounts/", then=("Robot platform",), do=make_token
    ),
    Shot("key-rotate-2", KEYS, then=("Lyon pilot", "Rotat"), do=new_secret),
    Shot("key-created", f"{KEYS}new/", do=make_key),
)
ROOMS = tuple(
    shot._replace(name=f"{shot.name}{end}", size=size)
    for shot in _ROOMS
    for end, size in (("", SCREEN), ("-phone", PHONE))
)
