"""The frame: navigation and palette hold what this person may open, and nothing else."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from billing.actions.plans import plan_write
from billing.plans import plan_of
from config.roles import Policy, Role
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_group_role

pytestmark = pytest.mark.django_db


def palette_of(cast: Cast, who: str) -> dict[str, str]:
    """What the palette offers: label and address."""
    page = sign_in(getattr(cast, who)).get(cast.url("permissions/")).content.decode()
    part = page.partition('id="palette"')[2].partition("</dialog>")[0]
    items = re.findall(
        r'class="palette-item" href="([^"]+)".*?data-palette-text>([^<]+)<', part, re.S
    )
    return {label: url for url, label in items}


def sidebar_of(cast: Cast, who: str) -> str:
    page = sign_in(getattr(cast, who)).get(cast.url("permissions/")).content.decode()
    return page.partition('id="sidebar"')[2].partition("</aside>")[0]


@pytest.mark.requirement("S4-013")
def test_the_sidebar_ends_in_three_items_that_members_do_not_see(cast: Cast) -> None:
    owners = sidebar_of(cast, "alice")
    bottom = owners.partition("sidebar-bottom")[2]
    for path in ("settings/", "billing/", "audit-log/"):
        assert f'href="{cast.url(path)}"' in bottom
    for who in ("mia", "eddie"):
        assert ">Organization<" not in sidebar_of(cast, who)
        for path in ("settings/", "billing/", "audit-log/"):
            assert f'href="{cast.url(path)}"' not in sidebar_of(cast, who)


@pytest.mark.requirement("S4-021", "S4-022", "S4-023")
def test_the_palette_leads_an_owner_to_settings_log_and_worker_key(cast: Cast) -> None:
    found = palette_of(cast, "alice")
    assert found["Organization settings"] == cast.url("settings/")
    assert found["Audit log"] == cast.url("audit-log/")
    assert found["Worker SSH key"] == cast.url("settings/") + "#ssh-key"
    assert found["Change policies"] == cast.url("settings/") + "#policies"


@pytest.mark.requirement("S4-021", "S4-022", "S4-023")
def test_the_palette_of_a_member_does_not_know_them(cast: Cast) -> None:
    found = palette_of(cast, "mia")
    for hidden in (
        "Organization settings",
        "Audit log",
        "Worker SSH key",
        "Invite member",
        "Change policies",
    ):
        assert hidden not in found
    assert "Billing, to read" not in found


@pytest.mark.requirement("S4-015", "S1-066")
def test_billing_is_an_item_for_who_reads_it_by_their_role(cast: Cast) -> None:
    for who in ("alice", "adam", "vera"):
        assert f'href="{cast.url("billing/")}"' in sidebar_of(cast, who)
        assert palette_of(cast, who)["Billing"] == cast.url("billing/")
    group = make_group(cast.acme, "Finance")
    make_group_role(group, Role.BILLING_VIEWER)
    make_seat(group, cast.member(cast.mia))
    assert f'href="{cast.url("billing/")}"' in sidebar_of(cast, "mia")


@pytest.mark.requirement("S4-015")
def test_whom_the_policy_alone_lets_read_billing_finds_it_in_the_palette(cast: Cast) -> None:
    with bound(cast.acme.id):
        rows = type(cast.acme).objects.filter(pk=cast.acme.pk)
        rows.update(policies=[Policy.MEMBERS_READ_BILLING.value])
    assert f'href="{cast.url("billing/")}"' not in sidebar_of(cast, "mia")
    assert palette_of(cast, "mia")["Billing, to read"] == cast.url("billing/")
    assert sign_in(cast.mia).get(cast.url("billing/")).status_code == 200
    assert f'href="{cast.url("billing/")}"' in sidebar_of(cast, "alice")


@pytest.mark.requirement("S1-066")
@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera", "eddie"])
def test_docs_and_security_are_there_for_everyone(cast: Cast, who: str) -> None:
    for page in ("docs/", "security/"):
        assert f'href="{cast.url(page)}"' in sidebar_of(cast, who)


@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera", "eddie"])
def test_whatever_navigation_and_palette_offer_may_be_opened(cast: Cast, who: str) -> None:
    client = sign_in(getattr(cast, who))
    links = set(palette_of(cast, who).values())
    links |= set(re.findall(r'class="nav-link" href="([^"]+)"', sidebar_of(cast, who)))
    assert links
    for link in links:
        assert client.get(link.partition("#")[0]).status_code == 200, link


def test_what_the_plan_does_not_include_has_no_line(cast: Cast) -> None:
    insights = cast.url("insights/")
    assert insights in sidebar_of(cast, "alice")
    with bound(cast.acme.id):
        plan_write(cast.acme, plan_of("free"))
        ledger.record(
            Event.SUBSCRIPTION_ENDED,
            organization=cast.acme.id,
            actor=TEST,
            target=Target("subscription", None, "Free"),
            changes=dict.fromkeys(("plan", "seats", "price"), (None, None)),
        )
    assert insights not in sidebar_of(cast, "alice")
    assert insights not in palette_of(cast, "alice").values()


def test_the_switcher_loads_when_it_is_opened_and_works_without_javascript(cast: Cast) -> None:
    menu = sidebar_of(cast, "mia").partition('id="switcher-menu"')[2].partition("</div>")[0]
    assert 'hx-get="/organizations/"' in menu
    assert 'hx-trigger="toggle once"' in menu
    assert 'href="/organizations/"' in menu


@pytest.mark.requirement("S3-001")
@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("", "/sign-in/"),
        ("", "/terms/"),
        ("mia", "/o/{slug}/members/"),
        ("mia", "/o/{slug}/no-such-page/"),
        ("mia", "/organizations/new/"),
        ("mia", "/profile/"),
        ("sam", "/admin/"),
    ],
)
def test_a_page_begins_with_a_link_to_its_main_content(cast: Cast, who: str, address: str) -> None:
    client = sign_in(getattr(cast, who)) if who else Client()
    page = client.get(address.format(slug=cast.acme.slug)).content.decode()
    first = re.search(r"<body[^>]*>\s*<(\w+)[^>]*href=\"([^\"]+)\"", page)
    assert first is not None
    assert first.groups() == ("a", "#main")
    assert page.count('id="main"') == 1
