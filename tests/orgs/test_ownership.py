"""Offering ownership and taking it up: one swap, by the one who was asked, while it is open."""

from __future__ import annotations

import datetime

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Role
from orgs.actions import ownership as actions
from orgs.models import Membership, OwnershipOffer
from orgs.queries.members import offer_for
from orgs.tenancy import bound
from tests.factories import Cast, make_member, sign_in


def offer_url(cast: Cast, who: Membership) -> str:
    return cast.url(f"members/{who.pk}/ownership/")


def offered(cast: Cast, person: User, **data: str) -> OwnershipOffer:
    member = cast.member(person)
    response = sign_in(cast.alice).post(offer_url(cast, member), data)
    assert response.status_code == 302, response.content.decode()
    with bound(cast.acme.id):
        return OwnershipOffer.objects.in_org(cast.acme).get(offered_to=member, state="pending")


def change(cast: Cast, offer: OwnershipOffer, **values: object) -> None:
    """Alter a row behind the back of every deed; the entry is what the database asks for."""
    with bound(cast.acme.id):
        OwnershipOffer.objects.in_org(cast.acme).filter(pk=offer.pk).update(**values)


def role_of(cast: Cast, person: User) -> Role:
    with bound(cast.acme.id):
        return Role(Membership.objects.in_org(cast.acme).get(person=person).role)


def actions_of(cast: Cast, outcome: str = "done") -> list[str]:
    with bound(cast.acme.id):
        found = Entry.objects.filter(outcome=outcome).order_by("sequence")
        return [entry.action for entry in found if not entry.action.startswith("member.added")]


def answer(cast: Cast, person: User, offer: OwnershipOffer, word: str = "accept"):
    return sign_in(person).post(cast.url(f"ownership/{offer.pk}/{word}/"))


@pytest.mark.requirement("S4-012", "S1-014")
def test_an_offer_accepted_makes_a_second_owner(
    cast: Cast, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        offer = offered(cast, cast.mia)
    assert {message.to[0] for message in mail.outbox} == {cast.alice.email, cast.mia.email}
    assert cast.url("members/") in mail.outbox[0].body
    assert role_of(cast, cast.mia) is Role.MEMBER
    notice = sign_in(cast.mia).get(cast.url("members/")).content.decode()
    assert "Alice Marlow offers you ownership of Acme Robotics" in notice
    page = sign_in(cast.mia).get(cast.url(f"ownership/{offer.pk}/accept/")).content.decode()
    assert "Accept ownership" in page
    with django_capture_on_commit_callbacks(execute=True):
        assert answer(cast, cast.mia, offer).url == cast.url("members/")
    assert role_of(cast, cast.mia) is Role.OWNER
    assert role_of(cast, cast.alice) is Role.OWNER
    assert len(mail.outbox) == 4
    assert actions_of(cast)[-3:] == [
        "ownership.offered",
        "member.role_changed",
        "ownership.accepted",
    ]


def test_an_offer_to_step_down_swaps_both_in_one_moment(cast: Cast) -> None:
    offer = offered(cast, cast.adam, steps_down="on")
    assert answer(cast, cast.adam, offer).status_code == 302
    assert role_of(cast, cast.adam) is Role.OWNER
    assert role_of(cast, cast.alice) is Role.ADMIN
    assert actions_of(cast)[-4:] == [
        "ownership.offered",
        "member.role_changed",
        "member.role_changed",
        "ownership.accepted",
    ]


def test_nothing_changes_when_one_half_fails(cast: Cast, monkeypatch) -> None:
    offer = offered(cast, cast.mia, steps_down="on")
    real = actions.set_role

    def fails_for_alice(membership: Membership, **rest: object) -> None:
        if membership.name == "Alice Marlow":
            raise ValidationError("No.", code="test")
        real(membership, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "set_role", fails_for_alice)
    assert answer(cast, cast.mia, offer).status_code == 422
    assert role_of(cast, cast.mia) is Role.MEMBER


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_only_owners_offer(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    response = sign_in(person).post(offer_url(cast, cast.member(cast.vera)))
    assert response.status_code == 302
    assert response.url == cast.url("hub/" if who == "eddie" else "")
    assert actions_of(cast, "denied") == ["ownership.offered"]
    with bound(cast.acme.id):
        assert not OwnershipOffer.objects.in_org(cast.acme).exists()


def test_offering_asks_for_a_fresh_sign_in(cast: Cast) -> None:
    client = sign_in(cast.alice, fresh=False)
    response = client.post(offer_url(cast, cast.member(cast.mia)))
    assert "sign-in/again" in response.url
    with bound(cast.acme.id):
        assert not OwnershipOffer.objects.in_org(cast.acme).exists()


def test_a_placeholder_an_owner_or_a_second_offer_is_refused(cast: Cast) -> None:
    client = sign_in(cast.alice)
    placeholder = make_member(cast.acme, login="no-account", name="No Account")
    offered(cast, cast.mia)
    for member, words in (
        (placeholder, "A placeholder cannot sign in."),
        (cast.member(cast.alice), "is an owner already"),
        (cast.member(cast.mia), "has an offer already"),
    ):
        response = client.post(offer_url(cast, member))
        assert response.status_code == 422
        assert words in response.content.decode()
    assert actions_of(cast).count("ownership.offered") == 1


@pytest.mark.parametrize("word", ["accept", "decline"])
def test_an_offer_to_somebody_else_is_not_there(cast: Cast, word: str) -> None:
    offer = offered(cast, cast.mia)
    for person in (cast.adam, cast.alice, cast.vera, cast.eddie, cast.oscar):
        assert answer(cast, person, offer, word).status_code == 404
        page = cast.url(f"ownership/{offer.pk}/{word}/")
        assert sign_in(person).get(page).status_code == 404
    with pytest.raises(ValidationError) as refusal:
        actions.ownership_accept(offer=offer, actor=cast.access(cast.adam))
    assert refusal.value.code == "not_yours"
    assert role_of(cast, cast.mia) is Role.MEMBER


def test_an_offer_of_another_organization_is_not_there(cast: Cast) -> None:
    offer = offered(cast, cast.mia)
    for word in ("accept", "decline", "withdraw"):
        page = cast.url(f"ownership/{offer.pk}/{word}/", cast.umbrella)
        assert sign_in(cast.oscar).post(page).status_code == 404
    foreign = cast.url("members/01900000-0000-7000-8000-000000000000/ownership/")
    assert sign_in(cast.alice).post(foreign).status_code == 404


def test_an_expired_offer_is_refused_and_makes_room(cast: Cast) -> None:
    offer = offered(cast, cast.mia)
    change(cast, offer, expires_at=timezone.now() - datetime.timedelta(hours=1))
    with bound(cast.acme.id):
        assert offer_for(cast.member(cast.mia).pk, org=cast.acme.id) is None
    response = answer(cast, cast.mia, offer)
    assert response.status_code == 422
    assert "has expired" in response.content.decode()
    assert actions_of(cast, "failed") == ["ownership.accepted"]
    assert role_of(cast, cast.mia) is Role.MEMBER
    again = offered(cast, cast.mia)
    assert again.pk != offer.pk


def test_a_withdrawn_offer_is_refused(cast: Cast) -> None:
    offer = offered(cast, cast.mia)
    row = sign_in(cast.alice).get(cast.url("members/")).content.decode()
    assert cast.url(f"ownership/{offer.pk}/withdraw/") in row
    assert sign_in(cast.mia).post(cast.url(f"ownership/{offer.pk}/withdraw/")).url == cast.url("")
    assert answer(cast, cast.alice, offer, "withdraw").status_code == 302
    assert answer(cast, cast.alice, offer, "withdraw").status_code == 422
    assert answer(cast, cast.mia, offer).status_code == 422
    assert role_of(cast, cast.mia) is Role.MEMBER
    assert actions_of(cast)[-1] == "ownership.withdrawn"


def test_a_declined_offer_changes_no_role(cast: Cast) -> None:
    offer = offered(cast, cast.mia)
    assert answer(cast, cast.mia, offer, "decline").status_code == 302
    assert answer(cast, cast.mia, offer).status_code == 422
    assert role_of(cast, cast.mia) is Role.MEMBER
    assert actions_of(cast)[-1] == "ownership.declined"


def test_the_offer_of_someone_who_is_no_owner_any_more_is_void(cast: Cast) -> None:
    make_member(cast.acme, Role.OWNER)
    offer = offered(cast, cast.mia)
    alice = cast.member(cast.alice)
    step = {"role": "admin", "reason": "Enough"}
    assert sign_in(cast.alice).post(cast.url(f"members/{alice.pk}/role/"), step).status_code == 302
    with bound(cast.acme.id):
        assert offer_for(cast.member(cast.mia).pk, org=cast.acme.id) is None
    response = answer(cast, cast.mia, offer)
    assert response.status_code == 422
    assert "no longer an owner" in response.content.decode()
    assert role_of(cast, cast.mia) is Role.MEMBER


def test_accepting_twice_changes_once(cast: Cast) -> None:
    offer = offered(cast, cast.mia)
    assert answer(cast, cast.mia, offer).status_code == 302
    assert answer(cast, cast.mia, offer).status_code == 422
    assert actions_of(cast).count("ownership.accepted") == 1
    assert actions_of(cast).count("member.role_changed") == 1


def test_looking_at_an_offer_answers_nothing(cast: Cast) -> None:
    offer = offered(cast, cast.mia)
    for word in ("accept", "decline"):
        page = cast.url(f"ownership/{offer.pk}/{word}/")
        assert sign_in(cast.mia).get(page).status_code == 200
    page = cast.url(f"ownership/{offer.pk}/withdraw/")
    assert sign_in(cast.alice).get(page).status_code == 200
    assert role_of(cast, cast.mia) is Role.MEMBER
