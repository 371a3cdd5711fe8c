"""Projects as a list: whose they are, one's own role, filters, and what it costs."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from config.roles import Role
from tests.factories import Cast, body_of, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_workspace
from tests.projects.rooms import make_projects_admin


def page(cast: Cast, person: User, query: str = "") -> str:
    response = sign_in(person).get(cast.url(f"projects/{query}"))
    assert response.status_code == 200, response
    return body_of(response)


@pytest.mark.requirement("S2-032", "S2-109", "S3-031")
def test_an_owner_and_a_projects_admin_reach_every_project(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking")
    make_projects_admin(cast, cast.adam)
    for person in (cast.alice, cast.adam):
        body = page(cast, person)
        assert "Picking" in body
        assert "Inherited" in body
        assert '"muted">Nobody<' in body
        assert sign_in(person).get(cast.url(f"projects/{project.pk}/")).status_code == 200


@pytest.mark.requirement("S2-039", "S2-040", "S2-069", "S3-031")
def test_a_member_sees_only_what_was_given_to_them(cast: Cast) -> None:
    mine = make_project(cast.acme, "Picking")
    other = make_project(cast.acme, "Packing")
    make_grant(mine, cast.member(cast.mia), Role.PROJECT_OWNER)
    body = page(cast, cast.mia)
    assert "Picking" in body
    assert "Project Owner" in body
    assert "Given to you" in body
    assert "Packing" not in body
    assert sign_in(cast.mia).get(cast.url(f"projects/{mine.pk}/")).status_code == 200
    for path in ("", "settings/", "change/", "access/", "resources/", "delete/", "audit/"):
        foreign = sign_in(cast.mia).get(cast.url(f"projects/{other.pk}/{path}"))
        missing = sign_in(cast.mia).get(cast.url(f"projects/{uuid.uuid4()}/{path}"))
        assert (foreign.status_code, body_of(foreign)) == (404, body_of(missing))


def test_the_role_of_a_group_and_of_a_workspace_says_where_it_comes_from(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    make_project(cast.acme, "In the workspace", workspace)
    shared = make_project(cast.acme, "Of the group")
    group = make_group(cast.acme, "Pickers")
    make_seat(group, cast.member(cast.mia))
    make_grant(shared, group, Role.PROJECT_MEMBER)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    body = page(cast, cast.mia)
    assert "Through a group" in body
    assert "Through the workspace" in body
    assert "1 group" in body


def test_a_role_that_has_ended_shows_nothing(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking")
    ended = timezone.now() - datetime.timedelta(hours=1)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER, expires_at=ended)
    assert "Picking" not in page(cast, cast.mia)
    assert sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/")).status_code == 404


def test_who_is_in_none_may_ask_for_one(cast: Cast) -> None:
    make_project(cast.acme, "Picking")
    body = page(cast, cast.mia)
    assert "You are in no project." in body
    assert cast.url("requests/project/") in body
    assert cast.url("requests/project/") not in page(cast, cast.vera)
    assert cast.url("requests/project/") not in page(cast, cast.alice)


def test_an_end_user_never_sees_the_list(cast: Cast) -> None:
    assert sign_in(cast.eddie).get(cast.url("projects/"))["Location"] == cast.url("hub/")


def test_the_filters_narrow_the_list(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    make_project(cast.acme, "Live one", workspace, environment="production")
    make_project(cast.acme, "Trial one", environment="development")
    mine = make_project(cast.acme, "Plain one")
    make_grant(mine, cast.member(cast.alice), Role.PROJECT_VIEWER)
    make_project(cast.acme, "Old one", state="archived")

    def names(query: str) -> set[str]:
        body = page(cast, cast.alice, query)
        return {name for name in ("Live", "Trial", "Plain", "Old") if f"{name} one" in body}

    assert names("") == {"Live", "Trial", "Plain"}
    assert names("?state=archived") == {"Old"}
    assert names("?label=production") == {"Live"}
    assert names("?label=none") == {"Plain"}
    assert names(f"?workspace={workspace.pk}") == {"Live"}
    assert names("?workspace=none") == {"Trial", "Plain"}
    assert names("?mine=1") == {"Plain"}
    assert names("?q=LIVE") == {"Live"}
    theirs = make_workspace(cast.umbrella, "Theirs")
    assert names(f"?workspace={theirs.pk}") == set()


@pytest.mark.parametrize(
    "query",
    [
        "?state=x",
        "?label=%00",
        "?workspace='",
        "?mine=2",
        "?page=abc",
        "?q=%27%25_%5C",
        "?state[]=1",
    ],
)
def test_what_is_not_understood_counts_as_not_said(cast: Cast, query: str) -> None:
    assert page(cast, cast.alice, query)


def test_a_deleted_project_is_listed_for_who_may_restore_it(cast: Cast) -> None:
    project = make_project(cast.acme, "Gone one", state="deleted")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    address = cast.url(f"projects/{project.pk}/")
    for person in (cast.alice, cast.mia):
        assert "Gone one" in page(cast, person, "?state=deleted")
        assert "Gone one" not in page(cast, person)
        assert sign_in(person).get(address).status_code == 200
    assert "Gone one" not in page(cast, cast.vera, "?state=deleted")
    assert sign_in(cast.vera).get(address).status_code == 404


def test_pages_follow_each_other_by_name(cast: Cast) -> None:
    for number in range(53):
        make_project(cast.acme, f"Project {number:03}")
    client = sign_in(cast.alice)
    first = client.get(cast.url("projects/"))
    assert "Project 049" in body_of(first)
    assert "Project 050" not in body_of(first)
    second = client.get(
        cast.url("projects/")
        + f"{first.context['older_url'].partition('?')[1]}{first.context['older_url'].partition('?')[2]}"
    )
    assert "Project 052" in body_of(second)
    assert "Project 049" not in body_of(second)
    assert "53 projects" in body_of(first)


def test_the_rows_are_one_query_however_many_there_are(cast: Cast) -> None:
    def queries(person: User) -> list[str]:
        client = sign_in(person)
        client.get(cast.url("projects/"))
        with CaptureQueriesContext(connection) as made:
            client.get(cast.url("projects/"))
        return [one["sql"] for one in made]

    make_grant(make_project(cast.acme, "First"), cast.member(cast.mia), Role.PROJECT_OWNER)
    few = {person: len(queries(person)) for person in (cast.alice, cast.mia)}
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    for number in range(15):
        workspace = make_workspace(cast.acme)
        project = make_project(cast.acme, f"Project {number}", workspace)
        make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
        make_grant(project, group, Role.PROJECT_VIEWER)
    for person in (cast.alice, cast.mia):
        made = queries(person)
        rows = [sql for sql in made if "project_page(" in sql]
        assert len(rows) == 1
        assert len(made) == few[person] <= 8


def test_every_group_role_is_not_projects_admin(cast: Cast) -> None:
    make_project(cast.acme, "Picking")
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.GROUPS_ADMIN)
    assert "You are in no project." in page(cast, cast.mia)
