"""The log in the browser, beyond looking through it: shared filters, taken along, proven, as of a day.

Searching, saved filters and following are in test_audit_log.py; how far a download is, in
test_audit_export.py.
"""

from __future__ import annotations

import csv
import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from audit.ledger import Actor, Target
from config.roles import Role
from orgs.actions.members import member_change_role
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, change_role
from tests.browser.conftest import Visit
from tests.factories import Cast

pytestmark = pytest.mark.browser


@pytest.mark.requirement("S2-030", "S4-016")
def test_a_filter_is_an_address_that_a_colleague_opens(house: Cast, visit: Visit) -> None:
    sequence = change_role(house.acme.pk)
    change_role(house.acme.pk, actor=Actor("member", house.mia.pk, "Mia Castellano"))
    page = visit(house.alice)
    page.goto(house.url("audit-log/"))
    entries = page.locator(".entry")
    page.get_by_role("searchbox").fill("priya")
    page.keyboard.press("Enter")
    expect(entries).to_have_count(2)
    page.locator("#actor").select_option(value=str(ALICE.id))
    expect(page.get_by_role("link", name="Clear the filter Actor")).to_be_visible()
    expect(entries).to_have_count(1)
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Area").select_option(label="Member")
    page.locator("#filter-more").get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name="Clear the filter Area")).to_be_visible()
    page.get_by_role("button", name="When").click()
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("link", name="Clear the filter When")).to_be_visible()
    expect(entries).to_have_count(1)

    colleague = visit(house.adam)
    colleague.goto(page.url)
    expect(colleague.locator(".entry")).to_have_count(1)
    expect(colleague.locator(f"#entry-{sequence}")).to_contain_text("Priya Raman")
    page.go_back()
    expect(page.get_by_role("link", name="Clear the filter When")).to_have_count(0)
    expect(page.get_by_role("link", name="Clear the filter Area")).to_be_visible()
    page.get_by_role("link", name="Clear the filter Actor").click()
    expect(entries).to_have_count(2)


def take(page: Page, house: Cast, form: str, query: str = "") -> Path:
    """The log as a file of this form, and how many entries the page said it would be."""
    page.goto(house.url(f"audit-log/export/{query}"))
    page.get_by_role("radio", name=form).check()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    return Path(taken.value.path())


@pytest.mark.requirement("S3-056")
def test_a_spreadsheet_gets_as_many_rows_and_no_formula(house: Cast, visit: Visit) -> None:
    change_role(house.acme.pk, reason='=HYPERLINK("https://evil.example")')
    change_role(house.acme.pk, target=Target("member", house.mia.pk, "+1, Mia"))
    page = visit(house.alice)
    file = take(page, house, "CSV", "?action=member.role_changed")
    expect(page.get_by_role("heading", name="2 entries of Acme Robotics")).to_be_visible()
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.reader(lines))
    body = [row for row in rows if "member.role_changed" in row]
    assert len(body) == 2
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    assert any("HYPERLINK" in cell for row in body for cell in row)


def verify(*files: Path) -> subprocess.CompletedProcess[str]:
    program, export, checkpoints, keys = files
    command = [sys.executable, str(program), str(export)]
    options = ["--checkpoints", str(checkpoints), "--keys", str(keys)]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def kept(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file


@pytest.mark.parametrize("scripts", [True, False])
def test_a_log_is_proven_without_the_server_and_a_changed_line_is_named(
    house: Cast, visit: Visit, tmp_path: Path, scripts: bool
) -> None:
    sequence = change_role(house.acme.pk)
    page = visit(house.alice, java_script_enabled=scripts)
    page.goto(house.url("audit-log/checkpoints/"))
    expect(page.get_by_text("Nothing is signed yet.")).to_be_visible()
    page.get_by_role("button", name="Sign now").click()
    expect(page.get_by_text(re.compile("Signed up to entry #"))).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="holds")).to_have_count(1)
    checkpoints = kept(page, "checkpoints.jsonl", tmp_path)
    keys, program = kept(page, "keys.json", tmp_path), kept(page, "verify_ledger.py", tmp_path)
    export = take(page, house, "JSON lines").rename(tmp_path / "export.jsonl")

    whole = verify(program, export, checkpoints, keys)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    lines = export.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if json.loads(line).get("sequence") == sequence)
    lines[at] = lines[at].replace("Takes over the keys.", "Takes over the house.")
    export.write_text("\n".join(lines) + "\n")
    forged = verify(program, export, checkpoints, keys)
    assert forged.returncode == 1
    assert str(sequence) in forged.stdout + forged.stderr


@pytest.mark.requirement("S2-019")
@pytest.mark.parametrize("scripts", [True, False])
def test_who_could_do_what_before_a_change(house: Cast, visit: Visit, scripts: bool) -> None:
    page = visit(house.alice, java_script_enabled=scripts)
    before = timezone.localtime().strftime("%Y-%m-%dT%H:%M:%S")
    # The whole of a second counts.
    page.wait_for_timeout(1_100)
    with bound(house.acme.pk):
        member = house.member(house.mia)
        member_change_role(
            membership=member, role=Role.ADMIN, actor=house.access(house.alice), reason="Holiday"
        )
    page.goto(house.url(f"access/as-of/?at={before}"))
    roles = page.get_by_role("region", name="People by role")
    admins = roles.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Admin"))
    expect(admins.get_by_role("cell").nth(0)).to_have_text("1")
    expect(admins.get_by_role("cell").nth(1)).to_have_text("2")
    since = page.get_by_role("region", name="Since then")
    expect(since).to_contain_text("role")

    page.get_by_role("searchbox", name=re.compile("^Find a person")).fill("mia")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Mia Castellano").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What Mia Castellano could do")
    held = page.get_by_role("region", name="In the whole organization")
    expect(held).to_contain_text("Member")
    held.locator("a.entry-number").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Entry")
    expect(page.get_by_role("main")).to_contain_text("Mia Castellano")


def test_yesterday_is_a_day_before_this_organization(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("access/as-of/"))
    page.get_by_role("link", name="Yesterday").click()
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    expect(page).to_have_url(re.compile(f"at={yesterday}"))
    expect(page.get_by_text("The log cannot say", exact=True)).to_be_visible()
    page.get_by_role("link", name="Show that moment").click()
    expect(page.get_by_role("region", name="People by role")).to_be_visible()
