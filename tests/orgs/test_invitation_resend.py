"""Sending again: a new link, the old one dead, an expired one revived."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from config.roles import Role
from orgs.actions.invitations import invitation_resend, invitation_revoke
from tests.factories import Cast, make_member, make_person, sign_in
from tests.orgs.invitations import (
    LINK,
    allow_admins,
    as_adam,
    check_constraints,
    entries,
    invitations,
    invite,
    limit_seats,
    overdue,
    seats_used,
)

pytestmark = pytest.mark.django_db
ANA = "ana@partner.example"


def test_a_new_link_kills_the_old_one(cast: Cast, django_capture_on_commit_callbacks) -> None:
    invitation, old = invite(cast, ANA)
    alice, url = sign_in(cast.alice), cast.url(f"invitations/{invitation.pk}/resend/")
    assert "The old link stops working" in alice.get(url).text
    with django_capture_on_commit_callbacks(execute=True):
        sent = alice.post(url)
    new = LINK.search(sent.text)[1]
    assert new != old
    assert LINK.search(mail.outbox[0].body)[1] == new
    ana = sign_in(make_person("Ana", ANA))
    assert ana.get(f"/invitations/{old}/").status_code == 404
    assert ana.post(f"/invitations/{old}/accept/").status_code == 404
    assert ana.post(f"/invitations/{new}/accept/").status_code == 302
    assert len(entries(cast, "invitation.resent")) == 1
    check_constraints()


def test_an_expired_one_is_revived_with_its_full_time(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    overdue(cast, invitation)
    sign_in(cast.alice).post(cast.url(f"invitations/{invitation.pk}/resend/"))
    assert invitations(cast)[ANA].is_open
    assert seats_used(cast) == 6


def test_reviving_takes_a_seat_again(cast: Cast) -> None:
    limit_seats(cast, 6)
    invitation, _ = invite(cast, ANA)
    overdue(cast, invitation)
    invite(cast, "ben@x.example")
    refused = sign_in(cast.alice).post(cast.url(f"invitations/{invitation.pk}/resend/"))
    assert refused.status_code == 422
    assert "No seat is free" in refused.text
    assert invitations(cast)[ANA].state == "expired"
    assert seats_used(cast) == 6


def test_reviving_gives_way_to_a_newer_one(cast: Cast) -> None:
    first, _ = invite(cast, ANA)
    overdue(cast, first)
    invite(cast, ANA)
    first = type(first).objects.get(pk=first.pk)
    with pytest.raises(ValidationError) as refusal:
        invitation_resend(invitation=first, actor=cast.access(cast.alice))
    assert refusal.value.code == "already_pending"


def test_who_has_joined_meanwhile_gets_no_new_link(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    overdue(cast, invitation)
    make_member(cast.acme, person=make_person("Ana", ANA))
    refused = sign_in(cast.alice).post(cast.url(f"invitations/{invitation.pk}/resend/"))
    assert refused.status_code == 422
    assert "Already a member" in refused.text


def test_a_revoked_one_stays_revoked(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    invitation_revoke(invitation=invitation, actor=cast.access(cast.alice))
    refused = sign_in(cast.alice).post(cast.url(f"invitations/{invitation.pk}/resend/"))
    assert refused.status_code == 422
    assert invitations(cast)[ANA].state == "revoked"


def test_a_link_above_the_ceiling_is_not_handed_out(cast: Cast) -> None:
    allow_admins(cast)
    invitation, _ = invite(cast, ANA, Role.OWNER)
    refused = sign_in(cast.adam).post(cast.url(f"invitations/{invitation.pk}/resend/"))
    assert refused.status_code == 422
    assert not LINK.search(refused.text)
    with pytest.raises(ValidationError):
        invitation_resend(invitation=invitation, actor=as_adam(cast))


def test_who_may_not_invite_may_not_send_again(cast: Cast) -> None:
    invitation, token = invite(cast, ANA)
    for person in (cast.adam, cast.mia):
        url = cast.url(f"invitations/{invitation.pk}/resend/")
        assert sign_in(person).post(url).status_code == 302
    assert sign_in(cast.alice).get(f"/invitations/{token}/").status_code == 200
    assert len(entries(cast, "invitation.resent", outcome="denied")) == 2
