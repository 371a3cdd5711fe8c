"""Leaving: the keys of who goes stop with them, by every path, and are shown before."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Event as Entry
from config.roles import Role
from orgs.actions.members import member_bulk_remove, member_leave, member_remove
from orgs.models import Membership, Organization
from orgs.tenancy import bind_member, bound
from projects.actions.key_rotation import key_reown
from projects.models import Key
from tests.factories import (
    Cast,
    access_of,
    make_member,
    make_organization,
    make_person,
    sign_in,
)
from tests.orgs.rosters import imported, keeping
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_account, make_key
from tests.races import together

HX = {"HX-Request": "true"}
REASON = "Its creator left the organization."


def mias_key(cast: Cast, **fields: object) -> tuple[Key, str]:
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    return make_key(project, cast.member(cast.mia), "Production", **fields)


def fresh(key: Key) -> Key:
    with bound(key.organization_id):
        return Key.objects.get(pk=key.pk)


def revocations(organization: Organization) -> list[Entry]:
    with bound(organization.pk):
        return list(Entry.objects.filter(action="key.revoked"))


def by_dialog(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    url = cast.url(f"members/{mia.pk}/remove/")
    assert sign_in(cast.alice).post(url, {"confirm": mia.name}).status_code == 302


def by_ticks(cast: Cast) -> None:
    with transaction.atomic():
        access = cast.access(cast.alice)
        members = [cast.member(cast.mia), cast.member(cast.vera)]
        member_bulk_remove(memberships=members, reason="", actor=access)


def by_leaving(cast: Cast) -> None:
    url = cast.url("leave/")
    said = {"confirm": cast.acme.name}
    assert sign_in(cast.mia).post(url, said).status_code == 302


@pytest.mark.django_db
@pytest.mark.requirement("S2-151", "S2-162", "S2-155")
@pytest.mark.parametrize("path", [by_dialog, by_ticks], ids=lambda path: path.__name__)
def test_removal_revokes_the_keys_and_says_so(cast: Cast, path: Callable[[Cast], None]) -> None:
    key, text = mias_key(cast)
    platform = Platform(cast.acme)
    assert platform.verify(text).json()["decision"]
    path(cast)
    gone = fresh(key)
    assert gone.revoked_at is not None
    assert gone.revoke_reason == REASON
    assert gone.revoked_by == "Alice Marlow"
    assert platform.verify(text).status_code == 401
    (entry,) = revocations(cast.acme)
    assert REASON in entry.body


@pytest.mark.django_db
@pytest.mark.requirement("S2-151")
def test_who_leaves_takes_the_keys_along(cast: Cast) -> None:
    key, text = mias_key(cast)
    with transaction.atomic():
        member_leave(actor=cast.access(cast.mia))
    assert fresh(key).revoked_by == "Mia Castellano"
    assert Platform(cast.acme).verify(text).status_code == 401
    assert len(revocations(cast.acme)) == 1


@pytest.mark.django_db
@pytest.mark.requirement("S2-151")
def test_a_deleted_account_takes_the_keys_along(cast: Cast) -> None:
    """No code of ours is asked here: the database's trigger revokes."""
    key, text = mias_key(cast)
    with bound(cast.acme.id):
        Membership.objects.filter(pk=cast.member(cast.mia).pk).delete()
        ledger.record(
            Event.MEMBER_LEFT,
            organization=cast.acme.pk,
            actor=Actor("system", None, "Test"),
            target=Target("member", None, ""),
            changes={"role": ("Member", None)},
        )
    gone = fresh(key)
    assert gone.creator_id is None
    assert gone.revoke_reason == REASON
    assert Platform(cast.acme).verify(text).status_code == 401


@pytest.mark.django_db
@pytest.mark.requirement("S2-151")
def test_a_roster_without_them_takes_the_keys_along(cast: Cast) -> None:
    zoe = make_member(cast.acme, login="zoe")
    key, text = make_key(cast.acme, zoe)
    imported(cast, keeping(cast))
    gone = fresh(key)
    assert gone.revoke_reason == REASON
    assert gone.revoked_by == "Alice Marlow"
    assert len(revocations(cast.acme)) == 1
    assert Platform(cast.acme).verify(text).status_code == 401


@pytest.mark.django_db
def test_an_account_that_is_switched_off_stops_its_keys(cast: Cast) -> None:
    key, text = mias_key(cast)
    User.objects.filter(pk=cast.mia.pk).update(is_active=False, state="suspended")
    answer = Platform(cast.acme).verify(text).json()
    assert answer["reason"] == "holder_inactive"
    assert fresh(key).revoked_at is None


@pytest.mark.django_db
def test_what_was_dead_before_keeps_its_own_reason(cast: Cast) -> None:
    key, _ = mias_key(cast, revoked_at=timezone.now(), revoke_reason="Leaked")
    expired, _ = make_key(
        cast.acme, cast.member(cast.mia), expires_at=timezone.now() - datetime.timedelta(days=1)
    )
    by_dialog(cast)
    assert fresh(key).revoke_reason == "Leaked"
    assert fresh(expired).revoke_reason == REASON
    assert revocations(cast.acme) == []


@pytest.mark.django_db
def test_the_last_owner_who_stays_keeps_the_keys(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    url = cast.url("leave/")
    sign_in(cast.alice).post(url, {"confirm": cast.acme.name})
    assert fresh(key).revoked_at is None
    assert Platform(cast.acme).verify(text).json()["decision"]
    assert revocations(cast.acme) == []


@pytest.mark.django_db
@pytest.mark.requirement("S2-162")
def test_the_dialog_says_which_keys_stop_and_offers_a_way(cast: Cast) -> None:
    _, text = mias_key(cast)
    Platform(cast.acme).verify(text)
    mia = cast.member(cast.mia)
    html = sign_in(cast.alice).get(cast.url(f"members/{mia.pk}/remove/"), headers=HX)
    said = html.content.decode()
    assert "and 1 live key;" in said
    assert "Production" in said
    assert "1 call in the last hour. They will fail." in said
    assert cast.url(f"members/{mia.pk}/keys/") in said


@pytest.mark.django_db
def test_looking_at_the_dialog_revokes_nothing(cast: Cast) -> None:
    key, _ = mias_key(cast)
    mia = cast.member(cast.mia)
    client = sign_in(cast.alice)
    client.get(cast.url(f"members/{mia.pk}/remove/"))
    client.post(cast.url("members/remove/"), {"member": [mia.pk]})
    assert fresh(key).revoked_at is None
    assert revocations(cast.acme) == []


@pytest.mark.django_db
def test_the_page_of_a_members_keys(cast: Cast) -> None:
    key, _ = mias_key(cast)
    other, _ = make_key(cast.acme, cast.member(cast.mia), "Dashboards")
    url = cast.url(f"members/{cast.member(cast.mia).pk}/keys/")
    html = sign_in(cast.alice).get(url).content.decode()
    assert cast.url(f"keys/{key.pk}/holder/") in html
    assert cast.url(f"keys/{other.pk}/holder/") in html
    # Adam manages the keys of the organization; of the project not even its name is his.
    html = sign_in(cast.adam).get(url).content.decode()
    assert "Order intake" not in html
    assert "A project you do not see" in html
    assert cast.url(f"keys/{key.pk}/holder/") not in html
    assert cast.url(f"keys/{other.pk}/holder/") in html
    assert sign_in(cast.oscar).get(url).status_code == 404
    theirs = cast.url(f"members/{cast.member(cast.mia).pk}/keys/", cast.umbrella)
    assert sign_in(cast.oscar).get(theirs).status_code == 404
    assert sign_in(cast.vera).get(url).status_code == 302


@pytest.mark.django_db
def test_the_page_costs_the_same_however_many_keys(
    cast: Cast, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(12):
        project = make_project(cast.acme)
        make_key(project, cast.member(cast.mia), f"Key {number}")
    client = sign_in(cast.adam)
    url = cast.url(f"members/{cast.member(cast.mia).pk}/keys/")
    client.get(url)
    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
        client.get(url)


@pytest.mark.race
@pytest.mark.usefixtures("committed")
def test_after_a_removal_no_call_gets_through_and_none_before_is_torn() -> None:
    for _ in range(5):
        owner, person = make_person(), make_person()
        organization = make_organization(owner, "Race")
        member = make_member(organization, Role.MEMBER, person)
        project = make_project(organization)
        make_grant(project, member, Role.PROJECT_MEMBER)
        key, text = make_key(project, member)
        platform = Platform(organization)

        def remove(organization=organization, owner=owner, member=member) -> None:
            with transaction.atomic():
                access = bind_member(
                    organization.slug, owner.pk, identity=Actor("person", owner.pk, "")
                )
                assert access
                member_remove(membership=member, reason="", actor=access)

        def ask(platform=platform, text=text) -> list[int]:
            try:
                return [platform.verify(text).status_code for _ in range(5)]
            finally:
                connections.close_all()

        outcomes = together(remove, ask, ask)
        assert outcomes[0] is None
        for codes in outcomes[1:]:
            # Once refused, refused for good.
            assert codes == sorted(codes)
            assert set(codes) <= {200, 401}
        assert platform.verify(text).status_code == 401
        assert len(revocations(organization)) == 1


@pytest.mark.race
@pytest.mark.usefixtures("committed")
def test_a_key_given_away_at_the_same_moment_lives_or_dies_whole() -> None:
    for _ in range(8):
        owner, person = make_person(), make_person()
        organization = make_organization(owner, "Race")
        member = make_member(organization, Role.MEMBER, person)
        project = make_project(organization)
        account = make_account(organization, projects=(project,))
        key, text = make_key(project, member)
        platform = Platform(organization)

        def remove(organization=organization, owner=owner, member=member) -> None:
            with transaction.atomic():
                access = access_of(organization, owner)
                member_remove(membership=member, reason="", actor=access)

        def give(organization=organization, owner=owner, key=key, account=account) -> None:
            with transaction.atomic():
                access = access_of(organization, owner)
                key_reown(key=key, account=account, place=False, reason="", actor=access)

        removed, given = together(remove, give)
        assert removed is None
        now = fresh(key)
        if given is None:
            assert now.account_id == account.pk
            assert now.revoked_at is None
            assert platform.verify(text).json()["decision"]
        else:
            assert now.revoked_at is not None
            assert platform.verify(text).status_code == 401
