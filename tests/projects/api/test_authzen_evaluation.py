"""`POST /access/v1/evaluation`: the decision of the console, for a platform."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone
from uuid6 import uuid7

from config.roles import Permission, Role
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from projects.models import Project
from tests.factories import Cast, make_group, make_member, make_seat
from tests.projects.api.asking import EVALUATION, ask, question
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)
from tests.projects.keys import Platform

pytestmark = pytest.mark.django_db
P = Permission


@pytest.fixture
def platform(cast: Cast) -> Platform:
    return Platform(cast.acme, "decide")


@pytest.fixture
def project(cast: Cast) -> Project:
    return make_project(cast.acme, "Order intake")


def change(organization: Organization, **fields: Any) -> None:
    with bound(organization.pk):
        assert Organization.objects.filter(pk=organization.pk).update(**fields)


def test_a_role_allows_and_the_answer_names_it(
    cast: Cast, platform: Platform, project: Project
) -> None:
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    assert ask(platform, mia, P.AGENTS_CREATE, project) == {
        "decision": True,
        "context": {"reason": "role", "roles": ["project_member"]},
    }


def test_a_person_is_named_by_membership_or_email_in_any_case(
    cast: Cast, platform: Platform, project: Project
) -> None:
    owner = cast.member(cast.alice)
    for who in (owner.pk, str(owner.pk).upper(), owner.email, owner.email.upper()):
        for kind in ("user", "member"):
            assert ask(platform, who, P.PROJECTS_VIEW, project, who_type=kind)["decision"]


def test_a_refusal_says_what_decided_and_what_would_change_it(
    cast: Cast, platform: Platform, project: Project
) -> None:
    said = ask(platform, cast.member(cast.mia), P.PROJECTS_CHANGE, project)
    context = said["context"]
    assert said["decision"] is False
    assert (context["reason"], context["layer"]) == ("permission", "permission")
    sentence = "You may not change project settings. Owners and Project Owners may."
    assert context["message"] == sentence
    assert [(one["do"], one["role"], one["on"]) for one in context["change"]] == [
        ("share", "project_owner", "project"),
        ("change_role", "owner", "organization"),
        ("carry", "projects_admin", "organization"),
    ]


def test_the_sentence_is_the_one_of_the_console(
    cast: Cast, platform: Platform, project: Project
) -> None:
    said = ask(platform, cast.member(cast.mia), P.PROJECTS_CHANGE, project)
    refusal = cast.access(cast.mia).refusal(P.PROJECTS_CHANGE, project)
    assert refusal.startswith(said["context"]["message"].removesuffix("."))


def test_what_is_not_there_is_refused_as_what_is(
    cast: Cast, platform: Platform, project: Project
) -> None:
    """Nobody learns from a refusal what another organization has, or this one has not."""
    theirs = make_project(cast.umbrella)
    mia = cast.member(cast.mia)
    with bound(cast.umbrella.pk):
        stranger = Membership.objects.in_org(cast.umbrella.pk).get()
    ordinary = ask(platform, mia, P.PROJECTS_VIEW, project)
    for who, where in (
        (mia, theirs),
        (mia, uuid7()),
        (mia, "no id at all"),
        (mia, "\0"),
        (mia, ""),
        (mia, "x" * 100_000),
        (stranger, project),
        (uuid7(), project),
        ("nobody@example.com", project),
        ("", project),
        ("\0", project),
    ):
        assert ask(platform, who, P.PROJECTS_VIEW, where) == ordinary
    spaceship = ask(platform, mia, P.PROJECTS_VIEW, project, what_type="spaceship")
    assert spaceship == ask(platform, mia, "nonsense.do", project, what_type="spaceship")
    assert spaceship["decision"] is False
    assert spaceship["context"].keys() == ordinary["context"].keys()
    assert not ask(platform, mia, P.PROJECTS_VIEW, project, who_type="robot")["decision"]
    assert not ask(platform, mia, "", project)["decision"]


def test_nobody_in_an_organization_has_a_permission_of_the_platform(
    cast: Cast, platform: Platform
) -> None:
    for permission in (one for one in P if one.scope == "platform"):
        said = ask(
            platform, cast.member(cast.alice), permission, cast.acme, what_type="organization"
        )
        assert said["decision"] is False
        assert said["context"]["change"] == []


def test_the_organization_is_named_by_id_or_address(cast: Cast, platform: Platform) -> None:
    for name in (cast.acme.pk, cast.acme.slug):
        said = ask(
            platform, cast.member(cast.alice), P.BILLING_VIEW, name, what_type="organization"
        )
        assert said["decision"] is True
    other = ask(
        platform,
        cast.member(cast.alice),
        P.BILLING_VIEW,
        cast.umbrella.slug,
        what_type="organization",
    )
    assert other["decision"] is False


def test_a_closed_organization_refuses_everything(
    cast: Cast, platform: Platform, project: Project
) -> None:
    change(cast.acme, state="suspended")
    said = ask(platform, cast.member(cast.alice), P.PROJECTS_VIEW, project)
    assert said["decision"] is False
    assert said["context"]["layer"] == "organization"
    assert said == ask(platform, uuid7(), "nonsense", uuid7())


def test_an_archived_project_refuses_as_a_state(
    cast: Cast, platform: Platform, project: Project
) -> None:
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    with bound(cast.acme.pk):
        Project.objects.in_org(cast.acme.pk).filter(pk=project.pk).update(state="archived")
    said = ask(platform, mia, P.AGENTS_CREATE, project)
    assert (said["decision"], said["context"]["layer"]) == (False, "state")
    assert said["context"]["change"][0]["do"] == "restore"
    assert ask(platform, mia, P.PROJECTS_VIEW, project)["decision"] is True
    # Who holds nothing there does not learn of it.
    vera = ask(platform, cast.member(cast.vera), P.AGENTS_CREATE, project)
    assert vera["context"]["layer"] == "permission"


def test_a_policy_that_is_off_is_named(cast: Cast, platform: Platform, project: Project) -> None:
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_OWNER)
    change(cast.acme, policies=[])
    said = ask(platform, mia, P.PROJECTS_DELETE, project)
    assert said["context"]["layer"] == "policy"
    assert said["context"]["change"][0]["policy"] == "project_owners_delete"
    change(cast.acme, policies=["project_owners_delete"])
    assert ask(platform, mia, P.PROJECTS_DELETE, project)["decision"] is True


def test_an_end_user_uses_what_is_published(
    cast: Cast, platform: Platform, project: Project
) -> None:
    agent = make_resource(project)
    eddie = cast.member(cast.eddie)
    make_grant(agent, eddie, Role.RESOURCE_USER)
    said = ask(platform, eddie, P.AGENTS_CHAT, agent, what_type="resource")
    assert said["context"]["reason"] == "not_published"
    with bound(cast.acme.pk):
        type(agent).objects.in_org(cast.acme.pk).filter(pk=agent.pk).update(
            published_at=timezone.now()
        )
    assert ask(platform, eddie, P.AGENTS_CHAT, agent, what_type="resource")["decision"] is True


def test_groups_workspaces_and_ends_count(cast: Cast, platform: Platform) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.vera))
    make_grant(workspace, group, Role.WORKSPACE_VIEWER)
    make_group_role(group, Role.RUNNERS_ADMIN)
    vera, acme = cast.member(cast.vera), cast.acme
    runner = make_resource(acme, "runner")
    assert ask(platform, vera, P.PROJECTS_VIEW, project)["decision"]
    assert ask(platform, vera, P.WORKSPACES_VIEW, workspace, what_type="workspace")["decision"]
    assert ask(platform, vera, P.RUNNERS_CHANGE, runner, what_type="resource")["decision"]
    yesterday = timezone.now() - datetime.timedelta(days=1)
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER, expires_at=yesterday)
    assert not ask(platform, mia, P.PROJECTS_VIEW, project)["decision"]
    ended = make_member(acme, Role.ADMIN, expires_at=yesterday)
    assert not ask(platform, ended, P.BILLING_VIEW, acme, what_type="organization")["decision"]


def test_an_answer_is_explained_as_in_the_console(
    cast: Cast, platform: Platform, project: Project
) -> None:
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_VIEWER)
    asked = question(mia, P.PROJECTS_CHANGE, project) | {"context": {"explain": True}}
    said = platform.post(EVALUATION, asked)
    explanation = said.json()["context"]["explanation"]
    assert explanation["sentence"] == "Mia may not change project settings"
    assert any("Project Owner" in one["title"] for one in explanation["suggestions"])
    assert platform.post(EVALUATION, asked).content == said.content
    allowed = platform.post(EVALUATION, asked | {"action": {"name": P.PROJECTS_VIEW}}).json()
    assert len(allowed["context"]["explanation"]["paths"]) == 1


def test_what_a_person_does_not_see_is_not_explained_to_them(
    cast: Cast, platform: Platform, project: Project
) -> None:
    mia = cast.member(cast.mia)
    for where in (project, uuid7()):
        asked = question(mia, P.PROJECTS_VIEW, where) | {"context": {"explain": True}}
        said = platform.post(EVALUATION, asked).json()
        assert said == ask(platform, mia, P.PROJECTS_VIEW, project)
