"""The published requests of the AuthZEN 1.0 certification and of its conformance suite."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from config.roles import Permission, Role
from orgs.models import Organization
from orgs.tenancy import bound
from tests.factories import Cast, make_member
from tests.projects.api.scenarios import Said, Scenario, data
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db
ENDPOINTS = ("evaluation", "evaluations", "search/subject", "search/resource", "search/action")


@pytest.fixture
def scenario(cast: Cast) -> Scenario:
    """Alice owns the first record and looks at the second; Bob the other way round.

    To delete for good is a policy here, and it is off; deleting softly stands for changing.
    """
    org = cast.acme
    alice, bob = make_member(org), make_member(org)
    one, two = make_project(org, "record-1"), make_project(org, "record-2")
    for owner, own, other in ((alice, one, two), (bob, two, one)):
        make_grant(own, owner, Role.PROJECT_OWNER)
        make_grant(other, owner, Role.PROJECT_VIEWER)
    with bound(org.pk):
        assert Organization.objects.filter(pk=org.pk).update(policies=[])
    return Scenario(
        org=org,
        platform=Platform(org, "decide"),
        people={"alice": alice, "bob": bob},
        projects={"record-1": one, "record-2": two},
        actions={
            "read": Permission.PROJECTS_VIEW,
            "write": Permission.AGENTS_CREATE,
            "delete": Permission.PROJECTS_DELETE,
        },
        soft=Permission.PROJECTS_CHANGE,
    )


@pytest.mark.parametrize("to", ENDPOINTS)
@pytest.mark.parametrize("source", ["certification", "conformance"])
def test_every_published_request_is_answered_as_published(
    scenario: Scenario, source: str, to: str
) -> None:
    cases = {case["id"]: case for case in data(source)["cases"]}
    played = [case for case in cases.values() if case["to"] == to]
    assert len(played) > 2
    wrong = [case["id"] for case in played if not is_as_published(scenario, case, cases)]
    assert wrong == []


def is_as_published(scenario: Scenario, case: Said, cases: dict[str, Said]) -> bool:
    response = send(scenario, case)
    if response.status_code not in case["status"]:
        return False
    if response.headers["X-Request-ID"] == "":
        return False
    if "request_id" in case and response.headers["X-Request-ID"] != case["request_id"]:
        return False
    if response.status_code != 200:
        return response.headers["Content-Type"] == "application/problem+json"
    again = [send(scenario, case) for _ in range(case.get("repeat", 1))]
    if any(one.content != response.content for one in again):
        return False
    return is_answer(scenario, case, response, cases)


def is_answer(
    scenario: Scenario, case: Said, response: HttpResponse, cases: dict[str, Said]
) -> bool:
    said = response.json()
    if "decision" in case:
        return said["decision"] is case["decision"] and "evaluations" not in said
    if "decisions" in case:
        decisions = [one["decision"] for one in said["evaluations"]]
        return len(decisions) == len(case["decisions"]) and all(
            wanted in (None, given)
            for wanted, given in zip(case["decisions"], decisions, strict=True)
        )
    if case["to"] in ("evaluation", "evaluations"):
        return True
    assert next(iter(said)) == "page"
    assert isinstance(said["page"]["next_token"], str)
    if "exactly" in case:
        return said["results"] == case["exactly"]
    found = pages(scenario, case) if case.get("paged") else scenario.found(response)
    if "same_as" in case and found != scenario.found(send(scenario, cases[case["same_as"]])):
        return False
    return found >= set(case.get("includes", ()))


def pages(scenario: Scenario, case: Said) -> set[str]:
    """All pages of a search, the limit said again and left out in turn."""
    found: set[str] = set()
    asked: Said = dict(case["send"]["page"])
    for number in range(100):
        response = scenario.post(case["to"], case["send"] | {"page": asked})
        assert response.status_code == 200, response.content
        some = scenario.found(response)
        assert not some & found
        assert response.json()["page"]["count"] <= asked.get("limit", 1)
        found |= some
        token = response.json()["page"]["next_token"]
        if not token:
            return found
        asked = {"token": token} | (case["send"]["page"] if number % 2 else {})
    raise AssertionError("There is no last page.")


def send(scenario: Scenario, case: Said) -> HttpResponse:
    token = {"none": {}, "invalid": {"Authorization": "Bearer bw_svc_wrong"}}.get(
        case.get("token", ""), {"Authorization": f"Bearer {scenario.platform.text}"}
    )
    named = {"X-Request-ID": case["request_id"]} if "request_id" in case else {}
    body = case["raw"] if "raw" in case else json.dumps(scenario.told(case["send"]))
    kind: Any = case.get("as", "application/json")
    return Client().generic(
        case.get("method", "POST"),
        f"/access/v1/{case['to']}",
        body,
        content_type=kind,
        headers=token | named,
    )


def test_the_configuration_names_every_endpoint(
    scenario: Scenario, client: Client, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://console.acme.example"
    response = client.get(
        "/.well-known/authzen-configuration", headers={"X-Request-ID": "any string"}
    )
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-ID"] == "any string"
    said = response.json()
    assert said.pop("policy_decision_point") == "https://console.acme.example"
    assert set(said) == {
        "access_evaluation_endpoint",
        "access_evaluations_endpoint",
        "search_subject_endpoint",
        "search_resource_endpoint",
        "search_action_endpoint",
    }
    whole = {
        "subject": {"type": "user", "id": "x"},
        "action": {"name": "x"},
        "resource": {"type": "project", "id": "x"},
    }
    for address in said.values():
        path = address.removeprefix("https://console.acme.example")
        assert scenario.platform.post(path, whole).status_code == 200
