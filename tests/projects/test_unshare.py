"""Taking a role away, giving up one's own, and whose a project is that nobody owns any more."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from audit.models import Event as Entry
from config.roles import Permission, Role
from orgs.models import Notice
from orgs.tenancy import bound
from projects.actions.shares import share_change, unshare
from projects.models import ProjectGrant
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import make_grant, make_project, make_resource, make_workspace


@pytest.mark.requirement("S2-059", "S2-110")
def test_a_project_owner_removes_a_member_at_once(cast: Cast) -> None:
    project, vera = make_project(cast.acme), cast.member(cast.vera)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    grant = make_grant(project, vera, Role.PROJECT_MEMBER)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/share/{grant.pk}/remove/")
    page = client.get(url).content.decode()
    assert "Remove Vera Lindqvist from" in page
    assert "loses" in page
    assert client.post(url, {"reason": "Moved to billing"}).status_code == 302
    assert sign_in(cast.vera).get(cast.url(f"projects/{project.pk}/")).status_code == 404
    with bound(cast.acme.id):
        entry = Entry.objects.order_by("-sequence").first()
    assert entry is not None
    assert entry.action == "project.unshared"


@pytest.mark.requirement("S2-084")
def test_a_member_removes_nobody_but_themself(cast: Cast) -> None:
    project = make_project(cast.acme)
    own = make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    other = make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    client = sign_in(cast.mia)
    for method in (client.get, client.post):
        answer = method(cast.url(f"projects/{project.pk}/share/{other.pk}/remove/"))
        assert answer.status_code == 302
        assert answer["Location"] == cast.url()
    with bound(cast.acme.id):
        assert ProjectGrant.objects.in_org(cast.acme.id).filter(pk=other.pk).exists()
    answer = client.post(cast.url(f"projects/{project.pk}/share/{own.pk}/remove/"))
    assert answer["Location"] == cast.url("projects/")
    assert client.get(cast.url(f"projects/{project.pk}/")).status_code == 404


def test_who_still_sees_the_place_stays_on_its_page(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    project, mia = make_project(cast.acme, workspace=workspace), cast.member(cast.mia)
    make_grant(workspace, mia, Role.WORKSPACE_VIEWER)
    own = make_grant(project, mia, Role.PROJECT_MEMBER)
    answer = sign_in(cast.mia).post(cast.url(f"projects/{project.pk}/share/{own.pk}/remove/"))
    assert answer["Location"] == cast.url(f"projects/{project.pk}/access/")


def test_what_is_archived_is_only_left(cast: Cast) -> None:
    project = make_project(cast.acme, state="archived")
    own = make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    other = make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    mia = cast.access(cast.mia)
    with pytest.raises(ValidationError) as caught:
        unshare(grant=other, reason="", actor=mia)
    assert caught.value.code == "archived"
    unshare(grant=own, reason="", actor=mia)


def test_with_its_last_owner_a_project_falls_to_the_owners_and_that_is_said(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Order intake"), cast.member(cast.mia)
    own = make_grant(project, mia, Role.PROJECT_OWNER)
    make_grant(project, mia_of := make_member(cast.acme), Role.PROJECT_MEMBER)
    url = cast.url(f"projects/{project.pk}/share/{own.pk}/remove/")
    client = sign_in(cast.mia)
    page = client.get(url).content.decode()
    assert "You are the last Project Owner" in page
    assert "falls to Alice Marlow" in page
    answer = client.post(url, follow=True)
    assert "Alice Marlow may manage it now" in answer.content.decode()
    assert mia_of.pk
    with bound(cast.acme.id):
        told = Notice.objects.in_org(cast.acme.id).get()
    assert told.membership_id == cast.member(cast.alice).pk
    assert "Order intake has no Project Owner any more" in told.text
    alice = cast.access(cast.alice)
    assert alice.can(Permission.PROJECTS_MANAGE_MEMBERS, project)


def test_a_second_owner_or_a_group_with_people_keeps_it(cast: Cast) -> None:
    project, empty = make_project(cast.acme), make_group(cast.acme)
    first = make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    second = make_grant(project, cast.member(cast.vera), Role.PROJECT_OWNER)
    make_grant(project, empty, Role.PROJECT_OWNER)
    alice = cast.access(cast.alice)
    assert unshare(grant=first, reason="", actor=alice) == []
    make_seat(empty, cast.member(cast.adam))
    assert unshare(grant=second, reason="", actor=alice) == []


def test_an_empty_group_answers_for_nothing(cast: Cast) -> None:
    project, empty = make_project(cast.acme), make_group(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(project, empty, Role.PROJECT_OWNER)
    heirs = unshare(grant=grant, reason="", actor=cast.access(cast.alice))
    assert [heir.name for heir in heirs] == ["Alice Marlow"]


def test_the_last_owner_made_a_member_is_warned_of(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_member(cast.acme, Role.OWNER)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    url = cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    assert "is the last Project Owner" in sign_in(cast.alice).get(url).content.decode()
    share_change(
        grant=grant, role=Role.PROJECT_MEMBER, until=None, reason="", actor=cast.access(cast.alice)
    )
    with bound(cast.acme.id):
        told = Notice.objects.in_org(cast.acme.id).get()
    assert told.membership_id == other.pk


def test_the_second_of_two_tabs_is_told_so(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme))
    grant = make_grant(agent, cast.member(cast.vera), Role.RESOURCE_USER)
    client, url = sign_in(cast.alice), cast.url(f"resources/{agent.pk}/share/{grant.pk}/remove/")
    assert client.post(url).status_code == 302
    again = client.post(url)
    assert again.status_code == 409
    assert "This has just changed" in again.content.decode()
    by_htmx = client.post(url, headers={"HX-Request": "true"})
    assert by_htmx.status_code == 409
    assert "This has just changed" in by_htmx["HX-Trigger"]


def test_a_group_is_removed_like_a_person(cast: Cast) -> None:
    workspace, group = make_workspace(cast.acme), make_group(cast.acme, "Crew")
    make_seat(group, cast.member(cast.mia))
    grant = make_grant(workspace, group, Role.WORKSPACE_VIEWER)
    url = cast.url(f"workspaces/{workspace.pk}/share/{grant.pk}/remove/")
    assert "Mia Castellano" in sign_in(cast.alice).get(url).content.decode()
    assert sign_in(cast.alice).post(url).status_code == 302
    assert not cast.access(cast.mia).can(Permission.WORKSPACES_VIEW, workspace)
