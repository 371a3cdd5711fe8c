"""What people do, in Chromium: each journey once from beginning to end."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import User
from config.roles import Role
from orgs.models import Invitation, Membership
from orgs.tenancy import bound
from tests.browser.conftest import PASSWORD, Visit, sign_in
from tests.factories import Cast, make_group, make_member, make_person

pytestmark = pytest.mark.browser


def roster_of(house: Cast) -> str:
    """Everybody who is there, a new owner, two new members and a group."""
    members = ", ".join(f'"{p.email}"' for p in (house.adam, house.mia, house.vera, house.eddie))
    return f"""
admins: ["{house.alice.email}", dora]
members: [{members}, erik, fay]
teams:
  Builders:
    description: Those who build
    maintainers: [dora]
    members: [erik]
"""


def link_in_the_newest_mail() -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def no_wider_than_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.requirement("S1-040", "S1-001", "S1-004", "S1-005", "S1-006", "S1-011")
def test_sign_in_and_find_the_team(house: Cast, visit: Visit) -> None:
    page = visit()
    sign_in(page, house.alice)
    expect(page).to_have_url(re.compile(house.url() + "$"))
    page.get_by_role("link", name="Members 5").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Team and organization access")
    facts = page.locator(".facts")
    for words in ("Organization", "Acme Robotics", "Your role", "Owner", "Plan", "Active keys"):
        expect(facts).to_contain_text(words)
    expect(
        page.get_by_role("columnheader", name=re.compile("^(Member|Role|Joined|Actions)"))
    ).to_have_count(4)


def test_a_wrong_password_says_nothing_about_the_account(house: Cast, visit: Visit) -> None:
    said = []
    for email in (house.alice.email, "nobody@example.com"):
        page = visit()
        page.goto("/sign-in/")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill("not the password")
        page.get_by_role("button", name="Sign in", exact=True).click()
        error = page.locator(".field-error, .notice.bad").first
        expect(error).to_be_visible()
        said.append(error.inner_text())
    assert said[0] == said[1]


@pytest.mark.requirement("S1-042", "S2-156", "S2-157", "S4-010")
def test_invite_and_accept_in_a_second_browser(house: Cast, visit: Visit) -> None:
    newcomer = make_person("Petra Novak")
    page = visit(house.alice, expected=("422",))
    page.goto(house.url("members/"))
    page.get_by_role("link", name="Invite member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Addresses").fill(f"{newcomer.email}, petra@partner")
    expect(dialog.get_by_role("radio", name=re.compile("^Member"))).to_be_checked()
    dialog.get_by_role("button", name="Check").click()
    expect(page.get_by_text("petra@partner", exact=True).first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Invite 1 person")).click()
    expect(page.get_by_text(newcomer.email).first).to_be_visible()
    address = link_in_the_newest_mail()

    # Signed in as somebody else, the link joins nobody.
    stranger = visit(house.oscar)
    stranger.goto(address)
    expect(stranger.get_by_text("Another address is invited")).to_be_visible()
    expect(stranger.get_by_role("button", name="Accept and join")).to_have_count(0)

    other = visit()
    other.goto(address)
    expect(other.get_by_text(newcomer.email).first).to_be_visible()
    other.get_by_role("link", name="Sign in").click()
    other.get_by_label("Email").fill(newcomer.email)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.get_by_role("button", name="Accept and join").click()
    other.wait_for_url("**" + house.url())
    page.goto(house.url("members/"))
    expect(page.get_by_role("rowheader", name=re.compile("Petra Novak"))).to_be_visible()
    with bound(house.acme.id):
        assert Membership.objects.get(person=newcomer).role == Role.MEMBER
        assert Invitation.objects.get().state == "accepted"


@pytest.mark.requirement("S1-044", "S1-037", "S1-045")
def test_change_a_role_and_find_it_in_the_log(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("members/"))
    row = page.get_by_role("row", name=re.compile("Mia Castellano"))
    row.get_by_role("button", name=re.compile("Actions for")).click()
    page.get_by_role("link", name=re.compile("^Change role")).filter(visible=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile("^Admin")).check()
    dialog.get_by_label(re.compile("^Reason")).fill("Takes over keys in December")
    dialog.get_by_role("button", name="Change role").click()
    expect(row.locator(".badge")).to_have_text("Admin")
    expect(page.get_by_text("Mia Castellano is now an Admin")).to_be_visible()
    page.goto(house.url("audit-log/"))
    entry = page.locator(".entry").filter(has_text="changed Mia Castellano").first
    entry.locator("summary").click()
    expect(entry.locator("del")).to_have_text("Member")
    expect(entry.locator("ins")).to_have_text("Admin")
    expect(entry).to_contain_text("Takes over keys in December")


@pytest.mark.requirement("S4-017", "S4-018", "S4-013")
def test_a_member_who_opens_settings_or_the_log_is_sent_home_with_the_reason(
    house: Cast, visit: Visit
) -> None:
    page = visit(house.mia)
    expect(page.get_by_role("navigation", name="Organization")).to_have_count(0)
    for address in ("/settings", "/settings/audit-log"):
        page.goto(address)
        expect(page).to_have_url(re.compile(house.url() + "$"))
        expect(page.get_by_text(re.compile("You may not .*ask Alice Marlow"))).to_be_visible()


@pytest.mark.requirement("S2-134", "S1-008")
def test_switch_to_another_organization(house: Cast, visit: Visit) -> None:
    make_member(house.umbrella, Role.VIEWER, house.mia)
    page = visit(house.mia)
    page.goto(house.url())
    page.get_by_role("button", name=re.compile("Switch organization")).click()
    page.get_by_role("link", name=re.compile("^Umbrella")).click()
    expect(page).to_have_url(re.compile(house.url("", house.umbrella) + "$"))
    page.get_by_role("link", name="Members 2").click()
    expect(page.get_by_text("Oscar Novak").first).to_be_visible()
    expect(page.get_by_text("Alice Marlow")).to_have_count(0)


@pytest.mark.requirement("S1-028", "S1-003")
def test_read_the_permission_matrix(house: Cast, visit: Visit) -> None:
    page = visit(house.vera)
    page.goto(house.url("permissions/"))
    expect(
        page.get_by_text("Default enterprise permissions for customer organizations.")
    ).to_be_visible()
    page.get_by_role("searchbox").first.fill("invoices")
    row = page.get_by_role("row", name=re.compile("^View invoices"))
    expect(row).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Change member roles"))).to_have_count(0)
    expect(row.locator("td.own")).to_contain_text("allowed")
    phone = visit(house.vera, viewport={"width": 390, "height": 844})
    phone.goto(house.url("permissions/"))
    assert no_wider_than_the_screen(phone)


@pytest.mark.requirement("S3-043", "S3-040")
def test_make_a_group_and_put_somebody_in(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("groups/"))
    page.get_by_role("link", name="New group").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("DevOps")
    dialog.get_by_role("button", name="Create group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("DevOps")
    page.get_by_role("link", name="Add people").first.click()
    page.get_by_role("dialog").get_by_role("searchbox").fill("cast")
    page.get_by_role("radio", name=re.compile("Mia Castellano")).check()
    page.get_by_role("button", name="Add to group").click()
    expect(page.get_by_role("rowheader", name=re.compile("Mia Castellano"))).to_be_visible()


def test_import_a_roster_after_looking_at_its_plan(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.goto(house.url("roster/import/"))
    page.set_input_files(
        "input[type=file]",
        {"name": "org.yaml", "mimeType": "text/yaml", "buffer": roster_of(house).encode()},
    )
    page.get_by_role("button", name=re.compile("plan", re.I)).first.click()
    expect(page.get_by_text("dora").first).to_be_visible()
    with bound(house.acme.id):
        assert not Membership.objects.filter(login="dora").exists()
    confirm = page.locator("[data-confirm-name]")
    if confirm.count():
        confirm.fill(str(confirm.get_attribute("data-confirm-name")))
    page.get_by_role("button", name=re.compile("^Apply")).click()
    expect(page.get_by_text("Applied").first).to_be_visible()
    with bound(house.acme.id):
        assert Membership.objects.get(login="dora").role == Role.OWNER
        assert Membership.objects.get(login="dora").is_placeholder


@pytest.mark.requirement("S4-008", "S4-009")
def test_found_an_organization(house: Cast, visit: Visit) -> None:
    page = visit(make_person("Nora Lindt"))
    expect(page).to_have_url(re.compile("/organizations/new/"))
    name = f"Lindt & Söhne {User.objects.count()}"
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Address").fill(f"lindt-{User.objects.count()}")
    page.get_by_role("button", name="Next: policies").click()
    page.get_by_role("button", name="Next: confirm").click()
    page.get_by_role("button", name=re.compile("^Register")).click()
    expect(page).to_have_url(re.compile("/o/lindt-"))
    expect(page.get_by_role("button", name=re.compile(f"^{name}.*Switch"))).to_be_visible()
    expect(page.get_by_role("button", name="Your account, Nora Lindt")).to_contain_text("Owner")


@pytest.mark.requirement("S2-012", "S2-016", "S2-017")
def test_a_superadmin_finds_containers_and_nothing_in_them(house: Cast, visit: Visit) -> None:
    make_group(house.acme, "Secret robots")
    page = visit(house.sam, expected=("404",))
    expect(page).to_have_url(re.compile("/admin/"))
    page.get_by_role("link", name=re.compile("^Organizations")).first.click()
    expect(page.get_by_text("Acme Robotics").first).to_be_visible()
    expect(page.get_by_text("Mia Castellano")).to_have_count(0)
    response = page.goto(house.url("groups/"))
    assert response
    assert response.status == 404


@pytest.mark.requirement("S4-020", "S4-021", "S4-022", "S3-001")
def test_the_keyboard_leads_everywhere(house: Cast, visit: Visit) -> None:
    page = visit(house.alice)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog")
    palette.get_by_role("combobox").or_(palette.get_by_role("searchbox")).first.fill("audit")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/audit-log/"))
    mia = visit(house.mia)
    mia.keyboard.press("Control+k")
    mia.get_by_role("dialog").get_by_role("combobox").or_(
        mia.get_by_role("dialog").get_by_role("searchbox")
    ).first.fill("settings")
    expect(
        mia.get_by_role("dialog")
        .get_by_role("link", name=re.compile("settings", re.I))
        .filter(visible=True)
    ).to_have_count(0)


def test_everything_is_there_without_javascript(house: Cast, visit: Visit) -> None:
    page = visit(house.alice, java_script_enabled=False)
    page.goto(house.url("members/"))
    page.get_by_role("searchbox").first.fill("mia")
    page.get_by_role("button", name="Search").first.click()
    expect(page.get_by_role("rowheader")).to_have_count(1)
    mia = house.member(house.mia)
    page.goto(house.url(f"members/{mia.pk}/role/"))
    page.get_by_role("radio", name=re.compile("^Viewer")).check()
    page.get_by_role("button", name="Change role").click()
    expect(page.get_by_text("Viewer").first).to_be_visible()
    with bound(house.acme.id):
        assert Membership.objects.get(pk=mia.pk).role == Role.VIEWER


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(house: Cast, visit: Visit, scheme: str) -> None:
    long = "Wolfeschlegelsteinhausenbergerdorff " * 2
    make_member(house.acme, Role.MEMBER, make_person(long.strip()))
    make_group(house.acme, "x" * 100, description="y" * 300)
    page = visit(house.alice, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    for path in (
        "",
        "members/",
        "groups/",
        "invitations/",
        "invitations/new/",
        "permissions/",
        "docs/",
        "settings/",
        "billing/",
        "audit-log/",
        "roster/import/",
        "members/access/",
    ):
        page.goto(house.url(path))
        assert no_wider_than_the_screen(page), path
