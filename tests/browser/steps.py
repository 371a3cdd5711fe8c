"""What journeys have in common: the dialog, menus, the log, and people in groups.

Who visits, and from where, is in conftest.py.
"""

from __future__ import annotations

import re

from django.db.models import F
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from audit.models import Event as Entry
from orgs.actions.groups import group_member_add
from orgs.models import Group
from orgs.tenancy import bound
from tests.factories import Cast, make_group


def make_group_with(house: Cast, name: str, *people: User) -> Group:
    """A group in which these people are, put there by Alice."""
    group = make_group(house.acme, name)
    with bound(house.acme.id):
        alice = house.access(house.alice)
        for person in people:
            member = house.member(person)
            group_member_add(group=group, membership=member, maintainer=False, actor=alice)
    return group


def deeds(house: Cast, most: int = 3) -> list[str]:
    """The newest deeds in the log that were done, newest first."""
    with bound(house.acme.id):
        done = Entry.objects.filter(organization_id=house.acme.id, outcome="done")
        changes = done.exclude(action__in=("audit.read", "session.started"))
        return list(changes.order_by(F("sequence").desc()).values_list("action", flat=True)[:most])


def stay(page: Page) -> None:
    """From here on the page must change in place: `stayed` tells whether it was loaded anew."""
    page.evaluate("window.stayed = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def open_dialog(page: Page, name: str | re.Pattern[str]) -> Locator:
    """Press the link of this name, wherever it is in sight, and wait for what it opens."""
    page.get_by_role("link", name=name).filter(visible=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def open_menu(row: Locator, of: str) -> None:
    row.get_by_role("button", name=of).click()


def inbox_line(page: Page) -> Locator:
    """The line of the navigation that counts what waits."""
    return page.get_by_role("navigation", name="Console").get_by_role("link", name="Inbox")
