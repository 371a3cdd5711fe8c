"""The list of invitations: its states, its pages, what may be done with each."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.roles import Role
from orgs.actions.invitations import invitation_revoke
from orgs.seats import seats
from tests.factories import Cast, make_person, sign_in
from tests.orgs.invitations import allow_admins, invite, limit_seats, overdue

pytestmark = pytest.mark.django_db
LISTED = re.compile(r"<b>([^<]+@x\.example)</b>")


@pytest.fixture
def one_of_each(cast: Cast) -> Cast:
    made = {
        state: invite(cast, f"{state}@x.example")
        for state in ("pending", "expired", "accepted", "declined", "revoked")
    }
    overdue(cast, made["expired"][0])
    for state, answer in (("accepted", "accept"), ("declined", "decline")):
        person = sign_in(make_person("P", f"{state}@x.example"))
        person.post(f"/invitations/{made[state][1]}/{answer}/")
    invitation_revoke(invitation=made["revoked"][0], actor=cast.access(cast.alice))
    return cast


@pytest.mark.parametrize("state", ["pending", "expired", "accepted", "declined", "revoked"])
def test_each_state_has_its_list(one_of_each: Cast, state: str) -> None:
    page = sign_in(one_of_each.alice).get(one_of_each.url(f"invitations/?state={state}"))
    assert LISTED.findall(page.text) == [f"{state}@x.example"]


def test_an_overdue_invitation_counts_as_expired(one_of_each: Cast) -> None:
    page = sign_in(one_of_each.alice).get(one_of_each.url("invitations/?state=expired")).text
    assert "Expired, seat freed" in page
    assert "Send again" in page
    assert "Revoke invitation" not in page


def test_what_was_closed_lately_stands_below(one_of_each: Cast) -> None:
    page = sign_in(one_of_each.alice).get(one_of_each.url("invitations/")).text
    below = page.split("Closed in the last 30 days")[1]
    for state in ("accepted", "declined", "revoked", "expired"):
        assert f"{state}@x.example" in below


@pytest.mark.parametrize(
    "query", ["state=nonsense", "page=nonsense", "q=%00", "q=%25", "page=" + "x" * 3000]
)
def test_a_bad_filter_counts_as_none(one_of_each: Cast, query: str) -> None:
    page = sign_in(one_of_each.alice).get(one_of_each.url(f"invitations/?{query}"))
    assert page.status_code == 200


def test_a_part_of_the_address_finds_it(cast: Cast) -> None:
    for name in ("ana", "ben"):
        invite(cast, f"{name}@x.example")
    page = sign_in(cast.alice).get(cast.url("invitations/?q=AN")).text
    assert LISTED.findall(page) == ["ana@x.example"]


def test_pages_follow_each_other_with_as_many_queries(cast: Cast) -> None:
    alice = sign_in(cast.alice)
    counts = []
    for many in (1, 60):
        for number in range(many):
            invite(cast, f"p{many}-{number}@x.example")
        alice.get(cast.url("invitations/"))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page = alice.get(cast.url("invitations/"))
        counts.append(len(captured))
    assert counts[0] == counts[1]
    first = LISTED.findall(page.text)
    older = alice.get(page.context["older_url"])
    second = LISTED.findall(older.text)
    assert len(first) == 50
    assert len(second) == 11
    assert not set(first) & set(second)
    assert LISTED.findall(alice.get(older.context["newer_url"]).text) == first


def test_htmx_gets_the_list_and_the_counts_above_it(cast: Cast) -> None:
    invite(cast, "ana@x.example")
    part = sign_in(cast.alice).get(cast.url("invitations/"), headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert 'id="list"' in part
    assert 'hx-swap-oob="true"' in part


def test_an_admin_sees_no_deed_above_its_ceiling(cast: Cast) -> None:
    allow_admins(cast)
    low, _ = invite(cast, "low@x.example")
    high, _ = invite(cast, "high@x.example", Role.OWNER)
    page = sign_in(cast.adam).get(cast.url("invitations/")).text
    assert f"invitations/{low.pk}/revoke/" in page
    assert f"invitations/{high.pk}/" not in page


def test_the_list_is_for_who_may_invite(cast: Cast) -> None:
    invite(cast, "ana@x.example")
    for person in (cast.adam, cast.mia, cast.vera, cast.eddie):
        answer = sign_in(person).get(cast.url("invitations/"))
        assert answer.status_code == 302
    assert sign_in(cast.oscar).get(cast.url("invitations/")).status_code == 404
    own = sign_in(cast.oscar).get(cast.url("invitations/", cast.umbrella)).text
    assert "ana@x.example" not in own


def test_seats_count_open_invitations_and_no_overdue_ones(one_of_each: Cast) -> None:
    limit_seats(one_of_each, 10)
    found = seats(one_of_each.access(one_of_each.alice).org)
    assert (found.used, found.limit, found.free, found.invited) == (7, 10, 3, 1)
