"""The end of an organization: shut at once, restorable for thirty days, then gone for good."""

from __future__ import annotations

import datetime
import time
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.ledger import Actor
from audit.models import PLATFORM, Event
from orgs import tasks
from orgs.actions.organizations import (
    organization_delete,
    organization_restore,
    organization_resume,
    organization_suspend,
)
from orgs.models import Group, Membership, Organization
from orgs.queries.organizations import Due, organizations_due, organizations_of
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_group, make_seat, sign_in
from tests.projects.keys import make_key

pytestmark = pytest.mark.django_db
OPERATOR = Actor("person", None, "Sam Whitfield")


def signed_in_since(person: User, *, minutes: int) -> Client:
    client = sign_in(person)
    session = client.session
    at = time.time() - 60 * minutes
    session["account_authentication_methods"] = [{"method": "password", "at": at}]
    session.save()
    return client


def freshly(person: User) -> Client:
    """Signed in a moment ago, as the dangerous deeds ask."""
    return signed_in_since(person, minutes=1)


def close(cast: Cast, **words: str) -> Client:
    client = freshly(cast.alice)
    sent = {"confirm": cast.acme.name, "reason": "We merge with another team."} | words
    assert client.post(cast.url("settings/delete/"), sent).url == cast.url()
    return client


def state_of(cast: Cast) -> Organization:
    with bound(cast.acme.id):
        return Organization.objects.get(id=cast.acme.id)


def last_event(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event is not None
    return event


def test_the_page_says_first_what_will_be_lost(cast: Cast) -> None:
    make_group(cast.acme, "DevOps")
    page = freshly(cast.alice).get(cast.url("settings/delete/")).content.decode()
    assert f"Delete {cast.acme.name}?" in page
    assert "Shuts out 5 people" in page
    assert "with 1 group" in page
    assert "after 30 days" in page
    assert f'data-confirm-name="{cast.acme.name}"' in page


@pytest.mark.parametrize("keys", [0, 2])
def test_the_page_counts_the_keys_that_stop(cast: Cast, keys: int) -> None:
    for _ in range(keys):
        make_key(cast.acme, cast.member(cast.adam))
    page = freshly(cast.alice).get(cast.url("settings/delete/"))
    assert page.context["keys"] == str(keys)
    assert ("There are none that could fail" in page.content.decode()) is (keys == 0)
    assert ("refused from now on" in page.content.decode()) is (keys > 0)


def test_deleting_asks_for_a_fresh_sign_in(cast: Cast) -> None:
    client = signed_in_since(cast.alice, minutes=16)
    for response in (
        client.get(cast.url("settings/delete/")),
        client.post(cast.url("settings/delete/"), {"confirm": cast.acme.name}),
    ):
        assert response.url.startswith("/sign-in/again/")
    assert state_of(cast).state == "open"


@pytest.mark.parametrize("typed", ["", "acme robotics", "Acme", "Acme Robotics!"])
def test_the_name_must_be_typed_exactly(cast: Cast, typed: str) -> None:
    response = freshly(cast.alice).post(
        cast.url("settings/delete/"), {"confirm": typed, "reason": "Why"}
    )
    assert response.status_code == 422
    assert "Type the name exactly: Acme Robotics" in response.content.decode()
    assert ">Why</textarea>" in response.content.decode().replace("\n", "")
    assert state_of(cast).state == "open"
    assert "name_differs" in last_event(cast).body


@pytest.mark.requirement("S2-020", "S1-014")
def test_an_owner_shuts_the_organization_for_thirty_days(cast: Cast) -> None:
    close(cast)
    found = state_of(cast)
    assert found.state == "closing"
    assert found.closes_at is not None
    left = found.closes_at - timezone.now()
    assert datetime.timedelta(days=29, hours=23) < left <= datetime.timedelta(days=30)
    event = last_event(cast)
    assert event.action == "organization.closed"
    assert "We merge with another team." in event.body


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.requirement("S1-014")
def test_nobody_but_an_owner_deletes_or_restores(cast: Cast, who: str) -> None:
    client = freshly(getattr(cast, who))
    client.post(cast.url("settings/delete/"), {"confirm": cast.acme.name})
    assert state_of(cast).state == "open"
    close(cast)
    client.post(cast.url("settings/restore/"))
    assert state_of(cast).state == "closing"


def test_while_closing_everyone_sees_why_and_only_an_owner_the_way_back(cast: Cast) -> None:
    owner = close(cast)
    for path in ("", "members/", "settings/", "audit-log/", "hub/", "permissions/"):
        page = owner.get(cast.url(path))
        assert page.status_code == 403
        assert "We merge with another team." in page.content.decode()
        assert "Restore Acme Robotics" in page.content.decode()
    for person in (cast.adam, cast.mia, cast.vera, cast.eddie):
        page = sign_in(person).get(cast.url(""))
        assert page.status_code == 403
        assert "Restore Acme Robotics" not in page.content.decode()
        assert "Alice Marlow" in page.content.decode(), "whom to ask"


def test_while_closing_nothing_can_be_done(cast: Cast) -> None:
    owner = close(cast)
    assert owner.post(cast.url("settings/general/"), {"name": "Other"}).status_code == 403
    assert owner.post(cast.url("settings/policies/"), {"seen": ""}).status_code == 403
    assert state_of(cast).name == cast.acme.name


def test_an_owner_restores_it_exactly_as_it_was(cast: Cast) -> None:
    group = make_group(cast.acme, "DevOps")
    make_seat(group, cast.member(cast.mia))
    before = state_of(cast)
    owner = close(cast)
    assert owner.post(cast.url("settings/restore/")).url == cast.url()
    after = state_of(cast)
    same = ("name", "slug", "policies", "member_count", "group_count", "owner_count", "seats_used")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert (after.state, after.closes_at, after.state_reason) == ("open", None, "")
    assert last_event(cast).action == "organization.restored"
    assert sign_in(cast.mia).get(cast.url()).status_code == 200


def test_closing_and_restoring_twice_is_done_once(cast: Cast) -> None:
    owner = close(cast)
    closes_at = state_of(cast).closes_at
    assert owner.post(cast.url("settings/delete/"), {"confirm": cast.acme.name}).status_code == 403
    assert state_of(cast).closes_at == closes_at
    owner.post(cast.url("settings/restore/"))
    count = last_event(cast).sequence
    owner.post(cast.url("settings/restore/"))
    assert last_event(cast).sequence == count


@pytest.mark.requirement("S1-041")
def test_a_suspension_shows_its_reason_at_sign_in_and_ends_without_loss(cast: Cast) -> None:
    organization_suspend(
        organization=cast.acme.id, reason="Three invoices are unpaid.", actor=OPERATOR
    )
    for person in (cast.alice, cast.mia, cast.eddie):
        page = sign_in(person).get("/", follow=True)
        assert page.status_code == 403
        assert "is suspended" in page.content.decode()
        assert "Three invoices are unpaid." in page.content.decode()
    assert last_event(cast).action == "organization.suspended"
    organization_resume(organization=cast.acme.id, reason="Paid.", actor=OPERATOR)
    assert sign_in(cast.mia).get(cast.url()).status_code == 200
    assert state_of(cast).state_reason == ""


def test_an_owner_does_not_lift_a_suspension(cast: Cast) -> None:
    organization_suspend(organization=cast.acme.id, reason="Unpaid.", actor=OPERATOR)
    sign_in(cast.alice).post(cast.url("settings/restore/"))
    assert state_of(cast).state == "suspended"
    with pytest.raises(ValidationError) as refused:
        organization_restore(organization=cast.acme.id, actor=cast.access(cast.alice))
    assert refused.value.code == "not_closing"


def test_the_purge_spares_what_is_not_due(cast: Cast, capsys) -> None:
    close(cast)
    call_command("organizations_purge")
    assert "None is due" in capsys.readouterr().out
    assert state_of(cast).state == "closing"


def overdue(cast: Cast) -> datetime.datetime:
    close(cast)
    return timezone.now() + datetime.timedelta(days=30, minutes=1)


def test_after_the_days_of_grace_the_container_goes_and_its_ledger_stays(cast: Cast) -> None:
    group = make_group(cast.acme, "DevOps")
    make_seat(group, cast.member(cast.mia))
    now = overdue(cast)
    entries = last_event(cast).sequence
    assert [due.slug for due in organizations_due(now=now)] == [cast.acme.slug]
    assert organization_delete(organization=cast.acme.id, now=now, actor=TEST)
    assert not organization_delete(organization=cast.acme.id, now=now, actor=TEST)
    assert cast.acme.slug not in {one.slug for one in organizations_of(cast.alice.pk)}
    with bound(cast.acme.id):
        assert not Membership.objects.in_org(cast.acme.id).exists()
        assert not Group.objects.in_org(cast.acme.id).exists()
        chain = Event.objects.filter(organization_id=cast.acme.id)
        assert chain.count() == entries + 1
        assert chain.order_by("-sequence")[0].action == "organization.deleted"
    with bound(PLATFORM):
        newest = Event.objects.filter(organization_id=PLATFORM).order_by("-sequence")[0]
        assert (newest.action, newest.target_id) == ("organization.deleted", cast.acme.id)
    assert User.objects.filter(pk=cast.mia.pk).exists(), "accounts are the people's own"
    with bound(cast.umbrella.id):
        assert Organization.objects.filter(id=cast.umbrella.id).exists()


def test_one_that_was_restored_meanwhile_is_not_deleted(cast: Cast) -> None:
    now = overdue(cast)
    organization_restore(organization=cast.acme.id, actor=cast.access(cast.alice))
    assert not organization_delete(organization=cast.acme.id, now=now, actor=TEST)
    assert state_of(cast).state == "open"


def test_the_command_names_each_and_a_dry_run_deletes_none(cast: Cast, capsys, monkeypatch) -> None:
    now = overdue(cast)
    monkeypatch.setattr("orgs.management.commands.organizations_purge.timezone.now", lambda: now)
    call_command("organizations_purge", dry_run=True)
    assert "Acme Robotics" in capsys.readouterr().out
    assert state_of(cast).state == "closing"
    call_command("organizations_purge")
    said = capsys.readouterr().out
    assert "1 of 1: Acme Robotics" in said
    assert "deleted for good" in said
    with bound(cast.acme.id):
        assert not Organization.objects.filter(id=cast.acme.id).exists()


def test_one_that_cannot_be_deleted_keeps_no_other_from_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck, other = (Due(uuid4(), name, name, 1, timezone.now()) for name in ("stuck", "other"))
    deleted = []

    def delete(*, organization: UUID, **_: object) -> bool:
        if organization == stuck.id:
            raise DatabaseError("something still refers to it")
        deleted.append(organization)
        return True

    monkeypatch.setattr(tasks, "organizations_due", lambda *, now: [stuck, other])
    monkeypatch.setattr(tasks, "organization_delete", delete)
    tasks.organizations_purge(0)
    assert deleted == [other.id]


def test_the_list_of_those_due_leaves_no_portal_open(cast: Cast) -> None:
    organizations_due(now=timezone.now())
    assert not Organization.objects.exists()
