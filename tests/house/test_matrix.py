"""Every route under an organization × every role × own, foreign and missing objects.

The expectation comes from the route's own lock and the rule book; a route whose object
`doors.py` does not know fails.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.models import Event as Entry
from audit.models import Outcome
from billing.actions.plans import plan_write
from billing.plans import plan_of
from config.roles import (
    GROUP_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    WORKSPACE_ROLES,
    Permission,
    Role,
    Scope,
    permissions_of,
)
from orgs.models import Organization
from orgs.tenancy import bound
from projects.doors import seeing
from projects.models import Key, Project, Resource, ServiceAccount, Workspace
from tests.factories import (
    TEST,
    Cast,
    body_of,
    make_group,
    make_member,
    make_person,
    make_seat,
    sign_in,
)
from tests.house.doors import Door, address, organization_doors
from tests.projects.factories import make_grant, make_group_role

# An offer is there for the person it was made to, a task for whom it waits, a request for who asked
# and who decides, an item of the Hub for whom it is shared with; a seat needs to be told whose. A key
# of one's own takes a policy, the limits of a project are for who sees it, and so is whether a
# service account works in it.
THEIRS_ALONE = {
    *("ownership_accept", "ownership_decline", "group_member_add", "hub_item"),
    *("task_view", "task_complete", "task_reassign"),
    *("request_view", "request_approve", "request_refuse", "request_withdraw"),
    *("workspace_assign", "personal_key_create", "limit_change", "service_account_withdraw"),
    # Who shared a filter deletes it, or who manages the settings.
    "filter_delete",
}
# One's own role one may give up; another's takes who shares. A key of one's own does what one may.
OWN_OR_MANAGED = {
    *("workspace_unshare", "project_unshare", "resource_unshare"),
    "personal_key_create",
}


@pytest.fixture(autouse=True)
def _no_name_server_answers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DNS_RESOLVERS = ["127.0.0.1:9"]
    monkeypatch.setattr("orgs.domains.PATIENCE", 0.05)


ALL = pytest.mark.parametrize("door", organization_doors(), ids=lambda door: door.name)
METHODS = pytest.mark.parametrize("method", ["get", "post"])
ROLES = {
    "alice": Role.OWNER,
    "adam": Role.ADMIN,
    "mia": Role.MEMBER,
    "vera": Role.VIEWER,
    "eddie": Role.END_USER,
}


# Who holds a role beyond that of a Member: on the place behind the door, on what it stands in, or
# through a group.
HOLDERS = (*GROUP_ROLES, *WORKSPACE_ROLES, *PROJECT_ROLES, *RESOURCE_ROLES)


# Entries are counted in each organization, and packs of rules are the product's own.
OF_EVERY_ORGANIZATION = {"event_view", "pack_add", "pack_remove"}


def expected(door: Door, target: Any, *, org: set[Role], here: set[Role], cast: Cast) -> str:
    """What the door does: "passes", "refused" to who sees what is behind it, else "missing"."""
    policies = frozenset(cast.acme.policies)
    held = permissions_of(org, policies)
    # A service account is the organization's own: whoever may not is told so.
    if door.lock.on and not isinstance(target, ServiceAccount):
        held = permissions_of((org - {Role.END_USER}) | here, policies)
        if not held & _seeing(target):
            return "missing"
    return "passes" if door.lock.asks(target) in held else "refused"


def _seeing(target: Any) -> set[Permission]:
    if isinstance(target, Workspace):
        return {Permission.WORKSPACES_VIEW}
    if isinstance(target, Project):
        return {Permission.PROJECTS_VIEW, Permission.PROJECTS_DELETE}
    if isinstance(target, Key):
        return {Permission.KEYS_SET_POLICIES, Permission.PROJECTS_CREATE_KEYS}
    return {seeing(target)}


def landing(role: Role, cast: Cast) -> str:
    held = permissions_of({role}, frozenset(cast.acme.policies))
    return cast.url("" if Permission.ORG_VIEW_DASHBOARD in held else "hub/")


def assert_answer(cast: Cast, door: Door, response: Any, wanted: str, role: Role) -> None:
    if wanted == "passes" and door.name in OWN_OR_MANAGED and _denied(response):
        assert response.status_code == 302, role
    elif wanted == "passes":
        fine = {200, 204, 302, 405, 409, 422} | ({404} if door.name in THEIRS_ALONE else set())
        assert response.status_code in fine, (role, response)
        assert not _denied(response), role
    elif wanted == "missing":
        assert response.status_code == 404, role
        assert not _denied(response), role
    else:
        assert response.status_code == 302, role
        assert response["Location"] == landing(role, cast), role
        assert "may" in _notice(response), role
        with bound(cast.acme.id):
            newest = Entry.objects.order_by("-sequence").first()
        assert newest is not None
        assert newest.outcome == Outcome.DENIED
        event = door.lock.records or Event.ACCESS_REFUSED
        assert newest.action == event.value


@ALL
@METHODS
@pytest.mark.requirement("S2-034", "S2-052", "S2-053", "S1-022", "S1-027", "S4-013")
def test_each_role_passes_or_is_sent_home_with_the_reason(
    cast: Cast, door: Door, method: str
) -> None:
    objects = door.objects(cast.acme)
    for name, role in ROLES.items():
        response = getattr(sign_in(getattr(cast, name)), method)(address(cast.acme, door, objects))
        wanted = expected(door, objects.get("target"), org={role}, here=set(), cast=cast)
        assert_answer(cast, door, response, wanted, role)
        if (method, wanted) == ("post", "passes"):
            objects = door.objects(cast.acme)  # What passed may have changed them.


@ALL
@METHODS
@pytest.mark.requirement("S2-034", "S2-056", "S2-073", "S3-003", "S3-005", "S4-053")
def test_each_role_on_a_place_or_through_a_group_opens_its_doors_and_no_others(
    cast: Cast, door: Door, method: str
) -> None:
    objects = door.objects(cast.acme)
    for role in HOLDERS:
        target = objects.get("target")
        holder = make_member(cast.acme)
        org, here = {Role.MEMBER}, set()
        if role in GROUP_ROLES:
            group = make_group(cast.acme)
            make_seat(group, holder)
            make_group_role(group, role)
            org.add(role)
        elif place := _place(target, role.scope):
            make_grant(place, holder, role)
            here.add(role)
        assert holder.person is not None
        response = getattr(sign_in(holder.person), method)(address(cast.acme, door, objects))
        wanted = expected(door, target, org=org, here=here, cast=cast)
        assert_answer(cast, door, response, wanted, Role.MEMBER)
        if (method, wanted) == ("post", "passes"):
            objects = door.objects(cast.acme)  # What passed may have changed them.


def _place(target: Any, scope: Scope) -> Any:
    """What a role of this scope sits on so that it reaches the target; None if none does."""
    if isinstance(target, Key):
        target = target.project
    if isinstance(target, ServiceAccount):
        return None
    while target is not None and target.scope is not scope:
        above = {Resource: "project", Project: "workspace"}.get(type(target))
        target = getattr(target, above) if above else None
    return target


# Written down one by one: the doors that do not refuse what a Viewer sends. They read it as a visit,
# to verify the log is to read it, and asking for access, reading one's notices and leaving are
# anybody's.
OPEN_TO_VIEWERS = {
    *("access_state", "event_list", "event_view", "group_list", "group_view"),
    *("member_list", "member_view", "roster_export", "event_verify", "member_leave"),
    *("workspace_list", "project_list", "runner_list", "automation_list", "execution_list"),
    *("inbox", "notices_read", "request_create"),
    # Whoever reads the log may have it signed, take its proof along and keep a filter of their own.
    *("checkpoint_list", "checkpoint_create", "checkpoint_export", "verifier", "filter_save"),
}


@pytest.mark.requirement("S1-027")
def test_what_a_viewer_sends_changes_nothing_but_their_own_leaving(cast: Cast) -> None:
    client, passed = sign_in(cast.vera), set()
    for door in organization_doors():
        response = client.post(address(cast.acme, door, door.objects(cast.acme)))
        if response.status_code not in (404, 405) and not _denied(response):
            passed.add(door.name)
    assert passed == OPEN_TO_VIEWERS
    with bound(cast.acme.id):
        sent = Entry.objects.filter(outcome=Outcome.DONE, actor_id=cast.member(cast.vera).pk)
        assert set(sent.values_list("action", flat=True)) <= {
            Event.AUDIT_READ.value,
            Event.AUDIT_VERIFIED.value,
            Event.AUDIT_CHECKPOINTED.value,
            Event.ROSTER_EXPORTED.value,
        }


GATED = [door for door in organization_doors() if door.lock.plan]


@pytest.mark.parametrize("door", GATED, ids=lambda door: door.name)
@METHODS
@pytest.mark.requirement("S3-059", "S3-061")
def test_what_the_plan_leaves_out_is_refused_by_the_name_of_the_plan(
    cast: Cast, door: Door, method: str
) -> None:
    """The second gate, after the role: whoever the role refuses is not told of the plan."""
    objects = door.objects(cast.acme)
    _put_on_free(cast)
    for name, role in ROLES.items():
        response = getattr(sign_in(getattr(cast, name)), method)(address(cast.acme, door, objects))
        wanted = expected(door, objects.get("target"), org={role}, here=set(), cast=cast)
        assert_answer(cast, door, response, "refused" if wanted == "passes" else wanted, role)
        if wanted != "missing":
            is_the_plan = "Your role allows it; the Free plan does not include it" in _notice(
                response
            )
            assert is_the_plan == (wanted == "passes"), role


def _put_on_free(cast: Cast) -> None:
    with bound(cast.acme.id):
        plan_write(Organization.objects.get(pk=cast.acme.pk), plan_of("free"))
        ledger.record(
            Event.OWNERSHIP_ACCEPTED,
            organization=cast.acme.id,
            actor=TEST,
            target=Target("member", None, ""),
        )


@ALL
@METHODS
@pytest.mark.requirement("S2-016", "S2-033", "S2-132", "S2-133", "S1-008")
def test_strangers_find_nothing_and_learn_nothing(cast: Cast, door: Door, method: str) -> None:
    url = address(cast.acme, door, door.objects(cast.acme))
    for person in (cast.oscar, cast.sam):
        client = sign_in(person)
        here = getattr(client, method)(url)
        nowhere = getattr(client, method)(url.replace(cast.acme.slug, "no-such-organization"))
        assert here.status_code == nowhere.status_code == 404
        assert body_of(here) == body_of(nowhere)
    anonymous = getattr(Client(), method)(url)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith(reverse("account_login"))


@ALL
@METHODS
@pytest.mark.requirement("S2-127", "S2-132")
def test_an_object_of_another_organization_is_missing(cast: Cast, door: Door, method: str) -> None:
    if not door.wanted or door.name in OF_EVERY_ORGANIZATION:
        pytest.skip("names no object, or one that every organization has or counts for itself")
    client = sign_in(cast.alice)
    foreign = address(cast.acme, door, door.objects(cast.umbrella))
    plain = {"role": Role.BILLING_VIEWER.value, "number": 1, "layer": "project"}
    nowhere = {name: plain.get(name) or uuid.uuid4() for name in door.wanted}
    missing = address(cast.acme, door, nowhere)
    there, nowhere = getattr(client, method)(foreign), getattr(client, method)(missing)
    assert there.status_code == nowhere.status_code
    assert there.status_code in (404, 405)
    assert body_of(there) == body_of(nowhere)


def test_a_person_without_any_membership_finds_nothing(cast: Cast) -> None:
    assert sign_in(make_person()).get(cast.url()).status_code == 404


def _notice(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def _denied(response: Any) -> bool:
    return getattr(response.wsgi_request, "refusal", None) is not None
