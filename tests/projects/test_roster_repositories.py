"""A roster's repositories and levels become projects and roles of groups, exactly those."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone

from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Group, Organization
from orgs.queries.roster import organization_at
from orgs.roster.peribolos import read
from orgs.roster.plan import Kind, PersonNow, Snapshot, apply_to, plan
from orgs.tenancy import bound
from projects.models import Project, ProjectGroupGrant
from projects.policies import LONGEST_SHARE_DAYS, ProjectPolicy
from tests.factories import Cast, make_group, make_person, sign_in
from tests.projects.factories import make_project

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REAL = [DATA / "kubernetes-org" / "merged-orgs.yaml", DATA / "kubeflow" / "org.yaml"]
ROLES = {"admin": "project_owner", "maintain": "project_owner", "read": "project_viewer"} | (
    dict.fromkeys(("write", "triage"), "project_member")
)


def counted(path: Path) -> Counter[tuple[str, str, str, str]]:
    """Organization, team, repository and role, by a reader that knows nothing of ours."""
    found: Counter[tuple[str, str, str, str]] = Counter()

    def walk(org: str, teams: dict[str, Any]) -> None:
        for name, team in (teams or {}).items():
            for repo, level in (team.get("repos") or {}).items():
                if level != "none":
                    found[org, name, repo.lower(), ROLES[level]] += 1
            walk(org, team.get("teams") or {})

    for org, body in yaml.safe_load(path.read_text())["orgs"].items():
        walk(org, body.get("teams") or {})
    return found


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.parent.name)
def test_the_real_rosters_come_out_equal_to_an_independent_count(path: Path, db: None) -> None:
    if not path.exists():
        pytest.skip("the real rosters are not here")
    make_person(email="first@acme.example")
    call_command("import_roster", path, owner="first@acme.example", yes=True, stdout=io.StringIO())
    found: Counter[tuple[str, str, str, str]] = Counter()
    for key in yaml.safe_load(path.read_text())["orgs"]:
        organization = organization_at(key.lower())
        assert organization
        with bound(organization):
            grants = ProjectGroupGrant.objects.in_org(organization).select_related("group")
            for grant in grants.select_related("content_object"):
                project = grant.content_object.name.lower()
                found[key, grant.group.name, project, grant.role.value] += 1
    assert found == counted(path)
    if "kubernetes" in str(path):
        assert sum(found.values()) == 631
    again = io.StringIO()
    call_command("import_roster", path, yes=True, stdout=again)
    assert "Nothing to change." in again.getvalue()


def imported(cast: Cast, text: str) -> None:
    path = Path(cast.acme.slug)
    document = read(f"orgs: {{{cast.acme.slug}: {text}}}", name="roster.yaml")
    assert document.ok, document.errors
    from orgs.actions.roster import roster_import

    with bound(cast.acme.id):
        access = cast.access(cast.alice)
        roster_import(
            org_file=document.orgs[0],
            organization=cast.acme.id,
            file=str(path),
            actor=access,
            allow_removals=1.0,
        )


def shares(cast: Cast) -> dict[tuple[str, str], Role]:
    with bound(cast.acme.id):
        return {
            (grant.group.name, grant.content_object.name): grant.role
            for grant in ProjectGroupGrant.objects.in_org(cast.acme.id)
        }


def test_levels_become_roles_and_none_takes_them(cast: Cast) -> None:
    imported(
        cast,
        "{repos: {anvil: {description: Heavy}}, teams: {core: {repos:"
        " {anvil: admin, saw: maintain, file: write, rasp: triage, plane: read, drill: none}}}}",
    )
    assert shares(cast) == {
        ("core", "anvil"): Role.PROJECT_OWNER,
        ("core", "saw"): Role.PROJECT_OWNER,
        ("core", "file"): Role.PROJECT_MEMBER,
        ("core", "rasp"): Role.PROJECT_MEMBER,
        ("core", "plane"): Role.PROJECT_VIEWER,
    }
    with bound(cast.acme.id):
        names = dict(Project.objects.in_org(cast.acme.id).values_list("name", "description"))
    assert names["anvil"] == "Heavy"
    assert "drill" not in names
    imported(cast, "{teams: {core: {repos: {anvil: none, saw: read, file: write}}}}")
    assert shares(cast) == {
        ("core", "saw"): Role.PROJECT_VIEWER,
        ("core", "file"): Role.PROJECT_MEMBER,
    }


def test_a_team_without_repos_keeps_what_it_has(cast: Cast) -> None:
    imported(cast, "{teams: {core: {repos: {anvil: admin}}}}")
    imported(cast, "{teams: {core: {description: New}}}")
    assert shares(cast) == {("core", "anvil"): Role.PROJECT_OWNER}


def test_a_repository_is_one_whatever_its_letter_case_and_keeps_itself_when_renamed(
    cast: Cast,
) -> None:
    imported(cast, "{repos: {Anvil: {}}, teams: {core: {repos: {anvil: read}}}}")
    assert shares(cast) == {("core", "Anvil"): Role.PROJECT_VIEWER}
    with bound(cast.acme.id):
        before = Project.objects.in_org(cast.acme.id).get().pk
    imported(
        cast,
        "{repos: {Hammer: {previously: [Anvil], archived: true}},"
        " teams: {core: {repos: {hammer: read}}}}",
    )
    with bound(cast.acme.id):
        project = Project.objects.in_org(cast.acme.id).get()
    assert (project.pk, project.name, project.state) == (before, "Hammer", "archived")


def test_every_change_has_its_entry(cast: Cast) -> None:
    imported(cast, "{repos: {anvil: {}}, teams: {core: {repos: {anvil: admin}}}}")
    imported(cast, "{teams: {core: {repos: {anvil: write}}}}")
    imported(cast, "{teams: {core: {repos: {}}}}")
    with bound(cast.acme.id):
        actions = Counter(
            Entry.objects.filter(organization_id=cast.acme.id).values_list("action", flat=True)
        )
    for action in ("created", "shared", "share_changed", "unshared"):
        assert actions[f"project.{action}"] == 1


def test_the_page_shows_projects_and_roles_in_its_plan(cast: Cast) -> None:
    make_group(cast.acme, "core")
    text = b"teams: {core: {repos: {anvil: admin}}}"
    upload = io.BytesIO(text)
    upload.name = "roster.yaml"
    page = (
        sign_in(cast.alice)
        .post(cast.url("roster/import/"), {"file": upload, "step": "plan"})
        .content.decode()
    )
    assert "Projects to add" in page
    assert "Roles in projects to give" in page


def test_pure_plan_and_its_oracle_agree() -> None:
    owner = PersonNow("p", None, "first@acme.example", "owner", placeholder=False)
    now = Snapshot("acme", (owner,))
    text = "{repos: {anvil: {}}, teams: {core: {repos: {anvil: admin, saw: read}}}}"
    org = read(f"orgs: {{acme: {text}}}", name="r").orgs[0]
    found = plan(org, now)
    assert found.counts[Kind.PROJECT_ADD] == 2
    assert plan(org, apply_to(now, found)).empty


def test_group_ids_stay_in_their_organization(cast: Cast) -> None:
    imported(cast, "{teams: {core: {repos: {anvil: admin}}}}")
    with bound(cast.umbrella.id):
        assert not Project.objects.exists()
        assert not Group.objects.filter(name="core").exists()
    assert Organization.objects.count() == 0


def test_where_every_share_ends_a_roster_gives_none_without_an_end(cast: Cast) -> None:
    project = make_project(cast.acme, "anvil")
    with bound(cast.acme.id):
        Project.objects.filter(pk=project.pk).update(policies=[ProjectPolicy.SHARES_END.value])
    imported(cast, "{teams: {core: {repos: {anvil: read}}}}")
    with bound(cast.acme.id):
        (grant,) = ProjectGroupGrant.objects.in_org(cast.acme.id)
    assert grant.expires_at is not None
    left = grant.expires_at - timezone.now()
    assert timedelta(days=LONGEST_SHARE_DAYS - 1) < left <= timedelta(days=LONGEST_SHARE_DAYS)
    imported(cast, "{teams: {core: {repos: {anvil: read}}}}")
    assert shares(cast) == {("core", "anvil"): Role.PROJECT_VIEWER}
