"""Sharing: a role on a workspace, a project or a resource, for a person or for a group."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.models import Event as Entry
from audit.models import Outcome
from config.roles import Permission, Role
from orgs.access import Access
from orgs.actions.groups import group_delete
from orgs.actions.members import member_remove
from orgs.models import Group, Invitation, Membership
from orgs.tenancy import bound
from projects.actions.shares import AnyPlace, share
from projects.models import ProjectGrant, ProjectGroupGrant, Request
from projects.policies import ProjectPolicy
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

HTMX = {"HX-Request": "true"}


def until(days: int) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(days=days)


def given(actor: Access, place: AnyPlace, to: Membership | Group, role: Role, **terms: Any) -> Any:
    return share(
        place=place, to=to, role=role, actor=actor, **({"until": None, "reason": ""} | terms)
    )


def refused(
    actor: Access, place: AnyPlace, to: Membership | Group, role: Role, **terms: Any
) -> str:
    with pytest.raises(ValidationError) as caught:
        given(actor, place, to, role, **terms)
    error = caught.value
    if hasattr(error, "error_dict"):
        error = next(iter(error.error_dict.values()))[0]
    return str(error.error_list[0].code)


def newest(cast: Cast) -> Entry:
    with bound(cast.acme.id):
        found = Entry.objects.order_by("-sequence").first()
    assert found is not None
    return found


def whom(to: Membership | Group) -> str:
    return f"{'group' if isinstance(to, Group) else 'member'}:{to.pk}"


@pytest.mark.requirement("S2-026", "S2-167", "S3-016", "S3-035", "S2-061", "S2-110")
def test_an_owner_shares_a_project_with_a_person_and_says_why(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Order intake"), cast.member(cast.mia)
    form = {
        "to": whom(mia),
        "role": "project_member",
        "until": "2099-01-01",
        "reason": "Builds the intake",
    }
    form["until"] = timezone.localdate(until(30)).isoformat()
    url = cast.url(f"projects/{project.pk}/share/")
    assert sign_in(cast.alice).post(url, form).status_code == 302
    with bound(cast.acme.id):
        grant = ProjectGrant.objects.in_org(cast.acme.id).get(content_object=project)
    assert (grant.role, grant.reason) == (Role.PROJECT_MEMBER, "Builds the intake")
    assert grant.granted_by_id == cast.member(cast.alice).pk
    assert timezone.localdate(grant.expires_at).isoformat() == form["until"]
    entry = newest(cast)
    assert (entry.action, entry.outcome) == ("project.shared", Outcome.DONE)
    page = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/"))
    assert page.status_code == 200


@pytest.mark.requirement("S3-016", "S3-035")
def test_a_group_gets_it_for_everyone_who_is_in_it_and_who_comes_later(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    mia = cast.member(cast.mia)
    given(cast.access(cast.alice), project, group, Role.PROJECT_MEMBER)
    assert not cast.access(cast.mia).can(Permission.PROJECTS_VIEW, project)
    make_seat(group, mia)
    assert cast.access(cast.mia).can(Permission.STUDIO_ACCESS, project)


@pytest.mark.requirement("S2-058", "S2-061", "S2-110")
def test_a_project_owner_shares_their_own_project_and_no_other(cast: Cast) -> None:
    own, other = make_project(cast.acme), make_project(cast.acme)
    make_grant(own, cast.member(cast.mia), Role.PROJECT_OWNER)
    mia = cast.access(cast.mia)
    given(mia, own, cast.member(cast.vera), Role.PROJECT_MEMBER)
    assert refused(mia, other, cast.member(cast.adam), Role.PROJECT_VIEWER) == "ceiling"


@pytest.mark.requirement("S2-084", "S2-110")
@pytest.mark.parametrize("role", [Role.PROJECT_MEMBER, Role.PROJECT_VIEWER])
def test_a_project_member_or_viewer_shares_nothing(cast: Cast, role: Role) -> None:
    project, vera = make_project(cast.acme), cast.member(cast.vera)
    make_grant(project, cast.member(cast.mia), role)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/share/")
    for method in (client.get, client.post):
        assert method(url, {"to": whom(vera), "role": "project_viewer"}).status_code == 302
    assert newest(cast).outcome == Outcome.DENIED
    assert not cast.access(cast.vera).can(Permission.PROJECTS_VIEW, project)


@pytest.mark.requirement("S2-159", "S2-060")
def test_a_person_becomes_project_owner_only_from_project_member_and_with_a_reason(
    cast: Cast,
) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    mia, alice = cast.member(cast.mia), cast.access(cast.alice)
    owner = Role.PROJECT_OWNER
    assert refused(alice, project, mia, owner, reason="Leads it") == "not_a_member_yet"
    make_grant(project, group, Role.PROJECT_MEMBER)
    make_seat(group, mia)
    alice = cast.access(cast.alice)
    assert refused(alice, project, mia, owner) == "reason"
    assert given(alice, project, mia, owner, reason="Leads it").role is owner


def test_nobody_shares_with_themself(cast: Cast) -> None:
    project = make_project(cast.acme)
    alice = cast.access(cast.alice)
    me = cast.member(cast.alice)
    assert refused(alice, project, me, Role.PROJECT_MEMBER) == "oneself"


def test_nobody_lifts_themself_through_a_group_they_are_in(cast: Cast) -> None:
    """A Projects Admin may share every project, and holds less there than a Project Owner."""
    project, leads, own = make_project(cast.acme), make_group(cast.acme), make_group(cast.acme)
    mia = cast.member(cast.mia)
    make_seat(leads, mia)
    make_seat(own, mia)
    make_group_role(leads, Role.PROJECTS_ADMIN)
    access = cast.access(cast.mia)
    assert refused(access, project, own, Role.PROJECT_OWNER, reason="We run it") == "oneself"
    assert given(access, project, make_group(cast.acme), Role.PROJECT_MEMBER)


def test_an_expired_end_of_a_seat_is_no_membership_of_a_group_for_the_rule(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER, expires_at=until(-1))
    alice = cast.access(cast.alice)
    code = refused(alice, project, mia, Role.PROJECT_OWNER, reason="Leads it")
    assert code == "not_a_member_yet"


@pytest.mark.parametrize("days", [-1, -400])
def test_an_end_in_the_past_is_refused(cast: Cast, days: int) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    alice = cast.access(cast.alice)
    assert refused(alice, project, mia, Role.PROJECT_VIEWER, until=until(days)) == "past"
    form = {
        "to": whom(mia),
        "role": "project_viewer",
        "until": timezone.localdate(until(days)).isoformat(),
    }
    answer = sign_in(cast.alice).post(cast.url(f"projects/{project.pk}/share/"), form)
    assert answer.status_code == 422
    assert "This is in the past." in answer.content.decode()
    assert newest(cast).outcome == Outcome.FAILED


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "31.12.2027", "x", "2027-02-30"])
def test_a_day_that_cannot_be_is_refused(cast: Cast, day: str) -> None:
    project = make_project(cast.acme)
    form = {"to": whom(cast.member(cast.mia)), "role": "project_viewer", "until": day}
    url = cast.url(f"projects/{project.pk}/share/")
    assert sign_in(cast.alice).post(url, form).status_code == 422


def test_today_still_lasts_until_its_end(cast: Cast) -> None:
    project = make_project(cast.acme)
    form = {
        "to": whom(cast.member(cast.mia)),
        "role": "project_viewer",
        "until": timezone.localdate().isoformat(),
    }
    url = cast.url(f"projects/{project.pk}/share/")
    assert sign_in(cast.alice).post(url, form).status_code == 302


def test_only_who_is_here_can_be_chosen(cast: Cast) -> None:
    """Somebody of another organization, who was removed, or is only invited: none is here."""
    project = make_project(cast.acme)
    removed, abroad = make_member(cast.acme), make_member(cast.umbrella)
    with bound(cast.acme.id):
        member_remove(membership=removed, reason="Left", actor=cast.access(cast.alice))
    with bound(cast.umbrella.id):
        away = make_group(cast.umbrella)
    invitation = Invitation(organization=cast.acme, email="lee@example.com")
    client, url = sign_in(cast.alice), cast.url(f"projects/{project.pk}/share/")
    for to in (
        f"member:{removed.pk}",
        f"member:{abroad.pk}",
        f"group:{away.pk}",
        f"member:{invitation.pk}",
        f"group:{cast.member(cast.mia).pk}",
        "member:",
        "member:x\x00",
        "",
    ):
        answer = client.post(url, {"to": to, "role": "project_viewer"})
        assert answer.status_code == 422, to
    with bound(cast.acme.id):
        assert not ProjectGrant.objects.in_org(cast.acme.id).exists()


def test_a_placeholder_an_ended_membership_and_an_end_user_get_nothing(cast: Cast) -> None:
    project = make_project(cast.acme)
    placeholder = make_member(cast.acme, login="hopper")
    ended = make_member(cast.acme, expires_at=until(-1))
    alice = cast.access(cast.alice)
    viewer = Role.PROJECT_VIEWER
    assert refused(alice, project, placeholder, viewer) == "placeholder"
    assert refused(alice, project, ended, viewer) == "ended"
    assert refused(alice, project, cast.member(cast.eddie), viewer) == "end_user"
    agent = make_resource(project)
    assert given(cast.access(cast.alice), agent, cast.member(cast.eddie), Role.RESOURCE_USER)


@pytest.mark.requirement("S4-029", "S4-053", "S4-054", "S4-055", "S4-056")
def test_a_workspace_is_shared_by_its_admins_and_the_owners_alone(cast: Cast) -> None:
    workspace, other = make_workspace(cast.acme), make_workspace(cast.acme)
    mia, vera = cast.member(cast.mia), cast.member(cast.vera)
    viewer = Role.WORKSPACE_VIEWER
    for role in (viewer, Role.WORKSPACE_COLLABORATOR, Role.WORKSPACE_ADMIN):
        place = make_workspace(cast.acme)
        make_grant(place, mia, role)
        access = cast.access(cast.mia)
        assert access.can(Permission.WORKSPACES_VIEW, place)
        if role is Role.WORKSPACE_ADMIN:
            assert given(access, place, vera, Role.WORKSPACE_ADMIN)
        else:
            assert refused(access, place, vera, viewer) == "ceiling"
        assert access.can(Permission.WORKSPACES_ASSIGN_PROJECTS, place) == (role is not viewer)
    assert refused(cast.access(cast.mia), workspace, vera, viewer) == "ceiling"
    assert given(cast.access(cast.alice), other, vera, viewer)


@pytest.mark.requirement("S3-027", "S3-048", "S3-016")
@pytest.mark.parametrize(
    ("kind", "carried"),
    [("runner", Role.RUNNERS_ADMIN), ("automation", Role.AUTOMATIONS_ADMIN)],
)
def test_what_belongs_to_the_organization_is_shared_by_owners_and_its_admins(
    cast: Cast, kind: str, carried: Role
) -> None:
    shared, group = make_resource(cast.acme, kind), make_group(cast.acme)
    other = make_resource(cast.acme, kind)
    mia, vera = cast.member(cast.mia), cast.member(cast.vera)
    use = Role.RESOURCE_USER
    assert given(cast.access(cast.alice), shared, group, use)
    assert refused(cast.access(cast.mia), shared, vera, use) == "ceiling"
    make_seat(group, mia)
    assert refused(cast.access(cast.mia), shared, vera, use) == "ceiling"
    make_group_role(group, carried)
    assert given(cast.access(cast.mia), other, vera, use)
    assert cast.access(cast.vera).can(Permission(f"{kind}s.view_all"), other)
    assert not cast.access(cast.vera).can(Permission(f"{kind}s.view_all"), shared)


def test_a_role_of_another_kind_of_place_is_above_every_ceiling(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    alice = cast.access(cast.alice)
    for role in (Role.WORKSPACE_ADMIN, Role.RESOURCE_USER, Role.SUPERADMIN):
        assert refused(alice, project, mia, role) == "ceiling"
    form = {"to": whom(mia), "role": "owner"}
    answer = sign_in(cast.alice).post(cast.url(f"projects/{project.pk}/share/"), form)
    assert answer.status_code == 422


def test_the_second_of_two_tabs_is_told_so(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    client, url = sign_in(cast.alice), cast.url(f"projects/{project.pk}/share/")
    form = {"to": whom(mia), "role": "project_viewer"}
    assert client.post(url, form).status_code == 302
    for headers in ({}, HTMX):
        again = client.post(url, form, headers=headers)
        assert again.status_code == 422
        assert "Mia Castellano already has the role Project Viewer" in again.content.decode()


def test_what_has_ended_can_be_given_again(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    old = make_grant(project, mia, Role.PROJECT_OWNER, expires_at=until(-1))
    again = given(cast.access(cast.alice), project, mia, Role.PROJECT_VIEWER, until=until(9))
    assert again.pk == old.pk
    assert again.role is Role.PROJECT_VIEWER


def test_an_archived_project_is_not_shared(cast: Cast) -> None:
    project = make_project(cast.acme, state="archived")
    alice, mia = cast.access(cast.alice), cast.member(cast.mia)
    assert refused(alice, project, mia, Role.PROJECT_VIEWER) == "archived"
    page = sign_in(cast.alice).get(cast.url(f"projects/{project.pk}/access/"))
    assert f"projects/{project.pk}/share/" not in page.content.decode()


def test_the_policies_of_a_project_ask_for_a_reason_and_an_end(cast: Cast) -> None:
    policies = [ProjectPolicy.SHARES_NEED_REASON.value, ProjectPolicy.SHARES_END.value]
    project, mia = make_project(cast.acme, policies=policies), cast.member(cast.mia)
    alice, viewer = cast.access(cast.alice), Role.PROJECT_VIEWER
    assert refused(alice, project, mia, viewer, until=until(30)) == "reason"
    assert refused(alice, project, mia, viewer, reason="Audit") == "too_long"
    assert refused(alice, project, mia, viewer, reason="Audit", until=until(99)) == "too_long"
    assert given(alice, project, mia, viewer, reason="Audit", until=until(90))


@pytest.mark.requirement("S1-017")
def test_where_owners_approve_the_form_asks_one_and_nothing_is_given_yet(cast: Cast) -> None:
    policies = [ProjectPolicy.OWNERS_APPROVE.value]
    project, vera = make_project(cast.acme, policies=policies), cast.member(cast.vera)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/share/")
    assert "Ask for approval" in client.get(url).content.decode()
    form = {"to": whom(vera), "role": "project_member", "reason": "Joins the rollout"}
    assert client.post(url, form).status_code == 302
    with bound(cast.acme.id):
        asked = Request.objects.in_org(cast.acme.id).get()
        assert not ProjectGrant.objects.in_org(cast.acme.id).filter(user=cast.vera).exists()
    assert (asked.kind, asked.role) == ("production", "project_member")
    assert client.post(url, form).status_code == 422
    page = sign_in(cast.alice).get(url).content.decode()
    assert "Ask for approval" not in page
    assert sign_in(cast.alice).post(url, form).status_code == 302


def test_the_dialog_finds_people_and_groups_who_have_no_role_here(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme, "Finance crew")
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    make_member(cast.acme, login="hopper", name="Grace Hopper-Smith")
    client, url = sign_in(cast.alice), cast.url(f"projects/{project.pk}/share/")
    page = client.get(url).content.decode()
    assert f"group:{group.pk}" in page
    assert "Mia Castellano" in page
    for absent in (
        "Vera Lindqvist",
        "Eddie Okafor",
        "Grace Hopper",
        "member:" + str(cast.member(cast.alice).pk),
    ):
        assert absent not in page
    mia = whom(cast.member(cast.mia))
    found = client.get(
        url, {"q": "fin", "to": mia}, headers=HTMX | {"HX-Target": "grantees"}
    ).content.decode()
    assert "Finance crew" in found
    assert f'value="{mia}" required checked' in found
    assert "<form" not in found


def test_a_secret_group_is_not_offered_to_who_may_not_see_it(cast: Cast) -> None:
    project, secret = make_project(cast.acme), make_group(cast.acme, "Layoffs", secret=True)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/share/")
    assert "Layoffs" not in client.get(url, {"to": whom(secret)}).content.decode()
    answer = client.post(url, {"to": whom(secret), "role": "project_viewer"})
    assert answer.status_code == 422


def test_the_preview_says_what_they_gain_and_gives_nothing(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Order intake"), cast.member(cast.mia)
    form = {"to": whom(mia), "role": "project_member"}
    url = cast.url(f"projects/{project.pk}/share/?preview=1")
    answer = sign_in(cast.alice).post(url, form, headers=HTMX)
    assert answer.status_code == 200
    assert "Mia Castellano" in answer.content.decode()
    assert "Order intake" in answer.content.decode()
    assert not cast.access(cast.mia).can(Permission.PROJECTS_VIEW, project)


def test_a_share_from_the_list_comes_back_as_the_list(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    here = "http://testserver" + cast.url(f"projects/{project.pk}/access/?show=given")
    answer = sign_in(cast.alice).post(
        cast.url(f"projects/{project.pk}/share/"),
        {"to": whom(mia), "role": "project_viewer"},
        headers=HTMX | {"HX-Current-URL": here},
    )
    assert answer.status_code == 200
    assert 'id="access-list" hx-swap-oob="true"' in answer.content.decode()
    assert "Project Viewer" in answer.content.decode()
    assert "closeDialog" in answer["HX-Trigger"]


def test_removing_a_member_or_a_group_takes_every_role_with_it(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    agent, group = make_resource(project), make_group(cast.acme)
    mia = cast.member(cast.mia)
    for to in (mia, group):
        make_grant(workspace, to, Role.WORKSPACE_ADMIN)
        make_grant(project, to, Role.PROJECT_OWNER)
        make_grant(agent, to, Role.RESOURCE_ADMIN)
    alice = cast.access(cast.alice)
    member_remove(membership=mia, reason="Left", actor=alice)
    group_delete(group=group, actor=alice)
    for table in (ProjectGrant, ProjectGroupGrant):
        assert not table.objects.in_org(cast.acme.id).exists()
    for place in (workspace, agent):
        assert not place.grants.in_org(cast.acme.id).exists()
        assert not place.group_grants.in_org(cast.acme.id).exists()
