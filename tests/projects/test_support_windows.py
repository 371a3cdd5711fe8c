"""What a window of support withholds: the gate, the explanation, the lists of who may do what and
the endpoint for platforms give one answer, over the whole list of permissions and every door.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from accounts.models import User
from config.gate import Kind
from config.roles import GROUP_ROLES, ORGANIZATION_ROLES, Permission, Role, Scope, roles_with
from orgs.access import Access
from orgs.models import Membership
from orgs.standing import LOOKING, OUTLASTING, WINDOW_ROLES, windows_without
from orgs.tenancy import bound
from projects.explain import explain
from projects.models import Project, Resource, Workspace
from projects.queries.access import people_page
from projects.queries.person import holdings
from tests.factories import Cast, access_of, make_group, make_seat, sign_in
from tests.house.doors import Door, address, organization_doors
from tests.house.furniture import Belongings, Furniture, furnish
from tests.orgs.support import note, open_window
from tests.projects.factories import make_grant, make_group_role
from tests.projects.keys import Platform

INSIDE = [one for one in Permission if one.scope is not Scope.PLATFORM]
PLACES = (Workspace, Project, Resource)
KINDS = pytest.mark.parametrize("may_change", [False, True], ids=["to read", "to change"])


@pytest.fixture
def here(cast: Cast) -> Furniture:
    return furnish(cast.acme)


def let_in(cast: Cast, here: Furniture, *, may_change: bool) -> Membership:
    """Sam, and everything shared with him besides: what he may not do, the window withholds."""
    window = open_window(cast.acme, cast.alice, cast.sam, may_change=may_change)
    group = make_group(cast.acme)
    with bound(cast.acme.id):
        members = Membership.objects.in_org(cast.acme).select_related("person")
        member = members.get(pk=window.actor)
        make_seat(group, member)
        note(cast.acme.id)
    for role in GROUP_ROLES:
        make_group_role(group, role)
    make_grant(here.project, member, Role.PROJECT_OWNER)
    make_grant(here.workspace, member, Role.WORKSPACE_ADMIN)
    for resource in here.resources.values():
        make_grant(resource, member, Role.RESOURCE_ADMIN)
    return member


def somewhere(here: Furniture) -> list[Any]:
    return [None, here.workspace, here.project, *here.resources.values()]


@KINDS
@pytest.mark.requirement("S1-020")
def test_the_explanation_and_the_endpoint_say_what_is_decided(
    cast: Cast, here: Furniture, may_change: bool
) -> None:
    sam, platform = let_in(cast, here, may_change=may_change), Platform(cast.acme, "decide")
    places, asked, decided = somewhere(here), [], []
    access = access_of(cast.acme, cast.sam)
    for place in places:
        at = {"type": "organization", "id": str(cast.acme.pk)}
        if place is not None:
            at = {"type": place.scope.value, "id": str(place.pk)}
        for permission in INSIDE:
            allowed = access.can(permission, place)
            said = explain(org=access.org, member=sam, permission=permission, place=place)
            assert said.allowed is allowed, (permission, place)
            assert said.allowed or (said.broken and (said.nothing or said.suggestions))
            decided.append(allowed)
            subject, action = {"type": "user", "id": str(sam.pk)}, {"name": permission.value}
            asked.append({"subject": subject, "action": action, "resource": at})
    told = platform.post("/access/v1/evaluations", {"evaluations": asked}).json()["evaluations"]
    assert [one["decision"] for one in told] == decided
    reasons = {one["context"]["reason"] for one in told}
    assert {"role", "support_window"} <= reasons


class Anything(dict[str, Any]):
    """Arguments for any door; an id that nothing has where the furniture has none."""

    def __missing__(self, name: str) -> Any:
        return {"number": 1, "sequence": 1, "layer": "project"}.get(name, uuid.uuid4())


def doors_of(here: Furniture) -> list[tuple[Door, dict[str, Any]]]:
    nobody = Belongings(request=here.requests[0], task=here.requests[0], key=here.key)
    return [
        (door, Anything(one))
        for door in organization_doors()
        if door.lock.kind is Kind.PERMISSION and not door.lock.way_out
        for one in here.objects(door, nobody)
    ]


@KINDS
def test_each_door_opens_for_what_the_explanation_allows(
    cast: Cast, here: Furniture, may_change: bool
) -> None:
    """Looked through, each of them. A deed through a window to read is refused at every door, and
    what takes away with it (tests/orgs/test_support_reads_only.py).
    """
    sam, client = let_in(cast, here, may_change=may_change), sign_in(cast.sam)
    opened, shut = 0, 0
    for door, objects in doors_of(here):
        if str(getattr(door.lock.records, "value", "")).endswith(".exported") and not may_change:
            continue
        response = client.get(address(cast.acme, door, objects))
        target = getattr(response.wsgi_request, "target", None)
        permission = door.lock.asks(target) if target or not door.lock.on else None
        if permission is None or not isinstance(target, (*PLACES, type(None))):
            continue
        access = access_of(cast.acme, cast.sam)
        # Some views ask for more, once they know of which row it is.
        refusal = getattr(response.wsgi_request, "refusal", None)
        permission = refusal.permission if refusal else permission
        said = explain(org=access.org, member=sam, permission=permission, place=target)
        assert bool(refusal) is not said.allowed, (door.name, permission)
        opened, shut = opened + said.allowed, shut + bool(refusal)
    assert opened > 30
    assert shut > 30, "or this walk shows nothing"


@KINDS
def test_who_may_do_it_lists_nobody_whose_window_withholds_it(
    cast: Cast, here: Furniture, may_change: bool
) -> None:
    sam = let_in(cast, here, may_change=may_change)
    access = cast.access(cast.alice)
    for permission in INSIDE:
        found = people_page(
            access=access,
            places=[cast.acme.pk],
            permission=permission,
            names={cast.acme.pk: cast.acme.name},
        )
        theirs = access_of(cast.acme, cast.sam)
        if any(role in roles_with(permission, access.policies) for role in theirs.roles):
            listed = sam.pk in {person.id for person in found.page.rows}
            assert listed is theirs.can(permission), permission
            assert found.total == len(found.page.rows)


@KINDS
def test_what_somebody_in_support_holds_is_told_without_what_is_withheld(
    cast: Cast, here: Furniture, may_change: bool
) -> None:
    sam = let_in(cast, here, may_change=may_change)
    held = holdings(viewer=cast.access(cast.alice), member=sam)
    theirs = access_of(cast.acme, cast.sam)
    told = {one for _, permissions in held.areas for one in permissions}
    assert told == theirs.permissions
    for part in held.parts:
        for one in part.held:
            at_place = {said for _, permissions in one.areas for said in permissions}
            assert not at_place & theirs.withheld


def test_nothing_is_advised_against_a_window(cast: Cast, here: Furniture) -> None:
    sam = let_in(cast, here, may_change=False)
    access = access_of(cast.acme, cast.sam)
    for permission in sorted(frozenset(INSIDE) - LOOKING):
        said = explain(org=access.org, member=sam, permission=permission, place=here.project)
        assert not said.suggestions
        assert "window" in said.nothing
    said = explain(org=access.org, member=sam, permission=Permission.PROJECTS_CHANGE)
    assert "was let in as support to read only until" in said.detail


def test_a_window_lets_in_nobody_who_left_support(cast: Cast, here: Furniture) -> None:
    sam, platform = let_in(cast, here, may_change=True), Platform(cast.acme, "decide")
    question = {
        "subject": {"type": "user", "id": str(sam.pk)},
        "action": {"name": Permission.ORG_VIEW.value},
        "resource": {"type": "organization", "id": str(cast.acme.pk)},
    }
    assert platform.post("/access/v1/evaluation", question).json()["decision"]
    User.objects.filter(pk=cast.sam.pk).update(is_staff=False)
    assert not platform.post("/access/v1/evaluation", question).json()["decision"]
    org = cast.access(cast.alice).org
    sam = Membership.objects.select_related("person").get(pk=sam.pk)
    said = explain(org=org, member=sam, permission=Permission.ORG_VIEW)
    assert not said.allowed
    assert "not in support any more" in said.detail


def test_the_two_windows_are_told_apart_over_the_whole_list() -> None:
    """What a later rule book adds is withheld from a window to read until it says that it looks."""
    for permission in INSIDE:
        assert (Role.VIEWER not in windows_without(permission)) is (permission in LOOKING)
        assert (Role.ADMIN in windows_without(permission)) is (permission in OUTLASTING)
    assert not LOOKING & OUTLASTING
    assert set(WINDOW_ROLES) < set(ORGANIZATION_ROLES)


def test_a_window_to_read_holds_all_that_a_viewer_does(cast: Cast) -> None:
    """So it is no less than it was said to be, as long as nothing is shared with support."""
    open_window(cast.acme, cast.alice, cast.sam)
    sam: Access = access_of(cast.acme, cast.sam)
    assert sam.permissions == access_of(cast.acme, cast.vera).permissions
