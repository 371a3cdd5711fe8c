"""Environment classes: defining, changing, deleting them, and which a project chooses (S3-028)."""

from __future__ import annotations

import uuid

import pytest

from audit.models import Outcome
from config.roles import Role
from orgs.tenancy import bound
from projects.models import EnvironmentClass, Project, ProjectEnvironment
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_resource
from tests.projects.parts import make_class, newest

FORM = {
    "name": "Large",
    "description": "For builds",
    "runner": "",
    "cpus": "16",
    "memory": "64",
    "disk": "500",
}
PAGE = "runners/environment-classes/"


def classes(cast: Cast) -> list[EnvironmentClass]:
    with bound(cast.acme.id):
        return list(EnvironmentClass.objects.in_org(cast.acme).order_by("name"))


def chosen(project: Project) -> set[uuid.UUID]:
    with bound(project.organization_id):
        rows = ProjectEnvironment.objects.in_org(project.organization_id).filter(project=project)
        return set(rows.values_list("environment_class", flat=True))


@pytest.mark.requirement("S3-028")
def test_an_owner_and_a_runners_admin_define_a_class(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.RUNNERS_ADMIN)
    for person, name in ((cast.alice, "Large"), (cast.mia, "Small")):
        response = sign_in(person).post(cast.url(f"{PAGE}new/"), FORM | {"name": name})
        assert response["Location"] == cast.url(PAGE)
    assert [(each.name, each.cpus) for each in classes(cast)] == [("Large", 16), ("Small", 16)]
    assert newest(cast).action == "environment_class.created"


@pytest.mark.requirement("S3-028")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_nobody_else_may(cast: Cast, who: str) -> None:
    made = make_class(cast)
    client = sign_in(getattr(cast, who))
    for page in ("", "new/", f"{made.pk}/", f"{made.pk}/delete/"):
        assert client.get(cast.url(PAGE + page)).status_code == 302
        assert client.post(cast.url(PAGE + page), FORM | {"confirm": "Small"}).status_code == 302
    assert [each.name for each in classes(cast)] == ["Small"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\u202eb"},
        {"cpus": "0"},
        {"cpus": "-1"},
        {"cpus": "9" * 40},
        {"memory": "1e3"},
        {"disk": "٣x"},
        {"runner": "not-an-id"},
        {"runner": str(uuid.UUID(int=7))},
    ],
)
def test_what_cannot_be_is_refused(cast: Cast, wrong: dict[str, str]) -> None:
    response = sign_in(cast.alice).post(cast.url(f"{PAGE}new/"), FORM | wrong)
    assert response.status_code == 422
    assert classes(cast) == []


def test_a_runner_of_another_organization_or_an_automation_is_no_choice(cast: Cast) -> None:
    client = sign_in(cast.alice)
    for other in (make_resource(cast.umbrella, "runner"), make_resource(cast.acme, "automation")):
        response = client.post(cast.url(f"{PAGE}new/"), FORM | {"runner": str(other.pk)})
        assert response.status_code == 422
        assert other.name not in response.content.decode()
    runner = make_resource(cast.acme, "runner")
    client.post(cast.url(f"{PAGE}new/"), FORM | {"runner": str(runner.pk)})
    assert classes(cast)[0].runner_id == runner.pk


def test_sent_twice_it_is_made_once(cast: Cast) -> None:
    client = sign_in(cast.alice)
    client.post(cast.url(f"{PAGE}new/"), FORM)
    assert client.post(cast.url(f"{PAGE}new/"), FORM).status_code == 422
    assert len(classes(cast)) == 1


def test_unchanged_it_leaves_no_entry(cast: Cast) -> None:
    made = make_class(cast, name="Large", description="For builds", cpus=16, memory=64, disk=500)
    before = newest(cast).sequence
    sign_in(cast.alice).post(cast.url(f"{PAGE}{made.pk}/"), FORM)
    assert newest(cast).sequence == before
    sign_in(cast.alice).post(cast.url(f"{PAGE}{made.pk}/"), FORM | {"disk": "501"})
    assert '"500 GiB"' in newest(cast).body
    assert '"501 GiB"' in newest(cast).body


def test_a_class_of_another_organization_is_not_there(cast: Cast) -> None:
    made = make_class(cast)
    client = sign_in(cast.oscar)
    for page in (f"{made.pk}/", f"{made.pk}/delete/"):
        url = cast.url(PAGE + page, cast.umbrella)
        assert client.get(url).status_code == 404
        assert client.post(url, FORM | {"confirm": "Small"}).status_code == 404


def test_deleting_one_in_use_says_in_how_many_projects(cast: Cast) -> None:
    made, client = make_class(cast), sign_in(cast.alice)
    projects = [make_project(cast.acme) for _ in range(3)]
    for project in projects:
        url = cast.url(f"projects/{project.pk}/environments/")
        client.post(url, {"chosen": [str(made.pk)]})
    url = cast.url(f"{PAGE}{made.pk}/delete/")
    assert "3 projects lose this choice" in client.get(url).content.decode()
    assert client.post(url, {"confirm": "Small"}).status_code == 302
    assert classes(cast) == []
    assert [chosen(project) for project in projects] == [set(), set(), set()]


@pytest.mark.requirement("S3-037")
def test_a_projects_admin_chooses_for_any_project(cast: Cast) -> None:
    small, large = make_class(cast), make_class(cast, "Large")
    project, group = make_project(cast.acme), make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.PROJECTS_ADMIN)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/environments/")
    client.post(url, {"chosen": [str(small.pk), str(large.pk)]})
    assert chosen(project) == {small.pk, large.pk}
    assert newest(cast).action == "project.environments_changed"
    before = newest(cast).sequence
    client.post(url, {"chosen": [str(large.pk), str(small.pk), str(small.pk)]})
    assert newest(cast).sequence == before
    client.post(url, {})
    assert chosen(project) == set()


@pytest.mark.requirement("S3-037")
def test_a_project_member_does_not_choose(cast: Cast) -> None:
    made, project = make_class(cast), make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    url = cast.url(f"projects/{project.pk}/environments/")
    assert sign_in(cast.mia).post(url, {"chosen": [str(made.pk)]}).status_code == 302
    assert chosen(project) == set()
    assert newest(cast).outcome == Outcome.DENIED


@pytest.mark.parametrize("value", ["x", "", "\x00", "../../etc", str(uuid.UUID(int=7))])
def test_what_is_no_class_here_is_refused(cast: Cast, value: str) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/environments/")
    response = sign_in(cast.alice).post(url, {"chosen": [value]})
    assert response.status_code == 422
    assert "is gone" in response.content.decode()


def test_who_may_not_see_all_runners_does_not_learn_their_names_here(cast: Cast) -> None:
    make_class(cast, runner=make_resource(cast.acme, "runner", "Zanzibar"))
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    url = cast.url(f"projects/{project.pk}/environments/")
    assert "Zanzibar" not in sign_in(cast.mia).get(url).content.decode()
    assert "Zanzibar" in sign_in(cast.alice).get(url).content.decode()
