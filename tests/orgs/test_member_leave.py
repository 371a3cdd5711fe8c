"""Leaving an organization, by whoever is in it."""

from __future__ import annotations

import pytest

from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_organization, make_seat, sign_in

HX = {"HX-Request": "true"}
ANSWER = {"confirm": "Acme Robotics", "reason": "New job"}


def is_there(member: Membership) -> bool:
    with bound(member.organization_id):
        return Membership.objects.in_org(member.organization_id).filter(pk=member.pk).exists()


def entries(cast: Cast, outcome: str = "done") -> list[Entry]:
    with bound(cast.acme.id):
        return list(Entry.objects.filter(action="member.left", outcome=outcome))


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_anyone_but_the_last_owner_may_leave(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    client = sign_in(person)
    assert "Leave Acme Robotics?" in client.get(cast.url("members/leave/")).content.decode()
    response = client.post(cast.url("members/leave/"), ANSWER)
    assert (response.status_code, response.url) == (302, "/")
    assert not is_there(cast.member(person))
    (entry,) = entries(cast)
    assert entry.actor_id == cast.member(person).pk
    assert '"reason": "New job"' in entry.body


def test_with_the_last_organization_the_session_ends(cast: Cast) -> None:
    client = sign_in(cast.mia)
    response = client.post(cast.url("members/leave/"), ANSWER, follow=True)
    assert response.status_code == 200
    assert not response.context["user"].is_authenticated


def test_who_belongs_elsewhere_stays_signed_in(cast: Cast) -> None:
    third = make_organization(cast.mia, "Third Party")
    client = sign_in(cast.mia)
    client.post(cast.url("members/leave/"), ANSWER)
    assert client.get(cast.url("members/")).status_code == 404
    assert client.get(cast.url("members/", third)).status_code == 200


def test_the_last_owner_is_told_the_way_out(cast: Cast) -> None:
    client = sign_in(cast.alice)
    page = client.get(cast.url("members/leave/")).content.decode()
    assert "You are the last owner" in page
    assert "danger-solid" not in page
    response = client.post(cast.url("members/leave/"), ANSWER)
    assert response.status_code == 422
    assert "Offer ownership to someone before you leave." in response.content.decode()
    assert is_there(cast.member(cast.alice))
    (failed,) = entries(cast, "failed")
    assert "last_owner" in failed.body


def test_an_owner_leaves_while_another_stays(cast: Cast) -> None:
    make_member(cast.acme, Role.OWNER)
    assert sign_in(cast.alice).post(cast.url("members/leave/"), ANSWER).status_code == 302
    assert not is_there(cast.member(cast.alice))


def test_it_says_first_what_goes_and_wants_the_name(cast: Cast) -> None:
    make_seat(make_group(cast.acme, "Tech Leads", secret=True), cast.member(cast.mia))
    client = sign_in(cast.mia)
    html = client.get(cast.url("members/leave/"), headers=HX).content.decode()
    assert "Removes 1 role, 1 group and 0 live keys; frees 1 seat" in html
    assert "Tech Leads" in html
    for answer in ({}, {"confirm": "acme robotics"}):
        assert client.post(cast.url("members/leave/"), answer).status_code == 422
    assert is_there(cast.member(cast.mia))


def test_htmx_is_sent_away_from_a_page_that_is_theirs_no_more(cast: Cast) -> None:
    response = sign_in(cast.mia).post(cast.url("members/leave/"), ANSWER, headers=HX)
    assert response.headers["HX-Redirect"] == "/"


def test_nobody_leaves_an_organization_they_are_not_in(cast: Cast) -> None:
    page = cast.url("members/leave/", cast.umbrella)
    assert sign_in(cast.mia).post(page, {"confirm": "Umbrella"}).status_code == 404
