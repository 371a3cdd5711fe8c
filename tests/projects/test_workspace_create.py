"""Making and changing a workspace: who may, which names, two tabs at once."""

from __future__ import annotations

import pytest

from audit.models import Event, Outcome
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.workspaces import workspace_create
from projects.models import Workspace
from tests.factories import Cast, access_of, make_organization, make_person, sign_in
from tests.projects.factories import make_grant, make_workspace
from tests.races import together

FORM = {"name": "Logistics", "description": "All that moves"}


def workspaces_of(cast: Cast) -> list[Workspace]:
    with bound(cast.acme.id):
        return list(Workspace.objects.in_org(cast.acme).order_by("sort_name"))


def newest(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event
    return event


@pytest.mark.requirement("S4-027", "S4-038")
def test_an_owner_creates_a_workspace(cast: Cast) -> None:
    response = sign_in(cast.alice).post(cast.url("workspaces/new/"), FORM)
    (workspace,) = workspaces_of(cast)
    assert response["Location"] == cast.url(f"workspaces/{workspace.pk}/")
    assert (workspace.name, workspace.description) == ("Logistics", "All that moves")
    assert newest(cast).action == "workspace.created"


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.requirement("S4-027", "S4-038")
def test_nobody_else_creates_a_workspace(cast: Cast, who: str) -> None:
    other = make_workspace(cast.acme, "Research")
    if who != "eddie":
        make_grant(other, cast.member(getattr(cast, who)), Role.WORKSPACE_ADMIN)
    response = sign_in(getattr(cast, who)).post(cast.url("workspaces/new/"), FORM)
    assert response.status_code == 302
    assert [one.name for one in workspaces_of(cast)] == ["Research"]
    assert (newest(cast).action, newest(cast).outcome) == ("workspace.created", Outcome.DENIED)


def test_sending_the_form_twice_makes_one_workspace(cast: Cast) -> None:
    client = sign_in(cast.alice)
    client.post(cast.url("workspaces/new/"), FORM)
    response = client.post(cast.url("workspaces/new/"), FORM)
    assert response.status_code == 422
    assert b"A workspace with this name exists." in response.content
    assert len(workspaces_of(cast)) == 1
    assert newest(cast).outcome == Outcome.FAILED


def test_a_name_in_another_organization_is_no_hindrance(cast: Cast) -> None:
    make_workspace(cast.umbrella, "Logistics")
    assert sign_in(cast.alice).post(cast.url("workspaces/new/"), FORM).status_code == 302


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00b", "left\u202eright", "a\u200bb"])
def test_a_bad_name_is_told_and_changes_nothing(cast: Cast, name: str) -> None:
    response = sign_in(cast.alice).post(cast.url("workspaces/new/"), FORM | {"name": name})
    assert response.status_code == 422
    assert workspaces_of(cast) == []


def test_a_workspace_admin_renames_their_own(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    address = cast.url(f"workspaces/{workspace.pk}/change/")
    assert sign_in(cast.mia).post(address, FORM | {"name": "Freight"}).status_code == 302
    assert [one.name for one in workspaces_of(cast)] == ["Freight"]
    assert newest(cast).action == "workspace.changed"


@pytest.mark.parametrize("role", [Role.WORKSPACE_VIEWER, Role.WORKSPACE_COLLABORATOR])
def test_a_viewer_or_collaborator_does_not_rename(cast: Cast, role: Role) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    make_grant(workspace, cast.member(cast.mia), role)
    address = cast.url(f"workspaces/{workspace.pk}/change/")
    assert sign_in(cast.mia).post(address, FORM | {"name": "Mine"}).status_code == 302
    assert [one.name for one in workspaces_of(cast)] == ["Logistics"]


def test_saving_what_stands_there_writes_nothing(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics", description="All that moves")
    before = newest(cast).sequence
    sign_in(cast.alice).post(cast.url(f"workspaces/{workspace.pk}/change/"), FORM)
    assert newest(cast).sequence == before


@pytest.mark.race
def test_of_two_that_make_the_same_name_at_once_one_is_told(committed: None) -> None:
    alice = make_person("Alice Marlow")
    acme = make_organization(alice)

    def make() -> Workspace:
        with bound(acme.id):
            access = access_of(acme, alice)
            return workspace_create(name="Logistics", description="", actor=access)

    outcomes = together(make, make)
    assert sum(isinstance(one, Workspace) for one in outcomes) == 1
    (refused,) = (one for one in outcomes if not isinstance(one, Workspace))
    assert refused.message_dict == {"name": ["A workspace with this name exists."]}
