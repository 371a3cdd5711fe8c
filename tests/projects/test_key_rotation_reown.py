"""Giving a key to a service account, so that it outlives who made it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Role
from orgs.tenancy import bound
from projects.models import Key, Project, ServiceAccount, ServiceAccountProject
from tests.factories import Cast, make_organization, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_account, make_key, make_limit

pytestmark = pytest.mark.django_db


def mias(cast: Cast, **fields: object) -> tuple[Project, Key, str]:
    """A project that Mia owns, with a key she made."""
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    key, text = make_key(project, cast.member(cast.mia), "Production", **fields)
    return project, key, text


def give(
    cast: Cast, key: Key, account: object, who: User | None = None, **data: object
) -> HttpResponse:
    client = sign_in(who or cast.alice)
    pk = account.pk if isinstance(account, ServiceAccount) else account
    return client.post(cast.url(f"keys/{key.pk}/holder/"), {"account": pk} | data)


def fresh(key: Key) -> Key:
    with bound(key.organization_id):
        return Key.objects.select_related("account").get(pk=key.pk)


def entries(cast: Cast, action: str) -> list[Entry]:
    with bound(cast.acme.id):
        return list(Entry.objects.filter(action=action, outcome="done"))


@pytest.mark.requirement("S2-151")
def test_a_key_that_was_given_away_outlives_its_creator(cast: Cast) -> None:
    _, key, text = mias(cast)
    account = make_account(cast.acme, "Nightly build")
    response = give(cast, key, account, cast.mia, place="on", reason="Mia moves on")
    assert response.status_code == 302
    given = fresh(key)
    assert given.creator_id is None
    assert given.account_id == account.pk
    (entry,) = entries(cast, "key.reowned")
    assert "Mia moves on" in entry.body
    assert len(entries(cast, "service_account.placed")) == 1

    mia = cast.member(cast.mia)
    said = {"confirm": mia.name}
    assert sign_in(cast.alice).post(cast.url(f"members/{mia.pk}/remove/"), said).status_code == 302
    assert Platform(cast.acme).verify(text).json()["decision"]
    assert fresh(key).revoked_at is None


def test_without_a_place_it_says_that_the_key_is_refused_there(cast: Cast) -> None:
    _, key, text = mias(cast)
    account = make_account(cast.acme, "Nightly build")
    client = sign_in(cast.mia)
    html = client.get(cast.url(f"keys/{key.pk}/holder/")).content.decode()
    assert "Not in Order intake yet" in html
    give(cast, key, account, cast.mia)
    answer = Platform(cast.acme).verify(text).json()
    assert not answer["decision"]
    assert answer["reason"] == "permission"


def test_an_account_that_works_there_keeps_the_key_working(cast: Cast) -> None:
    project, key, text = mias(cast)
    account = make_account(cast.acme, "Nightly build", (project,))
    html = sign_in(cast.mia).get(cast.url(f"keys/{key.pk}/holder/")).content.decode()
    assert "Works in Order intake: the key keeps working." in html
    give(cast, key, account, cast.mia, place="on")
    assert Platform(cast.acme).verify(text).json()["decision"]
    assert not entries(cast, "service_account.placed")


def test_the_key_does_no_more_than_its_scope(cast: Cast) -> None:
    project, key, text = mias(cast, chats=False)
    account = make_account(cast.acme, "Nightly build", (project,), role="member")
    give(cast, key, account, cast.mia)
    assert Platform(cast.acme).verify(text, action="agents.chat").json()["reason"] == "scope"


def test_only_who_manages_the_key_gives_it_away(cast: Cast) -> None:
    _, key, _ = mias(cast)
    account = make_account(cast.acme)
    # Adam sees every key and manages none of this project.
    assert give(cast, key, account, cast.adam).status_code == 302
    assert fresh(key).creator_id is not None
    for stranger in (cast.vera, cast.eddie, cast.oscar):
        assert give(cast, key, account, stranger).status_code == 404


def test_a_personal_key_is_not_given_by_who_may_not_make_keys(cast: Cast) -> None:
    project = make_project(cast.acme, policies=["personal_keys"])
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(project, mia, kind="personal")
    account = make_account(cast.acme)
    assert give(cast, key, account, cast.mia).status_code == 302
    assert fresh(key).account_id is None
    assert give(cast, key, account, cast.alice, place="on").status_code == 302
    assert fresh(key).kind == "project"


def test_an_admin_lends_an_organization_key_no_more_than_they_may_give(cast: Cast) -> None:
    key, _ = make_key(cast.acme, cast.member(cast.adam))
    member = make_account(cast.acme, role="member")
    elsewhere = make_account(cast.acme, projects=(make_project(cast.acme),))
    nothing = make_account(cast.acme)
    for above in (member, elsewhere):
        assert give(cast, key, above, cast.adam).status_code == 422
    assert fresh(key).account_id is None
    assert give(cast, key, nothing, cast.adam).status_code == 302
    assert give(cast, key, elsewhere, cast.alice).status_code == 302


def test_nobody_shakes_off_the_limits_of_a_creator(cast: Cast) -> None:
    project, key, _ = mias(cast)
    account = make_account(cast.acme, projects=(project,))
    make_limit(cast.member(cast.mia), budget=10**9)
    response = give(cast, key, account, cast.mia)
    assert response.status_code == 422
    assert "The limits of Mia Castellano hold this key" in response.content.decode()
    assert give(cast, key, account, cast.alice).status_code == 302


def test_foreign_and_suspended_accounts_take_no_key(cast: Cast) -> None:
    _, key, _ = mias(cast)
    foreign = make_account(cast.umbrella)
    suspended = make_account(cast.acme, suspended_at=timezone.now())
    for account in (foreign, suspended, uuid4(), "x", "", "\0"):
        assert give(cast, key, account).status_code == 422
    html = sign_in(cast.alice).get(cast.url(f"keys/{key.pk}/holder/")).content.decode()
    assert foreign.name not in html
    assert suspended.name not in html
    assert fresh(key).account_id is None


def test_placing_in_the_same_step_obeys_the_project(cast: Cast) -> None:
    project, key, _ = mias(cast)
    with bound(cast.acme.id):
        Project.objects.filter(pk=project.pk).update(policies=["shares_need_reason"])
    account = make_account(cast.acme)
    assert give(cast, key, account, place="on").status_code == 422
    assert fresh(key).account_id is None
    with bound(cast.acme.id):
        assert not ServiceAccountProject.objects.filter(account=account).exists()
    assert give(cast, key, account, place="on", reason="Nightly").status_code == 302


def test_a_dead_key_is_given_to_nobody(cast: Cast) -> None:
    _, key, _ = mias(cast, revoked_at=timezone.now())
    assert give(cast, key, make_account(cast.acme)).status_code == 422


def test_the_same_account_twice_is_refused(cast: Cast) -> None:
    project, key, _ = mias(cast)
    account = make_account(cast.acme, projects=(project,))
    assert give(cast, key, account).status_code == 302
    assert give(cast, key, account).status_code == 422
    assert len(entries(cast, "key.reowned")) == 1


def test_another_organization_lends_nothing(cast: Cast) -> None:
    other = make_organization(cast.alice, "Second")
    _, key, _ = mias(cast)
    account = make_account(other)
    url = cast.url(f"keys/{key.pk}/holder/", other)
    assert sign_in(cast.alice).post(url, {"account": account.pk}).status_code == 404
