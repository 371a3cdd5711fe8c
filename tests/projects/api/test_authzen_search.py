"""`POST /access/v1/search/…`: pages, and what is in no search."""

from __future__ import annotations

import datetime
from itertools import chain
from typing import Any

import pytest
from django.utils import timezone
from uuid6 import uuid7

from config.roles import Permission, Role
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from projects.api import search
from tests.factories import Cast, make_group, make_member, make_seat
from tests.projects.factories import make_grant, make_project, make_resource, make_workspace
from tests.projects.keys import Platform, make_account, make_key

pytestmark = pytest.mark.django_db
P = Permission


@pytest.fixture
def platform(cast: Cast) -> Platform:
    return Platform(cast.acme, "decide")


def said(platform: Platform, kind: str, **asked: Any) -> dict[str, Any]:
    response = platform.post(f"/access/v1/search/{kind}", asked)
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    assert list(answer) == ["page", "results"]
    assert answer["page"]["count"] == len(answer["results"])
    return answer


def named(type_: str, one: Any) -> dict[str, str]:
    return {"type": type_, "id": str(getattr(one, "pk", one))}


def test_people_through_every_path_are_found_once(cast: Cast, platform: Platform) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    agent = make_resource(project)
    direct, seated, above, ended, shared = (make_member(cast.acme) for _ in range(5))
    group = make_group(cast.acme)
    make_seat(group, seated)
    make_seat(group, direct)
    make_grant(project, direct, Role.PROJECT_MEMBER)
    make_grant(project, group, Role.PROJECT_MEMBER)
    make_grant(workspace, above, Role.WORKSPACE_VIEWER)
    make_grant(agent, shared, Role.RESOURCE_USER)
    yesterday = timezone.now() - datetime.timedelta(days=1)
    make_grant(project, ended, Role.PROJECT_MEMBER, expires_at=yesterday)
    gone = make_member(cast.acme)
    make_grant(project, gone, Role.PROJECT_OWNER)
    gone.person.is_active, gone.person.state = False, "suspended"
    gone.person.save()

    def who(action: Permission, place: dict[str, str], type_: str = "user") -> set[str]:
        answer = said(
            platform,
            "subject",
            subject={"type": type_},
            action={"name": action.value},
            resource=place,
        )
        assert all(one["type"] == type_ for one in answer["results"])
        return {one["id"] for one in answer["results"]}

    owner = str(cast.member(cast.alice).pk)
    ids = {name: str(one.pk) for name, one in locals().items() if isinstance(one, Membership)}
    on_project = named("project", project)
    views = {owner, ids["direct"], ids["seated"], ids["above"]}
    assert who(P.PROJECTS_VIEW, on_project) == views
    assert who(P.PROJECTS_VIEW, on_project, "member") == views
    assert who(P.AGENTS_CREATE, on_project) == views - {ids["above"]}
    assert who(P.AGENTS_CHAT, named("resource", agent)) == (views | {ids["shared"]}) - {
        ids["above"]
    }
    assert who(P.BILLING_CHANGE_PLAN, named("organization", cast.acme.slug)) == {owner}


def test_keys_are_found_by_what_they_may(cast: Cast, platform: Platform) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    ours, _ = make_key(cast.acme, mia)
    chats, _ = make_key(project, mia, executes=False)
    placed, _ = make_key(cast.acme, make_account(cast.acme, projects=(project,)))
    make_key(other, mia)
    make_key(project, mia, revoked_at=timezone.now(), revoked_by="Test")

    def who(action: str) -> set[str]:
        answer = said(
            platform,
            "subject",
            subject={"type": "key"},
            action={"name": action},
            resource=named("project", project),
        )
        return {one["id"] for one in answer["results"]}

    assert who(P.WORKFLOWS_EXECUTE) == {str(ours.pk), str(placed.pk)}
    assert who(P.AGENTS_CHAT) == {str(ours.pk), str(placed.pk), str(chats.pk)}
    assert who(P.PROJECTS_VIEW) == set()

    def where(key: Any, type_: str) -> set[str]:
        answer = said(
            platform,
            "resource",
            subject=named("key", key),
            action={"name": P.AGENTS_CHAT},
            resource={"type": type_},
        )
        return {one["id"] for one in answer["results"]}

    agent = make_resource(project)
    for key in (ours, chats, placed):
        assert where(key, "project") == {str(project.pk)}
        assert where(key, "resource") == {str(agent.pk)}
        assert where(key, "workspace") == set()


def test_nothing_is_found_of_what_is_not_there(cast: Cast, platform: Platform) -> None:
    project = make_project(cast.acme)
    theirs = make_project(cast.umbrella)
    alice, view = named("user", cast.member(cast.alice)), {"name": P.PROJECTS_VIEW}
    searches: list[tuple[str, dict[str, Any]]] = [
        ("subject", {"subject": {"type": "spaceship"}, "resource": named("project", project)}),
        ("subject", {"subject": {"type": "user"}, "resource": named("project", theirs)}),
        ("subject", {"subject": {"type": "user"}, "resource": named("project", "x")}),
        ("subject", {"subject": {"type": "user"}, "resource": named("spaceship", project)}),
        ("resource", {"subject": alice, "resource": {"type": "spaceship"}}),
        ("resource", {"subject": named("user", uuid7()), "resource": {"type": "project"}}),
        ("resource", {"subject": named("robot", alice["id"]), "resource": {"type": "project"}}),
        ("action", {"subject": alice, "resource": named("project", theirs)}),
        ("action", {"subject": named("user", uuid7()), "resource": named("project", project)}),
    ]
    for kind, asked in searches:
        assert said(platform, kind, action=view, **asked)["results"] == []
    asked = {"subject": alice, "resource": {"type": "project"}}
    assert said(platform, "resource", action={"name": "no.such"}, **asked)["results"] == []
    with bound(cast.acme.pk):
        Organization.objects.filter(pk=cast.acme.pk).update(state="suspended")
    assert said(platform, "resource", action=view, **asked)["results"] == []


def test_places_are_found_by_pages_in_one_order(
    cast: Cast, platform: Platform, monkeypatch: Any
) -> None:
    monkeypatch.setattr(search, "_FEW", 2)
    monkeypatch.setattr(search, "_MANY", 3)
    projects = [make_project(cast.acme) for _ in range(12)]
    mia = cast.member(cast.mia)
    for project in projects[::2]:
        make_grant(project, mia, Role.PROJECT_VIEWER)
    for project in projects[1::2]:
        make_grant(project, mia, Role.PROJECT_OWNER)
    asked = {
        "subject": named("user", mia),
        "action": {"name": P.PROJECTS_CHANGE},
        "resource": {"type": "project"},
    }
    wanted = [str(project.pk) for project in projects[1::2]]
    whole = said(platform, "resource", **asked)
    assert [one["id"] for one in whole["results"]] == wanted
    assert whole["page"]["next_token"] == ""
    for limit in (1, 2, 4, 5, 6, 7):
        pages, page = [], {"limit": limit}
        while True:
            answer = said(platform, "resource", **asked, page=page)
            pages.append([one["id"] for one in answer["results"]])
            if not answer["page"]["next_token"]:
                break
            page = {"token": answer["page"]["next_token"]}
        assert list(chain.from_iterable(pages)) == wanted
        assert all(len(one) == limit for one in pages[:-1])
        assert pages[-1]


def test_how_much_is_decided_for_one_page_is_bounded(
    cast: Cast, platform: Platform, monkeypatch: Any
) -> None:
    monkeypatch.setattr(search, "_FEW", 2)
    monkeypatch.setattr(search, "_MANY", 2)
    monkeypatch.setattr(search, "_MOST", 4)
    projects = [make_project(cast.acme) for _ in range(9)]
    mia = cast.member(cast.mia)
    for project in projects[:-1]:
        make_grant(project, mia, Role.PROJECT_VIEWER)
    make_grant(projects[-1], mia, Role.PROJECT_OWNER)
    asked = {
        "subject": named("user", mia),
        "action": {"name": P.PROJECTS_CHANGE},
        "resource": {"type": "project"},
    }
    first = said(platform, "resource", **asked, page={"limit": 1})
    assert first["results"] == []
    page, found = first["page"], []
    while page["next_token"]:
        answer = said(platform, "resource", **asked, page={"token": page["next_token"]})
        page, found = answer["page"], found + answer["results"]
    assert found == [named("project", projects[-1])]


def test_actions_are_found_by_pages(cast: Cast, platform: Platform) -> None:
    asked = {
        "subject": named("user", cast.member(cast.alice)),
        "resource": named("organization", cast.acme),
    }
    whole = [one["name"] for one in said(platform, "action", **asked)["results"]]
    assert len(whole) > 20
    found, page = [], {"limit": 7}
    while True:
        answer = said(platform, "action", **asked, page=page)
        found += [one["name"] for one in answer["results"]]
        if not answer["page"]["next_token"]:
            break
        page = {"token": answer["page"]["next_token"]}
    assert found == whole


def test_a_page_is_of_its_search_alone(cast: Cast, platform: Platform) -> None:
    make_project(cast.acme)
    make_project(cast.acme)
    alice = named("user", cast.member(cast.alice))
    asked = {
        "subject": alice,
        "action": {"name": P.PROJECTS_VIEW},
        "resource": {"type": "project"},
    }
    path = "/access/v1/search/resource"
    token = said(platform, "resource", **asked, page={"limit": 1})["page"]["next_token"]
    assert token
    assert said(platform, "resource", **asked, page={"limit": 1, "token": token})["results"]

    def status(page: Any, **other: Any) -> int:
        return int(platform.post(path, asked | other | {"page": page}).status_code)

    assert status({"token": token, "limit": 2}) == 400
    assert status({"token": token}, action={"name": P.PROJECTS_CHANGE}) == 400
    assert status({"token": token}, subject=named("user", cast.member(cast.mia))) == 400
    for wrong in ("x", token[:-1], f"{token}x", "a.b:c", "\0", "x" * 10_000, "\U0001f600"):
        assert status({"token": wrong}) == 400
    theirs = Platform(cast.umbrella, "decide")
    assert theirs.post(path, asked | {"page": {"token": token}}).status_code == 400


def test_the_limit_of_a_page_is_a_number_that_is_not_negative(
    cast: Cast, platform: Platform
) -> None:
    make_project(cast.acme)
    asked = {
        "subject": named("user", cast.member(cast.alice)),
        "action": {"name": P.PROJECTS_VIEW},
        "resource": {"type": "project"},
    }
    nothing = said(platform, "resource", **asked, page={"limit": 0})
    assert nothing["results"] == []
    assert nothing["page"]["next_token"]
    for limit in (10**30, 1_001, 1.0):
        assert len(said(platform, "resource", **asked, page={"limit": limit})["results"]) == 1
    for limit in (-1, 1.5, "1", True, None, []):
        page = {"limit": limit}
        response = platform.post("/access/v1/search/resource", asked | {"page": page})
        expected = 200 if limit is None else 400
        assert response.status_code == expected, limit
    for page in ([], "x", 7):
        response = platform.post("/access/v1/search/resource", asked | {"page": page})
        assert response.status_code == 400
