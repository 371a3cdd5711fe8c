"""Quotas: set by an Owner, said by the deed that meets one, held by the database on every path."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit.models import Event as Entry
from orgs.actions.groups import group_create
from orgs.actions.quotas import quota_change
from orgs.models import Group, Quota
from orgs.tenancy import bound
from projects.actions.project_ends import project_delete, project_restore
from projects.actions.projects import project_create
from projects.models import Project
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db
NEW = {"description": "", "workspace": None, "is_product": False, "environment": "", "owner": None}


def limit(cast: Cast, **quotas: int) -> None:
    access = cast.access(cast.alice)
    seen = {row.kind: row.most for row in Quota.objects.in_org(cast.acme.id)}
    quota_change(quotas=quotas, seen=seen, actor=access)


def make_group(cast: Cast, name: str) -> Group:
    return group_create(
        name=name, description="", parent=None, secret=False, actor=cast.access(cast.alice)
    )


@pytest.mark.requirement("S2-029")
def test_an_owner_sets_them_and_nobody_else_may(cast: Cast) -> None:
    page = cast.url("settings/quotas/")
    typed = {"seen": "{}", "projects": "3", "keys": ""}
    for who in ("adam", "mia", "vera", "eddie"):
        client = sign_in(getattr(cast, who))
        assert client.get(page).status_code == client.post(page, typed).status_code == 302
    alice = sign_in(cast.alice)
    assert alice.post(page, typed).status_code == 302
    with bound(cast.acme.id):
        assert list(Quota.objects.values_list("kind", "most")) == [("projects", 3)]
        body = json.loads(Entry.objects.get(action="quota.changed", outcome="done").body)
    assert body["changes"]["quotas"] == [{}, {"projects": 3}]
    assert "of 3" in alice.get(page).content.decode()


def test_the_deed_that_meets_one_says_so_and_leaves_nothing(cast: Cast) -> None:
    with bound(cast.acme.id):
        there = Project.objects.in_org(cast.acme.id).kept().count()
    limit(cast, projects=there + 1)
    project = project_create(name="The last", actor=cast.access(cast.alice), **NEW)
    with pytest.raises(ValidationError) as refusal:
        project_create(name="One too many", actor=cast.access(cast.alice), **NEW)
    assert refusal.value.code == "quota"
    page = sign_in(cast.alice).post(cast.url("projects/new/"), {"name": "One too many"})
    assert page.status_code == 422
    assert "quota is" in page.content.decode()
    project_delete(project=project, reason="", actor=cast.access(cast.alice))
    project_create(name="In its place", actor=cast.access(cast.alice), **NEW)
    with pytest.raises(ValidationError) as refusal:
        project_restore(project=project, name=project.name, actor=cast.access(cast.alice))
    assert refusal.value.code == "quota"


def test_what_is_there_stays_when_the_quota_falls_below_it(cast: Cast) -> None:
    for name in ("One", "Two", "Three"):
        make_group(cast, name)
    limit(cast, groups=0)
    with bound(cast.acme.id):
        assert Group.objects.in_org(cast.acme.id).count() >= 3
    with pytest.raises(ValidationError):
        make_group(cast, "Four")
    assert (
        "no more may be made"
        in sign_in(cast.alice).get(cast.url("settings/quotas/")).content.decode()
    )


def test_a_path_that_does_not_ask_is_stopped_by_the_database(cast: Cast) -> None:
    limit(cast, groups=0)
    with bound(cast.acme.id), pytest.raises(IntegrityError), transaction.atomic():
        Group.objects.create(organization_id=cast.acme.id, name="By hand")
    with bound(cast.umbrella.id):
        Group.objects.create(organization_id=cast.umbrella.id, name="Elsewhere")


@pytest.mark.parametrize("typed", ["-1", "1.5", "many", "1000001", "9" * 40])
def test_an_odd_number_is_an_error_at_its_field(cast: Cast, typed: str) -> None:
    page = sign_in(cast.alice).post(cast.url("settings/quotas/"), {"seen": "{}", "groups": typed})
    assert page.status_code == 422
    assert "Give a whole number from 0" in page.content.decode()


def test_of_two_tabs_the_second_is_told(cast: Cast) -> None:
    alice, page = sign_in(cast.alice), cast.url("settings/quotas/")
    assert alice.post(page, {"seen": "{}", "groups": "5"}).status_code == 302
    second = alice.post(page, {"seen": "{}", "groups": "7"})
    assert second.status_code == 409
    assert "Somebody else changed" in second.content.decode()
    assert alice.post(page, {"seen": '{"groups": 5}', "groups": "7"}).status_code == 302


@pytest.mark.parametrize("seen", ["[" * 1000, "[]", "nothing", '{"groups": "many"}'])
def test_what_no_page_has_shown_is_told_like_an_old_tab(cast: Cast, seen: str) -> None:
    alice, page = sign_in(cast.alice), cast.url("settings/quotas/")
    assert alice.post(page, {"seen": "{}", "groups": "5"}).status_code == 302
    assert alice.post(page, {"seen": seen, "groups": "7"}).status_code == 409
