"""Revoking: the link dies, the seat is free."""

from __future__ import annotations

import pytest

from config.roles import Role
from tests.factories import Cast, make_person, sign_in
from tests.orgs.invitations import (
    allow_admins,
    check_constraints,
    entries,
    invitations,
    invite,
    seats_used,
)

pytestmark = pytest.mark.django_db
ANA = "ana@partner.example"


def test_a_revoked_invitation_is_dead_and_its_seat_free(cast: Cast) -> None:
    invitation, token = invite(cast, ANA)
    assert seats_used(cast) == 6
    alice, url = sign_in(cast.alice), cast.url(f"invitations/{invitation.pk}/revoke/")
    assert ANA in alice.get(url).text
    assert invitations(cast)[ANA].state == "pending"
    assert alice.post(url).status_code == 302
    assert invitations(cast)[ANA].state == "revoked"
    assert seats_used(cast) == 5
    assert sign_in(make_person("Ana", ANA)).post(f"/invitations/{token}/accept/").status_code == 410
    check_constraints()


def test_revoking_twice_is_once(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    for _ in range(2):
        sign_in(cast.alice).post(cast.url(f"invitations/{invitation.pk}/revoke/"))
    assert len(entries(cast, "invitation.revoked")) == 1
    assert seats_used(cast) == 5


def test_an_accepted_one_cannot_be_revoked(cast: Cast) -> None:
    invitation, token = invite(cast, ANA)
    sign_in(make_person("Ana", ANA)).post(f"/invitations/{token}/accept/")
    refused = sign_in(cast.alice).post(cast.url(f"invitations/{invitation.pk}/revoke/"))
    assert refused.status_code == 422
    assert "it is accepted" in refused.text
    (failed,) = entries(cast, "invitation.revoked", outcome="failed")
    assert '"not_open"' in failed.body


def test_an_admin_does_not_revoke_what_it_could_not_give(cast: Cast) -> None:
    allow_admins(cast)
    high, _ = invite(cast, ANA, Role.OWNER)
    low, _ = invite(cast, "ben@x.example")
    adam = sign_in(cast.adam)
    assert adam.post(cast.url(f"invitations/{high.pk}/revoke/")).status_code == 422
    assert adam.post(cast.url(f"invitations/{low.pk}/revoke/")).status_code == 302
    assert {i.email: i.state for i in invitations(cast).values()} == {
        ANA: "pending",
        "ben@x.example": "revoked",
    }


def test_the_dialog_closes_and_the_list_is_told(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    answer = sign_in(cast.alice).post(
        cast.url(f"invitations/{invitation.pk}/revoke/"), headers={"HX-Request": "true"}
    )
    assert answer.status_code == 204
    for event in ("closeDialog", "invitationsChanged", "toast"):
        assert event in answer["HX-Trigger"]
