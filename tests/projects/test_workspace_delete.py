"""Deleting a workspace: who may, what it says first, and what stays."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from audit.models import Event, Outcome
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.workspaces import project_move, workspace_delete
from projects.models import Project, Workspace, WorkspaceGrant
from tests.factories import (
    Cast,
    access_of,
    body_of,
    make_group,
    make_organization,
    make_person,
    make_seat,
    sign_in,
)
from tests.projects.factories import make_grant, make_project, make_workspace
from tests.races import together


@pytest.fixture
def logistics(cast: Cast) -> Workspace:
    return make_workspace(cast.acme, "Logistics")


def events(cast: Cast) -> list[tuple[str, str]]:
    with bound(cast.acme.id):
        rows = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence")
        return list(rows.values_list("action", "outcome"))


def is_there(workspace: Workspace) -> bool:
    with bound(workspace.organization_id):
        return Workspace.objects.in_org(workspace.organization_id).filter(pk=workspace.pk).exists()


@pytest.mark.requirement("S4-028", "S4-039")
def test_an_owner_deletes_a_workspace_and_its_projects_stay(
    cast: Cast, logistics: Workspace
) -> None:
    projects = [make_project(cast.acme, name, logistics) for name in ("Picking", "Packing")]
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    response = sign_in(cast.alice).post(
        cast.url(f"workspaces/{logistics.pk}/delete/"), {"confirm": "Logistics", "reason": "Merged"}
    )
    assert response["Location"] == cast.url("workspaces/")
    assert not is_there(logistics)
    with bound(cast.acme.id):
        kept = Project.objects.in_org(cast.acme).filter(pk__in=[one.pk for one in projects])
        assert {one.workspace_id for one in kept} == {None}
        assert not WorkspaceGrant.objects.in_org(cast.acme).exists()
    done = ("project.moved", "done")
    assert events(cast)[:3] == [("workspace.deleted", "done"), done, done]


@pytest.mark.parametrize("who", ["adam", "mia"])
@pytest.mark.requirement("S4-028", "S4-039", "S4-056")
def test_a_workspace_admin_may_not_delete_it(cast: Cast, logistics: Workspace, who: str) -> None:
    person = getattr(cast, who)
    make_grant(logistics, cast.member(person), Role.WORKSPACE_ADMIN)
    response = sign_in(person).post(
        cast.url(f"workspaces/{logistics.pk}/delete/"), {"confirm": "Logistics"}
    )
    assert response.status_code == 302
    assert is_there(logistics)
    assert events(cast)[0] == ("workspace.deleted", Outcome.DENIED)
    page = sign_in(person).get(cast.url(f"workspaces/{logistics.pk}/"))
    assert f"{logistics.pk}/delete/" not in body_of(page)


def test_the_dialog_names_who_loses_access(cast: Cast, logistics: Workspace) -> None:
    project = make_project(cast.acme, "Picking", logistics)
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    make_grant(logistics, cast.member(cast.vera), Role.WORKSPACE_VIEWER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    group = make_group(cast.acme, "Pickers")
    make_seat(group, cast.member(cast.adam))
    make_grant(logistics, group, Role.WORKSPACE_COLLABORATOR)
    body = body_of(sign_in(cast.alice).get(cast.url(f"workspaces/{logistics.pk}/delete/")))
    assert "Mia Castellano" in body
    assert "<b>3</b>" in body
    assert "<b>1</b>" in body
    assert is_there(logistics)
    with bound(cast.acme.id):
        assert Project.objects.in_org(cast.acme).get(pk=project.pk).workspace_id == logistics.pk


@pytest.mark.parametrize("typed", ["", "logistics", "Logistics!", "Research"])
def test_without_its_name_nothing_is_deleted(cast: Cast, logistics: Workspace, typed: str) -> None:
    response = sign_in(cast.alice).post(
        cast.url(f"workspaces/{logistics.pk}/delete/"), {"confirm": typed}
    )
    assert response.status_code == 422
    assert is_there(logistics)


def test_a_deletion_takes_a_fresh_sign_in(cast: Cast, logistics: Workspace) -> None:
    address = cast.url(f"workspaces/{logistics.pk}/delete/")
    response = sign_in(cast.alice, fresh=False).post(address, {"confirm": "Logistics"})
    assert response["Location"].startswith("/sign-in/again/")
    assert is_there(logistics)


def test_the_second_of_two_deletions_is_a_404(cast: Cast, logistics: Workspace) -> None:
    address = cast.url(f"workspaces/{logistics.pk}/delete/")
    client = sign_in(cast.alice)
    assert client.post(address, {"confirm": "Logistics"}).status_code == 302
    assert client.post(address, {"confirm": "Logistics"}).status_code == 404


@pytest.mark.race
def test_deleting_while_a_project_is_assigned_ends_in_one_of_two_ways(committed: None) -> None:
    alice = make_person("Alice Marlow")
    acme = make_organization(alice)
    for _ in range(4):
        workspace = make_workspace(acme)
        project = make_project(acme)

        def delete(workspace: Workspace = workspace) -> object:
            with bound(acme.id):
                access = access_of(acme, alice)
                return workspace_delete(workspace=workspace, reason="", actor=access)

        def assign(workspace: Workspace = workspace, project: Project = project) -> object:
            with bound(acme.id):
                access = access_of(acme, alice)
                return project_move(project=project, workspace=workspace, actor=access)

        deleted, assigned = together(delete, assign)
        assert deleted in (0, 1)
        if deleted == 0:
            assert isinstance(assigned, ValidationError)
            assert assigned.code == "gone"
        with bound(acme.id):
            found = Project.objects.in_org(acme).get(pk=project.pk)
            assert found.workspace_id is None
        assert not is_there(workspace)
