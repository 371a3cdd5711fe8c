"""A window that is open to read: every page of the route table opens, and no deed of it does."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from audit.models import Event as Entry
from config.gate import Kind
from config.roles import GROUP_ROLES, Permission, Role
from orgs.models import Membership
from orgs.standing import OUTLASTING
from orgs.tenancy import bound
from tests.factories import Cast, access_of, make_group, make_seat, sign_in
from tests.house.doors import Door, address, organization_doors
from tests.house.furniture import Belongings, Furniture, furnish
from tests.orgs.support import note, open_window
from tests.projects.factories import make_grant, make_group_role

UNSAFE = ("post", "put", "patch", "delete")
WAYS_OUT = {"member_leave"}
OFFERED = {
    "number": 1,
    "sequence": 1,
    "role": Role.BILLING_VIEWER.value,
    "layer": "project",
}


@pytest.fixture
def inside(cast: Cast) -> tuple[Cast, Furniture]:
    """Sam, let in to read; and owners have shared everything with him besides."""
    here = furnish(cast.acme)
    window = open_window(cast.acme, cast.alice, cast.sam)
    with bound(cast.acme.id):
        member = Membership.objects.in_org(cast.acme).get(pk=window.actor)
    group = make_group(cast.acme)
    with bound(cast.acme.id):
        make_seat(group, member)
        note(cast.acme.id)
    for role in GROUP_ROLES:
        make_group_role(group, role)
    make_grant(here.project, member, Role.PROJECT_OWNER)
    make_grant(here.workspace, member, Role.WORKSPACE_ADMIN)
    for resource in here.resources.values():
        make_grant(resource, member, Role.RESOURCE_ADMIN)
    return cast, here


class Anything(dict[str, Any]):
    """Arguments for any door; an id that nothing has where the furniture has none."""

    def __missing__(self, name: str) -> Any:
        return OFFERED.get(name, uuid.uuid4())


def standing_before(here: Furniture, door: Door) -> list[dict[str, Any]]:
    nobody = Belongings(request=here.requests[0], task=here.requests[0], key=here.key)
    return [Anything(one) for one in here.objects(door, nobody)]


def refused(response: Any) -> bool:
    return getattr(response.wsgi_request, "refusal", None) is not None


@pytest.mark.requirement("S2-018", "S2-019", "S2-138")
@pytest.mark.parametrize("method", UNSAFE)
def test_no_door_of_the_whole_table_changes_anything(
    inside: tuple[Cast, Furniture], method: str
) -> None:
    cast, here = inside
    client, tried = sign_in(cast.sam), 0
    before = done_by_sam(cast)
    for door in organization_doors():
        if door.lock.kind is not Kind.PERMISSION or door.name in WAYS_OUT:
            continue
        for objects in standing_before(here, door):
            response = getattr(client, method)(address(cast.acme, door, objects))
            assert response.status_code == 404 or refused(response), door.name
            tried += refused(response)
    assert tried > 100, "or this walk shows nothing"
    assert done_by_sam(cast) == before


def done_by_sam(cast: Cast) -> int:
    with bound(cast.acme.id):
        member = Membership.objects.in_org(cast.acme).get(person=cast.sam)
        done = Entry.objects.filter(organization_id=cast.acme.id, outcome="done")
        return done.filter(actor_id=member.pk).count()


def test_no_export_leaves_by_it(inside: tuple[Cast, Furniture]) -> None:
    cast, here = inside
    client, exports = sign_in(cast.sam), 0
    for door in organization_doors():
        if door.lock.records is None or not door.lock.records.value.endswith(".exported"):
            continue
        for objects in standing_before(here, door):
            exports += 1
            response = client.get(address(cast.acme, door, objects))
            assert refused(response) or response.status_code == 404, door.name
    assert exports > 2


def test_what_a_viewer_reads_is_read(inside: tuple[Cast, Furniture]) -> None:
    cast, here = inside
    client = sign_in(cast.sam)
    pages = ("", "members/", "groups/", "permissions/", "audit-log/", "projects/", "billing/")
    for page in (*pages, f"projects/{here.project.pk}/"):
        assert client.get(cast.url(page)).status_code == 200, page


def test_the_refusal_says_why_and_where_from(inside: tuple[Cast, Furniture]) -> None:
    cast, _ = inside
    client = sign_in(cast.sam, Accept="application/json")
    told = client.post(cast.url("projects/new/"), {"name": "Mine"}).json()
    assert told["status"] == 403
    assert told["detail"].startswith("You are inside Acme Robotics as support, to read only, until")
    assert "request" not in told, "there is nothing to ask for"


@pytest.mark.requirement("S1-020")
def test_whoever_only_reads_may_leave(inside: tuple[Cast, Furniture]) -> None:
    cast, _ = inside
    client = sign_in(cast.sam)
    data = {"confirm": cast.acme.name, "reason": "Seen enough"}
    assert client.post(cast.url("members/leave/"), data).status_code == 302
    assert client.get(cast.url()).status_code == 404
    assert client.get("/admin/").status_code in (200, 503), "and stays signed in elsewhere"


def test_what_would_outlast_a_window_is_in_none(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    access = access_of(cast.acme, cast.sam)
    assert access.role is Role.ADMIN
    assert not access.reads_only
    assert not access.permissions & OUTLASTING
    assert access.can(Permission.KEYS_SET_POLICIES), "the rest of an Admin's is there"


def test_support_that_may_change_makes_no_keys_and_invites_nobody(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    client = sign_in(cast.sam)
    for page in ("invitations/new/", "settings/keys/new/", "settings/service-accounts/new/"):
        response = client.post(cast.url(page), {"name": "Mine", "people": "me@example.com"})
        assert refused(response) or response.status_code == 404, page
    second = sign_in(cast.sam).post(cast.url("settings/support/open/"), {})
    assert refused(second)


def test_support_that_may_change_changes_things(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam, may_change=True)
    data = {"subject": "It is slow", "text": "Since Monday", "urgency": "low"}
    assert sign_in(cast.sam).post(cast.url("settings/support/cases/new/"), data).status_code == 302
