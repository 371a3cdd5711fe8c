"""Giving a human task to somebody else: by who runs the project, to who can open it."""

from __future__ import annotations

import pytest

from config.roles import Role
from orgs.tenancy import bound
from projects.models import HumanTask, Project, Resource
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_resource
from tests.projects.resources import ledger_of, make_task, publish


def scene(cast: Cast) -> tuple[Project, Resource, HumanTask]:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    workflow = publish(cast, make_resource(project, "workflow", "Onboarding"))
    task = make_task(cast, project, cast.member(cast.alice), "Approve it", resource=workflow)
    return project, workflow, task


def url(cast: Cast, task: HumanTask) -> str:
    return cast.url(f"tasks/{task.pk}/reassign/")


def holder(task: HumanTask) -> object:
    with bound(task.organization_id):
        return HumanTask.objects.get(pk=task.pk).assigned_to_id


def test_a_project_owner_gives_it_to_an_end_user_with_a_share(cast: Cast) -> None:
    _, workflow, task = scene(cast)
    eddie, mia = cast.member(cast.eddie), sign_in(cast.mia)
    refused = mia.post(url(cast, task), {"member": str(eddie.pk)})
    assert refused.status_code == 422
    assert "Eddie Okafor could not open this task." in refused.content.decode()
    assert "Eddie Okafor" not in mia.get(url(cast, task)).content.decode()
    make_grant(workflow, eddie, Role.RESOURCE_USER)
    assert "Eddie Okafor" in mia.get(url(cast, task)).content.decode()
    assert mia.post(url(cast, task), {"member": str(eddie.pk)}).status_code == 302
    assert holder(task) == eddie.pk
    assert len(ledger_of(cast.acme, "task.reassigned")) == 1
    assert mia.post(url(cast, task), {"member": str(eddie.pk)}).status_code == 302
    assert len(ledger_of(cast.acme, "task.reassigned")) == 1
    assert "Approve it" in sign_in(cast.eddie).get(cast.url("hub/")).content.decode()


@pytest.mark.parametrize("role", [Role.PROJECT_MEMBER, Role.PROJECT_VIEWER])
def test_who_does_not_run_the_project_does_not_reassign(cast: Cast, role: Role) -> None:
    project, _, task = scene(cast)
    make_grant(project, cast.member(cast.adam), role)
    to = {"member": str(cast.member(cast.adam).pk)}
    assert sign_in(cast.adam).post(url(cast, task), to).status_code == 404
    assert holder(task) == cast.member(cast.alice).pk


def test_a_projects_admin_reassigns_in_every_project(cast: Cast) -> None:
    _, _, task = scene(cast)
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.adam))
    make_group_role(group, Role.PROJECTS_ADMIN)
    to = {"member": str(cast.member(cast.mia).pk)}
    assert sign_in(cast.adam).post(url(cast, task), to).status_code == 302
    assert holder(task) == cast.member(cast.mia).pk


def test_it_goes_only_to_who_completes_tasks_and_can_open_it(cast: Cast) -> None:
    project, _, task = scene(cast)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    placeholder = make_member(cast.acme, login="noor.h")
    mia = sign_in(cast.mia)
    found = mia.get(url(cast, task)).content.decode()
    assert "Mia Castellano" in found
    for name in ("Vera Lindqvist", "Adam Brandt", "noor.h", "Give it to Alice"):
        assert name not in found
    for member in (cast.member(cast.vera), cast.member(cast.adam), placeholder):
        assert mia.post(url(cast, task), {"member": str(member.pk)}).status_code == 422
    with bound(cast.umbrella.pk):
        from orgs.models import Membership

        foreign = Membership.objects.in_org(cast.umbrella).get()
    for pk in (str(foreign.pk), "x", "", "0" * 500, "\x00"):
        assert mia.post(url(cast, task), {"member": pk}).status_code == 404
    assert holder(task) == cast.member(cast.alice).pk


def test_a_task_that_is_done_stays_with_who_did_it(cast: Cast) -> None:
    _, _, task = scene(cast)
    sign_in(cast.alice).post(
        cast.url(f"tasks/{task.pk}/complete/"), {"outcome": "done", "notes": ""}
    )
    response = sign_in(cast.mia).post(url(cast, task), {"member": str(cast.member(cast.mia).pk)})
    assert response.status_code == 422
    assert "has been completed by Alice Marlow already" in response.content.decode()


def test_the_search_narrows_whom_one_may_choose(cast: Cast) -> None:
    _, _, task = scene(cast)
    headers = {"HX-Request": "true", "HX-Target": "assignable"}
    html = sign_in(cast.mia).get(url(cast, task) + "?q=cast", headers=headers).content.decode()
    assert "Mia Castellano" in html
    assert "<html" not in html
    none = sign_in(cast.mia).get(url(cast, task) + "?q=zzz", headers=headers).content.decode()
    assert "Nobody else who can open it matches." in none
