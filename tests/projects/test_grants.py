"""Grants are guardian's rows in tables of our own: guardian takes them, both walls hold them."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from guardian.core import ObjectPermissionChecker
from guardian.shortcuts import assign_perm, get_objects_for_user, remove_perm

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Role
from orgs.grants import permission_id
from orgs.models import GroupRole, Membership
from orgs.tenancy import bound
from projects.actions.shares import grantee_of
from projects.models import (
    Project,
    ProjectGrant,
    ProjectGroupGrant,
    ResourceGrant,
    WorkspaceGrant,
)
from tests.factories import TEST, Cast, make_group, make_member, make_seat
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_resource,
    make_workspace,
)

TABLES: list[Any] = [WorkspaceGrant, ProjectGrant, ResourceGrant, ProjectGroupGrant]


def row(project: Project, organization: UUID, person: Any, role: Role) -> ProjectGrant:
    return ProjectGrant(
        organization_id=organization,
        content_object_id=project.pk,
        user=person,
        permission_id=permission_id(role),
    )


def test_each_maker_makes_what_it_says(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    group, mia = make_group(cast.acme), cast.member(cast.mia)
    assert make_grant(workspace, mia, Role.WORKSPACE_VIEWER).role is Role.WORKSPACE_VIEWER
    shared = make_grant(project, group, Role.PROJECT_MEMBER)
    with bound(cast.acme.id):
        assert grantee_of(shared) == group
    for place in (make_resource(project), make_resource(cast.acme, "runner")):
        assert make_grant(place, mia, Role.RESOURCE_USER).content_object_id == place.pk
    assert make_group_role(group, Role.PROJECTS_ADMIN).role is Role.PROJECTS_ADMIN
    assert make_request(mia, project=project, role=Role.PROJECT_MEMBER).pk


def test_guardians_own_functions_read_and_write_these_rows(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    with bound(cast.acme.id):
        assign_perm("projects.project_member", cast.mia, project)
        ledger_entry(project)
        kept = ProjectGrant.objects.in_org(cast.acme.id).get()
        assert (kept.role, kept.organization_id) == (Role.PROJECT_MEMBER, cast.acme.id)
        checker = ObjectPermissionChecker(cast.mia)
        assert set(checker.get_user_perms(project)) == {"project_member"}
        assert not checker.get_user_perms(other)
        found: Any = get_objects_for_user(
            cast.mia,
            "projects.project_member",
            with_superuser=False,
            accept_global_perms=False,
            use_groups=False,
        )
        assert list(found) == [project]
        remove_perm("projects.project_member", cast.mia, project)
        ledger_entry(project)
        assert not ProjectGrant.objects.in_org(cast.acme.id).exists()


def test_guardian_takes_a_group_of_ours(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    with bound(cast.acme.id):
        assign_perm("projects.project_viewer", group, project)
        ledger_entry(project)
        assert ProjectGroupGrant.objects.in_org(cast.acme.id).get().role is Role.PROJECT_VIEWER
        checker = ObjectPermissionChecker(group)
        assert checker.has_perm("project_viewer", project)


def test_guardian_finds_what_a_person_has_through_their_group(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    make_grant(project, group, Role.PROJECT_VIEWER)
    make_seat(group, cast.member(cast.mia))
    with bound(cast.acme.id):
        assert ObjectPermissionChecker(cast.mia).has_perm("project_viewer", project)
        assert not ObjectPermissionChecker(cast.vera).has_perm("project_viewer", project)


def test_one_person_holds_one_role_on_one_place(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    with bound(cast.acme.id), pytest.raises(IntegrityError), transaction.atomic():
        row(project, cast.acme.id, cast.mia, Role.PROJECT_OWNER).save()


def test_who_is_no_member_can_be_given_nothing(cast: Cast) -> None:
    """The key to the person names the organization too, past row security."""
    project = make_project(cast.acme)
    with bound(cast.acme.id), pytest.raises(IntegrityError), transaction.atomic():
        row(project, cast.acme.id, cast.oscar, Role.PROJECT_OWNER).save()


def test_a_place_of_another_organization_takes_no_role_of_this_one(cast: Cast) -> None:
    abroad = make_project(cast.umbrella)
    made = row(abroad, cast.acme.id, cast.mia, Role.PROJECT_OWNER)
    with bound(cast.acme.id), pytest.raises(IntegrityError), transaction.atomic():
        ProjectGrant.objects.bulk_create([made])


def test_a_group_of_another_organization_can_be_given_nothing(cast: Cast) -> None:
    project, away = make_project(cast.acme), make_group(cast.umbrella)
    with bound(cast.acme.id), pytest.raises(IntegrityError), transaction.atomic():
        ProjectGroupGrant(
            organization_id=cast.acme.id,
            content_object_id=project.pk,
            group_id=away.pk,
            permission_id=permission_id(Role.PROJECT_OWNER),
        ).save()


def test_a_row_of_another_organization_is_neither_written_nor_read(cast: Cast) -> None:
    abroad = make_project(cast.umbrella)
    kept = make_grant(abroad, make_member(cast.umbrella), Role.PROJECT_OWNER)
    with bound(cast.acme.id):
        assert not ProjectGrant.objects.filter(pk=kept.pk).exists()
        assert not ProjectGrant.objects.filter(pk=kept.pk).update(reason="Mine")
        made = row(abroad, cast.umbrella.id, cast.oscar, Role.PROJECT_OWNER)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            ProjectGrant.objects.bulk_create([made])
    for table in TABLES:
        assert not table.objects.exists()  # Bound to nothing, one reads nothing.


@pytest.mark.parametrize("place", ["workspace", "project", "resource"])
def test_what_is_deleted_takes_its_roles_along(cast: Cast, place: str) -> None:
    workspace = make_workspace(cast.acme)
    project = make_project(cast.acme)
    made: Any = {"workspace": workspace, "project": project, "resource": make_resource(project)}[
        place
    ]
    role = {
        "workspace": Role.WORKSPACE_ADMIN,
        "project": Role.PROJECT_OWNER,
        "resource": Role.RESOURCE_ADMIN,
    }[place]
    make_grant(made, cast.member(cast.mia), role)
    make_grant(made, make_group(cast.acme), role)
    with bound(cast.acme.id):
        type(made).objects.in_org(cast.acme.id).filter(pk=made.pk).delete()
        ledger_entry(project)
        assert not made.grants.in_org(cast.acme.id).exists()
        assert not made.group_grants.in_org(cast.acme.id).exists()


def test_who_gave_it_may_leave_and_the_role_stays(cast: Cast) -> None:
    project, giver = make_project(cast.acme), make_member(cast.acme)
    grant = make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER, granted_by=giver)
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme.id).filter(pk=giver.pk).delete()
        ledger_entry(project)
        kept = ProjectGrant.objects.in_org(cast.acme.id).get(pk=grant.pk)
        assert kept.granted_by_id is None


def test_a_role_that_ended_a_moment_ago_decides_nothing(cast: Cast) -> None:
    past = timezone.now() - datetime.timedelta(hours=1)
    workspace, group = make_workspace(cast.acme), make_group(cast.acme)
    project = make_project(cast.acme, workspace=workspace)
    agent = make_resource(project)
    mia = cast.member(cast.mia)
    make_seat(group, mia)
    for place, role in (
        (workspace, Role.WORKSPACE_ADMIN),
        (project, Role.PROJECT_OWNER),
        (agent, Role.RESOURCE_ADMIN),
    ):
        make_grant(place, mia, role, expires_at=past)
        make_grant(place, group, role, expires_at=past)
    make_group_role(group, Role.PROJECTS_ADMIN, expires_at=past)
    access = cast.access(cast.mia)
    assert access.roles == {Role.MEMBER}
    for place in (workspace, project, agent):
        assert access.roles_on(place) == frozenset()
        assert not access.visible(type(place).objects).exists()
    assert GroupRole.objects.in_org(cast.acme.id).live().count() == 0


def ledger_entry(project: Project) -> None:
    """What stands for the deed around it, so that the change may be committed."""
    ledger.record(
        Event.PROJECT_UNSHARED,
        organization=project.organization_id,
        actor=TEST,
        target=Target("project", project.pk, project.name),
        changes={"to": (None, None), "role": (None, None)},
    )
