"""How a project ends and comes back: archived, deleted, restored, and gone for good."""

from __future__ import annotations

import datetime
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from audit.models import Event, Outcome
from config.roles import Permission, Policy, Role
from orgs.actions.organizations import organization_change_policies
from orgs.models import Organization
from orgs.tenancy import bound
from projects.actions.project_ends import (
    DAYS_KEPT,
    project_archive,
    project_delete,
    project_purge,
    project_restore,
)
from projects.management.commands.projects_purge import COMMAND
from projects.models import Project, ProjectGrant, Resource, Secret
from tests.factories import (
    Cast,
    access_of,
    body_of,
    make_organization,
    make_person,
    sign_in,
)
from tests.projects.factories import make_grant, make_project, make_resource, make_workspace
from tests.projects.rooms import actions, again, make_projects_admin, newest
from tests.races import together


@pytest.fixture
def project(cast: Cast) -> Project:
    project = make_project(cast.acme, "Picking")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    return project


def end(cast: Cast, who: User, project: Project, deed: str, **said: str):  # type: ignore[no-untyped-def]
    said = {"confirm": project.name, "name": project.name} | said
    return sign_in(who).post(cast.url(f"projects/{project.pk}/{deed}/"), said)


def purge(*options: str) -> str:
    out = io.StringIO()
    call_command("projects_purge", *options, stdout=out)
    return out.getvalue()


@pytest.mark.requirement("S2-065")
@pytest.mark.parametrize("who", ["mia", "alice"])
def test_an_archived_project_is_read_and_nothing_else(
    cast: Cast, project: Project, who: str
) -> None:
    assert end(cast, getattr(cast, who), project, "archive", reason="Done").status_code == 302
    assert again(project).state == "archived"
    assert newest(cast).action == "project.archived"
    page = body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/")))
    assert "This project is archived" in page
    assert f"projects/{project.pk}/share/" not in page
    access = cast.access(cast.alice)
    found = again(project)
    for gone in (
        Permission.PROJECTS_CHANGE,
        Permission.PROJECTS_MANAGE_MEMBERS,
        Permission.PROJECTS_MANAGE_SECRETS,
        Permission.AGENTS_CHAT,
        Permission.AGENTS_CREATE,
    ):
        assert not access.can(gone, found)
    assert access.can(Permission.PROJECTS_VIEW, found)


def test_archiving_twice_is_said_once(cast: Cast, project: Project) -> None:
    end(cast, cast.alice, project, "archive")
    before = newest(cast).sequence
    assert end(cast, cast.alice, project, "archive").status_code == 302
    assert newest(cast).sequence == before


def test_an_archived_project_comes_back(cast: Cast, project: Project) -> None:
    end(cast, cast.mia, project, "archive")
    assert end(cast, cast.mia, project, "restore").status_code == 302
    assert again(project).state == "active"
    assert actions(cast)[0] == "project.restored"


@pytest.mark.requirement("S2-064", "S2-126", "S3-034")
@pytest.mark.parametrize("who", ["mia", "alice", "adam"])
def test_who_may_deletes_it_and_brings_it_back(cast: Cast, project: Project, who: str) -> None:
    make_projects_admin(cast, cast.adam)
    person = getattr(cast, who)
    response = end(cast, person, project, "delete", reason="Not needed")
    assert response["Location"] == cast.url("projects/")
    found = again(project)
    assert found.state == "deleted"
    assert found.deletes_at
    assert found.deletes_at - timezone.now() > datetime.timedelta(days=DAYS_KEPT - 1)
    assert actions(cast)[0] == "project.deleted"
    page = body_of(sign_in(person).get(cast.url(f"projects/{project.pk}/")))
    assert "This project is deleted" in page
    assert end(cast, person, project, "restore").status_code == 302
    assert (again(project).state, again(project).deletes_at) == ("active", None)


@pytest.mark.requirement("S2-086", "S2-126")
@pytest.mark.parametrize("role", [Role.PROJECT_MEMBER, Role.PROJECT_VIEWER])
@pytest.mark.parametrize("deed", ["archive", "delete", "restore"])
def test_a_project_member_ends_nothing(cast: Cast, project: Project, role: Role, deed: str) -> None:
    make_grant(project, cast.member(cast.vera), role)
    assert end(cast, cast.vera, project, deed).status_code == 302
    assert again(project).state == "active"
    assert newest(cast).outcome == Outcome.DENIED


def test_while_the_policy_is_off_a_project_owner_ends_nothing(cast: Cast, project: Project) -> None:
    with bound(cast.acme.id):
        organization = Organization.objects.get(pk=cast.acme.pk)
        on = frozenset(Policy(one) for one in organization.policies)
        organization_change_policies(
            organization=cast.acme.pk,
            policies=on - {Policy.PROJECT_OWNERS_DELETE},
            seen=on,
            actor=cast.access(cast.alice),
        )
    assert end(cast, cast.mia, project, "delete").status_code == 302
    assert again(project).state == "active"
    page = body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/settings/")))
    assert 'id="danger"' not in page


def test_a_deleted_project_is_gone_for_everybody_else(cast: Cast, project: Project) -> None:
    make_grant(project, cast.member(cast.vera), Role.PROJECT_MEMBER)
    end(cast, cast.alice, project, "delete")
    for path in ("", "access/", "resources/", "settings/", "audit/", "usage/"):
        assert sign_in(cast.vera).get(cast.url(f"projects/{project.pk}/{path}")).status_code == 404
    for path in ("access/", "resources/", "settings/", "audit/"):
        response = sign_in(cast.alice).get(cast.url(f"projects/{project.pk}/{path}"))
        assert response.status_code == 302, path


def test_the_dialog_says_what_goes(cast: Cast, project: Project) -> None:
    for name in ("One", "Two"):
        make_resource(project, "agent", name)
    make_resource(project, "tool")
    body = body_of(sign_in(cast.alice).get(cast.url(f"projects/{project.pk}/delete/")))
    assert "2 agents, 1 tool" in body
    assert "Keys" in body
    assert again(project).state == "active"


@pytest.mark.parametrize("typed", ["", "picking", "Picking2"])
def test_without_its_name_nothing_is_deleted(cast: Cast, project: Project, typed: str) -> None:
    assert end(cast, cast.alice, project, "delete", confirm=typed).status_code == 422
    assert again(project).state == "active"


def test_a_deletion_takes_a_fresh_sign_in(cast: Cast, project: Project) -> None:
    address = cast.url(f"projects/{project.pk}/delete/")
    response = sign_in(cast.alice, fresh=False).post(address, {"confirm": "Picking"})
    assert response["Location"].startswith("/sign-in/again/")
    assert again(project).state == "active"


def test_a_taken_name_is_mended_by_another(cast: Cast, project: Project) -> None:
    end(cast, cast.alice, project, "delete")
    make_project(cast.acme, "Picking")
    response = end(cast, cast.alice, project, "restore")
    assert response.status_code == 422
    assert b"Its name is in use" in response.content
    assert again(project).state == "deleted"
    assert end(cast, cast.alice, project, "restore", name="Picking again").status_code == 302
    assert (again(project).state, again(project).name) == ("active", "Picking again")
    assert actions(cast)[:2] == ["project.changed", "project.restored"]


def test_after_its_days_nothing_is_restored(cast: Cast) -> None:
    over = timezone.now() - datetime.timedelta(hours=1)
    project = make_project(cast.acme, "Picking", state="deleted", deletes_at=over)
    response = end(cast, cast.alice, project, "restore")
    assert response.status_code == 422
    assert b"30 days are over" in response.content


def test_the_purge_deletes_what_is_over_and_nothing_else(cast: Cast) -> None:
    over = timezone.now() - datetime.timedelta(days=1)
    workspace = make_workspace(cast.acme, "Logistics")
    due = make_project(cast.acme, "Due", workspace, state="deleted", deletes_at=over)
    make_resource(due)
    make_grant(due, cast.member(cast.mia), Role.PROJECT_OWNER)
    later = make_project(cast.acme, "Later", state="deleted")
    kept = make_project(cast.acme, "Kept", state="archived")
    theirs = make_project(cast.umbrella, "Theirs", state="deleted", deletes_at=over)
    said = purge("--dry-run")
    assert "Due" in said
    assert "would be deleted" in said
    assert "Later" not in said
    assert again(due)
    assert "Theirs" in purge()
    with bound(cast.acme.id):
        left = set(Project.objects.in_org(cast.acme).values_list("pk", flat=True))
        assert left == {later.pk, kept.pk}
        assert not Resource.objects.in_org(cast.acme).exists()
        assert not ProjectGrant.objects.in_org(cast.acme).exists()
        assert not Secret.objects.in_org(cast.acme).exists()
        event = Event.objects.filter(action="project.purged", organization_id=cast.acme.id).get()
        assert event.actor_kind == "command"
    with bound(cast.umbrella.id):
        assert not Project.objects.in_org(cast.umbrella).filter(pk=theirs.pk).exists()
    assert "Due" not in purge()


def test_a_project_that_was_restored_meanwhile_stays(cast: Cast, project: Project) -> None:
    now = timezone.now() + datetime.timedelta(days=400)
    assert not project_purge(organization=cast.acme.id, project=project.pk, now=now, actor=COMMAND)
    assert not project_purge(
        organization=cast.umbrella.id, project=project.pk, now=now, actor=COMMAND
    )
    assert again(project).state == "active"


@pytest.mark.race
def test_archiving_while_deleting_ends_deleted_or_refused(committed: None) -> None:
    alice = make_person("Alice Marlow")
    acme = make_organization(alice)
    for _ in range(4):
        project = make_project(acme)

        def archive(project: Project = project) -> object:
            with bound(acme.id):
                return project_archive(project=project, reason="", actor=access_of(acme, alice))

        def delete(project: Project = project) -> object:
            with bound(acme.id):
                return project_delete(project=project, reason="", actor=access_of(acme, alice))

        archived, deleted = together(archive, delete)
        assert isinstance(deleted, Project)
        assert isinstance(archived, Project) or (
            isinstance(archived, ValidationError) and archived.code == "gone"
        )
        assert again(project).state == "deleted"


@pytest.mark.race
def test_of_two_restored_under_one_name_one_is_told(committed: None) -> None:
    alice = make_person("Alice Marlow")
    acme = make_organization(alice)
    gone = [make_project(acme, "Picking", state="deleted") for _ in range(2)]

    def restore(project: Project) -> object:
        with bound(acme.id):
            return project_restore(project=project, name="Picking", actor=access_of(acme, alice))

    outcomes = together(*(lambda one=one: restore(one) for one in gone))
    assert sorted(isinstance(one, ValidationError) for one in outcomes) == [False, True]
