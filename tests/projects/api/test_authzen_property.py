"""Whatever an organization looks like: the interface decides as the console, for every permission
on every place and every person; its searches find what its evaluations allow; and a key gets the
same answer here as where it is verified.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.roles import Permission, Scope
from projects.keys import ACTIONS
from tests.projects.keys import Platform, make_account, make_key
from tests.projects.test_explain_property import (
    ORGANIZATIONS,
    PLACES,
    World,
    arrange,
    undone,
    world,
)

__all__ = ["world"]
EVERYWHERE = ("organization", *PLACES)
PROFILE = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def platform(world: World) -> Platform:
    return Platform(world.org, "decide")


def entity(world: World, name: str) -> dict[str, str]:
    """A place as a resource of the interface."""
    if name == "organization":
        return {"type": "organization", "id": str(world.org.pk)}
    place = world.places[name]
    return {"type": place.scope.value, "id": str(place.pk)}


def decided(platform: Platform, asked: list[dict[str, Any]]) -> list[bool]:
    answers: list[bool] = []
    for start in range(0, len(asked), 1_000):
        response = platform.post(
            "/access/v1/evaluations", {"evaluations": asked[start : start + 1_000]}
        )
        answers += [one["decision"] for one in response.json()["evaluations"]]
    return answers


@PROFILE
@given(said=ORGANIZATIONS)
def test_the_interface_decides_as_the_console(
    world: World,
    platform: Platform,
    said: dict[str, Any],
) -> None:
    with undone():
        arrange(world, said)
        asked, wanted = [], []
        for person, member in world.people:
            access = world.access(person)
            for name in EVERYWHERE:
                place = world.place(name)
                for permission in Permission:
                    wanted.append(access is not None and access.can(permission, place))
                    asked.append(
                        {
                            "subject": {"type": "user", "id": str(member.pk)},
                            "action": {"name": permission.value},
                            "resource": entity(world, name),
                        }
                    )
        for question, console, interface in zip(
            asked, wanted, decided(platform, asked), strict=True
        ):
            assert interface is console, question


@PROFILE
@given(said=ORGANIZATIONS, data=st.data())
def test_a_search_finds_what_an_evaluation_allows(
    world: World,
    platform: Platform,
    said: dict[str, Any],
    data: st.DataObject,
) -> None:
    with undone():
        arrange(world, said)
        subject = {"type": "user", "id": str(world.people[0][1].pk)}
        name = data.draw(st.sampled_from(EVERYWHERE))
        resource = entity(world, name)
        permissions = list(Permission)
        answers = decided(
            platform,
            [
                {"subject": subject, "action": {"name": one.value}, "resource": resource}
                for one in permissions
            ],
        )
        allowed = [one.value for one, yes in zip(permissions, answers, strict=True) if yes]
        assert found(platform, "action", {"subject": subject, "resource": resource}) == allowed
        for action in data.draw(
            st.lists(st.sampled_from(permissions), min_size=1, max_size=5, unique=True)
        ):
            told = {"action": {"name": action.value}}
            where = told | {"subject": subject, "resource": {"type": resource["type"]}}
            who = told | {"subject": {"type": "user"}, "resource": resource}
            assert (resource["id"] in found(platform, "resource", where)) is (action in allowed)
            assert (subject["id"] in found(platform, "subject", who)) is (action in allowed)


def found(platform: Platform, kind: str, asked: dict[str, Any]) -> list[str]:
    """All of them, by pages of three."""
    results: list[str] = []
    page: dict[str, Any] = {"limit": 3}
    while True:
        said = platform.post(f"/access/v1/search/{kind}", asked | {"page": page}).json()
        results += [one.get("id") or one["name"] for one in said["results"]]
        assert len(said["results"]) <= 3
        if not said["page"]["next_token"]:
            assert len(results) == len(set(results))
            return results
        page = {"token": said["page"]["next_token"]}


@PROFILE
@given(said=ORGANIZATIONS, of=st.sampled_from(["organization", "project", "account"]))
def test_a_key_gets_one_answer_in_both_places(
    world: World,
    platform: Platform,
    said: dict[str, Any],
    of: str,
) -> None:
    with undone():
        arrange(world, said)
        project = world.places["project"]
        holder: Any = world.people[0][1]
        if of == "account":
            holder = make_account(world.org, projects=(project,))
        key, text = make_key(project if of == "project" else world.org, holder)
        for action in ACTIONS:
            for name in ("project", "agent"):
                agent = world.places["agent"]
                where = {"project": str(project.pk)}
                where |= {"resource": str(agent.pk)} if name == "agent" else {}
                verified = platform.verify(text, action=action.value, **where).json()
                asked = {
                    "subject": {"type": "key", "id": str(key.pk)},
                    "action": {"name": action.value},
                    "resource": entity(world, name),
                }
                evaluated = platform.post("/access/v1/evaluation", asked).json()
                assert evaluated["decision"] is verified["decision"], (action, name, verified)
                assert Scope(asked["resource"]["type"])
