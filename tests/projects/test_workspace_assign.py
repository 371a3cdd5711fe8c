"""Projects into and out of workspaces, and what it takes on both sides (S4-055)."""

from __future__ import annotations

import uuid

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from audit.models import Event
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.workspaces import project_move
from projects.models import Project, Workspace
from tests.factories import Cast, body_of, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_workspace


def assign(cast: Cast, who: User, workspace: Workspace, project: Project | str):  # type: ignore[no-untyped-def]
    key = project if isinstance(project, str) else str(project.pk)
    address = cast.url(f"workspaces/{workspace.pk}/projects/")
    return sign_in(who).post(address, {"project": key})


def where(project: Project) -> str | None:
    with bound(project.organization_id):
        found = Project.objects.in_org(project.organization_id).select_related("workspace")
        workspace = found.get(pk=project.pk).workspace
    return workspace.name if workspace else None


def moves(cast: Cast) -> int:
    with bound(cast.acme.id):
        return Event.objects.filter(
            organization_id=cast.acme.id, action="project.moved", outcome="done"
        ).count()


@pytest.fixture
def logistics(cast: Cast) -> Workspace:
    return make_workspace(cast.acme, "Logistics")


@pytest.fixture
def picking(cast: Cast) -> Project:
    return make_project(cast.acme, "Picking")


@pytest.mark.parametrize("role", [Role.WORKSPACE_COLLABORATOR, Role.WORKSPACE_ADMIN])
@pytest.mark.requirement("S4-053", "S4-055", "S4-056")
def test_a_collaborator_assigns_a_project_that_they_see(
    cast: Cast, logistics: Workspace, picking: Project, role: Role
) -> None:
    make_grant(logistics, cast.member(cast.mia), role)
    make_grant(picking, cast.member(cast.mia), Role.PROJECT_VIEWER)
    assert assign(cast, cast.mia, logistics, picking).status_code == 302
    assert where(picking) == "Logistics"
    assert moves(cast) == 1


@pytest.mark.requirement("S4-053", "S4-054")
def test_a_viewer_assigns_nothing(cast: Cast, logistics: Workspace, picking: Project) -> None:
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    make_grant(picking, cast.member(cast.mia), Role.PROJECT_OWNER)
    assert assign(cast, cast.mia, logistics, picking).status_code == 302
    assert where(picking) is None
    page = sign_in(cast.mia).get(cast.url(f"workspaces/{logistics.pk}/"))
    assert "Assign a project" not in body_of(page)


@pytest.mark.requirement("S4-055")
def test_a_collaborator_does_not_manage_members(
    cast: Cast, logistics: Workspace, picking: Project
) -> None:
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_COLLABORATOR)
    response = sign_in(cast.mia).get(cast.url(f"workspaces/{logistics.pk}/share/"))
    assert response.status_code == 302
    page = sign_in(cast.mia).get(cast.url(f"workspaces/{logistics.pk}/access/"))
    assert f"workspaces/{logistics.pk}/share/" not in body_of(page)


def test_one_that_they_do_not_see_is_a_404(
    cast: Cast, logistics: Workspace, picking: Project
) -> None:
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    assert assign(cast, cast.mia, logistics, picking).status_code == 404
    theirs = make_project(cast.umbrella, "Their picking")
    assert assign(cast, cast.alice, logistics, theirs).status_code == 404
    for nonsense in ("", "x", "\x00", str(uuid.uuid4()), "1' OR '1'='1"):
        assert assign(cast, cast.alice, logistics, nonsense).status_code == 404


def test_out_of_another_workspace_takes_the_permission_there(
    cast: Cast, logistics: Workspace
) -> None:
    research = make_workspace(cast.acme, "Research")
    project = make_project(cast.acme, "Picking", research)
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    make_grant(research, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    response = assign(cast, cast.mia, logistics, project)
    assert response.status_code == 422
    assert where(project) == "Research"
    offered = sign_in(cast.mia).get(cast.url(f"workspaces/{logistics.pk}/projects/"))
    assert "Assign Picking" not in body_of(offered)
    for workspace in (logistics, research):
        make_grant(workspace, cast.member(cast.adam), Role.WORKSPACE_COLLABORATOR)
    assert assign(cast, cast.adam, logistics, project).status_code == 302
    assert where(project) == "Logistics"


def test_a_workspace_role_views_the_project_from_then_on_and_no_longer(
    cast: Cast, logistics: Workspace, picking: Project
) -> None:
    make_grant(logistics, cast.member(cast.vera), Role.WORKSPACE_VIEWER)
    page = cast.url(f"projects/{picking.pk}/")
    assert sign_in(cast.vera).get(page).status_code == 404
    assign(cast, cast.alice, logistics, picking)
    assert sign_in(cast.vera).get(page).status_code == 200
    address = cast.url(f"workspaces/{logistics.pk}/projects/{picking.pk}/remove/")
    shown = body_of(sign_in(cast.alice).get(address))
    assert "Vera Lindqvist" in shown
    assert sign_in(cast.alice).post(address).status_code == 302
    assert where(picking) is None
    assert sign_in(cast.vera).get(page).status_code == 404
    assert sign_in(cast.alice).post(address).status_code == 404


def test_assigning_twice_is_said_once(cast: Cast, logistics: Workspace, picking: Project) -> None:
    assign(cast, cast.alice, logistics, picking)
    assert assign(cast, cast.alice, logistics, picking).status_code == 302
    assert moves(cast) == 1


def test_an_archived_project_stays_where_it_is(cast: Cast, logistics: Workspace) -> None:
    project = make_project(cast.acme, "Picking", state="archived")
    response = assign(cast, cast.alice, logistics, project)
    assert response.status_code == 422
    assert b"Restore it before you move it" in response.content


def test_a_workspace_of_another_organization_takes_none(cast: Cast, picking: Project) -> None:
    theirs = make_workspace(cast.umbrella, "Theirs")
    access = cast.access(cast.alice)
    with pytest.raises(ValidationError) as refused:
        project_move(project=picking, workspace=theirs, actor=access)
    assert refused.value.code == "gone"


@pytest.mark.requirement("S1-017")
def test_where_owners_approve_access_an_owner_puts_it_into_a_workspace(
    cast: Cast, logistics: Workspace
) -> None:
    project = make_project(cast.acme, "Live", environment="production", policies=["owners_approve"])
    make_grant(logistics, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    response = assign(cast, cast.mia, logistics, project)
    assert response.status_code == 422
    assert b"Owners approve access" in response.content
    assert assign(cast, cast.alice, logistics, project).status_code == 302


def test_htmx_gets_the_dialog_and_its_search_alone(
    cast: Cast, logistics: Workspace, picking: Project
) -> None:
    client = sign_in(cast.alice, HX_Request="true")
    whole = client.get(cast.url(f"workspaces/{logistics.pk}/projects/"))
    assert b"<html" not in whole.content
    part = client.get(
        cast.url(f"workspaces/{logistics.pk}/projects/?q=pick"), headers={"HX-Target": "assignable"}
    )
    assert b"dialog-head" not in part.content
    assert b"Picking" in part.content


def test_a_projects_admin_without_a_workspace_role_moves_nothing(
    cast: Cast, logistics: Workspace, picking: Project
) -> None:
    group = make_group(cast.acme, "Leads")
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.PROJECTS_ADMIN)
    assert assign(cast, cast.mia, logistics, picking).status_code == 404
    settings = cast.url(f"projects/{picking.pk}/change/")
    said = {"name": "Picking", "workspace": str(logistics.pk)}
    assert sign_in(cast.mia).post(settings, said).status_code == 302
    assert where(picking) is None
