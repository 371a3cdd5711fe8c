"""Making a project: who may, which names, its workspace and its first owner."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from audit.models import Outcome
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.projects import project_create
from projects.models import Project, ProjectGrant
from tests.factories import (
    Cast,
    access_of,
    body_of,
    make_member,
    make_organization,
    make_person,
    sign_in,
)
from tests.projects.factories import make_grant, make_project, make_workspace
from tests.projects.rooms import actions, make_projects_admin, newest, projects_of
from tests.races import together

FORM = {"name": "Picking", "description": "Robots that pick"}


def create(cast: Cast, who: User, **said: str):  # type: ignore[no-untyped-def]
    return sign_in(who).post(cast.url("projects/new/"), FORM | said)


def roles_in(project: Project) -> dict[object, Role]:
    with bound(project.organization_id):
        grants = ProjectGrant.objects.in_org(project.organization_id).filter(content_object=project)
        return {grant.user_id: grant.role for grant in grants}


@pytest.mark.requirement("S2-021", "S3-032", "S2-106")
def test_an_owner_creates_a_project(cast: Cast) -> None:
    response = create(cast, cast.alice, is_product="on")
    (project,) = projects_of(cast)
    assert response["Location"] == cast.url(f"projects/{project.pk}/")
    assert (project.name, project.description, project.is_product) == (*FORM.values(), True)
    assert (project.state, project.policies, project.workspace_id) == ("active", [], None)
    assert roles_in(project) == {}
    assert actions(cast)[0] == "project.created"


@pytest.mark.requirement("S3-032")
def test_a_projects_admin_creates_a_project(cast: Cast) -> None:
    make_projects_admin(cast, cast.mia)
    assert create(cast, cast.mia).status_code == 302
    assert [one.name for one in projects_of(cast)] == ["Picking"]


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.requirement("S2-050", "S2-071", "S2-106", "S3-032")
def test_nobody_else_creates_one_not_even_a_project_owner(cast: Cast, who: str) -> None:
    other = make_project(cast.acme, "Other")
    if who != "eddie":
        make_grant(other, cast.member(getattr(cast, who)), Role.PROJECT_OWNER)
    assert create(cast, getattr(cast, who)).status_code == 302
    assert [one.name for one in projects_of(cast)] == ["Other"]
    assert (newest(cast).action, newest(cast).outcome) == ("project.created", Outcome.DENIED)


@pytest.mark.requirement("S2-021")
def test_a_superadmin_is_no_member_and_creates_none(cast: Cast) -> None:
    assert create(cast, cast.sam).status_code == 404
    assert projects_of(cast) == []


def test_sending_the_form_twice_makes_one_project(cast: Cast) -> None:
    create(cast, cast.alice)
    response = create(cast, cast.alice, description="Once more")
    assert response.status_code == 422
    assert b"A project with this name exists." in response.content
    assert b"Once more" in response.content
    assert len(projects_of(cast)) == 1


def test_the_name_of_a_deleted_project_is_free(cast: Cast) -> None:
    make_project(cast.acme, "Picking", state="deleted")
    make_project(cast.umbrella, "Picking")
    assert create(cast, cast.alice).status_code == 302


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00b", "left\u202eright", "a\u200bb"])
def test_a_bad_name_is_told_and_changes_nothing(cast: Cast, name: str) -> None:
    assert create(cast, cast.alice, name=name).status_code == 422
    assert projects_of(cast) == []


@pytest.mark.requirement("S1-017", "S2-165")
def test_production_starts_with_the_owners_approval_on(cast: Cast) -> None:
    assert "Production turns on" in body_of(sign_in(cast.alice).get(cast.url("projects/new/")))
    create(cast, cast.alice, environment="production")
    (project,) = projects_of(cast)
    assert project.policies == ["owners_approve"]
    assert actions(cast)[:2] == ["project.policies_changed", "project.created"]


def test_only_workspaces_where_one_may_assign_are_offered(cast: Cast) -> None:
    mine, other = make_workspace(cast.acme, "Mine"), make_workspace(cast.acme, "Other")
    theirs = make_workspace(cast.umbrella, "Theirs")
    make_projects_admin(cast, cast.mia)
    make_grant(mine, cast.member(cast.mia), Role.WORKSPACE_COLLABORATOR)
    make_grant(other, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    offered = body_of(sign_in(cast.mia).get(cast.url("projects/new/")))
    assert str(mine.pk) in offered
    assert str(other.pk) not in offered
    for refused in (other.pk, theirs.pk, "x", "\x00"):
        assert create(cast, cast.mia, workspace=str(refused)).status_code == 422
    assert create(cast, cast.alice, workspace=str(theirs.pk)).status_code == 422
    assert create(cast, cast.mia, workspace=str(mine.pk)).status_code == 302
    (project,) = projects_of(cast)
    assert project.workspace_id == mine.pk


@pytest.mark.parametrize("known_as", ["name", "email"])
def test_the_first_owner_is_named_by_name_or_address(cast: Cast, known_as: str) -> None:
    mia = cast.member(cast.mia)
    create(cast, cast.alice, owner=getattr(mia, known_as).upper())
    (project,) = projects_of(cast)
    assert roles_in(project) == {cast.mia.pk: Role.PROJECT_OWNER}
    assert actions(cast)[:2] == ["project.shared", "project.created"]


def test_who_is_no_member_or_cannot_hold_it_is_no_first_owner(cast: Cast) -> None:
    make_member(cast.acme, login="placeholder-1")
    for said in ("Oscar Novak", cast.oscar.email, "placeholder-1", "Eddie Okafor", "nobody"):
        response = create(cast, cast.alice, owner=said)
        assert response.status_code == 422, said
        assert projects_of(cast) == []
    make_member(cast.acme, person=make_person("Mia Castellano"))
    response = create(cast, cast.alice, owner="Mia Castellano")
    assert b"Write the address" in response.content


def test_a_projects_admin_does_not_make_themself_an_owner(cast: Cast) -> None:
    make_projects_admin(cast, cast.mia)
    response = create(cast, cast.mia, owner=cast.mia.email)
    assert response.status_code == 422
    assert b"Somebody else makes you a Project Owner." in response.content
    assert projects_of(cast) == []
    assert create(cast, cast.alice, owner=cast.alice.email).status_code == 302


@pytest.mark.requirement("S1-017")
def test_in_production_a_projects_admin_lets_nobody_in_unapproved(cast: Cast) -> None:
    make_projects_admin(cast, cast.mia)
    workspace = make_workspace(cast.acme, "Logistics")
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    live = {"environment": "production"}
    assert create(cast, cast.mia, owner=cast.adam.email, **live).status_code == 422
    assert create(cast, cast.mia, workspace=str(workspace.pk), **live).status_code == 422
    assert projects_of(cast) == []
    assert create(cast, cast.alice, owner=cast.adam.email, **live).status_code == 302


def test_names_are_suggested_while_the_owner_is_typed(cast: Cast) -> None:
    client = sign_in(cast.alice)
    found = client.get(
        cast.url("projects/new/?owner=cast"),
        headers={"HX-Request": "true", "HX-Target": "owner-options"},
    )
    assert cast.mia.email in body_of(found)
    assert cast.eddie.email not in body_of(found)
    assert b"<form" not in found.content


@pytest.mark.race
def test_of_two_that_make_the_same_name_at_once_one_is_told(committed: None) -> None:
    alice = make_person("Alice Marlow")
    acme = make_organization(alice)

    def make() -> Project:
        with bound(acme.id):
            return project_create(
                name="Picking",
                description="",
                workspace=None,
                is_product=False,
                environment="",
                owner=None,
                actor=access_of(acme, alice),
            )

    outcomes = together(make, make)
    (refused,) = (one for one in outcomes if isinstance(one, ValidationError))
    assert refused.message_dict == {"name": ["A project with this name exists."]}
    assert sum(isinstance(one, Project) for one in outcomes) == 1
