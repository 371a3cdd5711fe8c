"""Completing a human task: one's own, once."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from config.roles import Role
from orgs.tenancy import bound
from projects.actions.tasks import task_create
from projects.models import HumanTask
from tests.factories import Cast, sign_in
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.resources import ledger_of, make_task, publish

APPROVED = {"outcome": "approved", "notes": "Looks right\r\nto me"}


def task_for_eddie(cast: Cast) -> tuple[HumanTask, Client]:
    project = make_project(cast.acme)
    workflow = publish(cast, make_resource(project, "workflow"))
    make_grant(workflow, cast.member(cast.eddie), Role.RESOURCE_USER)
    task = make_task(cast, project, cast.member(cast.eddie), "Approve it", resource=workflow)
    return task, sign_in(cast.eddie)


def url(cast: Cast, task: HumanTask, page: str = "complete/") -> str:
    return cast.url(f"tasks/{task.pk}/{page}")


def kept(task: HumanTask) -> HumanTask:
    with bound(task.organization_id):
        return HumanTask.objects.get(pk=task.pk)


@pytest.mark.requirement("S2-093", "S2-118")
def test_an_end_user_completes_their_own_task_once(cast: Cast) -> None:
    task, eddie = task_for_eddie(cast)
    assert "Complete" in eddie.get(url(cast, task, "")).content.decode()
    assert eddie.get(url(cast, task)).status_code == 200
    response = eddie.post(url(cast, task), APPROVED)
    assert response["Location"] == cast.url("hub/")
    done = kept(task)
    assert (done.state, done.outcome) == ("done", "Approved\nLooks right\nto me")
    assert done.done_by_id == cast.member(cast.eddie).pk
    (entry,) = ledger_of(cast.acme, "task.completed")
    assert entry.changes["state"] == ["open", "done"]
    twice = eddie.post(url(cast, task), APPROVED | {"outcome": "declined"})
    assert twice.status_code == 422
    assert "has been completed by Eddie Okafor already" in twice.content.decode()
    assert kept(task).outcome.startswith("Approved")
    assert "Approve it" not in eddie.get(cast.url("hub/")).content.decode()


@pytest.mark.requirement("S2-093")
@pytest.mark.parametrize("who", ["adam", "mia", "oscar"])
def test_anybody_elses_task_is_not_there(cast: Cast, who: str) -> None:
    task, _ = task_for_eddie(cast)
    other = sign_in(getattr(cast, who))
    for page in ("", "complete/", "reassign/"):
        assert other.get(url(cast, task, page)).status_code == 404
        assert other.post(url(cast, task, page), APPROVED).status_code == 404
    assert kept(task).state == "open"


def test_who_may_reassign_sees_it_and_does_not_complete_it(cast: Cast) -> None:
    task, _ = task_for_eddie(cast)
    alice = sign_in(cast.alice)
    html = alice.get(url(cast, task, "")).content.decode()
    assert "Reassign" in html
    assert url(cast, task) not in html
    response = alice.post(url(cast, task), APPROVED)
    assert response.status_code == 422
    assert "This task waits for Eddie Okafor." in response.content.decode()
    assert kept(task).state == "open"


@pytest.mark.parametrize(
    "wrong",
    [{}, {"outcome": "bribed"}, APPROVED | {"notes": "x" * 4_001}, APPROVED | {"notes": "a\x00"}],
)
def test_an_answer_that_is_none_is_refused(cast: Cast, wrong: dict[str, str]) -> None:
    task, eddie = task_for_eddie(cast)
    assert eddie.post(url(cast, task), wrong).status_code == 422
    assert kept(task).state == "open"


def test_nothing_is_completed_in_an_archived_project_and_a_deleted_one_shows_none(
    cast: Cast,
) -> None:
    task, eddie = task_for_eddie(cast)
    alice = sign_in(cast.alice)
    page = cast.url(f"projects/{task.project_id}/archive/")
    if alice.post(page, {"confirm": task.project.name, "reason": "Done"}).status_code != 302:
        pytest.skip("The project could not be archived.")
    assert "Approve it" not in eddie.get(cast.url("hub/")).content.decode()
    response = eddie.post(url(cast, task), APPROVED)
    assert response.status_code == 422
    assert "is archived" in response.content.decode()


def test_a_task_is_made_for_who_can_open_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    workflow = publish(cast, make_resource(project, "workflow"))
    elsewhere = make_resource(make_project(cast.acme), "workflow")
    alice = cast.access(cast.alice)
    for to, resource, said in (
        (cast.mia, None, "could not open"),
        (cast.vera, workflow, "could not open"),
        (cast.eddie, workflow, "could not open"),
        (cast.alice, elsewhere, "is not in"),
    ):
        with pytest.raises(ValidationError, match=said):
            task_create(
                project=project,
                title="Approve it",
                assigned_to=cast.member(to),
                resource=resource,
                actor=alice,
            )
    make_task(cast, project, cast.member(cast.alice))
    (entry,) = ledger_of(cast.acme, "task.created")
    assert entry.changes["project"] == [None, project.name]
