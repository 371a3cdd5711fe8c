"""Changing an open invitation in place."""

from __future__ import annotations

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from uuid6 import uuid7

from config.roles import Role
from orgs.actions.invitations import invitation_change
from tests.factories import Cast, sign_in
from tests.orgs.invitations import (
    allow_admins,
    as_adam,
    check_constraints,
    entries,
    invitations,
    invite,
    overdue,
)

pytestmark = pytest.mark.django_db
ANA = "ana@partner.example"


def test_role_and_days_change_and_the_link_stays(cast: Cast) -> None:
    invitation, token = invite(cast, ANA)
    alice, url = sign_in(cast.alice), cast.url(f"invitations/{invitation.pk}/")
    assert 'value="7"' in alice.get(url).text
    changed = alice.post(url, {"role": "viewer", "days": 30})
    assert changed.status_code == 302
    now = invitations(cast)[ANA]
    assert now.role == "viewer"
    assert now.expires_at - timezone.now() > datetime.timedelta(days=29)
    assert alice.get(f"/invitations/{token}/").status_code == 200
    (entry,) = entries(cast, "invitation.changed")
    assert '"role": ["Member", "Viewer"]' in entry.body
    check_constraints()


def test_an_unchanged_invitation_leaves_no_entry(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    sign_in(cast.alice).post(
        cast.url(f"invitations/{invitation.pk}/"), {"role": "member", "days": 7}
    )
    assert not entries(cast, "invitation.changed")
    assert invitations(cast)[ANA].expires_at == invitation.expires_at


@pytest.mark.parametrize("days", ["0", "31", "-1", "", "soon", "1e9", "9" * 40])
def test_days_are_one_to_thirty(cast: Cast, days: str) -> None:
    invitation, _ = invite(cast, ANA)
    refused = sign_in(cast.alice).post(
        cast.url(f"invitations/{invitation.pk}/"), {"role": "viewer", "days": days}
    )
    assert refused.status_code == 422
    assert invitations(cast)[ANA].role == "member"


def test_a_higher_role_needs_a_reason(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA, reason="Joins the team")
    alice, url = sign_in(cast.alice), cast.url(f"invitations/{invitation.pk}/")
    assert alice.post(url, {"role": "owner", "days": 7}).status_code == 422
    assert alice.post(url, {"role": "owner", "days": 7, "reason": "Deputy"}).status_code == 302
    assert invitations(cast)[ANA].role == "owner"


def test_a_role_typo_is_refused(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    refused = sign_in(cast.alice).post(
        cast.url(f"invitations/{invitation.pk}/"), {"role": "boss", "days": 7}
    )
    assert refused.status_code == 422
    assert "There is no role" in refused.text


def test_editing_is_no_way_around_the_ceiling(cast: Cast) -> None:
    allow_admins(cast)
    low, _ = invite(cast, ANA)
    high, _ = invite(cast, "ben@x.example", Role.OWNER)
    adam = sign_in(cast.adam)
    data = {"days": 7, "reason": "Mine"}
    for invitation, role in ((low, "admin"), (low, "owner"), (high, "member")):
        url = cast.url(f"invitations/{invitation.pk}/")
        assert adam.post(url, data | {"role": role}).status_code == 422
    assert {i.email: i.role for i in invitations(cast).values()} == {
        ANA: "member",
        "ben@x.example": "owner",
    }
    with pytest.raises(ValidationError) as refusal:
        invitation_change(
            invitation=low, role=Role.ADMIN, days=7, reason="Mine", actor=as_adam(cast)
        )
    assert refusal.value.code == "ceiling"


def test_a_closed_invitation_does_not_change(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    overdue(cast, invitation)
    refused = sign_in(cast.alice).post(
        cast.url(f"invitations/{invitation.pk}/"), {"role": "viewer", "days": 7}
    )
    assert refused.status_code == 422
    assert "open no more" in refused.text


def test_a_foreign_and_a_missing_invitation_are_the_same_404(cast: Cast) -> None:
    invitation, _ = invite(cast, ANA)
    oscar = sign_in(cast.oscar)
    foreign = cast.url(f"invitations/{invitation.pk}/", cast.umbrella)
    missing = cast.url(f"invitations/{uuid7()}/", cast.umbrella)
    for page in ("", "resend/", "revoke/"):
        for method in (oscar.get, oscar.post):
            data = {"role": "viewer", "days": 7} if method == oscar.post else None
            answers = [method(url + page, data) for url in (foreign, missing)]
            assert [answer.status_code for answer in answers] == [404, 404]
    assert invitations(cast)[ANA].role == "member"
    assert invitations(cast)[ANA].state == "pending"
