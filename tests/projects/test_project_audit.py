"""The log of one project: its own entries, at any depth, and nobody else's (S2-047, S2-124)."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.queries import EventFilter
from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project
from projects.queries.project_log import project_log
from tests.factories import TEST, Cast, make_group, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_resource,
    make_workspace,
)
from tests.projects.parts import make_secret


def page(cast: Cast, project: Project) -> str:
    return cast.url(f"projects/{project.pk}/audit/")


@pytest.mark.requirement("S2-047", "S2-081", "S2-124")
def test_a_project_member_reads_it(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    response = sign_in(cast.mia).get(page(cast, project))
    assert response.status_code == 200
    assert "Order intake" in response.content.decode()


@pytest.mark.requirement("S2-066", "S2-124")
def test_a_project_owner_and_an_owner_read_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    for person in (cast.mia, cast.alice):
        assert sign_in(person).get(page(cast, project)).status_code == 200


@pytest.mark.requirement("S2-124")
@pytest.mark.parametrize("who", ["adam", "vera", "eddie", "mia"])
def test_without_a_role_there_it_is_not_there(cast: Cast, who: str) -> None:
    assert sign_in(getattr(cast, who)).get(page(cast, make_project(cast.acme))).status_code == 404


def test_a_workspace_viewer_sees_the_project_and_not_its_log(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    assert sign_in(cast.mia).get(page(cast, project)).status_code == 302


def test_it_tells_of_resources_secrets_requests_and_shares(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    make_resource(project, name="Triage agent")
    make_secret(cast, project, "API_TOKEN")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    make_request(cast.member(cast.vera), project=project, role="project_member")
    body = sign_in(cast.alice).get(page(cast, project)).content.decode()
    for action in ("project.<wbr>created", "resource.<wbr>created", "secret.<wbr>created"):
        assert action in body
    assert "project.<wbr>shared" in body
    assert "request.<wbr>made" in body


@pytest.mark.requirement("S2-130")
def test_no_entry_of_another_project_is_in_it(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme, "Zanzibar harbour")
    make_resource(other, name="Zanzibar agent")
    make_secret(cast, other, "ZANZIBAR_TOKEN")
    make_project(cast.umbrella, "Zanzibar umbrella")
    body = sign_in(cast.alice).get(page(cast, project)).content.decode()
    assert "zanzibar" not in body.lower()


def test_who_may_not_read_the_whole_log_learns_neither_origin_nor_a_way_into_it(
    cast: Cast,
) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    client = sign_in(cast.mia)
    client.post(cast.url(f"projects/{project.pk}/secrets/new/"), {"name": "A", "value": "b"})
    body = client.get(page(cast, project)).content.decode()
    assert "secret.<wbr>created" in body
    assert "127.0.0.1" not in body
    assert "/audit-log/" not in body
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.AUDIT_LOG_READER)
    assert "127.0.0.1" in sign_in(cast.mia).get(page(cast, project)).content.decode()


def many(project: Project, number: int) -> None:
    with bound(project.organization_id):
        for n in range(number):
            ledger.record(
                Event.PROJECT_ARCHIVED,
                organization=project.organization_id,
                actor=TEST,
                target=Target("project", project.pk, project.name),
                changes={"state": ("active", f"step {n}")},
            )


def test_its_pages_hold_every_entry_once_forwards_and_back(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    for _ in range(4):
        many(project, 30)
        many(other, 7)
    alice = cast.access(cast.alice)
    with bound(cast.acme.id):
        pages, cursor = [], None
        while True:
            found = project_log(project=project, cursor=cursor, viewer=alice)
            pages.append([entry.sequence for entry in found.rows])
            if not found.older:
                break
            cursor = found.older
        assert [len(each) for each in pages] == [50, 50, 21]
        everything = list(chain.from_iterable(pages))
        assert everything == sorted(set(everything), reverse=True)
        back = [project_log(project=project, cursor=found.newer, viewer=alice)]
        back.append(project_log(project=project, cursor=back[0].newer, viewer=alice))
        assert [[entry.sequence for entry in each.rows] for each in back] == pages[1::-1]
        assert back[1].newer is None


@pytest.mark.parametrize("cursor", ["x", ">", "<x", ">-1", ">9" * 9, "<0", ">" + "9" * 30, "\x00"])
def test_a_bad_cursor_is_none(cast: Cast, cursor: str) -> None:
    project = make_project(cast.acme)
    response = sign_in(cast.alice).get(page(cast, project), {"page": cursor})
    assert response.status_code == 200


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    project, client = make_project(cast.acme), sign_in(cast.alice)
    counts = []
    for _ in range(2):
        client.get(page(cast, project))
        with CaptureQueriesContext(connection) as queries:
            client.get(page(cast, project))
        counts.append(len(queries))
        many(project, 60)
        make_resource(project)
    assert counts[0] == counts[1]
    assert counts[1] <= 16, counts


def numbers(response: Any) -> list[str]:
    return [entry.action for day in response.context["days"] for entry in day.entries]


@pytest.mark.requirement("S2-066", "S2-124")
def test_the_same_filters_hold_in_it(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    make_resource(project, name="Triage agent")
    make_secret(cast, project, "API_TOKEN")
    make_resource(make_project(cast.acme), name="Triage of others")
    client = sign_in(cast.alice)

    def found(**query: str) -> list[str]:
        return numbers(client.get(page(cast, project), query))

    assert found(q="triage") == ["resource.created"]
    assert found(area="secret") == ["secret.created"]
    assert found(q="triage", area="secret") == []
    assert found(outcome="done", action="project.created") == ["project.created"]
    assert found(until="2020-01-01") == []
    response = client.get(page(cast, project), {"q": "triage", "since": "x", "key": "1"})
    assert response.context["misread"] == ["From"]
    assert response.context["total"] == "1 entry"
    assert "No entry matches." in client.get(page(cast, project), {"q": "zzz"}).content.decode()


def test_what_one_may_not_read_is_not_searched_either(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    hidden = make_group(cast.acme, "Zanzibar", secret=True)
    make_grant(project, hidden, Role.PROJECT_MEMBER)
    client = sign_in(cast.mia)
    assert "project.shared" in numbers(client.get(page(cast, project), {"q": "shared"}))
    for query in ({"q": "zanzibar"}, {"q": "zan", "area": "project"}):
        assert numbers(client.get(page(cast, project), query)) == []
        assert "project.shared" in numbers(sign_in(cast.alice).get(page(cast, project), query))
    assert "project.shared" in numbers(client.get(page(cast, project), {"q": "a secret group"}))
    everything = numbers(client.get(page(cast, project)))
    assert numbers(client.get(page(cast, project), {"ip": "203.0.113.9"})) == everything


def test_filtered_pages_hold_every_match_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.queries.parts.LOOKED_THROUGH", 7)
    project = make_project(cast.acme)
    many(project, 30)
    alice = cast.access(cast.alice)
    filters = EventFilter(text="step 2")
    with bound(cast.acme.id):
        found, cursor = [], None
        while True:
            part = project_log(project=project, cursor=cursor, viewer=alice, filters=filters)
            found += [entry.change_of("state") for entry in part.rows]
            cursor = part.older
            if cursor is None:
                break
    assert [after for _, after in found] == [f"step {n}" for n in (*range(29, 19, -1), 2)]


def test_reading_it_leaves_one_entry_in_ten_minutes(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    client = sign_in(cast.alice)
    for _ in range(2):
        response = client.get(page(cast, project))
    assert numbers(response).count("audit.project_read") == 1
    assert "read the audit log of the project" in response.content.decode()
