"""The pages that explain access: who may ask, what they name, and that they stay small."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from accounts.models import User
from config.roles import Permission, Role
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

IN_PANEL = {"HX-Request": "true", "HX-Current-URL": "http://testserver/elsewhere/"}


def page(cast: Cast, person: User, path: str, status: int = 200, **headers: str) -> str:
    response = sign_in(person).get(cast.url(path), headers=headers)
    assert response.status_code == status, (path, response.status_code)
    return str(response.content.decode())


# Explain


def test_anybody_may_ask_about_themself(cast: Cast) -> None:
    for person in (cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie):
        assert person.name in page(cast, person, "explain/?permission=hub.access")


def test_others_are_asked_about_by_who_sees_members(cast: Cast) -> None:
    mia = cast.member(cast.mia).pk
    assert "Mia may not" in page(cast, cast.vera, f"explain/?member={mia}&permission=audit.view")
    page(cast, cast.eddie, f"explain/?member={mia}&permission=audit.view", 404)


def test_a_place_one_does_not_see_is_404_even_for_a_question_about_oneself(cast: Cast) -> None:
    project = make_project(cast.acme)
    path = f"explain/?permission=projects.view&place=project:{project.pk}"
    page(cast, cast.mia, path, 404)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    assert "Mia may view this project" in page(cast, cast.mia, path)


@pytest.mark.parametrize(
    "question",
    [
        "member=x",
        "member=%00",
        f"member={UUID(int=7)}",
        "permission=projects.fly",
        "permission=%00",
        "place=project",
        "place=project:",
        f"place=project:{UUID(int=7)}",
        f"place=platform:{UUID(int=7)}",
        "place=organization:1",
        "place=%27;drop",
    ],
)
def test_a_question_that_makes_no_sense_is_404(cast: Cast, question: str) -> None:
    page(cast, cast.alice, f"explain/?{question}", 404)


def test_another_organization_is_as_good_as_missing(cast: Cast) -> None:
    project = make_project(cast.umbrella)
    other = make_member(cast.umbrella)
    page(cast, cast.alice, f"explain/?place=project:{project.pk}", 404)
    page(cast, cast.alice, f"explain/?member={other.pk}", 404)
    page(cast, cast.alice, f"members/{other.pk}/access/", 404)
    group = make_group(cast.umbrella)
    page(cast, cast.alice, f"groups/{group.pk}/access/", 404)


def test_nothing_is_changed_by_asking(cast: Cast) -> None:
    assert sign_in(cast.alice).post(cast.url("explain/")).status_code == 405


def test_the_panel_is_the_answer_alone_and_closes_empty(cast: Cast) -> None:
    said = page(cast, cast.alice, "explain/?permission=audit.view", **IN_PANEL)
    assert "<html" not in said
    assert 'aria-label="Close Explain"' in said
    assert page(cast, cast.alice, "explain/?close", **IN_PANEL) == ""


def test_on_its_own_page_it_has_no_close_and_keeps_its_address(cast: Cast) -> None:
    own = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{cast.url('explain/')}"}
    said = page(cast, cast.alice, "explain/?permission=audit.view", **own)
    assert 'aria-label="Close Explain"' not in said
    assert 'hx-push-url="true"' in said


def test_the_choices_are_those_that_make_sense_there(cast: Cast) -> None:
    project = make_project(cast.acme)
    said = page(cast, cast.alice, f"explain/?place=project:{project.pk}")
    assert 'value="projects.manage_secrets"' in said
    assert 'value="members.invite"' not in said
    assert 'value="platform.manage_users"' not in page(cast, cast.alice, "explain/")


def test_a_permission_from_elsewhere_is_answered_all_the_same(cast: Cast) -> None:
    project = make_project(cast.acme)
    said = page(cast, cast.alice, f"explain/?permission=hub.access&place=project:{project.pk}")
    assert '<option value="hub.access" selected>' in said


def test_people_are_searched_and_never_listed_whole(cast: Cast) -> None:
    for number in range(12):
        make_member(cast.acme, person=make_person(f"Nora Number{number:02}"))
    said = page(cast, cast.alice, "explain/")
    assert "Nora" not in said
    asked = {"HX-Request": "true", "HX-Target": "explain-people"}
    found = page(cast, cast.alice, "explain/?q=nora", **asked)
    assert found.count("<li>") == 8
    assert "No one matches" in page(cast, cast.alice, "explain/?q=zzz", **asked)
    # Without JavaScript the same form leads to the page with what was found.
    assert page(cast, cast.alice, "explain/?q=nora").count("Nora Number") == 8


def test_an_end_user_searches_nobody(cast: Cast) -> None:
    said = page(cast, cast.eddie, "explain/?q=mia")
    assert "Mia" not in said
    assert "explain-people" not in said


def test_a_button_leads_to_the_deed_for_who_may_and_to_a_request_for_oneself(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    make_grant(workspace, cast.member(cast.vera), Role.WORKSPACE_VIEWER)
    path = f"explain/?permission=studio.access&place=project:{project.pk}"
    vera = cast.member(cast.vera).pk
    said = page(cast, cast.alice, f"{path}&member={vera}")
    assert f"projects/{project.pk}/share/?to=member%3A{vera}&amp;role=project_member" in said
    own = page(cast, cast.vera, path)
    assert "requests/new/?permission=studio.access" in own
    assert f"/projects/{project.pk}/share/" not in own
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    others = page(cast, cast.mia, f"{path}&member={vera}")
    assert "requests/new" not in others
    assert f"/projects/{project.pk}/share/" not in others


def test_who_does_not_see_members_is_told_no_names(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme), published_at=timezone.now())
    make_grant(agent.project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_USER)
    path = f"explain/?permission=agents.create&place=resource:{agent.pk}"
    said = page(cast, cast.eddie, path)
    assert "Mia" not in said
    assert "By an owner." in said


def test_a_name_that_is_markup_stays_text(cast: Cast) -> None:
    name = '<img src=x onerror="1">'
    project = make_project(cast.acme, name)
    group = make_group(cast.acme, name)
    make_seat(group, cast.member(cast.mia))
    make_grant(project, group, Role.PROJECT_MEMBER, reason=name)
    mia = cast.member(cast.mia).pk
    for path in (
        f"explain/?member={mia}&place=project:{project.pk}",
        f"explain/?member={cast.member(cast.vera).pk}&place=project:{project.pk}",
        f"members/{mia}/access/",
        f"groups/{group.pk}/access/",
    ):
        said = page(cast, cast.alice, path)
        assert name not in said
        assert escape(name) in said


# Everything that one person can do


def test_a_persons_page_says_everything_and_why(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, "Picking", workspace=workspace)
    archived = make_project(cast.acme, "Forecast", state="archived")
    agent = make_resource(make_project(cast.acme), name="Order agent")
    mia, alice = cast.member(cast.mia), cast.member(cast.alice)
    group = make_group(cast.acme, "Readers")
    make_group_role(group, Role.AUDIT_LOG_READER)
    make_seat(group, mia)
    until = timezone.now() + datetime.timedelta(days=3)
    make_grant(workspace, mia, Role.WORKSPACE_VIEWER, granted_by=alice, reason="the move")
    make_grant(archived, mia, Role.PROJECT_OWNER, expires_at=until)
    make_grant(agent, group, Role.RESOURCE_USER)
    said = page(cast, cast.alice, f"members/{mia.pk}/access/")
    for words in (
        "Audit Log Reader",
        "Readers",
        "Logistics",
        "From Logistics",
        "Picking",
        "the move",
        "Forecast",
        "Archived, only read",
        "Order agent",
        "Alice Marlow",
        "until",
    ):
        assert words in said, words
    assert str(project.pk) in said


def test_only_places_that_the_viewer_sees_are_named(cast: Cast) -> None:
    seen, unseen = make_project(cast.acme, "Plain"), make_project(cast.acme, "Hidden")
    for project in (seen, unseen):
        make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER, reason="a quiet word")
    make_grant(seen, cast.member(cast.adam), Role.PROJECT_VIEWER)
    make_grant(
        seen, make_member(cast.acme, Role.MEMBER, cast_other := make_person()), Role.PROJECT_VIEWER
    )
    path = f"members/{cast.member(cast.mia).pk}/access/"
    said = page(cast, cast.adam, path)
    assert "Plain" in said
    assert "a quiet word" in said
    assert "Hidden" not in said
    assert "a quiet word" not in page(cast, cast_other, path)
    page(cast, cast.eddie, path, 302)


def test_a_membership_that_ended_holds_nothing(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Picking"), cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    with bound(cast.acme.pk):
        past = timezone.now() - datetime.timedelta(days=1)
        Membership.objects.filter(pk=mia.pk).update(expires_at=past)
    said = page(cast, cast.alice, f"members/{mia.pk}/access/")
    assert "This membership ended" in said
    assert "Picking" not in said


def test_many_places_come_in_pages(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    for number in range(27):
        make_grant(make_project(cast.acme, f"Field {number:02}"), mia, Role.PROJECT_VIEWER)
    path = f"members/{mia.pk}/access/"
    said = page(cast, cast.alice, path)
    assert "Field 24" in said
    assert "Field 25" not in said
    assert "?kind=projects" in said
    assert "Field 26" in page(cast, cast.alice, f"{path}?kind=projects")
    for bad in ("?kind=nonsense", "?kind=projects&page=x", "?page=%00"):
        assert "Field 00" in page(cast, cast.alice, path + bad)


# Who holds one permission, and what a group opens


def test_who_may_do_one_thing_in_the_whole_organization(cast: Cast) -> None:
    group = make_group(cast.acme, "Readers")
    make_group_role(group, Role.AUDIT_LOG_READER)
    make_seat(group, cast.member(cast.mia))
    said = page(cast, cast.adam, "access/?permission=audit.export")
    assert all(name in said for name in ("Alice Marlow", "Adam Brandt", "Mia Castellano"))
    assert "Readers" in said
    assert "Vera Lindqvist" not in said
    through = page(cast, cast.adam, "access/?permission=audit.export&via=group")
    assert "Mia Castellano" in through
    assert "Alice Marlow" not in through.split('<div id="list">')[1]
    assert "Nobody here matches" in page(cast, cast.adam, "access/?permission=audit.view&q=zz")
    page(cast, cast.adam, "access/?permission=audit.fly", 404)


def test_a_group_says_what_it_opens_and_for_whom(cast: Cast) -> None:
    group, project = make_group(cast.acme, "Tech Leads"), make_project(cast.acme, "Picking")
    make_group_role(group, Role.PROJECTS_ADMIN, reason="they lead")
    make_grant(project, group, Role.PROJECT_OWNER)
    make_seat(group, cast.member(cast.mia))
    said = page(cast, cast.alice, f"groups/{group.pk}/access/")
    for words in ("Projects Admin", "10 permissions", "they lead", "Picking", "Mia Castellano"):
        assert words in said, words
    less = page(cast, cast.vera, f"groups/{group.pk}/access/")
    assert "they lead" in less  # A Viewer reads the log, and so the reason.
    assert "Picking" not in less


def test_a_secret_group_is_404_to_who_may_not_know_of_it(cast: Cast) -> None:
    group = make_group(cast.acme, secret=True)
    page(cast, cast.vera, f"groups/{group.pk}/access/", 404)


# Bounds


@pytest.mark.parametrize("kind", ["explain", "member", "organization", "group"])
def test_pages_do_not_ask_more_when_there_is_more(cast: Cast, kind: str) -> None:
    mia = cast.member(cast.mia)
    group = make_group(cast.acme)
    make_seat(group, mia)
    project = make_project(cast.acme, workspace=make_workspace(cast.acme))
    client = sign_in(cast.alice)
    paths = {
        "explain": f"explain/?member={cast.member(cast.vera).pk}&place=project:{project.pk}",
        "member": f"members/{mia.pk}/access/",
        "organization": f"access/?permission={Permission.PROJECTS_CREATE}",
        "group": f"groups/{group.pk}/access/",
    }

    def grow() -> None:
        other = make_group(cast.acme)
        make_group_role(other, Role.PROJECTS_ADMIN)
        for to in (group, mia):
            one = make_project(cast.acme, workspace=make_workspace(cast.acme))
            make_grant(one, to, Role.PROJECT_MEMBER)
            make_grant(one.workspace, to, Role.WORKSPACE_VIEWER)
            make_grant(make_resource(one), to, Role.RESOURCE_USER)
        make_seat(other, make_member(cast.acme))
        make_seat(group, make_member(cast.acme))

    grow()
    make_grant(project, group, Role.PROJECT_VIEWER)
    client.get(cast.url(paths[kind]))
    with CaptureQueriesContext(connection) as before:
        assert client.get(cast.url(paths[kind])).status_code == 200
    for _ in range(3):
        grow()
    with CaptureQueriesContext(connection) as after:
        assert client.get(cast.url(paths[kind])).status_code == 200
    assert len(after) == len(before)
    # Five of them are the session, the person, the transaction and the binding.
    assert len(after) <= (15 if kind == "explain" else 11)
