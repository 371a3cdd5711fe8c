"""Service accounts: making, changing, suspending, deleting them, and where their keys work."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Organization
from orgs.tenancy import bound
from projects.actions.service_accounts import service_account_delete
from projects.models import Key, Project, ServiceAccount, ServiceAccountProject, ServiceToken
from tests.factories import (
    Cast,
    access_of,
    make_organization,
    make_person,
    sign_in,
)
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_account, make_key, make_token
from tests.races import together

HX = {"HX-Request": "true"}
SETTINGS = "settings/service-accounts/"


def post(cast: Cast, path: str, who: User | None = None, **data: object) -> HttpResponse:
    return sign_in(who or cast.alice).post(cast.url(SETTINGS + path), data)


def create(cast: Cast, who: User | None = None, **data: object) -> HttpResponse:
    return post(
        cast, "new/", who, **({"name": "Nightly build", "description": "", "role": ""} | data)
    )


def accounts(organization: Organization) -> list[ServiceAccount]:
    with bound(organization.pk):
        return list(ServiceAccount.objects.in_org(organization.pk))


def fresh(account: ServiceAccount) -> ServiceAccount:
    with bound(account.organization_id):
        return ServiceAccount.objects.get(pk=account.pk)


def works_in(account: ServiceAccount) -> set[object]:
    with bound(account.organization_id):
        rows = ServiceAccountProject.objects.filter(account=account)
        return set(rows.values_list("project_id", flat=True))


def entries(cast: Cast, action: str) -> list[Entry]:
    with bound(cast.acme.id):
        return list(Entry.objects.filter(action=action, outcome="done"))


@pytest.mark.django_db
def test_an_account_is_made_with_nothing(cast: Cast) -> None:
    assert create(cast, cast.adam, description="Runs at two").status_code == 302
    (account,) = accounts(cast.acme)
    assert (account.role, account.is_suspended) == ("", False)
    assert account.created_by_id == cast.member(cast.adam).pk
    (entry,) = entries(cast, "service_account.created")
    assert "Runs at two" in entry.body


@pytest.mark.django_db
def test_the_role_member_is_given_under_the_ceiling(cast: Cast) -> None:
    assert create(cast, cast.adam, role="member").status_code == 422
    assert create(cast, cast.alice, role="member").status_code == 302
    (account,) = accounts(cast.acme)
    said = {"name": "Nightly build", "description": "", "role": ""}
    assert post(cast, f"{account.pk}/change/", cast.adam, **said).status_code == 422
    assert fresh(account).role == "member"
    said |= {"name": "Renamed", "role": "member"}
    assert post(cast, f"{account.pk}/change/", cast.adam, **said).status_code == 302
    assert fresh(account).name == "Renamed"
    html = sign_in(cast.adam).get(cast.url(f"{SETTINGS}{account.pk}/change/")).content.decode()
    assert "You may not give or take the role Member. Owners may." in html


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["owner", "admin", "viewer", "project_owner", "\0", "x" * 5000])
def test_no_other_role_is_an_accounts(cast: Cast, role: str) -> None:
    assert create(cast, role=role).status_code == 422
    assert accounts(cast.acme) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "  ", "a\u202eb", "x" * 101, "\0"])
def test_a_bad_name_is_refused(cast: Cast, name: str) -> None:
    assert create(cast, name=name).status_code == 422
    assert accounts(cast.acme) == []


@pytest.mark.django_db
def test_a_name_is_taken_once(cast: Cast) -> None:
    create(cast)
    assert create(cast).status_code == 422
    assert len(accounts(cast.acme)) == 1


@pytest.mark.django_db
def test_names_are_shown_as_text(cast: Cast) -> None:
    create(cast, name="<script>alert(1)</script>")
    (account,) = accounts(cast.acme)
    client = sign_in(cast.alice)
    for page in ("", f"{account.pk}/", f"{account.pk}/change/", f"{account.pk}/delete/"):
        html = client.get(cast.url(SETTINGS + page)).content.decode()
        assert "<script>alert" not in html


@pytest.mark.django_db
@pytest.mark.requirement("S2-150")
def test_a_suspended_account_stops_whole_and_goes_on_again(cast: Cast) -> None:
    project = make_project(cast.acme)
    account = make_account(cast.acme, projects=(project,))
    _, key = make_key(project, account)
    platform = Platform(cast.acme)
    _, token = make_token(account, "decide")
    platform.text, own = token, platform.text
    assert platform.verify(key).json()["decision"]
    html = sign_in(cast.alice).get(cast.url(f"{SETTINGS}{account.pk}/suspend/"), headers=HX)
    assert "Stops 1 live key and 1 live token" in html.content.decode()
    assert post(cast, f"{account.pk}/suspend/", suspended="on").status_code == 302
    assert platform.verify(key).status_code == 401
    platform.text = own
    assert platform.verify(key).json()["reason"] == "holder_inactive"
    # A second tab that suspends it again changes nothing.
    post(cast, f"{account.pk}/suspend/", suspended="on")
    assert len(entries(cast, "service_account.changed")) == 1
    assert post(cast, f"{account.pk}/suspend/").status_code == 302
    assert platform.verify(key).json()["decision"]


@pytest.mark.django_db
def test_an_admin_does_not_resume_what_only_owners_give(cast: Cast) -> None:
    account = make_account(cast.acme, suspended_at=timezone.now())
    make_token(account, "scim")
    assert post(cast, f"{account.pk}/suspend/", cast.adam).status_code == 422
    assert fresh(account).is_suspended
    assert post(cast, f"{account.pk}/suspend/", cast.alice).status_code == 302


@pytest.mark.django_db
@pytest.mark.requirement("S2-155")
def test_a_deleted_account_takes_keys_and_tokens(cast: Cast) -> None:
    project = make_project(cast.acme)
    account = make_account(cast.acme, "Nightly build", (project,))
    key, text = make_key(project, account)
    token, _ = make_token(account, "decide")
    client = sign_in(cast.alice)
    url = cast.url(f"{SETTINGS}{account.pk}/delete/")
    assert "Stops for good 1 live key and 1 live token" in client.get(url).content.decode()
    assert client.post(url, {"confirm": "Nightly"}).status_code == 422
    said = {"confirm": "Nightly build", "reason": "Replaced"}
    assert client.post(url, said).status_code == 302
    with bound(cast.acme.id):
        key.refresh_from_db()
        assert not ServiceToken.objects.filter(pk=token.pk).exists()
    assert key.revoke_reason == "Its service account was deleted."
    assert key.revoked_by == "Alice Marlow"
    assert Platform(cast.acme).verify(text).status_code == 401
    (entry,) = entries(cast, "service_account.deleted")
    assert '"keys": [1, null]' in entry.body
    assert len(entries(cast, "key.revoked")) == 1
    assert client.post(url, said).status_code == 404


@pytest.mark.django_db
def test_deleting_asks_for_a_fresh_sign_in(cast: Cast) -> None:
    account = make_account(cast.acme)
    client = sign_in(cast.alice, fresh=False)
    url = cast.url(f"{SETTINGS}{account.pk}/delete/")
    assert "/sign-in/again/" in client.post(url, {"confirm": account.name}).url
    assert accounts(cast.acme) == [account]


@pytest.mark.django_db
def test_where_an_account_is_placed_its_keys_work(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    account = make_account(cast.acme)
    _, text = make_key(project, account)
    platform = Platform(cast.acme)
    assert platform.verify(text).json()["reason"] == "permission"
    placing = f"{account.pk}/projects/new/"
    assert "Order intake" in sign_in(cast.alice).get(cast.url(SETTINGS + placing)).content.decode()
    said = {"project": project.pk, "reason": "Nightly"}
    assert post(cast, placing, **said).status_code == 302
    assert platform.verify(text).json()["decision"]
    assert post(cast, placing, **said).status_code == 422
    withdrawing = f"{account.pk}/projects/{project.pk}/remove/"
    assert post(cast, withdrawing).status_code == 302
    assert platform.verify(text).json()["reason"] == "permission"
    assert post(cast, withdrawing).status_code == 404
    assert len(entries(cast, "service_account.placed")) == 1
    assert len(entries(cast, "service_account.withdrawn")) == 1


@pytest.mark.django_db
def test_nobody_places_where_they_may_give_no_role(cast: Cast) -> None:
    hidden = make_project(cast.acme, "Hidden")
    seen = make_project(cast.acme, "Seen")
    owned = make_project(cast.acme, "Owned")
    make_grant(seen, cast.member(cast.adam), Role.PROJECT_MEMBER)
    make_grant(owned, cast.member(cast.adam), Role.PROJECT_OWNER)
    account = make_account(cast.acme)
    placing = f"{account.pk}/projects/new/"
    html = sign_in(cast.adam).get(cast.url(SETTINGS + placing)).content.decode()
    assert "Owned" in html
    assert "Hidden" not in html
    assert "Seen" not in html
    for project in (hidden, seen):
        response = post(cast, placing, cast.adam, project=project.pk)
        assert response.status_code == 422
    missing = post(cast, placing, cast.adam, project=uuid4()).content.decode()
    unseen = post(cast, placing, cast.adam, project=hidden.pk).content.decode()
    assert "Choose one of these projects." in missing
    assert "Choose one of these projects." in unseen
    assert post(cast, placing, cast.adam, project=owned.pk).status_code == 302
    assert works_in(account) == {owned.pk}


@pytest.mark.django_db
def test_a_project_that_is_not_seen_is_neither_named_nor_left(cast: Cast) -> None:
    hidden = make_project(cast.acme, "Hidden")
    account = make_account(cast.acme, projects=(hidden,))
    make_key(hidden, account)
    client = sign_in(cast.adam)
    html = client.get(cast.url(f"{SETTINGS}{account.pk}/")).content.decode()
    assert "Hidden" not in html
    assert "A project you do not see" in html
    withdrawing = f"{account.pk}/projects/{hidden.pk}/remove/"
    assert post(cast, withdrawing, cast.adam).status_code == 404
    assert works_in(account) == {hidden.pk}


@pytest.mark.django_db
def test_the_rules_of_a_project_hold_for_accounts(cast: Cast) -> None:
    adam = cast.member(cast.adam)
    approved = make_project(cast.acme, policies=["owners_approve"])
    explained = make_project(cast.acme, policies=["shares_need_reason"])
    ending = make_project(cast.acme, policies=["shares_end"])
    archived = make_project(cast.acme, state="archived")
    for project in (approved, explained, ending, archived):
        make_grant(project, adam, Role.PROJECT_OWNER)
    account = make_account(cast.acme)
    placing = f"{account.pk}/projects/new/"
    for project in (approved, explained, ending, archived):
        assert post(cast, placing, cast.adam, project=project.pk).status_code == 422
    assert works_in(account) == set()
    said = {"project": explained.pk, "reason": "Nightly"}
    assert post(cast, placing, cast.adam, **said).status_code == 302
    assert post(cast, placing, cast.alice, project=approved.pk).status_code == 302


@pytest.mark.django_db
def test_foreign_ids_are_missing_ids(cast: Cast) -> None:
    foreign = make_account(cast.umbrella)
    project = make_project(cast.umbrella)
    client = sign_in(cast.alice)
    pages = ("", "change/", "suspend/", "delete/", "projects/new/", "tokens/new/")
    for pk in (foreign.pk, uuid4()):
        for page in pages:
            url = cast.url(f"{SETTINGS}{pk}/{page}")
            assert client.get(url).status_code == 404
            assert client.post(url, {"confirm": foreign.name}).status_code == 404
    own = make_account(cast.acme)
    placing = f"{own.pk}/projects/new/"
    for bad in (project.pk, "x", "", "\0"):
        assert post(cast, placing, project=bad).status_code == 422
    assert post(cast, f"{own.pk}/projects/{project.pk}/remove/").status_code == 404
    assert works_in(own) == set()


@pytest.mark.django_db
def test_who_may_not_make_keys_sees_no_accounts(cast: Cast) -> None:
    account = make_account(cast.acme)
    for person in (cast.mia, cast.vera, cast.eddie):
        for page in ("", "new/", f"{account.pk}/", f"{account.pk}/tokens/new/"):
            assert sign_in(person).get(cast.url(SETTINGS + page)).status_code == 302
    assert sign_in(cast.oscar).get(cast.url(SETTINGS)).status_code == 404


@pytest.mark.django_db
def test_the_pages_cost_the_same_however_much_there_is(
    cast: Cast, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    account = make_account(cast.acme)
    for number in range(8):
        project = make_project(cast.acme)
        other = make_account(cast.acme, f"Other {number}", (project,))
        with bound(cast.acme.id):
            Key.objects.filter(pk=make_key(project, account)[0].pk).update(account=account)
        make_token(account, "decide")
        make_token(other, "record")
    client = sign_in(cast.alice)
    for page in ("", f"{account.pk}/"):
        client.get(cast.url(SETTINGS + page))
        with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
            assert client.get(cast.url(SETTINGS + page)).status_code == 200


@pytest.mark.django_db
def test_the_list_is_searched(cast: Cast) -> None:
    make_account(cast.acme, "Nightly build")
    make_account(cast.acme, "Gateway", description="In Frankfurt")
    client = sign_in(cast.alice)
    for said, found in (("night", "Nightly build"), ("frankf", "Gateway"), ("\0", "Gateway")):
        html = client.get(cast.url(SETTINGS), {"q": said}, headers=HX).content.decode()
        assert found in html
    assert (
        "No service account matches."
        in client.get(cast.url(SETTINGS), {"q": "zz"}).content.decode()
    )


@pytest.mark.race
@pytest.mark.usefixtures("committed")
def test_two_who_delete_one_account_delete_it_once() -> None:
    owner = make_person()
    organization = make_organization(owner, "Race")
    for _ in range(5):
        project = make_project(organization)
        account = make_account(organization, projects=(project,))
        make_key(project, account)

        def delete(account=account) -> None:
            with transaction.atomic():
                access = access_of(organization, owner)
                service_account_delete(account=account, reason="", actor=access)

        outcomes = together(delete, delete)
        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        with bound(organization.pk):
            assert not Key.objects.in_org(organization.pk).live().exists()
            assert Project.objects.filter(pk=project.pk).exists()
