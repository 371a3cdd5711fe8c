"""What people tried in order to hold more, for longer, or to learn more than they may.

Each test is an attempt that once went through. What the rules are is told by the test of each deed.
"""

from __future__ import annotations

import datetime

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import User
from config.roles import Permission, Role
from orgs.models import Group, GroupMembership
from orgs.tenancy import bound
from projects.actions.tasks import task_create
from projects.models import Project
from projects.policies import ProjectPolicy
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.orgs.invitations import allow_admins, invite
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_workspace,
)

HTMX = {"HX-Request": "true"}
DAY = datetime.timedelta(days=1)
OWNER = Role.PROJECT_OWNER


def groups_admin(cast: Cast, person: User) -> None:
    group = make_group(cast.acme)
    make_group_role(group, Role.GROUPS_ADMIN)
    make_seat(group, cast.member(person))


def share(cast: Cast, by: User, project: Project, to: Group, until: str = "") -> HttpResponse:
    said = {"to": f"group:{to.pk}", "role": OWNER.value, "until": until, "reason": "For good"}
    return sign_in(by).post(cast.url(f"projects/{project.pk}/share/"), said)


def join(cast: Cast, by: User, group: Group, until: str = "", query: str = "") -> HttpResponse:
    return add(cast, by, group, by, until=until, query=query)


def add(
    cast: Cast, by: User, group: Group, whom: User, until: str = "", query: str = ""
) -> HttpResponse:
    url = cast.url(f"groups/{group.pk}/members/new/{query}")
    said = {"membership": str(cast.member(whom).pk), "until": until}
    return sign_in(by).post(url, said, headers=HTMX if query else {})


def seats(cast: Cast, group: Group) -> int:
    with bound(cast.acme.id):
        return GroupMembership.objects.filter(group=group).count()


def page(cast: Cast, by: User, address: str) -> str:
    response = sign_in(by).get(cast.url(address))
    assert response.status_code == 200, address
    return response.content.decode()


# Holding it for longer


def test_what_ends_tomorrow_is_not_given_for_good_to_ones_own_group(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme, "Crew")
    make_seat(group, cast.member(cast.mia))
    make_grant(project, cast.member(cast.mia), OWNER, expires_at=timezone.now() + 2 * DAY)
    response = share(cast, cast.mia, project, group)
    assert response.status_code == 422
    assert "You are in Crew" in response.content.decode()
    tomorrow = timezone.localdate() + DAY
    assert share(cast, cast.mia, project, group, tomorrow.isoformat()).status_code == 302


def test_a_role_of_ones_own_group_is_not_extended_by_its_people(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme, "Crew")
    make_seat(group, cast.member(cast.mia))
    grant = make_grant(project, group, OWNER, expires_at=timezone.now() + 2 * DAY)
    url = cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    mia = sign_in(cast.mia)
    forever = {"role": OWNER.value, "until": "", "reason": "For good"}
    assert mia.post(url, forever).status_code == 422
    tomorrow = timezone.localdate() + DAY
    sooner = {"role": Role.PROJECT_VIEWER.value, "until": tomorrow.isoformat(), "reason": "Less"}
    assert mia.post(url, sooner).status_code == 302


def test_nobody_joins_a_group_that_holds_for_good_what_they_hold_for_a_while(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    project, group = make_project(cast.acme), make_group(cast.acme, "Crew")
    make_grant(project, group, OWNER)
    make_grant(project, cast.member(cast.mia), OWNER, expires_at=timezone.now() + 2 * DAY)
    assert join(cast, cast.mia, group).status_code == 422
    assert seats(cast, group) == 0
    tomorrow = timezone.localdate() + DAY
    assert join(cast, cast.mia, group, tomorrow.isoformat()).status_code == 302


def test_a_workspace_role_for_a_while_does_not_become_a_project_role_for_good(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    group = make_group(cast.acme, "Crew")
    make_grant(project, group, Role.PROJECT_VIEWER)
    until = timezone.now() + 2 * DAY
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER, expires_at=until)
    assert join(cast, cast.mia, group).status_code == 422


# Around the Owners' approval


@pytest.fixture
def guarded(cast: Cast) -> Group:
    """A group with a role on a project whose access Owners approve."""
    project = make_project(cast.acme, "Payroll", policies=[ProjectPolicy.OWNERS_APPROVE.value])
    group = make_group(cast.acme, "Pilots")
    make_grant(project, group, OWNER)
    return group


@pytest.mark.requirement("S1-017")
def test_a_group_is_no_way_around_the_owners_approval(cast: Cast, guarded: Group) -> None:
    groups_admin(cast, cast.mia)
    response = add(cast, cast.mia, guarded, cast.vera)
    assert response.status_code == 422
    assert "where Owners approve access" in response.content.decode()
    assert seats(cast, guarded) == 0
    dialog = page(cast, cast.mia, f"groups/{guarded.pk}/members/new/")
    assert 'type="radio"' not in dialog
    assert "requests/new/?group=" in dialog
    assert "Payroll" not in dialog
    assert add(cast, cast.alice, guarded, cast.vera).status_code == 302


def test_a_place_in_such_a_group_is_extended_by_an_owner_and_ended_by_anyone(
    cast: Cast, guarded: Group
) -> None:
    groups_admin(cast, cast.mia)
    seat = make_seat(guarded, cast.member(cast.vera))
    with bound(cast.acme.id):
        GroupMembership.objects.filter(pk=seat.pk).update(expires_at=timezone.now() + 9 * DAY)
    url, mia = cast.url(f"groups/{guarded.pk}/members/{seat.pk}/"), sign_in(cast.mia)
    assert mia.post(url, {"until": ""}).status_code == 422
    tomorrow = timezone.localdate() + DAY
    assert mia.post(url, {"until": tomorrow.isoformat()}).status_code == 302


def test_asking_for_such_a_place_waits_for_an_owner_alone(cast: Cast, guarded: Group) -> None:
    groups_admin(cast, cast.mia)
    member = cast.member(cast.vera)
    asked = make_request(member, kind="group", group=guarded, for_member=member)
    address = f"requests/{asked.pk}/approve/"
    assert sign_in(cast.mia).get(cast.url(address)).status_code == 404
    assert f"requests/{asked.pk}/" not in page(cast, cast.mia, "inbox/?tab=waiting")
    assert f"requests/{asked.pk}/" in page(cast, cast.alice, "inbox/?tab=waiting")
    assert sign_in(cast.alice).post(cast.url(address)).status_code == 302
    assert seats(cast, guarded) == 1


# After having been taken out


@pytest.mark.requirement("S2-093")
def test_a_task_stays_behind_when_its_person_is_taken_out_of_the_project(cast: Cast) -> None:
    project = make_project(cast.acme, "Payroll")
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    alice = cast.access(cast.alice)
    task = task_create(
        project=project, title="Sign off", assigned_to=cast.member(cast.mia), actor=alice
    )
    mia, address = sign_in(cast.mia), cast.url(f"tasks/{task.pk}/")
    assert mia.get(address).status_code == 200
    assert "Sign off" in page(cast, cast.mia, "hub/")
    unshare = cast.url(f"projects/{project.pk}/share/{grant.pk}/remove/")
    assert sign_in(cast.alice).post(unshare, {"reason": "Left the team"}).status_code == 302
    assert mia.get(address).status_code == 404
    assert mia.post(f"{address}complete/", {"outcome": "approved"}).status_code == 404
    assert "Sign off" not in page(cast, cast.mia, "hub/")
    assert sign_in(cast.alice).get(address).status_code == 200


# Names that are not for everyone


def test_a_preview_names_no_place_that_its_reader_does_not_see(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Crew")
    make_grant(make_project(cast.acme, "Payroll"), group, OWNER)
    response = add(cast, cast.mia, group, cast.vera, query="?preview=1")
    text = response.content.decode()
    assert "on a project that you do not see" in text
    assert "Payroll" not in text
    assert (
        "on Payroll" in add(cast, cast.alice, group, cast.vera, query="?preview=1").content.decode()
    )
    make_seat(group, cast.member(cast.vera))
    url = cast.url(f"groups/{group.pk}/delete/?preview=1")
    assert b"Payroll" not in sign_in(cast.mia).post(url, {}, headers=HTMX).content


def test_a_preview_names_what_its_reader_sees(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    workspace = make_workspace(cast.acme)
    group = make_group(cast.acme, "Crew")
    make_grant(make_project(cast.acme, "Payroll", workspace), group, OWNER)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    response = add(cast, cast.mia, group, cast.vera, query="?preview=1")
    assert "on Payroll" in response.content.decode()


@pytest.fixture
def secret(cast: Cast) -> Group:
    return make_group(cast.acme, "Zebrafish", secret=True)


def test_a_request_does_not_name_a_secret_group_to_who_decides_it(
    cast: Cast, secret: Group
) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.vera), OWNER)
    mia = cast.member(cast.mia)
    make_seat(secret, mia)
    make_group_role(secret, Role.BILLING_VIEWER)
    asked = make_request(
        mia, kind="access", role=Role.PROJECT_MEMBER, project=project, for_member=mia
    )
    text = page(cast, cast.vera, f"requests/{asked.pk}/")
    assert "through a secret group" in text
    assert "Zebrafish" not in text
    assert "Zebrafish" in page(cast, cast.mia, f"requests/{asked.pk}/")


def test_asking_an_owner_does_not_reveal_a_secret_group(cast: Cast, secret: Group) -> None:
    project = make_project(cast.acme, policies=[ProjectPolicy.OWNERS_APPROVE.value])
    make_grant(project, cast.member(cast.mia), OWNER)
    grant = make_grant(project, secret, Role.PROJECT_VIEWER)
    url = cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    mia = sign_in(cast.mia)
    response = mia.post(url, {"role": Role.PROJECT_MEMBER.value, "until": "", "reason": "More"})
    assert response.status_code == 422
    assert "Zebrafish" not in response.content.decode()
    assert "Zebrafish" not in page(cast, cast.mia, "inbox/?tab=asked")


def test_the_log_of_a_project_names_no_secret_group_to_its_people(
    cast: Cast, secret: Group
) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    make_grant(project, secret, Role.PROJECT_VIEWER)
    vera = cast.member(cast.vera)
    make_request(vera, kind="production", role=OWNER, project=project, group=secret)
    log = page(cast, cast.mia, f"projects/{project.pk}/audit/")
    assert "a secret group" in log
    assert "Zebrafish" not in log
    assert "Zebrafish" in page(cast, cast.alice, f"projects/{project.pk}/audit/")
    make_seat(secret, cast.member(cast.mia))
    assert "Zebrafish" in page(cast, cast.mia, f"projects/{project.pk}/audit/")


@pytest.mark.parametrize("gone", [False, True], ids=["renamed", "deleted"])
def test_nor_by_a_name_that_the_group_had_before(cast: Cast, *, gone: bool) -> None:
    project, alice = make_project(cast.acme), sign_in(cast.alice)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    said = {"name": "Zebrafish", "description": "", "parent": "", "secret": "on"}
    alice.post(cast.url("groups/new/"), said)
    with bound(cast.acme.id):
        group = Group.objects.in_org(cast.acme).get(name="Zebrafish")
    share(cast, cast.alice, project, group)
    alice.post(cast.url(f"groups/{group.pk}/change/"), said | {"name": "Project Q"})
    if gone:
        alice.post(cast.url(f"groups/{group.pk}/delete/"), {"confirm": "Project Q"})
    log = page(cast, cast.mia, f"projects/{project.pk}/audit/")
    assert "a secret group" in log
    assert "Zebrafish" not in log
    assert "Project Q" not in log
    assert "Zebrafish" in page(cast, cast.alice, f"projects/{project.pk}/audit/")


def test_an_invitation_names_no_project_that_its_reader_does_not_see(cast: Cast) -> None:
    allow_admins(cast)
    invitation, _ = invite(cast, "new@example.com")
    url = f"invitations/{invitation.pk}/projects/"
    project = make_project(cast.acme, "Payroll")
    said = {"project": str(project.pk), "role": Role.PROJECT_MEMBER.value, "reason": "Joins"}
    assert sign_in(cast.alice).post(cast.url(url), said).status_code == 302
    assert "Payroll" in page(cast, cast.alice, url)
    assert "Payroll" not in page(cast, cast.adam, url)
    assert not cast.access(cast.adam).can(Permission.PROJECTS_VIEW, project)
