"""Changing a configuration: versions, the ledger, and two people at the same one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project, Resource, ResourceVersion
from tests.factories import Cast, body_of, make_member, make_person, sign_in
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.keys import make_limit
from tests.projects.resources import AGENT_CONFIGURATION, entries, kept, ledger_of


def agent_of(cast: Cast, **fields: Any) -> tuple[Project, Resource, Client]:
    """An agent made through its form, so that its first version is kept."""
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    mia = sign_in(cast.mia)
    page = cast.url(f"projects/{project.pk}/resources/new/agent/")
    mia.post(page, entries(**({"name": "Clerk"} | fields)))
    with bound(cast.acme.pk):
        return project, Resource.objects.get(project=project, kind="agent"), mia


def url(cast: Cast, agent: Resource, page: str = "change/") -> str:
    return cast.url(f"resources/{agent.pk}/{page}")


def form_of(client: Client, page: str) -> dict[str, Any]:
    """What the browser would send: the form as the page drew it."""
    response = client.get(page)
    form, was = response.context["form"], response.context["was"]
    drawn = {name: form[name].value() for name in form.fields}
    hidden = {f"was_{name}": value for name, value in was.items()}
    return {name: value for name, value in (drawn | hidden).items() if value not in (None, False)}


@pytest.mark.requirement("S2-074", "S2-057")
def test_a_change_is_the_next_version_and_the_ledger_keeps_what_differs(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    form = form_of(mia, url(cast, agent)) | {"temperature": "1.5", "note": "Livelier"}
    assert mia.post(url(cast, agent), form).status_code == 302
    now = kept(agent)
    assert (now.version, now.configuration["temperature"]) == (2, 1.5)
    (entry,) = ledger_of(cast.acme, "resource.changed")
    assert entry.changes["configuration"] == [{"temperature": 0.7}, {"temperature": 1.5}]
    assert entry.changes["version"] == [1, 2]
    assert entry.reason == "Livelier"
    with bound(cast.acme.pk):
        versions = list(ResourceVersion.objects.filter(resource=agent).order_by("number"))
    assert [v.number for v in versions] == [1, 2]
    assert versions[1].note == "Livelier"


def test_a_form_sent_twice_changes_once(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    form = form_of(mia, url(cast, agent)) | {"model": "large-2"}
    assert mia.post(url(cast, agent), form).status_code == 302
    assert mia.post(url(cast, agent), form).status_code == 302
    assert kept(agent).version == 2
    assert len(ledger_of(cast.acme, "resource.changed")) == 1


def test_who_saves_second_is_told_and_loses_nothing(cast: Cast) -> None:
    project, agent, mia = agent_of(cast)
    person = make_person("Noor Haddad")
    other = make_member(cast.acme, person=person)
    make_grant(project, other, Role.PROJECT_MEMBER)
    noor = sign_in(person)
    mine, theirs = form_of(mia, url(cast, agent)), form_of(noor, url(cast, agent))
    noor.post(url(cast, agent), theirs | {"model": "large-2", "note": "More room"})
    response = mia.post(url(cast, agent), mine | {"instructions": "Answer at length."})
    assert response.status_code == 409
    assert kept(agent).version == 2
    html = response.content.decode()
    for said in ("Noor Haddad", "More room", "small-1", "large-2", "Answer at length."):
        assert said in html
    assert "Save over version 2" in html
    assert "Keep both changes" in html
    (failed,) = ledger_of(cast.acme, "resource.changed", "failed")
    assert failed.reason == "overtaken"
    again = form_from(response)
    assert again["base"] == "2"
    assert mia.post(url(cast, agent), again).status_code == 302
    now = kept(agent)
    assert (now.version, now.configuration["model"]) == (3, "small-1")
    assert now.configuration["instructions"] == "Answer at length."


def form_from(response: Any) -> dict[str, Any]:
    form, was = response.context["form"], response.context["was"]
    drawn = {name: form[name].value() for name in form.fields}
    hidden = {f"was_{name}": value for name, value in was.items()}
    return {name: value for name, value in (drawn | hidden).items() if value not in (None, False)}


def test_both_changes_are_kept_where_they_do_not_meet(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    alice = sign_in(cast.alice)
    mine, theirs = form_of(mia, url(cast, agent)), form_of(alice, url(cast, agent))
    alice.post(url(cast, agent), theirs | {"model": "large-2", "name": "Chief clerk"})
    response = mia.post(url(cast, agent), mine | {"temperature": "0"})
    assert response.status_code == 409
    assert mia.post(url(cast, agent), form_from(response) | {"merge": "1"}).status_code == 302
    now = kept(agent)
    assert (now.name, now.version) == ("Chief clerk", 3)
    assert (now.configuration["model"], now.configuration["temperature"]) == ("large-2", 0.0)


def test_a_third_one_in_between_is_told_of_too(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    alice = sign_in(cast.alice)
    mine = form_of(mia, url(cast, agent)) | {"temperature": "2"}
    alice.post(url(cast, agent), form_of(alice, url(cast, agent)) | {"model": "b"})
    second = form_from(mia.post(url(cast, agent), mine))
    alice.post(url(cast, agent), form_of(alice, url(cast, agent)) | {"model": "c"})
    response = mia.post(url(cast, agent), second | {"merge": "1"})
    assert response.status_code == 409
    assert mia.post(url(cast, agent), form_from(response) | {"merge": "1"}).status_code == 302
    now = kept(agent)
    assert (now.version, now.configuration["model"], now.configuration["temperature"]) == (
        4,
        "c",
        2.0,
    )


def test_the_same_change_by_two_is_no_conflict(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    alice = sign_in(cast.alice)
    mine, theirs = form_of(mia, url(cast, agent)), form_of(alice, url(cast, agent))
    alice.post(url(cast, agent), theirs | {"model": "large-2"})
    assert mia.post(url(cast, agent), mine | {"model": "large-2"}).status_code == 302
    assert kept(agent).version == 2


@pytest.mark.parametrize("base", ["", "0", "-1", "x", "99", "9" * 5_000, "1.5", "\x00"])
def test_a_base_that_was_tampered_with_overwrites_nothing(cast: Cast, base: str) -> None:
    _, agent, mia = agent_of(cast)
    form = form_of(mia, url(cast, agent)) | {"base": base, "was_version": base, "model": "z"}
    response = mia.post(url(cast, agent), form)
    assert response.status_code == 409
    assert kept(agent).configuration["model"] == "small-1"


def test_a_refused_entry_stays_and_names_its_mend(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    form = form_of(mia, url(cast, agent)) | {"temperature": "3", "instructions": "Typed"}
    response = mia.post(url(cast, agent), form)
    assert response.status_code == 422
    html = response.content.decode()
    assert "The temperature is 2 at the most." in html
    assert "Typed" in html


def test_a_rename_says_so_and_a_name_that_is_taken_is_refused(cast: Cast) -> None:
    project, agent, mia = agent_of(cast)
    make_resource(project, "agent", "Taken")
    form = form_of(mia, url(cast, agent))
    response = mia.post(url(cast, agent), form | {"name": "Taken"})
    assert response.status_code == 422
    assert mia.post(url(cast, agent), form | {"name": "Chief"}).status_code == 302
    assert (
        "Renamed from “Clerk” to “Chief”."
        in mia.get(url(cast, agent, "versions/")).content.decode()
    )


def test_a_tool_that_one_may_not_see_stays_chosen(cast: Cast) -> None:
    """A Resource Admin of the agent alone sees no tool of the project, and takes none away."""
    project = make_project(cast.acme)
    tool = make_resource(project, "tool", "Ledger search")
    agent = make_resource(project, configuration=AGENT_CONFIGURATION | {"tools": [str(tool.pk)]})
    make_grant(agent, cast.member(cast.mia), Role.RESOURCE_ADMIN)
    mia = sign_in(cast.mia)
    html = mia.get(url(cast, agent)).content.decode()
    assert "Ledger search" not in html
    assert "A tool that you may not see" in html
    form = form_of(mia, url(cast, agent)) | {"model": "large-2"}
    assert mia.post(url(cast, agent), form).status_code == 302
    assert kept(agent).configuration["tools"] == [str(tool.pk)]
    assert "Ledger search" not in mia.get(url(cast, agent, "")).content.decode()


@pytest.mark.requirement("S2-080", "S2-128")
def test_a_viewer_reads_and_changes_nothing_and_a_stranger_finds_nothing(cast: Cast) -> None:
    project, agent, _ = agent_of(cast)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    vera = sign_in(cast.vera)
    assert vera.get(url(cast, agent, "")).status_code == 200
    assert "resource-menu" not in vera.get(url(cast, agent, "")).content.decode()
    assert vera.get(url(cast, agent, "versions/")).status_code == 200
    assert vera.post(url(cast, agent), entries()).status_code == 302
    for stranger in (cast.adam, cast.eddie):
        for page in ("", "change/", "versions/", "history/", "delete/", "publish/"):
            assert sign_in(stranger).get(url(cast, agent, page)).status_code == 404
    oscar = sign_in(cast.oscar)
    for page in ("", "change/", "versions/", "history/"):
        assert oscar.get(url(cast, agent, page)).status_code == 404
        there = cast.url(f"resources/{agent.pk}/{page}", cast.umbrella)
        assert oscar.get(there).status_code == 404
    assert kept(agent).version == 1


def test_an_archived_project_holds_its_resources_still(cast: Cast) -> None:
    project = make_project(cast.acme, state="archived")
    agent = make_resource(project, configuration=AGENT_CONFIGURATION)
    alice = sign_in(cast.alice)
    assert alice.get(url(cast, agent, "")).status_code == 200
    for page in ("change/", "delete/", "publish/"):
        assert alice.post(url(cast, agent, page), {}).status_code == 302
    gone = make_resource(make_project(cast.acme, state="deleted"))
    assert alice.get(url(cast, gone, "")).status_code == 404


def test_an_earlier_version_is_used_again_as_a_new_one(cast: Cast) -> None:
    _, agent, mia = agent_of(cast)
    form = form_of(mia, url(cast, agent))
    mia.post(url(cast, agent), form | {"model": "large-2"})
    page = url(cast, agent, "versions/1/again/")
    assert "large-2" in mia.get(page).content.decode()
    assert mia.post(page, {"base": "1", "reason": ""}).status_code == 422
    assert mia.post(page, {"base": "2", "reason": "Cheaper"}).status_code == 302
    now = kept(agent)
    assert (now.version, now.configuration["model"]) == (3, "small-1")
    assert "Version 1 again. Cheaper" in mia.get(url(cast, agent, "versions/")).content.decode()
    assert mia.get(url(cast, agent, "versions/99/again/")).status_code == 404
    assert mia.get(url(cast, agent, f"versions/{'9' * 30}/again/")).status_code == 404


def test_a_model_that_is_not_approved_any_more_comes_back_by_no_way(cast: Cast) -> None:
    project, agent, mia = agent_of(cast, model="large-2")
    form = form_of(mia, url(cast, agent)) | {"model": "small-1"}
    assert mia.post(url(cast, agent), form).status_code == 302
    make_limit(cast.acme, allowed_models=["small-1"])
    again = mia.post(url(cast, agent, "versions/1/again/"), {"base": 2})
    typed = form_of(mia, url(cast, agent)) | {"model": "large-2"}
    changed = mia.post(url(cast, agent), typed)
    page = cast.url(f"projects/{project.pk}/resources/new/agent/")
    made = mia.post(page, entries(name="Another", model="large-2"))
    for refused in (again, changed, made):
        assert refused.status_code == 422
        assert "large-2 is not approved" in body_of(refused)
    assert (kept(agent).version, kept(agent).configuration["model"]) == (2, "small-1")
