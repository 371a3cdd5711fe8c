"""A project's overview: who answers for it, what it holds, and who works on both sides of it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.roles import Role
from orgs.actions.members import member_remove
from projects.models import Project
from projects.queries.project_facts import stem_of
from tests.factories import Cast, body_of, make_group, make_member, make_seat, sign_in
from tests.projects.factories import make_grant, make_project, make_resource, make_workspace


def page(cast: Cast, person: User, project: Project, path: str = "") -> str:
    response = sign_in(person).get(cast.url(f"projects/{project.pk}/{path}"))
    assert response.status_code == 200
    return body_of(response)


def test_it_names_its_owners_and_counts_what_it_holds(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, "Picking", workspace, environment="staging")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    group = make_group(cast.acme, "Pickers")
    make_seat(group, cast.member(cast.adam))
    make_grant(project, group, Role.PROJECT_OWNER)
    for _ in range(3):
        make_resource(project, "agent")
    make_resource(project, "knowledge_base")
    body = page(cast, cast.vera, project)
    for said in ("Mia Castellano", "through Pickers", "2 people", "1 group", "4 resources"):
        assert said in body, said
    for said in ("Staging", "Logistics", "Agents", "Knowledge base", "Project Viewer"):
        assert said in body, said
    assert 'id="count-project_access">3<' in body


def test_when_the_last_project_owner_leaves_the_owners_answer(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    words = "Nobody owns this project directly; the organization's owners answer for it."
    assert words not in page(cast, cast.alice, project)
    member_remove(membership=cast.member(cast.mia), reason="Left", actor=cast.access(cast.alice))
    assert words in page(cast, cast.alice, project).replace("&#x27;", "'")
    assert "Your role here</dt><dd>Owner</dd>" in page(cast, cast.alice, project)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Order intake (prod)", "order intake"),
        ("order-intake DEV", "order intake"),
        ("Production", ""),
        ("Produce", "produce"),
        ("Development_of dreams", "of dreams"),
    ],
)
def test_the_stem_of_a_name_leaves_its_environment_out(name: str, stem: str) -> None:
    assert stem_of(name) == stem


@pytest.mark.requirement("S2-165")
def test_shared_people_of_production_and_development_are_pointed_out(cast: Cast) -> None:
    live = make_project(cast.acme, "Order intake (prod)", environment="production")
    trial = make_project(cast.acme, "Order intake dev", environment="development")
    for project in (live, trial):
        make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(live, cast.member(cast.vera), Role.PROJECT_VIEWER)
    for path in ("", "settings/"):
        assert "Production and development share people" in page(cast, cast.alice, live, path)
        assert "Development and production share people" in page(cast, cast.mia, trial, path)
    assert "Mia Castellano has" in page(cast, cast.alice, live)
    # Who may not see the other project is told nothing of it.
    assert "Order intake dev" not in page(cast, cast.vera, live)


@pytest.mark.requirement("S2-165")
def test_a_workspace_makes_two_projects_one_thing_and_a_group_is_shared_too(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    live = make_project(cast.acme, "Picking", workspace, environment="production")
    trial = make_project(cast.acme, "Experiments", workspace, environment="development")
    group, secret = make_group(cast.acme, "Pickers"), make_group(cast.acme, "Hidden", secret=True)
    make_seat(group, cast.member(cast.mia))
    make_grant(live, group, Role.PROJECT_MEMBER)
    make_grant(trial, group, Role.PROJECT_VIEWER)
    for project in (live, trial):
        make_grant(project, secret, Role.PROJECT_VIEWER)
    body = page(cast, cast.mia, live)
    assert "the group Pickers" in body
    assert "Hidden" not in body
    assert "the group Hidden" in page(cast, cast.alice, live)


@pytest.mark.requirement("S2-165")
@pytest.mark.parametrize(
    ("name", "label", "state"),
    [
        ("Order intake dev", "staging", "active"),
        ("Order intake dev", "", "active"),
        ("Invoices dev", "development", "active"),
        ("Order intake dev", "development", "archived"),
    ],
)
def test_what_is_no_pair_is_not_pointed_out(cast: Cast, name: str, label: str, state: str) -> None:
    live = make_project(cast.acme, "Order intake", environment="production")
    other = make_project(cast.acme, name, environment=label, state=state)
    for project in (live, other):
        make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    assert "share people" not in page(cast, cast.alice, live)


def test_two_teams_that_differ_are_not_pointed_out(cast: Cast) -> None:
    live = make_project(cast.acme, "Order intake", environment="production")
    trial = make_project(cast.acme, "Order intake dev", environment="development")
    make_grant(live, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(trial, cast.member(cast.vera), Role.PROJECT_OWNER)
    assert "share people" not in page(cast, cast.alice, live)


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    live = make_project(cast.acme, "Picking", workspace, environment="production")
    trial = make_project(cast.acme, "Picking dev", workspace, environment="development")
    client = sign_in(cast.mia)
    mia = cast.member(cast.mia)
    for project in (live, trial):
        make_grant(project, mia, Role.PROJECT_OWNER)

    def queries(path: str) -> int:
        client.get(cast.url(f"projects/{live.pk}/{path}"))
        with CaptureQueriesContext(connection) as made:
            assert client.get(cast.url(f"projects/{live.pk}/{path}")).status_code == 200
        return len(made)

    few = {path: queries(path) for path in ("", "settings/")}
    for number in range(8):
        other = make_member(cast.acme)
        group = make_group(cast.acme)
        make_seat(group, other)
        make_resource(live, "tool")
        for project in (live, trial):
            make_grant(project, other, Role.PROJECT_OWNER)
            make_grant(project, group, Role.PROJECT_MEMBER)
        third = make_project(cast.acme, f"Picking dev {number}", workspace)
        make_grant(third, other, Role.PROJECT_OWNER)
    assert {path: queries(path) for path in few} == few
    assert max(few.values()) <= 15, few
