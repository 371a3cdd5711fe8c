"""Deleting a group: with the roles it carries by an owner alone, and all that goes is told."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from audit.models import Event, Outcome
from config.roles import Permission, Role
from orgs.actions.groups import group_delete
from orgs.models import Group, GroupRole
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.orgs.groups import HTMX, newest, said
from tests.orgs.test_group_member_add import groups_admin
from tests.projects.factories import make_grant, make_group_role, make_project, make_workspace

AUDIT = Role.AUDIT_LOG_READER


def is_there(cast: Cast, group: Group) -> bool:
    with bound(cast.acme.id):
        return Group.objects.filter(pk=group.pk).exists()


@pytest.mark.requirement("S3-042")
def test_a_groups_admin_does_not_delete_a_group_that_carries_roles(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    client, url = sign_in(cast.mia), cast.url(f"groups/{group.pk}/delete/")
    page = client.get(url)
    assert "Only owners may delete it" in said(page)
    assert b'name="confirm"' not in page.content
    response = client.post(url, {"confirm": "Security"})
    assert response.status_code == 422
    assert is_there(cast, group)
    entry = newest(cast)
    assert (entry.action, entry.outcome) == ("group.deleted", Outcome.FAILED)
    assert '"carries_roles"' in entry.body
    with pytest.raises(ValidationError) as refused:
        group_delete(group=group, actor=cast.access(cast.mia))
    assert refused.value.code == "carries_roles"


def test_the_table_offers_a_groups_admin_only_what_they_may_delete(cast: Cast) -> None:
    groups_admin(cast, cast.mia)
    carrying, plain = make_group(cast.acme, "Security"), make_group(cast.acme, "Book club")
    make_group_role(carrying, AUDIT)
    for who, both in ((cast.mia, False), (cast.alice, True)):
        page = sign_in(who).get(cast.url("groups/")).content.decode()
        assert f"{plain.pk}/delete/" in page
        assert (f"{carrying.pk}/delete/" in page) is both


@pytest.mark.requirement("S3-042", "S3-015")
def test_an_owner_reads_what_is_lost_and_all_of_it_ends(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    project, workspace = make_project(cast.acme, "Order intake"), make_workspace(cast.acme)
    make_group_role(group, AUDIT)
    make_grant(project, group, Role.PROJECT_OWNER)
    make_grant(workspace, group, Role.WORKSPACE_VIEWER)
    for member in (cast.member(cast.mia), make_member(cast.acme)):
        make_seat(group, member)
    client, url = sign_in(cast.alice), cast.url(f"groups/{group.pk}/delete/")
    text = said(client.get(url))
    assert "2 people leave it, 1 organization role ends, 2 shares end" in text
    assert "Owner on Order intake" in text
    preview = client.post(f"{url}?preview=1", headers=HTMX)
    assert preview.status_code == 200
    assert "Mia Castellano" in said(preview)
    assert is_there(cast, group)
    assert client.post(url, {"confirm": "Security"}).status_code == 302
    access = cast.access(cast.mia)
    assert AUDIT not in access.roles
    assert not access.can(Permission.PROJECTS_VIEW, project)
    with bound(cast.acme.id):
        assert not GroupRole.objects.exists()
        entries = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence")[:4]
        assert {(entry.action, entry.target_id) for entry in entries} == {
            ("group.deleted", group.pk),
            ("group.role_taken", group.pk),
            ("project.unshared", project.pk),
            ("workspace.unshared", workspace.pk),
        }


def test_reading_what_is_lost_loses_nothing(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    make_seat(group, cast.member(cast.mia))
    before = newest(cast).sequence
    client, url = sign_in(cast.alice), cast.url(f"groups/{group.pk}/delete/")
    client.get(url)
    client.post(url, {"preview": "1", "confirm": "Security"})
    assert is_there(cast, group)
    assert newest(cast).sequence == before
    assert AUDIT in cast.access(cast.mia).roles
