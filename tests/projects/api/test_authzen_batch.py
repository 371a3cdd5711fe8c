"""`POST /access/v1/evaluations`: many questions in one call."""

from __future__ import annotations

from typing import Any

import pytest
from uuid6 import uuid7

from config.roles import Permission, Role
from projects.models import Project
from tests.factories import Cast
from tests.projects.api.asking import EVALUATION, EVALUATIONS, question
from tests.projects.factories import (
    make_grant,
    make_project,
)
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db
P = Permission


@pytest.fixture
def platform(cast: Cast) -> Platform:
    return Platform(cast.acme, "decide")


@pytest.fixture
def project(cast: Cast) -> Project:
    return make_project(cast.acme, "Order intake")


def batch(platform: Platform, **said: Any) -> list[Any]:
    response = platform.post(EVALUATIONS, said)
    assert response.status_code == 200, response.content
    assert response.json().keys() == {"evaluations"}
    return [one["decision"] for one in response.json()["evaluations"]]


def test_a_batch_is_one_round_trip_and_each_as_if_alone(
    cast: Cast, platform: Platform, project: Project, django_assert_num_queries: Any
) -> None:
    mia, alice = cast.member(cast.mia), cast.member(cast.alice)
    make_grant(project, mia, Role.PROJECT_VIEWER)
    asked = [
        question(who, action, project)
        for who in (mia, alice, uuid7())
        for action in (P.PROJECTS_VIEW, P.PROJECTS_CHANGE)
    ]
    with django_assert_num_queries(1):
        response = platform.post(EVALUATIONS, {"evaluations": asked})
    alone = [platform.post(EVALUATION, one).json() for one in asked]
    assert response.json()["evaluations"] == alone
    assert [one["decision"] for one in alone] == [True, False, True, True, False, False]


def test_a_batch_stops_where_it_is_told_to(
    cast: Cast, platform: Platform, project: Project
) -> None:
    yes = question(cast.member(cast.alice), P.PROJECTS_VIEW, project)
    no = question(cast.member(cast.mia), P.PROJECTS_VIEW, project)

    def run(semantic: str, *items: Any) -> list[Any]:
        options = {"evaluations_semantic": semantic, "other": 1}
        return batch(platform, evaluations=list(items), options=options)

    assert run("execute_all", yes, no, yes) == [True, False, True]
    assert run("deny_on_first_deny", yes, no, yes) == [True, False]
    assert run("deny_on_first_deny", yes, yes) == [True, True]
    assert run("permit_on_first_permit", no, yes, no) == [False, True]
    assert run("deny_on_first_deny", yes, {"subject": 7}, yes) == [True, False]
    wrong = {"evaluations": [yes], "options": {"evaluations_semantic": "guess"}}
    assert platform.post(EVALUATIONS, wrong).status_code == 400


def test_defaults_hold_entity_by_entity(cast: Cast, platform: Platform, project: Project) -> None:
    alice, mia = cast.member(cast.alice), cast.member(cast.mia)
    whole = question(alice, P.PROJECTS_VIEW, project)
    assert batch(platform, **whole, evaluations=[{}, {"subject": {"type": "user", "id": "x"}}]) == [
        True,
        False,
    ]
    # A type is completed, nothing else is.
    assert batch(
        platform,
        subject={"type": "user"},
        resource={"id": str(project.pk)},
        action=whole["action"],
        evaluations=[{"subject": {"id": str(alice.pk)}, "resource": whole["resource"]}, {}],
    ) == [True, False]
    # An incomplete default hurts nobody who does not need it.
    assert batch(platform, subject={}, context={}, evaluations=[whole]) == [True]
    error = platform.post(EVALUATIONS, {"evaluations": [{"subject": whole["subject"]}]}).json()
    assert error["evaluations"][0]["context"]["error"]["status"] == 400
    assert mia


def test_without_a_list_a_batch_is_one_question(
    cast: Cast, platform: Platform, project: Project
) -> None:
    whole = question(cast.member(cast.alice), P.PROJECTS_VIEW, project)
    for said in (whole, whole | {"evaluations": []}):
        assert platform.post(EVALUATIONS, said).json()["decision"] is True
    refused = platform.post(EVALUATIONS, {"evaluations": [], "subject": whole["subject"]})
    assert refused.status_code == 400
    assert {one["field"] for one in refused.json()["errors"]} == {"action", "resource"}


def test_a_batch_is_bounded(cast: Cast, platform: Platform, project: Project) -> None:
    whole = question(cast.member(cast.alice), P.PROJECTS_VIEW, project)
    assert len(batch(platform, evaluations=[whole] * 1_000)) == 1_000
    for number in (1_001, 10_000):
        refused = platform.post(EVALUATIONS, {"evaluations": [whole] * number})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "evaluations"
