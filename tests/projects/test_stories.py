"""The sources' own stories, through the console's doors: one group, one role, what opens and what
does not."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project, Resource
from tests.factories import Cast, body_of, make_group, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)


def opens(cast: Cast, person: object, page: str) -> bool:
    """Does this page show itself to this person? A refusal leads away from it."""
    return sign_in(person).get(cast.url(page)).status_code == 200  # type: ignore[arg-type]


def in_a_group_with(cast: Cast, *roles: Role) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    for role in roles:
        make_group_role(group, role)


KINDS = ("agent", "workflow", "tool", "knowledge-base")


@pytest.mark.requirement("S2-041", "S2-042", "S2-043", "S2-044", "S2-074", "S2-075", "S2-076")
@pytest.mark.requirement("S2-077", "S2-112", "S2-113", "S2-114", "S2-115")
@pytest.mark.parametrize("kind", KINDS)
def test_owners_and_who_works_in_the_project_make_what_it_holds(cast: Cast, kind: str) -> None:
    project = make_project(cast.acme)
    page = f"projects/{project.pk}/resources/new/{kind}/"
    assert opens(cast, cast.alice, page)
    for outside in (cast.adam, cast.mia, cast.vera, cast.eddie, cast.oscar, cast.sam):
        assert not opens(cast, outside, page)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    assert not opens(cast, cast.mia, page)
    with bound(cast.acme.id):
        grant.delete()
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    assert opens(cast, cast.mia, page)


@pytest.mark.requirement("S2-089", "S2-085", "S2-086")
def test_a_project_member_sets_no_policy_and_ends_nothing(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    for page in ("policies/", "settings/", "delete/", "archive/"):
        assert not opens(cast, cast.mia, f"projects/{project.pk}/{page}")
    sent = {"policies": ["shares_end"]}
    sign_in(cast.mia).post(cast.url(f"projects/{project.pk}/policies/"), sent)
    with bound(cast.acme.id):
        assert Project.objects.get(pk=project.pk).policies == []


@pytest.mark.requirement("S3-006", "S3-067")
def test_devops_with_runners_admin_runs_the_runners_and_no_more(cast: Cast) -> None:
    runner = make_resource(cast.acme, "runner")
    project = make_project(cast.acme)
    assert not opens(cast, cast.mia, "runners/new/")
    in_a_group_with(cast, Role.RUNNERS_ADMIN)
    later = make_resource(cast.acme, "runner")
    for page in (
        *("runners/", "runners/new/", "runners/environment-classes/", "runners/integrations/"),
        *(f"resources/{one.pk}/{deed}" for one in (runner, later) for deed in ("", "change/")),
        *(f"resources/{runner.pk}/share/", f"resources/{runner.pk}/delete/", "runners/logs/"),
    ):
        assert opens(cast, cast.mia, page), page
    for page in ("automations/new/", f"projects/{project.pk}/", "settings/", "invitations/new/"):
        assert not opens(cast, cast.mia, page), page


@pytest.mark.requirement("S3-009", "S3-070", "S3-050")
def test_the_platform_team_with_automations_admin_runs_the_automations(cast: Cast) -> None:
    automation = make_resource(cast.acme, "automation")
    assert not opens(cast, cast.mia, "automations/new/")
    in_a_group_with(cast, Role.AUTOMATIONS_ADMIN)
    for page in (
        *("automations/", "automations/new/", "automations/history/"),
        *(f"resources/{automation.pk}/{deed}" for deed in ("", "change/", "share/", "delete/")),
    ):
        assert opens(cast, cast.mia, page), page
    for page in ("runners/new/", "runners/integrations/", "settings/"):
        assert not opens(cast, cast.mia, page), page


@pytest.mark.requirement("S3-068", "S3-007", "S3-014")
def test_tech_leads_with_projects_admin_handle_every_project_there_is_and_will_be(
    cast: Cast,
) -> None:
    before = make_project(cast.acme)
    in_a_group_with(cast, Role.PROJECTS_ADMIN)
    after = make_project(cast.acme)
    for project in (before, after):
        for page in ("", "settings/", "secrets/", "share/", "environments/", "prebuilds/"):
            assert opens(cast, cast.mia, f"projects/{project.pk}/{page}"), page
    assert opens(cast, cast.mia, "projects/new/")
    for page in ("runners/new/", "settings/", "invitations/new/", "groups/new/"):
        assert not opens(cast, cast.mia, page), page


@pytest.mark.requirement("S2-138", "S2-005", "S2-018", "S2-019")
def test_a_superadmin_finds_neither_agents_nor_workflows_nor_runs(cast: Cast) -> None:
    project = make_project(cast.acme)
    agent = make_resource(project, "agent")
    pages = ("projects/", f"projects/{project.pk}/", f"resources/{agent.pk}/", "executions/")
    for page in (*pages, f"projects/{project.pk}/resources/new/agent/", f"hub/{agent.pk}/"):
        assert sign_in(cast.sam).get(cast.url(page)).status_code == 404
    assert Resource.objects.count() == Project.objects.count() == 0


@pytest.mark.requirement("S4-033", "S4-034", "S4-035", "S4-036", "S1-035")
@pytest.mark.parametrize(
    "permission",
    ["features.discover", "features.define_workflow", "features.design_workflow", "features.build"],
)
def test_members_and_owners_may_use_the_features_and_viewers_may_not(
    cast: Cast, permission: str
) -> None:
    """The features live on the platform beside: what it is told is what the command says."""

    def answer(person: object) -> int:
        try:
            call_command(
                *("explain", person.email, permission),  # type: ignore[attr-defined]
                org=cast.acme.slug,
                stdout=io.StringIO(),
            )
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    assert [answer(one) for one in (cast.alice, cast.mia, cast.vera)] == [0, 0, 1]


@pytest.mark.requirement("S3-056", "S3-057", "S3-058", "S3-071")
def test_security_with_audit_log_reader_reads_the_log_and_changes_nothing(cast: Cast) -> None:
    assert not opens(cast, cast.mia, "audit-log/")
    in_a_group_with(cast, Role.AUDIT_LOG_READER)
    assert opens(cast, cast.mia, "audit-log/")
    for page in ("settings/", "invitations/new/", "groups/new/", "projects/new/"):
        assert not opens(cast, cast.mia, page), page
    out = io.StringIO()
    call_command("audit", "query", org=cast.acme.slug, stdout=out)
    assert "created" in out.getvalue()


@pytest.mark.requirement("S2-054", "S2-040")
def test_a_member_does_not_learn_that_a_project_exists_before_it_is_assigned(cast: Cast) -> None:
    project = make_project(cast.acme, "Quiet works")
    client = sign_in(cast.mia)
    missing = client.get(cast.url(f"projects/{cast.acme.pk}/"))
    there = client.get(cast.url(f"projects/{project.pk}/"))
    assert there.status_code == missing.status_code == 404
    assert body_of(there) == body_of(missing)
    assert "Quiet works" not in client.get(cast.url("projects/")).content.decode()
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    assert "Quiet works" in client.get(cast.url("projects/")).content.decode()


@pytest.mark.requirement("S4-006", "S4-024")
def test_owners_run_every_workspace_and_a_workspace_admin_their_own(cast: Cast) -> None:
    mine, other = make_workspace(cast.acme), make_workspace(cast.acme)
    make_grant(mine, cast.member(cast.mia), Role.WORKSPACE_ADMIN)
    for workspace in (mine, other):
        assert opens(cast, cast.alice, f"workspaces/{workspace.pk}/share/")
        assert opens(cast, cast.mia, f"workspaces/{workspace.pk}/share/") is (workspace is mine)
        assert not opens(cast, cast.mia, f"workspaces/{workspace.pk}/delete/")
    assert "Create workspace" in sign_in(cast.alice).get(cast.url()).content.decode()
    assert "Create workspace" not in sign_in(cast.mia).get(cast.url()).content.decode()
