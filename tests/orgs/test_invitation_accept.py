"""Answering an invitation: the link, who may accept, what a closed one says."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from config.roles import Role
from orgs.actions.invitations import invitation_revoke
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, make_member, make_person, sign_in
from tests.orgs.invitations import (
    check_constraints,
    entries,
    invitations,
    invite,
    limit_seats,
    overdue,
    post_invite,
    raw_update,
    seats_used,
)
from tests.orgs.support import HOUR

pytestmark = pytest.mark.django_db
ANA = "ana@partner.example"


def members(cast: Cast) -> dict[str, Membership]:
    with bound(cast.acme.id):
        return {member.email: member for member in Membership.objects.in_org(cast.acme)}


@pytest.mark.requirement("S1-042", "S2-023")
def test_the_invited_person_joins(cast: Cast) -> None:
    _, token = invite(cast, ANA, Role.VIEWER, reason="Audit")
    ana = sign_in(make_person("Ana Silva", ANA))
    page = ana.get(f"/invitations/{token}/")
    assert page.status_code == 200
    assert "Join Acme Robotics" in page.text
    assert "Alice Marlow invites you, as Viewer" in page.text
    joined = ana.post(f"/invitations/{token}/accept/")
    assert joined.status_code == 302
    assert joined.url == cast.url()
    member = members(cast)[ANA]
    assert (member.role, member.name, member.reason) == ("viewer", "Ana Silva", "Audit")
    assert member.invited_by_id == cast.member(cast.alice).pk
    assert ana.get(cast.url()).status_code != 404
    check_constraints()


@pytest.mark.requirement("S1-010")
def test_joining_leaves_entries_by_the_new_member(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    sign_in(make_person("Ana Silva", ANA)).post(f"/invitations/{token}/accept/")
    accepted, joined = entries(cast, "invitation.accepted") + entries(cast, "member.joined")
    assert accepted.actor_id == joined.actor_id == members(cast)[ANA].pk
    assert accepted.actor_kind == "member"


def test_an_end_user_lands_in_the_hub(cast: Cast) -> None:
    _, token = invite(cast, ANA, Role.END_USER)
    joined = sign_in(make_person("Ana", ANA)).post(f"/invitations/{token}/accept/")
    assert joined.url == cast.url("hub/")


def test_a_visitor_is_asked_to_sign_in_and_comes_back(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    page = Client().get(f"/invitations/{token}/")
    assert page.status_code == 200
    assert ANA in page.text
    assert f"next=/invitations/{token}/" in page.text
    assert "no-store" in page["Cache-Control"]
    assert Client().post(f"/invitations/{token}/accept/").status_code == 302
    assert ANA not in members(cast)


def test_another_account_sees_both_addresses_and_never_joins(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    oscar = sign_in(cast.oscar)
    page = oscar.get(f"/invitations/{token}/").text
    assert ANA in page
    assert cast.oscar.email in page
    assert "Sign out and switch" in page
    assert "Accept and join" not in page
    for answer in ("accept", "decline"):
        refused = oscar.post(f"/invitations/{token}/{answer}/")
        assert refused.status_code == 422
    assert set(members(cast)) & {ANA, cast.oscar.email} == set()
    assert invitations(cast)[ANA].state == "pending"
    (failed,) = entries(cast, "invitation.accepted", outcome="failed")
    assert '"other_address"' in failed.body


def test_an_address_that_is_not_confirmed_does_not_count(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    ana = make_person("Ana", ANA)
    EmailAddress.objects.filter(user=ana).update(verified=False)
    assert sign_in(ana).post(f"/invitations/{token}/accept/").status_code == 422
    assert ANA not in members(cast)


def test_a_second_confirmed_address_counts(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    person = make_person("Ana", "private@example.com")
    EmailAddress.objects.create(user=person, email=ANA, verified=True)
    sign_in(person).post(f"/invitations/{token}/accept/")
    assert members(cast)[ANA].person_id == person.pk


def test_a_tag_in_the_address_makes_another_one(cast: Cast) -> None:
    _, token = invite(cast, "ana+work@partner.example")
    ana = sign_in(make_person("Ana", ANA))
    assert ana.post(f"/invitations/{token}/accept/").status_code == 422


def test_an_invitation_works_once(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    ana = sign_in(make_person("Ana", ANA))
    ana.post(f"/invitations/{token}/accept/")
    again = ana.post(f"/invitations/{token}/accept/")
    assert again.status_code == 410
    assert "has been accepted" in again.text
    assert seats_used(cast) == 6


def test_a_member_cannot_join_twice(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    EmailAddress.objects.create(user=cast.mia, email=ANA, verified=True)
    refused = sign_in(cast.mia).post(f"/invitations/{token}/accept/")
    assert refused.status_code == 422
    assert "You are a member already" in refused.text


@pytest.mark.parametrize(
    ("end", "words"),
    [("expired", "has expired"), ("revoked", "was revoked"), ("declined", "was declined")],
)
def test_a_closed_invitation_says_so(cast: Cast, end: str, words: str) -> None:
    invitation, token = invite(cast, ANA)
    ana = sign_in(make_person("Ana", ANA))
    if end == "expired":
        overdue(cast, invitation)
    elif end == "revoked":
        invitation_revoke(invitation=invitation, actor=cast.access(cast.alice))
    else:
        assert ana.post(f"/invitations/{token}/decline/").status_code == 302
    page = ana.get(f"/invitations/{token}/")
    assert page.status_code == 410
    assert words in page.text
    assert ana.post(f"/invitations/{token}/accept/").status_code == 410
    assert ANA not in members(cast)


def test_declining_frees_the_seat_and_is_recorded(cast: Cast) -> None:
    invitation, token = invite(cast, ANA)
    ana = make_person("Ana Silva", ANA)
    sign_in(ana).post(f"/invitations/{token}/decline/")
    assert seats_used(cast) == 5
    (entry,) = entries(cast, "invitation.declined")
    assert (entry.actor_kind, entry.actor_id, entry.target_id) == ("person", ana.pk, invitation.pk)
    check_constraints()


@pytest.mark.parametrize("state", ["suspended", "closing"])
def test_a_closed_organization_takes_in_nobody(cast: Cast, state: str) -> None:
    _, token = invite(cast, ANA)
    raw_update(cast.acme, state=state, closes_at="2030-01-01T00:00Z")
    ana = sign_in(make_person("Ana", ANA))
    assert "takes in nobody" in ana.get(f"/invitations/{token}/").text
    assert ana.post(f"/invitations/{token}/accept/").status_code == 410
    assert ANA not in members(cast)


@pytest.mark.parametrize("token", ["nonsense", "x" * 2000, "%00", "%ff%fe", "-", "ü"])
def test_an_unknown_link_is_a_page_that_is_not_there(cast: Cast, token: str) -> None:
    for client in (Client(), sign_in(cast.alice)):
        page = client.get(f"/invitations/{token}/")
        assert page.status_code == 404
        assert "not valid any more" in page.text
    assert sign_in(cast.alice).post(f"/invitations/{token}/accept/").status_code == 404


def test_the_token_of_one_does_not_open_the_invitation_of_another(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    invite(cast, "ben@partner.example", Role.OWNER)
    ben = sign_in(make_person("Ben", "ben@partner.example"))
    assert ben.post(f"/invitations/{token}/accept/").status_code == 422
    assert not {ANA, "ben@partner.example"} & set(members(cast))


def test_an_entry_of_the_list_is_filled_in_place(cast: Cast) -> None:
    entry = make_member(cast.acme, login="ana-s", name="A. Silva", email=ANA)
    _, token = invite(cast, ANA, Role.VIEWER)
    sign_in(make_person("Ana Silva", ANA)).post(f"/invitations/{token}/accept/")
    member = members(cast)[ANA]
    assert (member.pk, member.login, member.role) == (entry.pk, "ana-s", "viewer")
    assert member.person_id is not None
    assert seats_used(cast) == 6


def test_accepting_when_every_seat_is_held_takes_the_invitations_own(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    limit_seats(cast, 6)
    assert sign_in(make_person("Ana", ANA)).post(f"/invitations/{token}/accept/").status_code == 302
    assert seats_used(cast) == 6


def test_looking_at_an_invitation_changes_nothing(cast: Cast) -> None:
    _, token = invite(cast, ANA)
    ana = sign_in(make_person("Ana", ANA))
    for _ in range(3):
        ana.get(f"/invitations/{token}/")
    assert ana.get(f"/invitations/{token}/accept/").status_code == 405
    assert invitations(cast)[ANA].state == "pending"


def test_an_entry_of_the_list_that_has_ended_is_neither_offered_nor_taken(cast: Cast) -> None:
    make_member(cast.acme, Role.MEMBER, login="ana-s", email=ANA)
    _, token = invite(cast, ANA, Role.MEMBER)
    with bound(cast.acme.id):
        entry = Membership.objects.in_org(cast.acme).filter(email=ANA)
        entry.update(expires_at=timezone.now() - HOUR)
    ana = sign_in(make_person("Ana Silva", ANA))
    answer = ana.post(f"/invitations/{token}/accept/")
    assert answer.status_code == 422
    assert "Your place in this organization has ended" in answer.text
    assert invitations(cast)[ANA].state == "pending"
    with bound(cast.acme.id):
        invitation_revoke(invitation=invitations(cast)[ANA], actor=cast.access(cast.alice))
    again = post_invite(cast, people=ANA)
    assert again.status_code == 422
    assert "has ended. Extend it first" in again.text
