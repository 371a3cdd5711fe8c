"""When a membership ends: set, moved, cleared; void the moment it comes."""

from __future__ import annotations

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.models import Event as Entry
from config.roles import Role
from orgs.actions.expiry import member_extend
from orgs.actions.members import member_change_role
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db

NEXT_YEAR = (timezone.now() + datetime.timedelta(days=300)).date()


def member(cast: Cast, person: object) -> Membership:
    with bound(cast.acme.pk):
        return Membership.objects.in_org(cast.acme.pk).get(person=person)


def url(cast: Cast, person: object) -> str:
    return cast.url(f"members/{member(cast, person).pk}/expiry/")


def expire(cast: Cast, person: object) -> None:
    """As if its time had come, before this test began."""
    with bound(cast.acme.pk):
        until = timezone.now() + datetime.timedelta(days=1)
        member_extend(
            membership=member(cast, person), until=until, reason="", actor=cast.access(cast.alice)
        )
        over = timezone.now() - datetime.timedelta(hours=1)
        Membership.objects.in_org(cast.acme.pk).filter(person=person).update(expires_at=over)


def test_an_owner_sets_an_end_and_the_log_keeps_why(cast: Cast) -> None:
    client = sign_in(cast.alice)
    page = url(cast, cast.mia)
    assert client.get(page).status_code == 200
    response = client.post(page, {"until": NEXT_YEAR.isoformat(), "reason": "A project’s length"})
    assert response.status_code == 302
    mia = member(cast, cast.mia)
    assert mia.last_day == NEXT_YEAR
    with bound(cast.acme.pk):
        entry = Entry.objects.filter(organization_id=cast.acme.pk).latest("sequence")
        assert entry.action == "member.expiry_changed"
    shown = client.get(cast.url(f"members/{mia.pk}/")).content.decode()
    assert "Until <time" in shown
    client.post(page, {"until": ""})
    assert member(cast, cast.mia).expires_at is None


def test_saving_the_same_end_twice_is_one_entry(cast: Cast) -> None:
    client, page = sign_in(cast.alice), url(cast, cast.mia)
    for _ in range(2):
        assert client.post(page, {"until": NEXT_YEAR.isoformat()}).status_code == 302
    with bound(cast.acme.pk):
        entries = Entry.objects.filter(organization_id=cast.acme.pk)
        assert entries.filter(action="member.expiry_changed", outcome="done").count() == 1


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2020-01-01", "This is in the past."),
        ("soon", "Write a day like 2027-03-31."),
        ("2099-01-01", "Choose a day within five years."),
        ("0000-00-00", "Write a day like 2027-03-31."),
        ("2027-03-31\x00", "Write a day like 2027-03-31."),
    ],
)
def test_what_is_no_day_ahead_is_refused(cast: Cast, until: str, words: str) -> None:
    response = sign_in(cast.alice).post(url(cast, cast.mia), {"until": until})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert member(cast, cast.mia).expires_at is None


def test_nobody_decides_on_their_own_end_and_an_owner_has_none(cast: Cast) -> None:
    client = sign_in(cast.alice)
    own = client.post(url(cast, cast.alice), {"until": NEXT_YEAR.isoformat()})
    assert own.status_code == 422
    with bound(cast.acme.pk):
        access = cast.access(cast.alice)
        adam = member(cast, cast.adam)
        member_change_role(membership=adam, role=Role.OWNER, reason="Second", actor=access)
        with pytest.raises(ValidationError) as refused:
            member_extend(
                membership=adam,
                until=timezone.now() + datetime.timedelta(days=9),
                reason="",
                actor=access,
            )
    assert refused.value.code == "owner"


@pytest.mark.parametrize("name", ["adam", "mia", "vera", "eddie"])
def test_nobody_else_sets_an_end(cast: Cast, name: str) -> None:
    client = sign_in(getattr(cast, name))
    response = client.post(url(cast, cast.vera), {"until": NEXT_YEAR.isoformat()})
    assert response.status_code == 302
    assert member(cast, cast.vera).expires_at is None


def test_someone_of_another_organization_is_not_there(cast: Cast) -> None:
    with bound(cast.umbrella.pk):
        oscar = Membership.objects.in_org(cast.umbrella.pk).get()
    page = cast.url(f"members/{oscar.pk}/expiry/")
    assert sign_in(cast.alice).get(page).status_code == 404


def test_an_ended_membership_is_void_at_that_moment(cast: Cast) -> None:
    client = sign_in(cast.mia)
    assert client.get(cast.url()).status_code == 200
    expire(cast, cast.mia)
    assert client.get(cast.url()).status_code == 404
    listed = sign_in(cast.alice).get(cast.url("members/?status=ended")).content.decode()
    assert "Mia Castellano" in listed
    assert "Vera Lindqvist" not in listed
    assert "Ended" in listed


def test_a_later_day_lets_them_in_again(cast: Cast) -> None:
    expire(cast, cast.mia)
    sign_in(cast.alice).post(url(cast, cast.mia), {"until": NEXT_YEAR.isoformat()})
    assert sign_in(cast.mia).get(cast.url()).status_code == 200


def test_who_has_an_end_becomes_no_owner(cast: Cast) -> None:
    client = sign_in(cast.alice)
    client.post(url(cast, cast.mia), {"until": NEXT_YEAR.isoformat()})
    page = cast.url(f"members/{member(cast, cast.mia).pk}/role/")
    response = client.post(page, {"role": "owner", "reason": "Heir"})
    assert response.status_code == 422
    assert "Clear its end first." in response.content.decode()
    asked = client.post(f"{page}?preview=1", {"role": "owner"}, headers={"HX-Request": "true"})
    assert asked.status_code == 200
    assert "Clear its end first." in asked.content.decode()
