"""Taking the log out in the browser: with how far it is, stopped, cut, and without scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.audit.ledgers import change_role
from tests.browser.conftest import Visit
from tests.factories import Cast

pytestmark = pytest.mark.browser


def choose(page: Page, form: str) -> None:
    page.get_by_role("radio", name=form).check()


@pytest.mark.parametrize("scripts", [True, False])
def test_log_is_downloaded_whole(house: Cast, visit: Visit, scripts: bool) -> None:
    change_role(house.acme.pk)
    page = visit(house.alice, java_script_enabled=scripts)
    page.goto(house.url("audit-log/export/?action=member.role_changed"))
    choose(page, "JSON lines")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    assert taken.value.suggested_filename.endswith(".action-memberrole_changed.jsonl")
    head, *entries, end = Path(taken.value.path()).read_text().splitlines()
    assert json.loads(head)["filters"] == {"action": "member.role_changed"}
    assert json.loads(end)["entries"] == len(entries) > 0
    if scripts:
        expect(page.get_by_role("status").filter(has_text="complete")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_js_property("value", len(entries))


def test_file_that_is_cut_is_not_kept(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)

    def cut(route: Route) -> None:
        headers = {"X-Schema": "bailiwick.audit.csv/1", "X-Entries": "3"}
        route.fulfill(status=200, body="sequence\n1\n2\n", headers=headers)

    page.goto(house.url("audit-log/export/"))
    page.route("**/audit-log/export/?*format=csv*", cut)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_text("The download was cut, and nothing was kept.")).to_be_visible()
