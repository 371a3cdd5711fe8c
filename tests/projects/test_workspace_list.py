"""Workspaces as lists: whose they are, one's own role, and what one query holds."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.roles import Role
from orgs.ceiling import may_grant
from projects.models import Workspace
from tests.factories import Cast, body_of, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_project, make_workspace


def page(cast: Cast, person: object, query: str = "") -> str:
    response = sign_in(person).get(cast.url(f"workspaces/{query}"))  # type: ignore[arg-type]
    assert response.status_code == 200, response
    return body_of(response)


@pytest.mark.requirement("S4-026", "S4-037")
def test_an_owner_sees_every_workspace_and_a_member_their_own(cast: Cast) -> None:
    logistics = make_workspace(cast.acme, "Logistics")
    make_workspace(cast.acme, "Research")
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    assert "Logistics" in page(cast, cast.alice)
    assert "Research" in page(cast, cast.alice)
    mine = page(cast, cast.mia)
    assert "Logistics" in mine
    assert "Research" not in mine
    assert "Workspace Viewer" in mine


def test_a_workspace_of_a_group_is_seen_by_everyone_in_it(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    group = make_group(cast.acme, "Pickers")
    make_seat(group, cast.member(cast.mia))
    make_grant(workspace, group, Role.WORKSPACE_COLLABORATOR)
    mine = page(cast, cast.mia)
    assert "Workspace Collaborator" in mine
    assert "Through a group" in mine
    assert "1 group" in mine


@pytest.mark.requirement("S4-025")
def test_an_owner_is_a_workspace_admin_everywhere_without_an_entry(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    body = page(cast, cast.alice)
    assert "Workspace Admin" in body
    assert "Inherited" in body
    assert '"muted">Nobody<' in body
    access = cast.access(cast.alice)
    assert access.roles_on(workspace) == frozenset()
    for deed in ("share/", "projects/", "change/", "delete/", "access/"):
        response = sign_in(cast.alice).get(cast.url(f"workspaces/{workspace.pk}/{deed}"))
        assert response.status_code == 200, deed


def test_who_is_in_none_is_told_how_one_comes_in(cast: Cast) -> None:
    make_workspace(cast.acme, "Logistics")
    assert "You are in no workspace." in page(cast, cast.mia)


def test_an_end_user_never_sees_the_list(cast: Cast) -> None:
    response = sign_in(cast.eddie).get(cast.url("workspaces/"))
    assert response["Location"] == cast.url("hub/")


def test_a_strangers_workspace_is_the_404_of_a_missing_one(cast: Cast) -> None:
    theirs = make_workspace(cast.umbrella, "Logistics")
    client = sign_in(cast.alice)
    for name in ("", "change/", "delete/", "projects/", "access/", "share/"):
        foreign = client.get(cast.url(f"workspaces/{theirs.pk}/{name}"))
        missing = client.get(cast.url(f"workspaces/{uuid.uuid4()}/{name}"))
        assert (foreign.status_code, body_of(foreign)) == (404, body_of(missing))


def test_search_knows_neither_case_nor_accents(cast: Cast) -> None:
    make_workspace(cast.acme, "Größe und Maß")
    make_workspace(cast.acme, "Research")
    found = page(cast, cast.alice, "?q=GRO")
    assert "Größe" in found
    assert "Research" not in found
    assert "No workspace matches." in page(cast, cast.alice, "?q=%25")
    assert page(cast, cast.alice, "?q=a%00b&page=%7Bnonsense")


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    client = sign_in(cast.alice)
    client.get(cast.url("workspaces/"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as made:
            client.get(cast.url("workspaces/"))
        return len(made)

    make_workspace(cast.acme)
    few = queries()
    for number in range(12):
        workspace = make_workspace(cast.acme, f"Workspace {number}")
        make_project(cast.acme, f"Project {number}", workspace)
        make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    assert queries() == few <= 8


def test_a_workspace_shows_what_is_in_it_and_not_what_is_deleted(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    make_project(cast.acme, "Picking", workspace)
    make_project(cast.acme, "Packing", workspace, state="archived")
    make_project(cast.acme, "Sweeping", workspace, state="deleted")
    make_project(cast.acme, "Elsewhere")
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    response = sign_in(cast.mia).get(cast.url(f"workspaces/{workspace.pk}/"))
    body = body_of(response)
    assert "Picking" in body
    assert "Packing" in body
    assert "Sweeping" not in body
    assert "Elsewhere" not in body
    assert 'id="count-workspace_view">2<' in body
    assert 'id="count-workspace_access">1<' in body


@pytest.mark.requirement("S4-029", "S4-040", "S4-053", "S4-056")
def test_members_are_managed_by_its_admins_and_by_owners_in_all(cast: Cast) -> None:
    own, other = make_workspace(cast.acme, "Logistics"), make_workspace(cast.acme, "Research")
    make_grant(own, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    make_grant(other, cast.member(cast.mia), Role.WORKSPACE_COLLABORATOR)

    def manages(person: User, workspace: Workspace) -> bool:
        share = cast.url(f"workspaces/{workspace.pk}/share/")
        shown = sign_in(person).get(share).status_code == 200
        granted = may_grant(cast.access(person), Role.WORKSPACE_VIEWER, workspace)
        assert shown == granted
        return granted

    assert manages(cast.alice, own)
    assert manages(cast.alice, other)
    assert manages(cast.mia, own)
    assert not manages(cast.mia, other)
    assert not manages(cast.vera, own)
