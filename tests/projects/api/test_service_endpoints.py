"""`POST /v1/members/invitations` and `GET /v1/audit-events`: what else a service account may."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.http import HttpResponse

from audit.models import Event
from config.roles import Policy, Role
from orgs.models import Invitation, Organization
from orgs.tenancy import bound
from projects.models import ServiceAccount
from tests.factories import Cast, make_member
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db


@pytest.fixture
def automation(cast: Cast) -> Platform:
    return Platform(cast.acme, "members.invite")


@pytest.fixture
def keeper(cast: Cast) -> Platform:
    return Platform(cast.acme, "audit.read")


def invite(platform: Platform, email: str, role: str = "member", **said: Any) -> HttpResponse:
    headers = {name.rstrip("_"): said.pop(name) for name in list(said) if name.endswith("_")}
    said = {"email": email, "role": role, **said}
    return platform.post("/v1/members/invitations", said, **headers)


def events(platform: Platform, **asked: object) -> HttpResponse:
    return platform.client.get(
        "/v1/audit-events", asked, headers={"Authorization": f"Bearer {platform.text}"}
    )


@pytest.mark.requirement("S4-052")
def test_an_invitation_goes_out_by_mail_and_is_in_the_log(
    automation: Platform, cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = invite(automation, " New.Person@Example.com ", reason="Joins in May")
    assert response.status_code == 201, response.content
    said = response.json()
    assert (said["email"], said["role"], said["state"]) == (
        *("new.person@example.com", "member", "pending"),
    )
    assert [letter.to for letter in mail.outbox] == [["new.person@example.com"]]
    assert "/i/" not in response.content.decode(), "The link goes to whoever is invited"
    with bound(cast.acme.pk):
        invitation = Invitation.objects.in_org(cast.acme.pk).get(pk=said["id"])
        entry = Event.objects.filter(
            organization_id=cast.acme.pk, action="invitation.sent", target_id=invitation.pk
        ).get()
    assert invitation.invited_by_id is None
    assert (entry.actor_kind, entry.actor_id) == ("service", automation.token.account_id)


@pytest.mark.parametrize("role", ["owner", "admin", "project_owner", "superadmin", "Member", ""])
def test_nobody_is_invited_above_a_member(automation: Platform, role: str) -> None:
    response = invite(automation, "new@example.com", role)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "role")


@pytest.mark.parametrize("role", ["member", "viewer", "end_user"])
@pytest.mark.parametrize("policies", [[], [Policy.ADMINS_INVITE.value]])
def test_the_scope_gives_a_member_or_less_whatever_admins_may(
    automation: Platform, cast: Cast, role: str, policies: list[str]
) -> None:
    with bound(cast.acme.pk):
        Organization.objects.filter(pk=cast.acme.pk).update(policies=policies)
    assert invite(automation, f"{role}@example.com", role).status_code == 201


def test_an_entry_of_an_admin_is_not_taken_over_through_an_invitation(
    automation: Platform, cast: Cast
) -> None:
    make_member(cast.acme, Role.ADMIN, login="old-admin", email="old.admin@example.com")
    response = invite(automation, "old.admin@example.com")
    assert (response.status_code, response.json()["code"]) == (403, "ceiling")


def test_what_is_there_already_is_a_conflict(automation: Platform, cast: Cast) -> None:
    assert invite(automation, "twice@example.com").status_code == 201
    for email, code in (
        ("twice@example.com", "already_pending"),
        (cast.mia.email, "already_member"),
    ):
        response = invite(automation, email)
        assert (response.status_code, response.json()["code"]) == (409, code)


def test_the_same_invitation_under_one_name_is_one(automation: Platform) -> None:
    first = invite(automation, "once@example.com", Idempotency_Key_="a")
    again = invite(automation, "once@example.com", Idempotency_Key_="a")
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    other = invite(automation, "other@example.com", Idempotency_Key_="a")
    assert other.status_code == 422


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "é@example.com", "x" * 250 + "@example.com", 5, None, "a\0@b.de"]
)
def test_an_address_that_is_none_is_named(automation: Platform, email: Any) -> None:
    response = invite(automation, email)
    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["field"] == "email"


def test_a_reason_with_a_half_character_or_nul_is_refused(automation: Platform) -> None:
    assert invite(automation, "a@example.com", reason="\0").status_code == 400
    body = '{"email": "a@example.com", "reason": "\\ud800"}'
    assert automation.post("/v1/members/invitations", body).status_code == 400


def test_no_other_scope_invites_or_reads(cast: Cast) -> None:
    for scope in ("decide", "record", "scim"):
        platform = Platform(cast.acme, scope)
        assert invite(platform, "a@example.com").status_code == 403
        assert events(platform).status_code == 403


def test_a_suspended_account_and_a_closed_organization_do_nothing(
    automation: Platform, cast: Cast
) -> None:
    with bound(cast.acme.pk):
        accounts = ServiceAccount.objects.in_org(cast.acme.pk)
        accounts.filter(pk=automation.token.account_id).update(suspended_at="2020-01-01T00:00Z")
    assert invite(automation, "a@example.com").status_code == 401


def test_the_log_is_read_from_where_one_stopped(keeper: Platform, cast: Cast) -> None:
    seen: list[int] = []
    after, more = 0, True
    while more:
        page = events(keeper, after=after, limit=3).json()
        seen += [event["sequence"] for event in page["events"]]
        after, more = page["next"], page["more"]
    assert seen == list(range(1, len(seen) + 1))
    newest = events(keeper, after=after).json()
    assert newest["events"] == []
    assert newest["next"] == after


def test_an_entry_is_told_whole(keeper: Platform, cast: Cast) -> None:
    entry = next(
        event
        for event in events(keeper).json()["events"]
        if event["action"] == "member.added" and event["target"]["name"] == cast.mia.name
    )
    assert entry["outcome"] == "done"
    assert entry["facts"]["changes"]["role"] == [None, "Member"]
    assert cast.mia.name in entry["sentence"]
    assert "<" not in entry["sentence"]
    assert len(entry["hash"]) == 64


def test_reading_is_remembered_once_in_ten_minutes(keeper: Platform, cast: Cast) -> None:
    for _ in range(3):
        assert events(keeper).status_code == 200
    with bound(cast.acme.pk):
        reads = Event.objects.filter(organization_id=cast.acme.pk, action="audit.read")
        assert [read.actor_id for read in reads] == [keeper.token.account_id]


def test_only_the_own_log_is_read(keeper: Platform, cast: Cast) -> None:
    text = events(keeper, limit=500).content.decode()
    assert str(cast.umbrella.pk) not in text
    assert cast.oscar.name not in text


@pytest.mark.parametrize(
    "asked", [{"after": -1}, {"after": "x"}, {"after": 10**30}, {"limit": 0}, {"limit": 501}]
)
def test_a_place_that_is_none_is_named(keeper: Platform, asked: dict[str, Any]) -> None:
    response = events(keeper, **asked)
    (field,) = asked
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)
