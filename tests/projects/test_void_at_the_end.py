"""An end that has come is void when it is asked: no job has run, and none is needed."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from config.roles import Permission, Role
from orgs.models import GroupMembership
from orgs.tenancy import bound
from projects.models import Project
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

pytestmark = pytest.mark.django_db

P = Permission


def a_moment_ago() -> datetime.datetime:
    """Before this test began: to the database the moment of its transaction is now."""
    return timezone.now() - datetime.timedelta(hours=1)


def let_end(cast: Cast, rows: Any) -> None:
    with bound(cast.acme.pk):
        cast.access(cast.alice)
        assert rows.update(expires_at=a_moment_ago()) == 1


def test_a_share_with_a_person(cast: Cast) -> None:
    project = make_project(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    client = sign_in(cast.mia)
    page = cast.url(f"projects/{project.pk}/")
    assert cast.access(cast.mia).can(P.PROJECTS_CHANGE, project)
    assert client.get(page).status_code == 200
    let_end(cast, type(grant).objects.in_org(cast.acme.pk).filter(pk=grant.pk))
    access = cast.access(cast.mia)
    assert not access.can(P.PROJECTS_VIEW, project)
    assert list(access.visible(Project.objects.all())) == []
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("what", ["the share", "the place in the group"])
def test_a_share_with_a_group(cast: Cast, what: str) -> None:
    workspace = make_workspace(cast.acme)
    project, group = make_project(cast.acme, workspace=workspace), make_group(cast.acme)
    seat = make_seat(group, cast.member(cast.mia))
    grant = make_grant(workspace, group, Role.WORKSPACE_ADMIN)
    access = cast.access(cast.mia)
    assert access.can(P.WORKSPACES_MANAGE_MEMBERS, workspace)
    assert access.can(P.PROJECTS_VIEW, project)
    row = grant if what == "the share" else seat
    let_end(cast, type(row).objects.in_org(cast.acme.pk).filter(pk=row.pk))
    access = cast.access(cast.mia)
    assert not access.can(P.WORKSPACES_VIEW, workspace)
    assert not access.can(P.PROJECTS_VIEW, project)


@pytest.mark.parametrize("what", ["the role", "the place in the group"])
def test_a_role_that_a_group_carries(cast: Cast, what: str) -> None:
    group = make_group(cast.acme)
    seat = make_seat(group, cast.member(cast.mia))
    carried = make_group_role(group, Role.AUDIT_LOG_READER)
    assert cast.access(cast.mia).can(P.AUDIT_EXPORT)
    row = carried if what == "the role" else seat
    let_end(cast, type(row).objects.in_org(cast.acme.pk).filter(pk=row.pk))
    assert not cast.access(cast.mia).can(P.AUDIT_EXPORT)


def test_one_resource(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme))
    grant = make_grant(agent, cast.member(cast.mia), Role.RESOURCE_ADMIN)
    assert cast.access(cast.mia).can(P.AGENTS_CREATE, agent)
    let_end(cast, type(grant).objects.in_org(cast.acme.pk).filter(pk=grant.pk))
    assert not cast.access(cast.mia).can(P.AGENTS_CREATE, agent)


def test_a_place_that_ended_and_one_that_goes_on_are_told_apart(cast: Cast) -> None:
    ended, stays = make_group(cast.acme, "Ended"), make_group(cast.acme, "Stays")
    seats = [make_seat(group, cast.member(cast.mia)) for group in (ended, stays)]
    for group in (ended, stays):
        make_group_role(group, Role.BILLING_VIEWER)
    let_end(cast, GroupMembership.objects.in_org(cast.acme.pk).filter(pk=seats[0].pk))
    assert cast.access(cast.mia).can(P.BILLING_EXPORT_USAGE)
