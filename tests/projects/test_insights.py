"""Who reads insights, what they are told, and what is withheld (S3-051 to S3-055)."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.roles import Policy, Role
from orgs.models import Organization
from orgs.tenancy import bound
from projects.models import Project
from projects.weeks import WEEK, Span
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_resource
from tests.projects.insights import noon, turn_on, used

OFF = "Insights of this project are off."


def raw(cast: Cast, **fields: Any) -> None:
    with bound(cast.acme.id):
        Organization.objects.filter(pk=cast.acme.pk).update(**fields)


def set_policy(cast: Cast, *, on: bool) -> None:
    raw(cast, policies=[Policy.MEMBERS_READ_INSIGHTS.value] if on else [])


def last_week() -> datetime.datetime:
    return noon(Span.now().this - WEEK)


def insights_viewer(cast: Cast, role: Role = Role.MEMBER) -> User:
    """Somebody whose group carries the role."""
    person, group = make_person("Iris Valdane"), make_group(cast.acme, "Engineering leads")
    make_seat(group, make_member(cast.acme, role, person))
    make_group_role(group, Role.INSIGHTS_VIEWER)
    return person


def opens(client: Client, url: str) -> bool:
    """False for the gate's refusal, which leads elsewhere with a notice."""
    status = client.get(url).status_code
    assert status in (200, 302)
    return status == 200


@pytest.mark.requirement("S3-051")
@pytest.mark.parametrize(
    ("who", "on", "may"),
    [
        *(("alice", True, True), ("alice", False, True), ("adam", False, True)),
        *(("mia", True, True), ("mia", False, False)),
        *(("vera", True, True), ("vera", False, False)),
        *(("eddie", True, False), ("eddie", False, False)),
    ],
)
def test_who_opens_the_page(cast: Cast, who: str, on: bool, may: bool) -> None:
    project = make_project(cast.acme)
    turn_on(project)
    set_policy(cast, on=on)
    client = sign_in(getattr(cast, who))
    assert opens(client, cast.url("insights/")) is may
    assert opens(client, cast.url(f"insights/{project.pk}/")) is may
    assert opens(client, cast.url("insights/projects/")) is (who == "alice")
    if may:
        assert cast.url("insights/") in client.get(cast.url()).content.decode()


@pytest.mark.requirement("S4-041")
def test_members_read_insights_by_policy_as_the_administrator_does(cast: Cast) -> None:
    set_policy(cast, on=True)
    for person in (cast.mia, cast.adam, cast.alice):
        assert opens(sign_in(person), cast.url("insights/"))


@pytest.mark.requirement("S3-010", "S3-073")
def test_a_group_of_engineering_leads_reads_insights_without_projects_or_runners(
    cast: Cast,
) -> None:
    set_policy(cast, on=False)
    project, agent = make_project(cast.acme, "Warehouse picking"), None
    agent = make_resource(project, name="Slotting advisor")
    used(project, agent, at=last_week(), by=cast.member(cast.mia), kind="conversation")
    turn_on(project)
    client = sign_in(insights_viewer(cast))
    organization = client.get(cast.url("insights/")).content.decode()
    page = client.get(cast.url(f"insights/{project.pk}/")).content.decode()
    assert "Warehouse picking" in organization
    assert "Velocity" in page
    assert "AI adoption" in page
    # Numbers and the name of the project: nobody's name, and nothing that the project holds.
    for body in (organization, page):
        assert "Mia Castellano" not in body
        assert "Slotting advisor" not in body
    assert "by kind: you do not see this project" in page
    assert client.get(cast.url(f"projects/{project.pk}/")).status_code == 404
    assert not opens(client, cast.url("insights/projects/"))
    assert "New project" not in client.get(cast.url("projects/")).content.decode()
    assert "New runner" not in client.get(cast.url("runners/")).content.decode()


def test_an_end_user_with_the_role_reads_no_name_of_a_group(cast: Cast) -> None:
    group = make_group(cast.acme, "Field trial")
    make_seat(group, cast.member(cast.mia))
    project = make_project(cast.acme)
    used(project, at=last_week(), by=cast.member(cast.mia))
    turn_on(project)
    client = sign_in(insights_viewer(cast, Role.END_USER))
    for page in ("insights/", f"insights/{project.pk}/"):
        body = client.get(cast.url(page)).content.decode()
        assert "Field trial" not in body
        assert "Groups are shown to who may view groups." in body


@pytest.mark.requirement("S3-053")
def test_who_sees_the_project_reads_its_agents_by_name(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    agent = make_resource(project, name="Slotting advisor")
    used(project, agent, at=last_week(), by=cast.member(cast.adam), kind="conversation")
    turn_on(project)
    body = sign_in(cast.mia).get(cast.url(f"insights/{project.pk}/")).content.decode()
    assert "Slotting advisor" in body
    assert "Adam Brandt" not in body


@pytest.mark.requirement("S3-055")
def test_until_an_owner_turns_them_on_there_are_none_and_the_page_says_why(cast: Cast) -> None:
    project = make_project(cast.acme, "Warehouse picking")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    used(project, at=last_week(), by=cast.member(cast.mia))
    url = cast.url(f"insights/{project.pk}/")
    for_a_member = sign_in(cast.mia).get(url).content.decode()
    assert OFF in for_a_member
    assert "An Owner turns them on: ask Alice Marlow." in for_a_member
    assert "Turn on insights" not in for_a_member
    assert "Success rate" not in for_a_member
    assert "Turn on insights" in sign_in(cast.alice).get(url).content.decode()
    table = sign_in(cast.mia).get(cast.url("insights/")).content.decode()
    assert "No project has insights yet." in table
    assert "ask Alice Marlow" in table
    assert "Warehouse picking" not in table


def test_a_project_that_is_off_and_unseen_is_a_missing_one(cast: Cast) -> None:
    unseen, elsewhere = make_project(cast.acme), make_project(cast.umbrella)
    gone = make_project(cast.acme, state=Project.State.DELETED)
    turn_on(elsewhere, gone)
    answers = []
    for project in (unseen.pk, elsewhere.pk, gone.pk, uuid.uuid4()):
        response = sign_in(cast.mia).get(cast.url(f"insights/{project}/"))
        assert response.status_code == 404
        answers.append(response.content.replace(response["X-Request-ID"].encode(), b""))
    assert sign_in(cast.alice).get(cast.url(f"insights/{gone.pk}/")).status_code == 404
    assert sign_in(cast.alice).get(cast.url(f"insights/{elsewhere.pk}/")).status_code == 404


def test_nothing_of_another_organization_is_counted(cast: Cast) -> None:
    project = make_project(cast.umbrella, "Their secret project")
    used(project, at=last_week())
    turn_on(project)
    body = sign_in(cast.alice).get(cast.url("insights/")).content.decode()
    assert "Nothing has run yet." in body
    assert "Their secret project" not in body


@pytest.mark.requirement("S3-051")
def test_a_plan_without_insights_is_the_gate_that_is_named(cast: Cast) -> None:
    raw(cast, entitlements=["group_roles"])
    project = make_project(cast.acme)
    turn_on(project)
    client = sign_in(cast.alice)
    for page in ("insights/", f"insights/{project.pk}/", "insights/projects/"):
        response = client.get(cast.url(page))
        assert response.status_code == 302
        [notice] = [str(message) for message in get_messages(response.wsgi_request)]
        assert notice.startswith("Your role allows it; the ")
        assert "plan does not include it" in notice
        client.get(response["Location"])
    head = client.get(cast.url(f"projects/{project.pk}/")).content.decode()
    assert cast.url(f"insights/{project.pk}/") not in head


def test_a_project_has_a_tab_once_they_are_on(cast: Cast) -> None:
    set_policy(cast, on=True)
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    url, tab = cast.url(f"projects/{project.pk}/"), cast.url(f"insights/{project.pk}/")
    client = sign_in(cast.mia)
    assert tab not in client.get(url).content.decode()
    turn_on(project)
    assert tab in client.get(url).content.decode()
    set_policy(cast, on=False)
    assert tab not in client.get(url).content.decode()


def test_the_first_days_say_that_no_week_is_whole(cast: Cast) -> None:
    used(make_project(cast.acme), at=noon(Span.now().this), by=cast.member(cast.mia))
    body = sign_in(cast.alice).get(cast.url("insights/")).content.decode()
    assert "The first week is not over" in body
    assert "1 person was active" in body


def test_what_is_old_is_only_compared_with(cast: Cast) -> None:
    project = make_project(cast.acme)
    turn_on(project)
    used(project, at=noon(Span.now().before), by=cast.member(cast.mia))
    client = sign_in(cast.alice)
    assert "Nothing has run in these weeks" in client.get(cast.url("insights/")).content.decode()
    body = client.get(cast.url(f"insights/{project.pk}/")).content.decode()
    assert "100 % less than before" in body


def test_a_project_without_any_use_says_so(cast: Cast) -> None:
    project = make_project(cast.acme)
    turn_on(project)
    body = sign_in(cast.alice).get(cast.url(f"insights/{project.pk}/")).content.decode()
    assert "Nothing has run yet." in body


def test_a_strange_name_is_only_text(cast: Cast) -> None:
    name = "<script>alert(1)</script> \u202e؄"
    project = make_project(cast.acme, name)
    make_group(cast.acme, "<b>bold</b>")
    used(project, at=last_week())
    turn_on(project)
    for page in ("insights/", "insights/projects/?q=%3Cscript", f"insights/{project.pk}/"):
        body = sign_in(cast.alice).get(cast.url(page)).content.decode()
        assert "&lt;script&gt;alert(1)" in body
        assert "<script>alert(1)" not in body


@pytest.mark.parametrize("page", ["", "?page=x", "?page=%00", "?page=" + "A" * 5000, "?q=%00%27--"])
def test_a_bad_address_is_the_first_page(cast: Cast, page: str) -> None:
    turn_on(make_project(cast.acme, "Warehouse picking"))
    client = sign_in(cast.alice)
    assert "Warehouse picking" in client.get(cast.url(f"insights/{page}")).content.decode()
    assert client.get(cast.url(f"insights/projects/{page}")).status_code == 200


def test_pages_ask_no_more_for_thirty_projects_than_for_three(cast: Cast) -> None:
    client, counts = sign_in(cast.alice), []
    group = make_group(cast.acme)
    for number in (3, 27):
        for _ in range(number):
            project = make_project(cast.acme)
            agent, member = make_resource(project), make_member(cast.acme)
            make_seat(group, member)
            make_grant(project, member, Role.PROJECT_MEMBER)
            used(project, agent, at=last_week(), by=member)
            turn_on(project)
        asked = []
        for page in ("insights/", "insights/projects/", f"insights/{project.pk}/"):
            client.get(cast.url(page))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(cast.url(page)).status_code == 200
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 14


def test_the_table_turns_its_pages(cast: Cast) -> None:
    projects = [make_project(cast.acme, f"Project {number:02}") for number in range(23)]
    turn_on(*projects)
    client = sign_in(cast.alice)
    first = client.get(cast.url("insights/"))
    assert len(first.context["rows"]) == 20
    second = client.get(first.context["older_url"], headers={"HX-Request": "true"})
    assert [row.project.name for row in second.context["rows"]] == [
        "Project 20",
        "Project 21",
        "Project 22",
    ]
    assert b"<html" not in second.content
