"""The settings of a project: who may change what, and two who do so at once."""

from __future__ import annotations

import re

import pytest

from accounts.models import User
from audit.models import Outcome
from config.roles import Role
from projects.models import Project
from tests.factories import Cast, body_of, sign_in
from tests.projects.factories import make_grant, make_project, make_workspace
from tests.projects.rooms import actions, again, make_projects_admin, newest

FORM = {"name": "Picking", "description": "Robots that pick"}


@pytest.fixture
def project(cast: Cast) -> Project:
    project = make_project(cast.acme, "Picking")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    return project


def change(cast: Cast, who: User, project: Project, **said: str):  # type: ignore[no-untyped-def]
    return sign_in(who).post(cast.url(f"projects/{project.pk}/change/"), FORM | said)


def set_policies(cast: Cast, who: User, project: Project, seen: str, *on: str):  # type: ignore[no-untyped-def]
    address = cast.url(f"projects/{project.pk}/policies/")
    return sign_in(who).post(address, {"policies": list(on), "seen": seen})


@pytest.mark.requirement("S2-022", "S2-056", "S2-062", "S2-111", "S3-033")
@pytest.mark.parametrize("who", ["alice", "mia", "adam"])
def test_owners_project_owners_and_projects_admins_change_it(
    cast: Cast, project: Project, who: str
) -> None:
    make_projects_admin(cast, cast.adam)
    person = getattr(cast, who)
    page = body_of(sign_in(person).get(cast.url(f"projects/{project.pk}/settings/")))
    assert 'id="general"' in page
    assert 'id="policies"' in page
    assert 'id="danger"' in page
    assert change(cast, person, project, name="Packing", is_product="on").status_code == 302
    found = again(project)
    assert (found.name, found.is_product) == ("Packing", True)
    assert actions(cast)[0] == "project.changed"


@pytest.mark.requirement("S2-085", "S2-111")
@pytest.mark.parametrize("role", [Role.PROJECT_MEMBER, Role.PROJECT_VIEWER])
def test_a_project_member_changes_nothing(cast: Cast, project: Project, role: Role) -> None:
    make_grant(project, cast.member(cast.vera), role)
    assert change(cast, cast.vera, project, name="Mine").status_code == 302
    assert set_policies(cast, cast.vera, project, "", "shares_end").status_code == 302
    assert (again(project).name, again(project).policies) == ("Picking", [])
    assert newest(cast).outcome == Outcome.DENIED
    page = body_of(sign_in(cast.vera).get(cast.url(f"projects/{project.pk}/")))
    for hidden in ("/settings/", "/delete/", "/archive/", "/share/"):
        assert f"projects/{project.pk}{hidden}" not in page


@pytest.mark.requirement("S2-070", "S2-056")
def test_a_project_owner_opens_no_organization_settings(cast: Cast, project: Project) -> None:
    assert sign_in(cast.mia).get(cast.url("settings/")).status_code == 302
    assert sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/settings/")).status_code == 200


@pytest.mark.parametrize("said", [{"name": ""}, {"name": "a\x00"}, {"environment": "live"}])
def test_a_bad_entry_is_told_and_stays(cast: Cast, project: Project, said: dict[str, str]) -> None:
    response = change(cast, cast.alice, project, **said)
    assert response.status_code == 422
    assert b"Robots that pick" in response.content
    assert again(project).description == ""


def test_a_name_that_is_taken_is_told(cast: Cast, project: Project) -> None:
    make_project(cast.acme, "Packing", state="archived")
    response = change(cast, cast.alice, project, name="Packing")
    assert response.status_code == 422
    assert b"A project with this name exists." in response.content
    assert again(project).name == "Picking"


def test_the_second_of_two_tabs_is_told_what_stands_there_now(cast: Cast, project: Project) -> None:
    first = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/settings/"))
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', first.content.decode())
    assert seen
    change(cast, cast.alice, project, name="Theirs")
    response = change(cast, cast.mia, project, name="Mine", seen=seen[1])
    assert response.status_code == 409
    assert "It now says: Name: Theirs" in body_of(response)
    assert 'value="Mine"' in body_of(response)
    assert again(project).name == "Theirs"
    newer = re.search(r'name="seen" value="([0-9a-f]+)"', response.content.decode())
    assert newer
    assert change(cast, cast.mia, project, name="Mine", seen=newer[1]).status_code == 302
    assert again(project).name == "Mine"


def test_saving_what_stands_there_writes_nothing(cast: Cast, project: Project) -> None:
    before = newest(cast).sequence
    assert change(cast, cast.alice, project, description="").status_code == 302
    assert newest(cast).sequence == before


def test_becoming_production_turns_the_owners_approval_on(cast: Cast, project: Project) -> None:
    change(cast, cast.mia, project, environment="production")
    assert again(project).policies == ["owners_approve"]
    assert actions(cast)[:2] == ["project.policies_changed", "project.changed"]
    change(cast, cast.mia, project, environment="")
    assert again(project).policies == ["owners_approve"]


def test_moving_is_part_of_the_settings_for_who_may(cast: Cast, project: Project) -> None:
    workspace, other = make_workspace(cast.acme, "Logistics"), make_workspace(cast.acme, "Other")
    theirs = make_workspace(cast.umbrella, "Theirs")
    page = body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/settings/")))
    assert "Collaborators and Admins of a workspace assign it." in page
    change(cast, cast.mia, project, workspace=str(workspace.pk))
    assert again(project).workspace is None
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_COLLABORATOR)
    for refused in (other, theirs):
        assert change(cast, cast.mia, project, workspace=str(refused.pk)).status_code == 422
    assert change(cast, cast.alice, project, workspace=str(theirs.pk)).status_code == 422
    said = {"workspace": str(workspace.pk), "name": "Packing"}
    assert change(cast, cast.mia, project, **said).status_code == 302
    assert (again(project).workspace, again(project).name) == (workspace, "Packing")
    assert actions(cast)[:2] == ["project.changed", "project.moved"]
    assert change(cast, cast.alice, project, workspace=str(other.pk)).status_code == 302
    change(cast, cast.mia, project, workspace="")
    assert again(project).workspace == other


def test_what_is_refused_after_the_move_undoes_the_move(cast: Cast, project: Project) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    make_project(cast.acme, "Taken")
    said = {"workspace": str(workspace.pk), "name": "Taken"}
    assert change(cast, cast.alice, project, **said).status_code == 422
    assert again(project).workspace is None


@pytest.mark.requirement("S2-063", "S2-056")
def test_a_project_owner_sets_its_policies(cast: Cast, project: Project) -> None:
    response = set_policies(cast, cast.mia, project, "", "shares_end", "shares_need_reason")
    assert response.status_code == 302
    assert again(project).policies == ["shares_end", "shares_need_reason"]
    event = newest(cast)
    assert event.action == "project.policies_changed"
    body = body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/")))
    assert "Every share ends" in body


@pytest.mark.requirement("S1-017")
def test_the_owners_approval_is_turned_off_by_an_owner_only(cast: Cast) -> None:
    project = make_project(cast.acme, "Live", policies=["owners_approve"])
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    page = body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/settings/")))
    assert "An Owner turns it off." in page
    response = set_policies(cast, cast.mia, project, "owners_approve", "shares_end")
    assert response.status_code == 422
    assert again(project).policies == ["owners_approve"]
    assert set_policies(cast, cast.alice, project, "owners_approve").status_code == 302
    assert again(project).policies == []


def test_policies_that_changed_meanwhile_are_not_overwritten(cast: Cast, project: Project) -> None:
    set_policies(cast, cast.alice, project, "", "shares_end")
    response = set_policies(cast, cast.mia, project, "", "shares_need_reason")
    assert response.status_code == 409
    assert again(project).policies == ["shares_end"]


@pytest.mark.parametrize("policy", ["everything", "", "\x00", "members_read_costs"])
def test_an_unknown_policy_is_refused(cast: Cast, project: Project, policy: str) -> None:
    assert set_policies(cast, cast.alice, project, "", policy).status_code == 422
    assert again(project).policies == []


def test_an_archived_project_has_no_settings(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking", state="archived")
    assert change(cast, cast.alice, project, name="Other").status_code == 302
    assert sign_in(cast.alice).get(cast.url(f"projects/{project.pk}/settings/")).status_code == 302
    assert again(project).name == "Picking"
