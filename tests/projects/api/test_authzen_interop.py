"""The interoperability scenarios of AuthZEN, Todo and Search, played by stored roles.

The scenario of gateways asks about methods on routes, which are no objects of a tenant.
"""

from __future__ import annotations

import pytest

from config.roles import Permission, Role
from tests.factories import Cast, make_group, make_member, make_seat
from tests.projects.api.scenarios import Said, Scenario, data
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db
P = Permission


@pytest.fixture
def records(cast: Cast) -> Scenario:
    """Owners own, managers build in their department; it and every manager look, as groups."""
    org, said = cast.acme, data("search")
    people = {name: make_member(org) for name, _, _ in said["users"]}
    projects = {name: make_project(org) for name, _, _ in said["records"]}
    groups = {}
    for name, role, department in said["users"]:
        for team in [department, *(["managers", f"managers {department}"] * (role == "manager"))]:
            groups.setdefault(team, make_group(org))
            make_seat(groups[team], people[name])
    for name, department, owner in said["records"]:
        make_grant(projects[name], people[owner], Role.PROJECT_OWNER)
        for team, role in (
            (department, Role.PROJECT_VIEWER),
            ("managers", Role.PROJECT_VIEWER),
            (f"managers {department}", Role.PROJECT_MEMBER),
        ):
            if team in groups:
                make_grant(projects[name], groups[team], role)
    return Scenario(
        org=org,
        platform=Platform(org, "decide"),
        people=people,
        projects=projects,
        actions={"view": P.PROJECTS_VIEW, "edit": P.AGENTS_CREATE, "delete": P.PROJECTS_CHANGE},
    )


def test_every_published_search_finds_what_is_published(records: Scenario) -> None:
    """Exactly that, but for the owner of the tenant, who is no person of the scenario."""
    said = data("search")
    user, record = {"type": "user"}, {"type": "record"}

    def found(kind: str, asked: Said) -> list[str]:
        response = records.post(f"search/{kind}", asked)
        assert response.status_code == 200, response.content
        assert response.json()["page"]["next_token"] == ""
        return sorted(records.found(response))

    for action, name, wanted in said["subject"]:
        asked = {"subject": user, "action": {"name": action}, "resource": record | {"id": name}}
        assert found("subject", asked) == sorted(wanted), asked
    for name, action, wanted in said["resource"]:
        asked = {"subject": user | {"id": name}, "action": {"name": action}, "resource": record}
        assert found("resource", asked) == sorted(wanted), asked
    for name, on, wanted in said["action"]:
        asked = {"subject": user | {"id": name}, "resource": record | {"id": on}}
        assert found("action", asked) == sorted(wanted), asked


EDITS, LOOKS = "editor", "viewer"


@pytest.fixture
def todos(cast: Cast) -> Scenario:
    """Who owns a todo is stored: it never changes in the data."""
    org, said = cast.acme, data("todo")
    people = {pk: make_member(org) for pk, *_ in said["users"]}
    owners = {
        item["resource"]["id"]: item["resource"]["properties"]["ownerID"]
        for case in [*said["evaluation"], *said["evaluations"]]
        for item in case["send"].get("evaluations", [case["send"]])
        if "properties" in item["resource"]
    }
    projects = {name: make_project(org) for name in (*owners, "todo-1")}
    for pk, _, roles, address in said["users"]:
        may_create = Role.PROJECT_VIEWER if LOOKS in roles else Role.PROJECT_MEMBER
        make_grant(projects["todo-1"], people[pk], may_create)
        for name, owner in owners.items():
            owns = "admin" in roles or (EDITS in roles and owner == address)
            make_grant(
                projects[name], people[pk], Role.PROJECT_OWNER if owns else Role.PROJECT_VIEWER
            )
    return Scenario(
        org=org,
        platform=Platform(org, "decide"),
        people=people,
        projects=projects,
        actions={
            "can_read_user": P.MEMBERS_VIEW,
            "can_read_todos": P.PROJECTS_VIEW,
            "can_create_todo": P.AGENTS_CREATE,
            "can_update_todo": P.AGENTS_CREATE,
            "can_delete_todo": P.PROJECTS_CHANGE,
        },
        place_type="todo",
    )


def test_every_published_todo_is_decided_as_published(todos: Scenario) -> None:
    said = data("todo")
    everybody = {"type": "organization", "id": str(todos.org.pk)}
    for case in said["evaluation"]:
        asked = case["send"]
        if asked["resource"]["type"] == "user":
            asked = asked | {"resource": everybody}
        answer = todos.post("evaluation", asked).json()
        assert answer["decision"] is case["decision"], case
    for case in said["evaluations"]:
        answer = todos.post("evaluations", case["send"]).json()
        assert [one["decision"] for one in answer["evaluations"]] == case["decisions"], case
