"""Adding somebody to a group gives them what it carries: the ceiling holds there (S3-043, C3-3)."""

from __future__ import annotations

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from audit.models import Outcome
from config.roles import GROUP_ROLES, Permission, Role
from orgs.actions.groups import group_member_add
from orgs.models import Group, GroupMembership
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.orgs.groups import HTMX, newest, said
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

AUDIT = Role.AUDIT_LOG_READER


def groups_admin(cast: Cast, person: User) -> None:
    """This person is Groups Admin, through the group that is there for it."""
    team = make_group(cast.acme, "People team")
    make_group_role(team, Role.GROUPS_ADMIN)
    make_seat(team, cast.member(person))


def add(cast: Cast, who: User, group: Group, member: User, **data: str):
    url = cast.url(f"groups/{group.pk}/members/new/")
    return sign_in(who).post(url, {"membership": str(cast.member(member).pk), **data})


def is_in(cast: Cast, group: Group, person: User) -> bool:
    with bound(cast.acme.id):
        return GroupMembership.objects.filter(group=group, membership=cast.member(person)).exists()


@pytest.mark.requirement("S3-043", "S3-069", "S3-008")
def test_a_groups_admin_keeps_who_is_in_groups(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "DevOps")
    assert add(cast, cast.mia, group, cast.vera).status_code == 302
    assert is_in(cast, group, cast.vera)
    with bound(cast.acme.id):
        seat = GroupMembership.objects.get(group=group)
    assert seat.added_by_id == cast.member(cast.mia).pk
    client = sign_in(cast.mia)
    client.post(cast.url(f"groups/{group.pk}/members/{seat.pk}/remove/"))
    assert not is_in(cast, group, cast.vera)


@pytest.mark.requirement("S3-069")
def test_a_groups_admin_adds_others_to_what_is_shared_with_a_group(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group, project = make_group(cast.acme, "Order intake"), make_project(cast.acme, "Order intake")
    make_grant(project, group, Role.PROJECT_OWNER)
    assert add(cast, cast.mia, group, cast.vera).status_code == 302
    access = cast.access(cast.vera)
    assert access.can(Permission.PROJECTS_CHANGE, project)


@pytest.mark.parametrize("role", GROUP_ROLES)
@pytest.mark.parametrize("whom", ["vera", "mia"])
def test_a_groups_admin_adds_nobody_to_a_group_that_carries_a_role(
    cast: Cast, role: Role, whom: str
) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Security")
    make_group_role(group, role)
    response = add(cast, cast.mia, group, getattr(cast, whom))
    assert response.status_code == 422
    assert not is_in(cast, group, getattr(cast, whom))
    text = said(response)
    assert f"Security carries {role.label}. Only owners may add people to it." in text
    link = f"requests/new/?group={group.pk}&amp;member={cast.member(getattr(cast, whom)).pk}"
    assert link in response.content.decode()
    entry = newest(cast)
    assert (entry.action, entry.outcome) == ("group.member_added", Outcome.FAILED)
    assert '"ceiling"' in entry.body


def test_an_expired_role_of_a_group_binds_nobody(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT, expires_at=timezone.now() - datetime.timedelta(hours=1))
    assert add(cast, cast.mia, group, cast.vera).status_code == 302


@pytest.mark.parametrize(
    ("place", "role"),
    [
        ("workspace", Role.WORKSPACE_VIEWER),
        ("project", Role.PROJECT_VIEWER),
        ("agent", Role.RESOURCE_USER),
        ("runner", Role.RESOURCE_ADMIN),
    ],
)
def test_nobody_brings_themself_to_more_than_they_hold(cast: Cast, place: str, role: Role) -> None:
    groups_admin(cast, cast.mia)
    group, project = make_group(cast.acme, "Order intake"), make_project(cast.acme)
    places = {
        "workspace": lambda: make_workspace(cast.acme),
        "project": lambda: project,
        "agent": lambda: make_resource(project, "agent"),
        "runner": lambda: make_resource(cast.acme, "runner"),
    }
    make_grant(places[place](), group, role)
    response = add(cast, cast.mia, group, cast.mia)
    assert response.status_code == 422
    assert "would bring you more than you hold" in said(response)
    assert not is_in(cast, group, cast.mia)
    assert '"oneself"' in newest(cast).body
    assert add(cast, cast.mia, group, cast.vera).status_code == 302


def test_who_holds_it_all_already_may_add_themself(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    group = make_group(cast.acme, "Order intake")
    make_grant(project, group, Role.PROJECT_VIEWER)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    assert add(cast, cast.mia, group, cast.mia).status_code == 302
    empty = make_group(cast.acme, "Book club")
    assert add(cast, cast.mia, empty, cast.mia).status_code == 302


def test_an_owner_adds_anybody_to_any_group(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    make_grant(make_project(cast.acme), group, Role.PROJECT_OWNER)
    for person in (cast.alice, cast.mia):
        assert add(cast, cast.alice, group, person).status_code == 302
    assert AUDIT in cast.access(cast.mia).roles


def test_a_person_of_another_group_does_not_lift_the_ceiling(cast: Cast) -> None:
    """Holding a role is not being able to give it."""
    groups_admin(cast, cast.mia)
    group, mine = make_group(cast.acme, "Security"), make_group(cast.acme, "Mine")
    for one in (group, mine):
        make_group_role(one, AUDIT)
    make_seat(mine, cast.member(cast.mia))
    with pytest.raises(ValidationError) as refused:
        group_member_add(
            group=group,
            membership=cast.member(cast.vera),
            maintainer=False,
            actor=cast.access(cast.mia),
        )
    assert refused.value.code == "ceiling"


def test_standing_inside_another_group_gives_nothing_of_it(cast: Cast) -> None:
    outer = make_group(cast.acme, "Outer")
    inner = make_group(cast.acme, "Inner", parent=outer)
    make_group_role(outer, AUDIT)
    make_grant(make_project(cast.acme, "Order intake"), outer, Role.PROJECT_OWNER)
    make_seat(inner, cast.member(cast.mia))
    groups_admin(cast, cast.vera)
    assert AUDIT not in cast.access(cast.mia).roles
    assert add(cast, cast.vera, inner, cast.eddie).status_code == 302
    page = sign_in(cast.alice).get(cast.url("groups/new/"))
    assert "each group keeps its own people, roles and shares" in said(page)


def test_a_place_may_have_an_end_and_a_reason(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    day = timezone.localdate() + datetime.timedelta(days=3)
    add(cast, cast.alice, group, cast.mia, until=day.isoformat(), reason="The audit in spring")
    with bound(cast.acme.id):
        seat = GroupMembership.objects.get()
    assert timezone.localdate(seat.expires_at) == day
    assert seat.reason == "The audit in spring"
    assert "The audit in spring" in newest(cast).body
    assert AUDIT in cast.access(cast.mia).roles


@pytest.mark.parametrize("until", ["2001-01-01", "9999-12-31", "x", "2027-02-30", "\x00", "-1"])
def test_a_bad_end_is_told_and_adds_nobody(cast: Cast, until: str) -> None:
    group = make_group(cast.acme, "Security")
    response = add(cast, cast.alice, group, cast.mia, until=until)
    assert response.status_code == 422
    assert not is_in(cast, group, cast.mia)


def test_the_dialog_offers_to_ask_instead_of_a_button_that_is_refused(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    url = cast.url(f"groups/{group.pk}/members/new/")
    page = sign_in(cast.mia).get(url).content.decode()
    assert "Only owners may add people to it" in page
    assert 'type="radio"' not in page
    assert "requests/new/?group=" in page
    assert 'type="radio"' in sign_in(cast.alice).get(url).content.decode()


def test_the_dialog_does_not_offer_oneself_what_would_be_refused(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Order intake")
    make_grant(make_project(cast.acme), group, Role.PROJECT_OWNER)
    page = sign_in(cast.mia).get(cast.url(f"groups/{group.pk}/members/new/")).content.decode()
    assert f'value="{cast.member(cast.mia).pk}"' not in page
    assert f'value="{cast.member(cast.vera).pk}"' in page


def test_the_preview_says_who_gains_what_and_does_nothing(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    before = newest(cast).sequence
    response = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/members/new/?preview=1"),
        {"membership": str(cast.member(cast.mia).pk)},
        headers=HTMX,
    )
    assert response.status_code == 200
    assert "Mia Castellano" in said(response)
    assert not is_in(cast, group, cast.mia)
    assert newest(cast).sequence == before


def test_the_search_of_the_dialog_survives_anything(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    url, client = cast.url(f"groups/{group.pk}/members/new/"), sign_in(cast.alice)
    for text in ("'", "\x00", "x" * 9999, "' | !", "%"):
        response = client.get(url, {"q": text}, headers=HTMX | {"HX-Target": "addable"})
        assert response.status_code == 200
    assert b"Mia" in client.get(url, {"q": "castel"}).content


def test_a_second_place_is_refused_and_a_member_of_elsewhere_is_not_there(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    add(cast, cast.alice, group, cast.mia)
    response = add(cast, cast.alice, group, cast.mia)
    assert response.status_code == 422
    assert "already in Security" in said(response)
    theirs = make_member(cast.umbrella)
    url = cast.url(f"groups/{group.pk}/members/new/")
    assert sign_in(cast.alice).post(url, {"membership": str(theirs.pk)}).status_code == 404
