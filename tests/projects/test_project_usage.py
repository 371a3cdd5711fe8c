"""The usage of one project: thirty days counted, and nothing of another's (S2-048)."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.roles import Role
from orgs.tenancy import bound
from projects.queries.usage import Count, project_usage
from tests.factories import Cast, make_member, sign_in
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.parts import make_execution

DAY = datetime.timedelta(days=1)


@pytest.mark.requirement("S2-048")
def test_a_project_member_reads_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    agent = make_resource(project, name="Triage agent")
    make_execution(project, agent, started_by=cast.member(cast.mia), summary="Sorted the mail")
    body = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/usage/")).content.decode()
    assert "Triage agent" in body
    assert "100 % succeeded" in body
    assert "Sorted the mail" in body


@pytest.mark.requirement("S1-025")
def test_a_member_reads_the_execution_records_of_an_assigned_project_only(cast: Cast) -> None:
    mine, other = make_project(cast.acme), make_project(cast.acme)
    make_grant(mine, cast.member(cast.mia), Role.PROJECT_MEMBER)
    make_execution(mine, summary="Of mine")
    make_execution(other, summary="Of the other")
    client = sign_in(cast.mia)
    body = client.get(cast.url(f"projects/{mine.pk}/usage/")).content.decode()
    assert "Of mine" in body
    assert "Of the other" not in body
    assert client.get(cast.url(f"projects/{other.pk}/usage/")).status_code == 404
    assert client.get(cast.url("executions/")).status_code == 302


def test_only_who_may_view_costs_reads_that_they_come_with_billing(cast: Cast) -> None:
    project = make_project(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    url = cast.url(f"projects/{project.pk}/usage/")
    assert "And by person, key and model" not in sign_in(cast.mia).get(url).content.decode()
    assert grant
    assert "And by person, key and model" in sign_in(cast.alice).get(url).content.decode()


def test_it_counts_thirty_days_by_day_resource_and_person(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    agent, flow = make_resource(project), make_resource(project, "workflow")
    mia = cast.member(cast.mia)
    for _ in range(3):
        make_execution(project, agent, started_by=mia)
    make_execution(project, flow, state="failed", ago=29 * DAY)
    make_execution(project, flow, state="running", ago=DAY)
    make_execution(project, flow, ago=31 * DAY)
    make_execution(project, kind="log")
    make_execution(other)
    with bound(cast.acme.id):
        usage = project_usage(project)
    assert usage.total == Count(5, 3, 1)
    assert usage.total.success == 75
    assert len(usage.days) == 30
    assert usage.days[-1][1] == Count(3, 3, 0)
    assert (usage.days[0][1].failed, usage.days[-2][1].others) == (1, 1)
    assert [(share.name, share.count.total) for share in usage.resources] == [
        (agent.name, 3),
        (flow.name, 2),
    ]
    assert [(share.name, share.count.total) for share in usage.people] == [
        (mia.name, 3),
        ("The platform", 2),
    ]


def test_many_people_make_one_line_of_the_rest_and_no_more_queries(cast: Cast) -> None:
    project, client = make_project(cast.acme), sign_in(cast.alice)
    url = cast.url(f"projects/{project.pk}/usage/")
    counts = []
    for number in (1, 12):
        for _ in range(number):
            agent = make_resource(project)
            make_execution(project, agent, started_by=make_member(cast.acme))
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            body = client.get(url).content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "7 others" in body


def test_without_any_it_says_so(cast: Cast) -> None:
    project = make_project(cast.acme)
    body = sign_in(cast.alice).get(cast.url(f"projects/{project.pk}/usage/")).content.decode()
    assert "Nothing has been recorded yet." in body
    assert "None yet" in body
