"""Turning the insights of a project on and off: Owners alone, once each time, on the record."""

from __future__ import annotations

import uuid

import pytest

from audit.models import Event
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.insights import insights_enable
from projects.models import Project, ProjectInsights
from tests.factories import Cast, access_of, make_organization, make_person, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.insights import turn_on
from tests.projects.resources import ledger_of
from tests.projects.test_insights import OFF, insights_viewer, raw
from tests.races import together


def is_on(project: Project) -> bool:
    with bound(project.organization_id):
        rows = ProjectInsights.objects.in_org(project.organization_id)
        return rows.filter(project=project).exists()


def told(project: Project, action: str) -> list[Event]:
    with bound(project.organization_id):
        rows = Event.objects.filter(organization_id=project.organization_id, action=action)
        return list(rows.filter(target_id=project.pk).order_by("sequence"))


@pytest.mark.requirement("S3-055")
def test_an_owner_turns_them_on_and_off_on_the_record(cast: Cast) -> None:
    project, client = make_project(cast.acme, "Warehouse picking"), sign_in(cast.alice)
    response = client.post(cast.url(f"insights/{project.pk}/enable/"), follow=True)
    assert "Insights of Warehouse picking are on" in response.content.decode()
    assert is_on(project)
    [event] = ledger_of(cast.acme, "insights.enabled")
    assert event.target_id == project.pk
    assert event.changes == {"state": ["off", "on"]}
    response = client.post(cast.url(f"insights/{project.pk}/disable/"), follow=True)
    assert "Insights of Warehouse picking are off" in response.content.decode()
    assert not is_on(project)
    [event] = ledger_of(cast.acme, "insights.disabled")
    assert event.changes == {"state": ["on", "off"]}


@pytest.mark.requirement("S3-054")
@pytest.mark.parametrize("who", ["viewer", "adam", "mia", "vera", "project owner"])
def test_nobody_else_turns_them_on_or_off_or_is_shown_how(cast: Cast, who: str) -> None:
    project = make_project(cast.acme)
    turn_on(project)
    if who == "viewer":
        person = insights_viewer(cast)
    elif who == "project owner":
        person = cast.mia
        make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    else:
        person = getattr(cast, who)
    client = sign_in(person)
    for page in ("insights/", f"insights/{project.pk}/"):
        body = client.get(cast.url(page)).content.decode()
        assert "/enable/" not in body
        assert "/disable/" not in body
        assert cast.url("insights/projects/") not in body
    assert client.post(cast.url(f"insights/{project.pk}/disable/")).status_code == 302
    assert is_on(project)
    other = make_project(cast.acme)
    assert client.post(cast.url(f"insights/{other.pk}/enable/")).status_code == 302
    assert not is_on(other)
    with bound(cast.acme.id):
        attempts = Event.objects.filter(
            organization_id=cast.acme.id, action__startswith="insights.", outcome="denied"
        )
        assert attempts.count() == 2


def test_turning_on_twice_changes_nothing_the_second_time(cast: Cast) -> None:
    project, client = make_project(cast.acme), sign_in(cast.alice)
    url = cast.url(f"insights/{project.pk}/enable/")
    client.post(url, headers={"HX-Request": "true"})
    again = client.post(url, headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert "were on already" in again["HX-Trigger"]
    assert len(told(project, "insights.enabled")) == 1
    off = cast.url(f"insights/{project.pk}/disable/")
    client.post(off)
    assert "were off already" in client.post(off, follow=True).content.decode()
    assert len(told(project, "insights.disabled")) == 1


def test_the_row_answers_as_it_stands(cast: Cast) -> None:
    project, client = make_project(cast.acme), sign_in(cast.alice)
    url = cast.url(f"insights/{project.pk}/")
    answer = client.post(f"{url}enable/", headers={"HX-Request": "true"}).content.decode()
    assert f"{url}disable/" in answer
    assert f"{url}enable/" not in answer
    assert "by <bdi>Alice Marlow</bdi>" in answer


def test_they_are_turned_off_while_somebody_looks(cast: Cast) -> None:
    project = make_project(cast.acme)
    turn_on(project)
    viewer, url = sign_in(insights_viewer(cast)), cast.url(f"insights/{project.pk}/")
    assert viewer.get(url).status_code == 200
    sign_in(cast.alice).post(f"{url}disable/")
    # They do not see the project, so it is a missing one now; who sees it learns why.
    assert viewer.get(url).status_code == 404
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    assert OFF in sign_in(cast.mia).get(url).content.decode()


@pytest.mark.parametrize("deed", ["enable", "disable"])
def test_a_project_that_is_not_there_is_missing(cast: Cast, deed: str) -> None:
    elsewhere = make_project(cast.umbrella)
    turn_on(elsewhere)
    gone = make_project(cast.acme, state=Project.State.DELETED)
    client = sign_in(cast.alice)
    for pk in (elsewhere.pk, gone.pk, uuid.uuid4()):
        assert client.post(cast.url(f"insights/{pk}/{deed}/")).status_code == 404
    assert is_on(elsewhere)
    assert not is_on(gone)


@pytest.mark.parametrize("deed", ["enable", "disable"])
def test_a_link_turns_nothing(cast: Cast, deed: str) -> None:
    project = make_project(cast.acme)
    assert sign_in(cast.alice).get(cast.url(f"insights/{project.pk}/{deed}/")).status_code == 405
    assert not is_on(project)


def test_a_plan_without_insights_leaves_them_as_they_are(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    turn_on(project)
    raw(cast, entitlements=[])
    client = sign_in(cast.alice)
    client.post(cast.url(f"insights/{other.pk}/enable/"))
    client.post(cast.url(f"insights/{project.pk}/disable/"))
    assert (is_on(project), is_on(other)) == (True, False)


def test_they_go_with_the_project(cast: Cast) -> None:
    project = make_project(cast.acme)
    turn_on(project)
    with bound(cast.acme.id):
        Project.objects.in_org(cast.acme).filter(pk=project.pk).delete()
        assert not ProjectInsights.objects.in_org(cast.acme).exists()


@pytest.mark.usefixtures("committed")
def test_of_two_who_turn_them_on_at_once_one_does() -> None:
    owner = make_person("Alice Marlow")
    organization = make_organization(owner)
    project = make_project(organization)

    def deed() -> bool:
        with bound(organization.id):
            return insights_enable(project=project, actor=access_of(organization, owner))

    assert sorted(together(deed, deed)) == [False, True]
    assert len(told(project, "insights.enabled")) == 1
