"""Two at the same moment, on real connections: one wins, the other is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from config.roles import Role
from orgs.tenancy import bound
from projects.actions.resources import resource_change, resource_create
from projects.actions.tasks import task_complete, task_create
from projects.models import HumanTask, Project, Resource, ResourceVersion
from tests.factories import access_of, make_member, make_organization, make_person
from tests.projects.factories import make_grant, make_project
from tests.projects.resources import AGENT_CONFIGURATION, ledger_of
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]
ROUNDS = 8


def codes(results: list[Any]) -> list[str]:
    return sorted(
        result.code if isinstance(result, ValidationError) else type(result).__name__
        for result in results
    )


def test_of_two_who_save_at_once_one_is_told() -> None:
    organization = make_organization(make_person())
    people = [make_member(organization).person for _ in range(2)]
    project: Project = make_project(organization)

    def change(agent: Resource, person: Any, model: str) -> Resource:
        with bound(organization.pk):
            return resource_change(
                resource=agent,
                name=agent.name,
                description="",
                configuration=AGENT_CONFIGURATION | {"model": model},
                base=1,
                actor=access_of(organization, person),
            )

    for number in range(ROUNDS):
        with bound(organization.pk):
            agent = resource_create(
                kind="agent",
                project=project,
                name=f"Clerk {number}",
                description="",
                configuration=AGENT_CONFIGURATION,
                actor=access_of(organization, people[0]),
            )
        results = together(
            lambda agent=agent: change(agent, people[0], "one"),
            lambda agent=agent: change(agent, people[1], "two"),
        )
        assert codes(results) == ["Resource", "overtaken"]
        with bound(organization.pk):
            assert Resource.objects.get(pk=agent.pk).version == 2
            assert ResourceVersion.objects.filter(resource=agent).count() == 2


def test_a_task_is_completed_once() -> None:
    organization = make_organization(make_person())
    member = make_member(organization)
    project = make_project(organization)
    make_grant(project, member, Role.PROJECT_MEMBER)

    def complete(task: HumanTask) -> HumanTask:
        with bound(organization.pk):
            actor = access_of(organization, member.person)
            return task_complete(task=task, outcome="Approved", actor=actor)

    for number in range(ROUNDS):
        with bound(organization.pk):
            task = task_create(
                project=project,
                title=f"Task {number}",
                assigned_to=member,
                actor=access_of(organization, member.person),
            )
        results = together(*[lambda task=task: complete(task)] * 2)
        assert codes(results) == ["HumanTask", "done"]
    assert len(ledger_of(organization, "task.completed")) == ROUNDS
