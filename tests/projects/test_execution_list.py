"""Recorded executions: logs of runners, runs of automations, all of them (S1-025, S3-030)."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.roles import Role
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_group_role, make_project, make_resource
from tests.projects.parts import make_execution

PAGES = ["runners/logs/", "automations/history/", "executions/"]


@pytest.mark.requirement("S1-025")
@pytest.mark.parametrize("who", ["alice", "adam", "vera"])
def test_who_views_executions_reads_all_of_them(cast: Cast, who: str) -> None:
    agent = make_resource(make_project(cast.acme, "Order intake"), name="Triage agent")
    make_execution(agent.project, agent, summary="Sorted the mail")
    client = sign_in(getattr(cast, who))
    body = client.get(cast.url("executions/")).content.decode()
    for words in ("Sorted the mail", "Triage agent", "Order intake"):
        assert words in body
    assert cast.url("executions/") in client.get(cast.url()).content.decode()


@pytest.mark.requirement("S1-025")
@pytest.mark.parametrize("who", ["mia", "eddie"])
def test_others_do_not(cast: Cast, who: str) -> None:
    client = sign_in(getattr(cast, who))
    assert client.get(cast.url("executions/")).status_code == 302
    assert cast.url("executions/") not in client.get(cast.url("inbox/")).content.decode()


@pytest.mark.requirement("S2-130")
@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_another_organization_is_there(cast: Cast, path: str) -> None:
    runner = make_resource(cast.umbrella, "runner", "Zanzibar")
    theirs = make_execution(cast.umbrella, runner, kind="log", summary="Zanzibar log")
    flow = make_resource(cast.umbrella, "automation", "Zanzibar flow")
    make_execution(cast.umbrella, flow, summary="Zanzibar run")
    client = sign_in(cast.alice)
    assert "Zanzibar" not in client.get(cast.url(path)).content.decode()
    asked = {"resource": str(theirs.resource_id), "project": str(uuid.uuid4())}
    body = client.get(cast.url(path), asked).content.decode()
    assert "Zanzibar" not in body
    assert "Not here" in body


@pytest.mark.requirement("S3-030", "S3-049")
@pytest.mark.parametrize(
    ("path", "role", "kind"),
    [
        ("runners/logs/", Role.RUNNERS_ADMIN, "log"),
        ("automations/history/", Role.AUTOMATIONS_ADMIN, "run"),
    ],
)
def test_an_owner_and_the_groups_admin_read_them(
    cast: Cast, path: str, role: Role, kind: str
) -> None:
    thing = make_resource(cast.acme, "runner" if kind == "log" else "automation")
    make_execution(cast.acme, thing, kind=kind, summary="Of ours")
    make_execution(cast.acme, kind=kind, summary="Of one deleted")
    make_execution(make_project(cast.acme), kind=kind, summary="Of a project")
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, role)
    for person in (cast.alice, cast.mia):
        body = sign_in(person).get(cast.url(path)).content.decode()
        assert "Of ours" in body
        assert "Of one deleted" in body
        assert "Of a project" not in body


@pytest.mark.requirement("S3-030", "S3-049")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.parametrize("path", PAGES[:2])
def test_nobody_else_reads_them(cast: Cast, who: str, path: str) -> None:
    assert sign_in(getattr(cast, who)).get(cast.url(path)).status_code == 302


@pytest.mark.parametrize("path", PAGES)
def test_without_any_it_says_when_they_appear(cast: Cast, path: str) -> None:
    body = sign_in(cast.alice).get(cast.url(path)).content.decode()
    assert "Nothing has been recorded yet." in body
    assert "Runs appear when the platform reports them." in body


def test_state_kind_resource_and_project_narrow_it(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme))
    make_execution(agent.project, agent, state="failed", summary="Broke")
    make_execution(cast.acme, kind="log", summary="Logged")
    client, url = sign_in(cast.alice), cast.url("executions/")
    for asked in (
        {"state": "failed"},
        {"kind": "run"},
        {"resource": str(agent.pk)},
        {"project": str(agent.project_id)},
    ):
        body = client.get(url, asked).content.decode()
        assert "Broke" in body
        assert "Logged" not in body
    assert "No execution matches." in client.get(url, {"state": "cancelled"}).content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "x\x00"},
        {"kind": "'--"},
        {"resource": "x"},
        {"resource": "\x00"},
        {"project": "1" * 5_000},
        {"page": "AAAA"},
        {"page": "\x00"},
    ],
)
@pytest.mark.parametrize("path", PAGES)
def test_what_is_not_understood_counts_as_not_said(
    cast: Cast, path: str, asked: dict[str, str]
) -> None:
    make_execution(cast.acme, kind="log", summary="Here")
    make_execution(cast.acme, summary="Here")
    response = sign_in(cast.alice).get(cast.url(path), asked)
    assert response.status_code == 200
    assert "Here" in response.content.decode()


def test_it_is_paged_with_its_filters_and_its_queries_do_not_grow(cast: Cast) -> None:
    client, counts = sign_in(cast.alice), []
    for number in (3, 60):
        for n in range(number):
            agent = make_resource(make_project(cast.acme))
            make_execution(agent.project, agent, ago=datetime.timedelta(minutes=n))
        client.get(cast.url("executions/?state=succeeded"))
        with CaptureQueriesContext(connection) as queries:
            body = client.get(cast.url("executions/?state=succeeded")).content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "?state=succeeded&amp;page=" in body
