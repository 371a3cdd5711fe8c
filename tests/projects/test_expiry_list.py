"""The list of what ends within 30 days, and of what has ended, of every kind."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from config.roles import Role
from orgs.models import GroupMembership
from orgs.tenancy import bound
from projects.queries.expiry import all_endings, endings
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

pytestmark = pytest.mark.django_db


def in_days(days: float) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(days=days)


def one_of_each(cast: Cast, days: float) -> None:
    group, mia = make_group(cast.acme, "Finance"), cast.member(cast.mia)
    seat = make_seat(group, cast.member(cast.vera))
    with bound(cast.acme.pk):
        seats = GroupMembership.objects.in_org(cast.acme.pk).filter(pk=seat.pk)
        seats.update(expires_at=in_days(days))
        cast.access(cast.alice)
    make_group_role(group, Role.BILLING_VIEWER, expires_at=in_days(days + 0.1))
    workspace = make_workspace(cast.acme, "Retail")
    project = make_project(cast.acme, "Tills")
    agent = make_resource(project, name="Greeter")
    for number, (place, role) in enumerate(
        (
            (workspace, Role.WORKSPACE_VIEWER),
            (project, Role.PROJECT_MEMBER),
            (agent, Role.RESOURCE_USER),
        )
    ):
        make_grant(place, mia, role, expires_at=in_days(days + 0.2 + number / 10))
        make_grant(place, group, role, expires_at=in_days(days + 0.25 + number / 10))


def test_every_kind_stands_in_it_the_soonest_first(cast: Cast) -> None:
    one_of_each(cast, 3)
    with bound(cast.acme.pk):
        rows = endings(ended=False, cursor=None).rows
    assert [(row.kind, row.scope, row.holder, row.role_label) for row in rows] == [
        ("seat", "group", "Vera Lindqvist", ""),
        ("role", "organization", "Finance", "Billing Viewer"),
        ("share", "workspace", "Mia Castellano", "Workspace Viewer"),
        ("share", "workspace", "Finance", "Workspace Viewer"),
        ("share", "project", "Mia Castellano", "Project Member"),
        ("share", "project", "Finance", "Project Member"),
        ("share", "resource", "Mia Castellano", "Resource User"),
        ("share", "resource", "Finance", "Resource User"),
    ]
    page = sign_in(cast.alice).get(cast.url("access/ending/"))
    assert page.status_code == 200
    for words in ("Retail", "Tills", "Greeter", "Finance", "Extend"):
        assert words in page.content.decode()


def test_what_has_ended_stands_apart_the_latest_first(cast: Cast) -> None:
    one_of_each(cast, -5)
    with bound(cast.acme.pk):
        assert endings(ended=False, cursor=None).rows == []
        moments = [row.expires_at for row in endings(ended=True, cursor=None).rows]
    assert len(moments) == 8
    assert moments == sorted(moments, reverse=True)
    page = sign_in(cast.alice).get(cast.url("access/ending/?state=ended")).content.decode()
    assert "Tills" in page
    assert (
        "Nothing ends soon." in sign_in(cast.alice).get(cast.url("access/ending/")).content.decode()
    )


@pytest.mark.parametrize("ended", [False, True])
def test_pages_go_forth_and_back_and_leave_nothing_out(cast: Cast, *, ended: bool) -> None:
    one_of_each(cast, -5 if ended else 3)
    with bound(cast.acme.pk):
        whole = [row.id for row in endings(ended=ended, cursor=None).rows]
        found, cursor = [], None
        pages = []
        while True:
            page = endings(ended=ended, cursor=cursor, size=3)
            pages.append([row.id for row in page.rows])
            found += pages[-1]
            if page.older is None:
                break
            cursor = page.older
        assert found == whole
        back = endings(ended=ended, cursor=page.newer, size=3)
        assert [row.id for row in back.rows] == pages[-2]


def test_every_batch_of_the_job_comes_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    one_of_each(cast, 3)
    monkeypatch.setattr("projects.queries.expiry.MOST_AT_ONCE", 3)
    with bound(cast.acme.pk):
        ids = [row.id for batch in all_endings(until=in_days(7)) for row in batch]
    assert len(ids) == len(set(ids)) == 8


@pytest.mark.parametrize("cursor", ["x", "WyI+IiwgMSwgMl0", "\x00", "é" * 40])
def test_a_bad_cursor_counts_as_none(cast: Cast, cursor: str) -> None:
    one_of_each(cast, 3)
    page = sign_in(cast.alice).get(cast.url("access/ending/"), {"page": cursor})
    assert page.status_code == 200
    assert "Tills" in page.content.decode()


def test_it_costs_the_same_whatever_stands_in_it(cast: Cast, django_assert_max_num_queries) -> None:
    one_of_each(cast, 3)
    project = make_project(cast.acme)
    for person in (cast.adam, cast.vera):
        make_grant(project, cast.member(person), Role.PROJECT_VIEWER, expires_at=in_days(4))
    client = sign_in(cast.alice)
    client.get(cast.url("access/ending/"))
    with django_assert_max_num_queries(8):
        client.get(cast.url("access/ending/"))


@pytest.mark.parametrize("name", ["adam", "mia", "vera", "eddie"])
def test_only_who_changes_roles_sees_it(cast: Cast, name: str) -> None:
    client = sign_in(getattr(cast, name))
    assert client.get(cast.url("access/ending/")).status_code == 302
    assert "access/ending/" not in client.get(cast.url(), follow=True).content.decode()


def test_nothing_of_another_organization_stands_in_it(cast: Cast) -> None:
    one_of_each(cast, 3)
    assert (
        "Tills"
        not in sign_in(cast.oscar).get(cast.url("access/ending/", cast.umbrella)).content.decode()
    )
