"""The Security page: how the organization is protected, as far as each role may see it."""

from __future__ import annotations

import html
from typing import Any

import pytest

from config.legal import DOCUMENTS
from config.roles import Policy, Role
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_group_role

pytestmark = pytest.mark.django_db
EVERYONE = ("alice", "adam", "mia", "vera", "eddie")


def page_of(cast: Cast, who: str) -> str:
    page = sign_in(getattr(cast, who)).get(cast.url("security/")).content.decode()
    return html.unescape(page.partition("<main")[2])


@pytest.mark.requirement("S1-066")
@pytest.mark.parametrize("who", EVERYONE)
def test_everyone_reads_of_their_own_sign_in_and_the_policies(cast: Cast, who: str) -> None:
    page = page_of(cast, who)
    assert "Second factor" in page
    for policy in Policy:
        assert policy.label in page
    assert "Alice Marlow" in page.partition("The last word")[2].partition("</div>")[0]


def test_a_policy_shows_whether_it_is_on(cast: Cast) -> None:
    for on in (True, False):
        with bound(cast.acme.id):
            rows = type(cast.acme).objects.filter(pk=cast.acme.pk)
            rows.update(policies=[Policy.MEMBERS_READ_COSTS.value] if on else [])
        part = page_of(cast, "mia").partition(Policy.MEMBERS_READ_COSTS.label)[2]
        assert f'class="policy {"on" if on else "off"}"' in part.partition("</div></div>")[0][:400]


@pytest.mark.requirement("S1-026", "S3-056", "S3-071")
def test_the_audit_log_is_linked_for_who_may_read_it(cast: Cast) -> None:
    link = f'href="{cast.url("audit-log/")}"'
    for who in EVERYONE:
        assert (link in page_of(cast, who)) is (who in ("alice", "adam", "vera")), who
    assert "groups with Audit Log Reader read it" in page_of(cast, "mia")
    group = make_group(cast.acme, "Compliance")
    make_group_role(group, Role.AUDIT_LOG_READER)
    make_seat(group, cast.member(cast.mia))
    assert link in page_of(cast, "mia")


@pytest.mark.requirement("S3-058")
def test_an_audit_log_reader_changes_no_setting_from_here(cast: Cast) -> None:
    group = make_group(cast.acme, "Compliance")
    make_group_role(group, Role.AUDIT_LOG_READER)
    make_seat(group, cast.member(cast.mia))
    assert "Change policies" not in page_of(cast, "mia")
    assert "Change policies" in page_of(cast, "alice")


def test_keys_limits_and_requests_are_linked_for_who_manages_them(cast: Cast) -> None:
    for who in EVERYONE:
        page = page_of(cast, who)
        for path in ("settings/keys/", "settings/limits/", "settings/keys/requests/"):
            assert (f'href="{cast.url(path)}"' in page) is (who in ("alice", "adam")), (who, path)


@pytest.mark.requirement("S1-061", "S1-062", "S1-064", "S1-065")
@pytest.mark.parametrize("who", EVERYONE)
@pytest.mark.parametrize("area", ["docs/", "security/"])
def test_the_legal_documents_are_linked_for_everyone(cast: Cast, who: str, area: str) -> None:
    page = sign_in(getattr(cast, who)).get(cast.url(area)).content.decode()
    for document in DOCUMENTS.values():
        assert f'href="/{document.name}/"' in page


@pytest.mark.requirement("S1-061", "S1-062")
def test_an_address_of_the_operators_own_takes_their_place(cast: Cast, settings: Any) -> None:
    for document in DOCUMENTS.values():
        setattr(settings, document.setting, f"https://legal.example/{document.name}?a=1&b=2")
    for area in ("docs/", "security/", "billing/"):
        page = sign_in(cast.alice).get(cast.url(area)).content.decode()
        for document in DOCUMENTS.values():
            assert f'href="https://legal.example/{document.name}?a=1&amp;b=2"' in page, area
            assert f'href="/{document.name}/"' not in page


@pytest.mark.requirement("S1-063")
def test_invoices_are_linked_only_for_who_may_view_them(cast: Cast) -> None:
    link = f'href="{cast.url("billing/invoices/")}"'
    for area in ("docs/", "security/"):
        for who in EVERYONE:
            page = sign_in(getattr(cast, who)).get(cast.url(area)).content.decode()
            assert (link in page) is (who in ("alice", "adam", "vera")), (area, who)


def test_strangers_find_nothing(cast: Cast) -> None:
    assert sign_in(cast.oscar).get(cast.url("security/")).status_code == 404


def test_names_cannot_become_markup(cast: Cast) -> None:
    with bound(cast.acme.id):
        type(cast.acme).objects.filter(pk=cast.acme.pk).update(name="<img src=x>")
    assert "<img src=x" not in sign_in(cast.mia).get(cast.url("security/")).content.decode()


@pytest.mark.requirement("S1-038")
@pytest.mark.parametrize("who", EVERYONE)
def test_everyone_reads_what_is_true_already_and_what_stays_explicit(cast: Cast, who: str) -> None:
    already, _, explicit = (
        page_of(cast, who).partition("Already true")[2].partition("Stays explicit")
    )
    assert "Organization, members and roles" in already
    assert "Operator checks" in already
    assert "Directory sync (SCIM)" in explicit
    assert "runs no task itself" in explicit
    where = explicit if Policy.ADMINS_INVITE not in cast.access(cast.alice).policies else already
    assert "Admins invite" in where
