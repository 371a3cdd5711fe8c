"""Who can access a place: everyone once, with every path, and only for who may see them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.roles import Role
from orgs.models import GroupMembership
from orgs.tenancy import bound
from projects.models import Resource
from projects.queries.access import Found, access_page
from projects.queries.given import given_page, spread
from tests.factories import Cast, make_group, make_member, make_organization, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

# The database counts from the beginning of the transaction, which is that of the test.
MOMENT = datetime.timedelta(minutes=1)


def names(found: Found) -> list[str]:
    return [row.name for row in found.page.rows]


def sources(found: Found, name: str) -> list[tuple[Role, str]]:
    person = next(row for row in found.page.rows if row.name == name)
    return [(path.role, path.source) for path in person.paths]


@pytest.mark.requirement("S3-016", "S4-025")
def test_everyone_is_there_once_with_every_path(cast: Cast) -> None:
    logistics = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, "Warehouse picking", logistics)
    leads = make_group(cast.acme, "Tech Leads")
    mia, vera = cast.member(cast.mia), cast.member(cast.vera)
    make_seat(leads, mia)
    make_group_role(leads, Role.PROJECTS_ADMIN)
    make_grant(project, mia, Role.PROJECT_MEMBER, reason="Owns the rollout")
    make_grant(logistics, vera, Role.WORKSPACE_VIEWER)
    make_grant(logistics, leads, Role.WORKSPACE_COLLABORATOR)
    found = access_page(access=cast.access(cast.alice), place=project)
    assert names(found) == ["Alice Marlow", "Mia Castellano", "Vera Lindqvist"]
    assert found.total == 3
    assert sources(found, "Alice Marlow") == [(Role.OWNER, "Organization role")]
    assert sources(found, "Vera Lindqvist") == [(Role.WORKSPACE_VIEWER, "Logistics")]
    assert sources(found, "Mia Castellano") == [
        (Role.PROJECTS_ADMIN, "Tech Leads"),
        (Role.PROJECT_MEMBER, "Shared directly"),
        (Role.WORKSPACE_COLLABORATOR, "Tech Leads, Logistics"),
    ]
    assert next(r for r in found.page.rows if r.name.startswith("Mia")).more == "2 more paths"


def test_a_path_through_a_group_begins_with_the_later_deed_and_ends_with_the_earlier_end(
    cast: Cast,
) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme, "Contractors")
    mia, alice = cast.member(cast.mia), cast.member(cast.alice)
    now = timezone.now()
    soon, later = now + datetime.timedelta(days=3), now + datetime.timedelta(days=30)
    seat = make_seat(group, mia)
    with bound(cast.acme.id):
        GroupMembership.objects.filter(pk=seat.pk).update(expires_at=soon, added_by=alice)
        connection.cursor().execute("SET CONSTRAINTS ALL DEFERRED")
    make_grant(
        project,
        group,
        Role.PROJECT_MEMBER,
        expires_at=later,
        granted_at=now - datetime.timedelta(days=9),
    )
    found = access_page(access=cast.access(cast.alice), place=project, search="mia")
    path = found.page.rows[0].first
    assert path.until == soon
    assert path.by == "Alice Marlow"
    assert path.since > now - datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("via", "expected"),
    [
        ("direct", ["Mia Castellano"]),
        ("group", ["Vera Lindqvist"]),
        ("workspace", ["Adam Brandt", "Vera Lindqvist"]),
        ("organization", ["Alice Marlow"]),
        ("", ["Adam Brandt", "Alice Marlow", "Mia Castellano", "Vera Lindqvist"]),
    ],
)
def test_the_list_narrows_to_one_way(cast: Cast, via: str, expected: list[str]) -> None:
    workspace = make_workspace(cast.acme)
    project, group = make_project(cast.acme, workspace=workspace), make_group(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    make_grant(workspace, cast.member(cast.adam), Role.WORKSPACE_VIEWER)
    make_seat(group, cast.member(cast.vera))
    make_grant(workspace, group, Role.WORKSPACE_VIEWER)
    found = access_page(access=cast.access(cast.alice), place=project, via=via)
    assert names(found) == expected


def test_what_has_ended_a_moment_ago_is_void(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    past = timezone.now() - MOMENT
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER, expires_at=past)
    make_grant(project, group, Role.PROJECT_MEMBER, expires_at=past)
    make_seat(group, cast.member(cast.vera))
    access = cast.access(cast.alice)
    assert names(access_page(access=access, place=project)) == ["Alice Marlow"]
    assert not spread(project).counts
    given = given_page(access=access, place=project).page.rows
    assert [row.has_ended for row in given] == [True, True]
    assert sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/")).status_code == 404


def test_pages_go_both_ways_by_name(cast: Cast) -> None:
    project = make_project(cast.acme)
    for number in range(7):
        made = make_member(cast.acme, name=f"Zoë {number}")
        make_grant(project, made, Role.PROJECT_VIEWER)
    access = cast.access(cast.alice)

    def page(cursor: str | None) -> Found:
        return access_page(access=access, place=project, cursor=cursor, size=3)

    first = page(None)
    second = page(first.page.older)
    third = page(second.page.older)
    assert names(first) + names(second) + names(third) == [
        "Alice Marlow",
        *(f"Zoë {number}" for number in range(7)),
    ]
    assert first.page.newer is None
    assert third.page.older is None
    assert names(page(third.page.newer)) == names(second)
    assert names(page(second.page.newer)) == names(first)
    assert names(page("nonsense")) == names(first)
    assert {found.total for found in (first, second, third)} == {8}


def test_a_secret_group_keeps_its_name_from_who_may_not_see_it(cast: Cast) -> None:
    project, secret = make_project(cast.acme), make_group(cast.acme, "Layoffs", secret=True)
    make_seat(secret, cast.member(cast.vera))
    make_grant(project, secret, Role.PROJECT_VIEWER)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    client = sign_in(cast.mia)
    for query in ("", "?show=given", "?show=given&q=layoffs"):
        page = client.get(cast.url(f"projects/{project.pk}/access/{query}"))
        assert b"Layoffs" not in page.content
    assert b"A secret group" in client.get(cast.url(f"projects/{project.pk}/access/")).content
    for person in (cast.vera, cast.alice):
        seen = sign_in(person).get(cast.url(f"projects/{project.pk}/access/?show=given"))
        assert b"Layoffs" in seen.content


@pytest.mark.requirement("S2-049", "S2-082")
def test_a_member_sees_who_else_works_on_the_project(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    page = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/access/"))
    assert page.status_code == 200
    assert "Vera Lindqvist" in page.content.decode()
    assert "/share/" not in page.content.decode()


def test_who_is_not_in_the_project_finds_nothing(cast: Cast) -> None:
    project = make_project(cast.acme)
    assert sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/access/")).status_code == 404
    abroad = make_project(cast.umbrella)
    assert sign_in(cast.alice).get(cast.url(f"projects/{abroad.pk}/access/")).status_code == 404


def test_an_end_user_uses_what_is_shared_and_sees_no_colleagues(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme), published_at=timezone.now())
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_USER)
    for page in ("access/", "access/?show=given", "share/"):
        answer = sign_in(cast.eddie).get(cast.url(f"resources/{agent.pk}/{page}"))
        assert answer.status_code == 404


def test_what_is_not_in_the_hub_yet_waits_for_an_end_user(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme))
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_USER)
    access = cast.access(cast.alice)
    rows = access_page(access=access, place=agent, search="eddie").page.rows
    assert rows[0].first.waits
    Resource.objects.filter(pk=agent.pk).update(published_at=timezone.now())
    agent.refresh_from_db()
    rows = access_page(access=access, place=agent, search="eddie").page.rows
    assert not rows[0].first.waits


@pytest.mark.requirement("S4-025")
def test_owners_reach_a_workspace_by_inheritance_and_are_not_counted(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    found = access_page(access=cast.access(cast.alice), place=workspace)
    alice = found.page.rows[0]
    assert alice.first.is_inherited
    assert spread(workspace).sentence == "1 Workspace Admin"
    page = sign_in(cast.alice).get(cast.url(f"workspaces/{workspace.pk}/access/")).content.decode()
    assert "inherited it, and is not counted" in page


@pytest.mark.requirement("S2-163")
def test_the_page_says_how_roles_are_spread_and_when_too_many_hold_everything(cast: Cast) -> None:
    project = make_project(cast.acme)
    members = [make_member(cast.acme) for _ in range(4)]
    make_grant(project, members[0], Role.PROJECT_OWNER)
    make_grant(project, make_group(cast.acme), Role.PROJECT_VIEWER)
    for member in members[1:]:
        make_grant(project, member, Role.PROJECT_MEMBER)
    url = cast.url(f"projects/{project.pk}/access/")
    page = sign_in(cast.alice).get(url).content.decode()
    assert "1 Project Owner, 3 Project Members, 1 group" in page
    assert "are Project Owners here" not in page
    crowded = make_project(cast.acme)
    for member in members[:3]:
        make_grant(crowded, member, Role.PROJECT_OWNER)
    make_grant(crowded, members[3], Role.PROJECT_MEMBER)
    page = sign_in(cast.alice).get(cast.url(f"projects/{crowded.pk}/access/")).content.decode()
    assert "3 of 4 people are Project Owners here" in page


@pytest.mark.requirement("S2-163")
def test_who_may_manage_and_was_not_seen_for_months_is_pointed_out(cast: Cast) -> None:
    project, long_ago = make_project(cast.acme), timezone.now() - datetime.timedelta(days=120)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER, granted_at=long_ago)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER, granted_at=long_ago)
    rows = given_page(access=cast.access(cast.alice), place=project).page.rows
    assert [row.is_unused for row in rows] == [True, False]


@pytest.mark.parametrize("show", ["", "?show=given"])
def test_a_page_costs_the_same_however_many_have_access(cast: Cast, show: str) -> None:
    project = make_project(cast.acme, workspace=make_workspace(cast.acme))
    group = make_group(cast.acme)
    make_grant(project, group, Role.PROJECT_VIEWER)
    url = cast.url(f"projects/{project.pk}/access/{show}")
    client = sign_in(cast.alice)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    client.get(url)
    few = cost()
    for _ in range(12):
        member = make_member(cast.acme)
        make_seat(group, member)
        make_grant(project, member, Role.PROJECT_VIEWER)
    assert cost() == few


@pytest.mark.parametrize(
    "query",
    ["q=%00", "q=' | !", "via=teleport", "page=AAAA", "page=%00", "show=x&page=" + "9" * 3000],
)
def test_hostile_questions_get_a_page(cast: Cast, query: str) -> None:
    project = make_project(cast.acme)
    for show in ("", "show=given&"):
        page = sign_in(cast.alice).get(cast.url(f"projects/{project.pk}/access/?{show}{query}"))
        assert page.status_code == 200


def test_the_list_alone_comes_by_htmx(cast: Cast) -> None:
    project = make_project(cast.acme)
    client = sign_in(cast.alice)
    page: Any = client.get(
        cast.url(f"projects/{project.pk}/access/?q=alice"), headers={"HX-Request": "true"}
    )
    assert page.status_code == 200
    assert "<html" not in page.content.decode()
    assert "Alice Marlow" in page.content.decode()
    assert "HX-Request" in page["Vary"]


def test_the_three_pages_open(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    agent, runner = make_resource(project), make_resource(cast.acme, "runner")
    client = sign_in(cast.alice)
    for page in (
        f"workspaces/{workspace.pk}/",
        f"projects/{project.pk}/",
        f"resources/{agent.pk}/",
        f"resources/{runner.pk}/",
    ):
        for show in ("", "?show=given"):
            assert client.get(cast.url(f"{page}access/{show}")).status_code == 200


def test_access_of_another_organization_never_shows(cast: Cast) -> None:
    """The functions run behind the wall: they filter by the bound organization themselves."""
    abroad = make_project(cast.umbrella)
    other = make_organization(cast.mia, "Third")
    make_grant(abroad, make_member(cast.umbrella), Role.PROJECT_OWNER)
    access = cast.access(cast.alice)
    assert access_page(access=access, place=abroad).total == 0
    assert given_page(access=access, place=abroad).total == 0
    assert other.pk != cast.acme.pk
