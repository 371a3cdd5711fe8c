"""One decision and its proof: what the engine says, on screen, as JSON and on the command line."""

from __future__ import annotations

import datetime
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from config.roles import GROUP_ROLES, Permission, Policy, Role
from orgs.access import Access
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from projects.explain import Deed, Explanation, explain, text
from projects.explain.standing import AnyPlace
from projects.models import Project, Resource
from projects.policies import ProjectPolicy
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

SECRETS, VIEW = Permission.PROJECTS_MANAGE_SECRETS, Permission.PROJECTS_VIEW


def ask(
    cast: Cast,
    person: User,
    permission: Permission,
    place: AnyPlace | None = None,
    by: User | None = None,
) -> Explanation:
    access: Access = cast.access(by or cast.alice)
    member = Membership.objects.in_org(cast.acme).select_related("person").get(person=person)
    if place is not None:
        place = type(place).objects.get(pk=place.pk)
    return explain(org=access.org, member=member, permission=permission, place=place, asker=access)


def titles(answer: Explanation) -> list[str]:
    return [suggestion.title for suggestion in answer.suggestions]


@pytest.mark.requirement("S3-075")
def test_two_ways_to_the_same_permission_are_two_paths(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Picking"), cast.member(cast.mia)
    group = make_group(cast.acme, "Tech Leads")
    make_group_role(group, Role.PROJECTS_ADMIN, granted_by=cast.member(cast.alice))
    make_seat(group, mia)
    until = timezone.now() + datetime.timedelta(days=30)
    adam = cast.member(cast.adam)
    make_grant(
        project, mia, Role.PROJECT_OWNER, expires_at=until, granted_by=adam, reason="rollout"
    )

    answer = ask(cast, cast.mia, SECRETS, project)

    assert answer.allowed
    assert answer.sentence == "Mia may manage project secrets"
    assert answer.detail == "By 2 independent paths. Either is enough."
    group_path, own = answer.paths
    assert [step.thing.title for step in group_path.steps] == [
        "Mia Castellano",
        "Tech Leads",
        "Projects Admin",
        "Manage project secrets",
        "Picking",
    ]
    assert own.until == until
    given = own.steps[1].link
    assert given is not None
    assert (given.by, given.reason) == ("Adam Brandt", "rollout")


@pytest.mark.requirement("S4-025")
def test_an_owner_holds_a_workspace_by_the_organization_role(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    answer = ask(cast, cast.alice, Permission.WORKSPACES_MANAGE_MEMBERS, workspace)
    (path,) = answer.paths
    assert (path.via, path.role) == ("membership", Role.OWNER)
    assert path.steps[1].thing.note == "On every workspace, existing and future"


def test_a_role_on_the_workspace_comes_down_to_its_projects(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, workspace=workspace)
    make_grant(workspace, cast.member(cast.vera), Role.WORKSPACE_VIEWER)
    (path,) = ask(cast, cast.vera, VIEW, project).paths
    assert path.steps[1].thing.note == "On the workspace Logistics and its projects"


def test_a_policy_that_plays_a_part_is_named(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    (path,) = ask(cast, cast.mia, Permission.PROJECTS_DELETE, project).paths
    assert path.policy is Policy.PROJECT_OWNERS_DELETE
    link = path.steps[-2].link
    assert link is not None
    assert link.note == "because the policy Project Owners may delete is on"


def test_a_policy_that_is_off_is_the_missing_thing_and_the_remedy(cast: Cast) -> None:
    answer = ask(cast, cast.adam, Permission.MEMBERS_INVITE)
    assert answer.detail == "Admin includes it only while “Admins may invite” is on."
    assert "Turn on “Admins may invite”" in titles(answer)
    assert [step.thing.title for step in answer.broken if step.thing.missing] == [
        "Admins may invite"
    ]


def test_a_no_lists_the_smallest_grants_first(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, "Picking", workspace=workspace)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    group = make_group(cast.acme, "Tech Leads")
    make_group_role(group, Role.PROJECTS_ADMIN)

    answer = ask(cast, cast.vera, VIEW, project)

    assert answer.sentence == "Vera may not view this project"
    assert answer.detail == "No role that Vera holds includes it."
    assert titles(answer) == [
        "Project Viewer here",
        "Workspace Viewer in Logistics",
        "Join Tech Leads",
    ]
    assert [one.by for one in answer.suggestions] == [
        "By Mia Castellano or an owner.",
        "By an owner.",
        "By an owner.",
    ]
    reach = [one.reach for one in answer.suggestions]
    assert reach == sorted(reach)


def test_an_end_that_has_come_is_no_path(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    past = timezone.now() - datetime.timedelta(hours=1)
    make_grant(project, mia, Role.PROJECT_MEMBER, expires_at=past)
    assert not ask(cast, cast.mia, VIEW, project).allowed


def test_an_archived_project_is_restored_before_anything_is_given(cast: Cast) -> None:
    project = make_project(cast.acme, "Forecast", state="archived")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    held = ask(cast, cast.mia, SECRETS, project)
    assert held.detail == "Forecast is archived, and only read."
    assert titles(held) == ["Restore Forecast"]
    other = ask(cast, cast.vera, SECRETS, project)
    assert titles(other)[0] == "Restore Forecast, then Project Owner here"
    assert [part.deed for part in other.suggestions[0].parts] == [Deed.RESTORE, Deed.SHARE]


def test_an_archived_project_is_not_shared_even_for_reading(cast: Cast) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, "Forecast", workspace=workspace, state="archived")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    answer = ask(cast, cast.vera, VIEW, project)
    assert titles(answer) == [
        "Restore Forecast, then Project Viewer here",
        "Workspace Viewer in Logistics",
    ]
    assert answer.suggestions[0].by == "By Mia Castellano or an owner."


def test_an_end_user_uses_what_is_shared_and_published(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme), "agent", "Order agent")
    chat = Permission.AGENTS_CHAT
    nothing = ask(cast, cast.eddie, chat, agent)
    assert nothing.detail == "Eddie is an End User, who uses only what is shared with them."
    assert titles(nothing)[0] == "Resource User here, then publish Order agent"
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_USER)
    shared = ask(cast, cast.eddie, chat, agent)
    assert shared.detail == "Order agent is not published, and an End User uses what is published."
    assert titles(shared)[0] == "Publish Order agent"
    cast.access(cast.alice)
    Resource.objects.filter(pk=agent.pk).update(published_at=timezone.now())
    assert ask(cast, cast.eddie, chat, agent).allowed


def test_an_end_user_becomes_a_member_before_a_project_is_shared_with_them(cast: Cast) -> None:
    project = make_project(cast.acme)
    answer = ask(cast, cast.eddie, VIEW, project)
    assert titles(answer)[0] == "Member of Acme Robotics, then Project Viewer here"


def test_a_membership_that_ended_is_extended_first(cast: Cast) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    cast.access(cast.alice)
    Membership.objects.filter(pk=mia.pk).update(
        expires_at=timezone.now() - datetime.timedelta(days=1)
    )
    answer = ask(cast, cast.mia, VIEW, project)
    assert answer.detail.startswith("Mia’s membership ended on ")
    assert titles(answer) == ["Extend the membership of Mia Castellano"]


def test_nothing_is_suggested_for_who_has_not_joined(cast: Cast) -> None:
    waiting = make_member(cast.acme, login="tomas")
    access = cast.access(cast.alice)
    answer = explain(org=access.org, member=waiting, permission=VIEW, asker=access)
    assert not answer.allowed
    assert not answer.suggestions
    assert "joins by an invitation first" in answer.nothing


def test_nobody_gets_into_an_organization_that_is_not_open(cast: Cast) -> None:
    access = cast.access(cast.alice)
    Organization.objects.filter(pk=cast.acme.pk).update(state="suspended")
    access = cast.access(cast.alice)
    member = Membership.objects.select_related("person").get(pk=access.membership_id)
    answer = explain(org=access.org, member=member, permission=Permission.ORG_VIEW, asker=access)
    assert not answer.allowed
    assert "suspended" in answer.detail


def test_the_platform_is_not_given_by_an_organization(cast: Cast) -> None:
    answer = ask(cast, cast.alice, Permission.PLATFORM_MANAGE_USERS)
    assert not answer.allowed
    assert answer.nothing == "Nothing in an organization adds it."


def test_an_owner_need_not_ask(cast: Cast) -> None:
    answer = ask(cast, cast.alice, Permission.PROJECTS_REQUEST)
    assert answer.nothing == "Alice need not ask: Alice may create projects."


def test_where_owners_approve_only_they_are_named(cast: Cast) -> None:
    policies = [ProjectPolicy.OWNERS_APPROVE.value]
    project = make_project(cast.acme, policies=policies)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    share = ask(cast, cast.vera, VIEW, project).suggestions[0]
    assert share.by == "By an owner."
    assert "final approval" in share.note


def test_a_secret_group_is_not_named_to_who_may_not_know_of_it(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme, "Takeover", secret=True)
    make_seat(group, cast.member(cast.mia))
    make_grant(project, group, Role.PROJECT_MEMBER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    for person, seen in ((cast.alice, True), (cast.mia, True), (cast.vera, False)):
        allowed = ask(cast, cast.mia, VIEW, project, by=person)
        assert ("Takeover" in json.dumps(allowed.as_dict())) is seen
        assert (str(group.pk) in json.dumps(allowed.as_dict())) is seen
        denied = ask(cast, cast.adam, VIEW, project, by=person)
        assert ("Join Takeover" in titles(denied)) is seen


def test_reasons_are_for_who_reads_the_log(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER, reason="a quiet word")
    make_grant(project, cast.member(cast.eddie), Role.PROJECT_VIEWER)
    for person, seen in ((cast.alice, True), (cast.mia, True), (cast.eddie, False)):
        said = ask(cast, cast.mia, VIEW, project, by=person).as_dict()
        assert ("a quiet word" in json.dumps(said)) is seen


@pytest.mark.parametrize("allowed", [True, False])
def test_the_paths_are_one_round_trip_and_the_advice_a_few(cast: Cast, allowed: bool) -> None:
    project = make_project(cast.acme, workspace=make_workspace(cast.acme))
    if allowed:
        for number in range(8):
            group = make_group(cast.acme, f"Team {number}")
            make_group_role(group, GROUP_ROLES[1])
            make_seat(group, cast.member(cast.mia))
    access = cast.access(cast.alice)
    mia = Membership.objects.select_related("person").get(pk=cast.member(cast.mia).pk)
    project = Project.objects.select_related("workspace").get(pk=project.pk)
    access.can(Permission.PROJECTS_VIEW_AUDIT, project)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = explain(org=access.org, member=mia, permission=VIEW, place=project, asker=access)
    assert answer.allowed is allowed
    assert len(queries) <= (1 if allowed else 5)


def test_screen_json_and_command_give_the_same_answer(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER, reason="rollout")
    expected = _undated(ask(cast, cast.mia, SECRETS, project).as_dict())
    address = cast.url(f"explain/?member={cast.member(cast.mia).pk}&permission={SECRETS}")
    address += f"&place=project:{project.pk}"
    client = sign_in(cast.alice)
    assert _undated(client.get(f"{address}&format=json").json()) == expected
    assert _undated(client.get(address, headers={"Accept": "application/json"}).json()) == expected
    page = client.get(address).content.decode()
    assert all(word in page for word in (expected["sentence"], expected["detail"], "rollout"))
    said, code = _command(cast, cast.mia.email, SECRETS, "Picking", "--json")
    assert (_undated(json.loads(said)), code) == (expected, 0)


def test_the_command_prints_the_tree_and_ends_with_the_verdict(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking")
    said, code = _command(cast, cast.vera.email, "projects.view", f"project:{project.pk}")
    assert code == 1
    assert said.strip() == text(_unasked(cast, cast.vera, VIEW, project))
    assert said.startswith("Vera may not view this project\n")
    assert "? Role: A role that includes projects.view" in said
    assert "  - Project Viewer here\n    1 permission on this project. By an owner." in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nobody@example.com", "projects.view"), "Nobody in the organization"),
        (("", "projects.view"), "Nobody in the organization"),
        (("MIA", "projects.fly"), "There is no permission"),
        (("MIA", "projects.view", "Nowhere"), "Nothing in the organization is called"),
        (("MIA", "projects.view", "Twin"), "Several things are called Twin"),
    ],
)
def test_the_command_says_what_it_does_not_know(
    cast: Cast, arguments: tuple[str, ...], complaint: str
) -> None:
    make_project(cast.acme, "Twin")
    make_workspace(cast.acme, "Twin")
    named = [cast.mia.email if one == "MIA" else one for one in arguments]
    with pytest.raises(CommandError, match=complaint) as raised:
        _command(cast, *named)
    assert raised.value.returncode == 2


def test_the_command_knows_nothing_of_another_organization(cast: Cast) -> None:
    project = make_project(cast.umbrella, "Hive")
    with pytest.raises(CommandError, match="Nothing in the organization"):
        _command(cast, cast.mia.email, "projects.view", str(project.pk))
    with pytest.raises(CommandError, match="No organization"):
        call_command("explain", cast.mia.email, "projects.view", org="no-such-place")


def _command(cast: Cast, *arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("explain", *arguments, "--org", cast.acme.slug, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


def _unasked(cast: Cast, person: User, permission: Permission, place: AnyPlace) -> Explanation:
    access = cast.access(cast.alice)
    with bound(cast.acme.pk):
        member = Membership.objects.select_related("person").get(person=person)
        return explain(org=access.org, member=member, permission=permission, place=place)


def _undated(said: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key != "decided_at"}


def test_the_command_finds_the_organization_of_who_is_in_one(cast: Cast) -> None:
    project = make_project(cast.acme, "Picking")
    make_member(cast.umbrella, person=cast.mia)
    out = StringIO()
    call_command("explain", cast.alice.email, "projects.delete", "Picking", stdout=out)
    assert "Alice" in out.getvalue()
    with pytest.raises(CommandError, match="--org"):
        call_command("explain", cast.mia.email, "projects.delete", stdout=out)
    with pytest.raises(SystemExit):
        call_command("explain", cast.mia.email, "projects.delete", str(project.pk), stdout=out)
    with pytest.raises(CommandError, match="no organization"):
        call_command("explain", cast.sam.email, "projects.delete", "Picking", stdout=out)
