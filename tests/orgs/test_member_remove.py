"""Removing a member: says what goes, takes everything, and never leaves nobody in charge."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Role
from orgs.actions.members import member_remove
from orgs.models import GroupMembership, Membership, OwnershipOffer
from orgs.tenancy import bound
from tests.factories import (
    Cast,
    body_of,
    make_group,
    make_member,
    make_organization,
    make_seat,
    sign_in,
)

HX = {"HX-Request": "true"}


def url(cast: Cast, who: Membership) -> str:
    return cast.url(f"members/{who.pk}/remove/")


def is_there(member: Membership) -> bool:
    with bound(member.organization_id):
        return Membership.objects.in_org(member.organization_id).filter(pk=member.pk).exists()


def entries(cast: Cast, outcome: str = "done") -> list[Entry]:
    with bound(cast.acme.id):
        return list(Entry.objects.filter(action="member.removed", outcome=outcome))


def remove(cast: Cast, who: Membership, **data: str) -> HttpResponse:
    return sign_in(cast.alice).post(url(cast, who), {"confirm": who.name, "reason": "Left"} | data)


@pytest.mark.requirement("S2-024", "S2-161", "S1-010", "S1-043", "S2-107")
def test_a_removed_member_keeps_nothing(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    make_seat(make_group(cast.acme, "Tech Leads"), mia)
    client = sign_in(cast.mia)
    assert client.get(cast.url("members/")).status_code == 200
    assert UserSession.objects.filter(user=cast.mia).exists()

    assert remove(cast, mia).url == cast.url("members/")

    assert not is_there(mia)
    with bound(cast.acme.id):
        assert not GroupMembership.objects.in_org(cast.acme).filter(membership=mia).exists()
    assert not UserSession.objects.filter(user=cast.mia).exists()
    assert "sign-in" in client.get(cast.url("members/")).url
    (entry,) = entries(cast)
    assert '"role": ["Member", null]' in entry.body
    assert '"reason": "Left"' in entry.body


def test_who_belongs_elsewhere_stays_signed_in_there(cast: Cast) -> None:
    third = make_organization(cast.mia, "Third Party")
    client = sign_in(cast.mia)
    client.get(cast.url("members/"))
    remove(cast, cast.member(cast.mia))
    assert client.get(cast.url("members/")).status_code == 404
    assert client.get(cast.url("members/", third)).status_code == 200


def test_it_says_first_what_goes(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    for name in ("Tech Leads", "Finance"):
        make_seat(make_group(cast.acme, name), mia)
    html = sign_in(cast.alice).get(url(cast, mia), headers=HX).content.decode()
    assert "Remove Mia Castellano from Acme Robotics?" in html
    assert "Removes 1 role, 2 groups and 0 live keys; frees 1 seat" in html
    assert "Finance, Tech Leads" in html
    assert "<html" not in html
    assert is_there(mia)


@pytest.mark.parametrize("typed", ["", "mia castellano", "Mia", "Mia Castellano; "])
def test_the_name_is_typed_exactly(cast: Cast, typed: str) -> None:
    mia = cast.member(cast.mia)
    response = remove(cast, mia, confirm=typed)
    assert response.status_code == 422
    assert is_there(mia)
    assert len(entries(cast, "failed")) == 1


def test_a_name_of_many_blanks_can_be_typed(cast: Cast) -> None:
    odd = make_member(cast.acme, login="odd", name="Odd  Spacing")
    assert remove(cast, odd, confirm=" Odd Spacing ").status_code == 302


def test_htmx_takes_the_row_away(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    response = sign_in(cast.alice).post(url(cast, mia), {"confirm": mia.name}, headers=HX)
    html = response.content.decode()
    assert f'<tr id="member-{mia.pk}" hx-swap-oob="delete"></tr>' in html
    assert 'id="count-member_list" hx-swap-oob="true">4<' in html
    assert "is no longer in Acme Robotics" in response.headers["HX-Trigger"]


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.requirement("S2-053", "S2-107", "S1-043")
def test_nobody_else_removes(cast: Cast, who: str) -> None:
    person: User = getattr(cast, who)
    vera = cast.member(cast.vera)
    response = sign_in(person).post(url(cast, vera), {"confirm": vera.name})
    assert response.status_code == 302
    assert response.url == cast.url("hub/" if who == "eddie" else "")
    assert is_there(vera)
    (denied,) = entries(cast, "denied")
    assert denied.actor_id == cast.member(person).pk
    with pytest.raises(ValidationError) as refusal:
        member_remove(membership=vera, reason="", actor=cast.access(person))
    assert refusal.value.code == "forbidden"


def test_a_superadmin_removes_nobody(cast: Cast) -> None:
    vera = cast.member(cast.vera)
    assert sign_in(cast.sam).post(url(cast, vera), {"confirm": vera.name}).status_code == 404
    assert is_there(vera)


def test_someone_of_another_organization_is_not_there(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        foreign = Membership.objects.in_org(cast.umbrella).get()
    client = sign_in(cast.alice)
    missing = client.post(cast.url("members/01900000-0000-7000-8000-000000000000/remove/"))
    other = client.post(url(cast, foreign), {"confirm": foreign.name})
    assert (missing.status_code, other.status_code) == (404, 404)
    assert body_of(missing) == body_of(other)
    assert is_there(foreign)


def test_one_leaves_and_is_not_removed_by_oneself(cast: Cast) -> None:
    alice = cast.member(cast.alice)
    response = remove(cast, alice)
    assert response.status_code == 422
    assert "Leave the organization instead." in response.content.decode()
    assert is_there(alice)


def test_an_owner_removes_another_owner_while_one_is_left(cast: Cast) -> None:
    second = make_member(cast.acme, Role.OWNER)
    assert remove(cast, second).status_code == 302
    assert not is_there(second)


def test_the_last_active_owner_cannot_be_removed(cast: Cast) -> None:
    second = make_member(cast.acme, Role.OWNER)
    access = cast.access(cast.alice)
    alice = cast.alice
    alice.is_active, alice.state = False, "suspended"
    alice.save()
    with pytest.raises(ValidationError) as refusal:
        member_remove(membership=second, reason="", actor=access)
    assert refusal.value.code == "last_owner"
    assert is_there(second)


def test_removing_twice_is_said_to_be_done(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    remove(cast, mia)
    assert remove(cast, mia).status_code == 404
    with pytest.raises(ValidationError) as refusal:
        member_remove(membership=mia, reason="", actor=cast.access(cast.alice))
    assert refusal.value.code == "gone"
    assert len(entries(cast)) == 1


def test_an_offer_of_ownership_goes_with_the_person(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    sign_in(cast.alice).post(cast.url(f"members/{mia.pk}/ownership/"))
    remove(cast, mia)
    with bound(cast.acme.id):
        assert not OwnershipOffer.objects.in_org(cast.acme).exists()


def test_whom_a_removed_person_invited_stays(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    invited = make_member(cast.acme, invited_by=mia)
    remove(cast, mia)
    assert is_there(invited)
    page = sign_in(cast.alice).get(cast.url(f"members/{invited.pk}/")).content.decode()
    assert "Mia Castellano" not in page


def test_several_at_once_each_with_a_result_of_their_own(cast: Cast) -> None:
    people = [cast.member(person) for person in (cast.alice, cast.mia, cast.vera)]
    data = {"member": [str(one.pk) for one in people]}
    client = sign_in(cast.alice)
    assert "Remove 3 people" in client.post(cast.url("members/remove/"), data).content.decode()
    wrong = client.post(cast.url("members/remove/"), data | {"apply": "1", "confirm": "acme"})
    assert wrong.status_code == 422
    done = client.post(
        cast.url("members/remove/"), data | {"apply": "1", "confirm": "Acme Robotics"}
    )
    assert done.context["summary"] == "2 removed, 1 refused"
    assert "Leave the organization instead." in done.content.decode()
    assert [is_there(one) for one in people] == [True, False, False]
    assert len(entries(cast)) == 2


def test_several_at_once_takes_nobody_of_another_organization(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        foreign = Membership.objects.in_org(cast.umbrella).get()
    data = {"member": str(foreign.pk), "apply": "1", "confirm": "Acme Robotics"}
    assert sign_in(cast.alice).post(cast.url("members/remove/"), data).status_code == 404
    assert is_there(foreign)
