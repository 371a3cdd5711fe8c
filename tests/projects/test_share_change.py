"""Changing a role on a place: another role, another end, a promotion."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.models import Event as Entry
from audit.models import Outcome
from config.roles import Permission, Role
from orgs.access import Access
from orgs.tenancy import bound
from projects.actions.shares import AnyGrant, share_change
from projects.models import ProjectGrant, Request
from projects.policies import ProjectPolicy
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import make_grant, make_project, make_resource, make_workspace


def changed(actor: Access, grant: AnyGrant, role: Role, **terms: Any) -> AnyGrant:
    terms = {"until": None, "reason": ""} | terms
    return share_change(grant=grant, role=role, actor=actor, **terms)


def refused(actor: Access, grant: AnyGrant, role: Role, **terms: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        changed(actor, grant, role, **terms)
    error = caught.value
    if hasattr(error, "error_dict"):
        error = next(iter(error.error_dict.values()))[0]
    return str(error.error_list[0].code)


@pytest.mark.requirement("S2-060", "S2-159", "S2-160")
def test_a_project_member_is_promoted_on_the_access_page_with_a_reason(cast: Cast) -> None:
    project, vera = make_project(cast.acme), cast.member(cast.vera)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    grant = make_grant(project, vera, Role.PROJECT_MEMBER)
    client = sign_in(cast.mia)
    url = cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    assert url in client.get(cast.url(f"projects/{project.pk}/access/?show=given")).content.decode()
    form = {"role": "project_owner"}
    assert client.post(url, form).status_code == 422
    form["reason"] = "Leads the rollout from May"
    assert client.post(url, form).status_code == 302
    with bound(cast.acme.id):
        grant = ProjectGrant.objects.in_org(cast.acme.id).get(pk=grant.pk)
        entry = Entry.objects.order_by("-sequence").first()
    assert (grant.role, grant.reason) == (Role.PROJECT_OWNER, "Leads the rollout from May")
    assert grant.granted_by_id == cast.member(cast.mia).pk
    assert entry is not None
    assert entry.action == "project.share_changed"
    assert cast.access(cast.vera).can(Permission.PROJECTS_MANAGE_MEMBERS, project)


@pytest.mark.requirement("S2-159")
def test_a_viewer_is_not_promoted_past_project_member(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    alice = cast.access(cast.alice)
    owner = Role.PROJECT_OWNER
    assert refused(alice, grant, owner, reason="Leads it") == "not_a_member_yet"
    make_grant(project, group, Role.PROJECT_MEMBER)
    make_seat(group, cast.member(cast.mia))
    assert changed(cast.access(cast.alice), grant, owner, reason="Leads it").role is owner


@pytest.mark.requirement("S2-159")
def test_what_has_ended_does_not_count_as_project_member(cast: Cast) -> None:
    project, past = make_project(cast.acme), timezone.now() - datetime.timedelta(hours=1)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER, expires_at=past)
    alice = cast.access(cast.alice)
    assert refused(alice, grant, Role.PROJECT_OWNER, reason="Leads it") == "not_a_member_yet"


def test_an_end_is_moved_and_who_gave_the_role_stays(cast: Cast) -> None:
    project, alice = make_project(cast.acme), cast.member(cast.alice)
    end = timezone.now() + datetime.timedelta(days=9)
    mia = cast.member(cast.mia)
    grant = make_grant(project, mia, Role.PROJECT_MEMBER, granted_by=alice, reason="Builds it")
    make_grant(project, cast.member(cast.vera), Role.PROJECT_OWNER)
    after = changed(cast.access(cast.vera), grant, Role.PROJECT_MEMBER, until=end)
    assert (after.expires_at, after.granted_by_id, after.reason) == (end, alice.pk, "Builds it")
    assert refused(cast.access(cast.vera), grant, Role.PROJECT_MEMBER, until=end.replace(year=2001))


def test_nothing_changed_is_nothing_recorded(cast: Cast) -> None:
    project = make_project(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    url = cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    with bound(cast.acme.id):
        before = Entry.objects.count()
    assert sign_in(cast.alice).post(url, {"role": "project_viewer"}).status_code == 302
    with bound(cast.acme.id):
        assert Entry.objects.count() == before


def test_nobody_changes_their_own(cast: Cast) -> None:
    project = make_project(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    assert refused(cast.access(cast.mia), grant, Role.PROJECT_MEMBER) == "oneself"
    page = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/access/?show=given"))
    assert f"share/{grant.pk}/remove/" in page.content.decode()
    assert f'share/{grant.pk}/"' not in page.content.decode()


def test_a_role_above_the_ceiling_is_neither_given_nor_changed(cast: Cast) -> None:
    workspace, project = make_workspace(cast.acme), make_project(cast.acme)
    grant = make_grant(project, cast.member(cast.vera), Role.PROJECT_MEMBER)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    assert refused(cast.access(cast.mia), grant, Role.PROJECT_VIEWER) == "ceiling"
    alice = cast.access(cast.alice)
    assert refused(alice, grant, Role.WORKSPACE_ADMIN) == "ceiling"


@pytest.mark.requirement("S1-017")
def test_where_owners_approve_more_is_asked_for_and_less_is_done(cast: Cast) -> None:
    project = make_project(cast.acme, policies=[ProjectPolicy.OWNERS_APPROVE.value])
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    grant = make_grant(project, cast.member(cast.vera), Role.PROJECT_MEMBER)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    assert client.post(url, {"role": "project_owner", "reason": "Leads it"}).status_code == 302
    with bound(cast.acme.id):
        assert Request.objects.in_org(cast.acme.id).get().role == "project_owner"
        kept = ProjectGrant.objects.in_org(cast.acme.id).get(pk=grant.pk)
    assert kept.role is Role.PROJECT_MEMBER
    soon = timezone.localdate() + datetime.timedelta(days=3)
    shorter = {"role": "project_member", "until": soon.isoformat()}
    assert client.post(url, shorter).status_code == 302
    with bound(cast.acme.id):
        kept = ProjectGrant.objects.in_org(cast.acme.id).get(pk=grant.pk)
    assert timezone.localdate(kept.expires_at) == soon


def test_a_role_that_is_gone_is_404_to_who_looks_and_said_to_who_acts(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    elsewhere = make_grant(other, cast.member(cast.mia), Role.PROJECT_VIEWER)
    client = sign_in(cast.alice)
    abroad = make_grant(
        make_project(cast.umbrella), make_member(cast.umbrella), Role.PROJECT_VIEWER
    )
    for pk in (uuid4(), elsewhere.pk, abroad.pk):
        for page in ("", "remove/"):
            url = cast.url(f"projects/{project.pk}/share/{pk}/{page}")
            assert client.get(url).status_code == 404
            answer = client.post(url, {"role": "project_viewer"})
            assert answer.status_code == 409
            assert "This has just changed" in answer.content.decode()


def test_the_form_of_each_kind_of_place_opens(cast: Cast) -> None:
    workspace, mia = make_workspace(cast.acme), cast.member(cast.mia)
    agent, group = make_resource(make_project(cast.acme)), make_group(cast.acme, "Crew")
    client = sign_in(cast.alice)
    for family, place, to, role in (
        ("workspaces", workspace, mia, Role.WORKSPACE_VIEWER),
        ("resources", agent, group, Role.RESOURCE_USER),
    ):
        grant = make_grant(place, to, role)
        page = client.get(cast.url(f"{family}/{place.pk}/share/{grant.pk}/")).content.decode()
        assert to.name in page
        assert f'value="{role}" required checked' in page
        preview = client.post(
            cast.url(f"{family}/{place.pk}/share/{grant.pk}/?preview=1"),
            {"role": role},
            headers={"HX-Request": "true"},
        )
        assert "Nothing changes for anybody." in preview.content.decode()


def test_a_refused_change_is_written_down_as_an_attempt(cast: Cast) -> None:
    project = make_project(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    url = cast.url(f"projects/{project.pk}/share/{grant.pk}/")
    answer = sign_in(cast.alice).post(url, {"role": "project_owner", "reason": "Leads it"})
    assert answer.status_code == 422
    with bound(cast.acme.id):
        entry = Entry.objects.order_by("-sequence").first()
    assert entry is not None
    assert (entry.action, entry.outcome) == ("project.share_changed", Outcome.FAILED)
