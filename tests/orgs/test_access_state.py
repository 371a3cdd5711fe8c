"""Live access state: what I may do here at this moment, where it comes from, what I have in use."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.roles import Permission, Policy, Role, permissions_of
from orgs.models import GroupMembership
from orgs.queries.roles import areas_of, role_choices
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.orgs.support import note


@pytest.mark.requirement("S1-001", "S1-013")
@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera", "eddie"])
def test_everyone_sees_exactly_what_they_may_do(cast: Cast, who: str) -> None:
    response = sign_in(getattr(cast, who)).get(cast.url("members/access/"))
    assert response.status_code == 200
    assert "<h1>Team and organization access</h1>" in response.content.decode()
    shown = {p for area in response.context["areas"] for p in area.permissions}
    assert shown == response.wsgi_request.access.permissions
    assert response.context["held"] == len(shown)


@pytest.mark.requirement("S1-014")
def test_the_organization_and_billing_are_the_owners_alone(cast: Cast) -> None:
    own = {
        Permission.ORG_DELETE,
        Permission.ORG_TRANSFER_OWNERSHIP,
        Permission.ORG_MANAGE_SETTINGS,
        Permission.BILLING_CHANGE_PLAN,
        Permission.BILLING_EDIT_DETAILS,
        Permission.BILLING_MANAGE_PAYMENT_METHODS,
    }
    for person in (cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie):
        response = sign_in(person).get(cast.url("members/access/"))
        shown = {p for area in response.context["areas"] for p in area.permissions}
        assert shown & own == (own if person is cast.alice else set())


@pytest.mark.requirement("S1-013")
def test_the_footprint_counts_ones_own(cast: Cast) -> None:
    make_seat(make_group(cast.acme, "Quiet", secret=True), cast.member(cast.eddie))
    make_seat(make_group(cast.acme, "Loud"), cast.member(cast.mia))
    sign_in(cast.eddie).get(cast.url("members/access/"))
    response = sign_in(cast.eddie).get(cast.url("members/access/"))
    html = response.content.decode()
    assert response.context["sessions"] == 2
    assert [group.name for group in response.context["groups"]] == ["Quiet"]
    assert "Loud" not in html
    assert "No keys yet" in html


def test_a_group_where_ones_place_has_ended_is_not_ones_own_any_more(cast: Cast) -> None:
    seat = make_seat(make_group(cast.acme, "Quiet", secret=True), cast.member(cast.mia))
    with bound(cast.acme.id):
        rows = GroupMembership.objects.in_org(cast.acme).filter(pk=seat.pk)
        rows.update(expires_at=timezone.now())
        note(cast.acme.id)
    mia = sign_in(cast.mia)
    for page in ("", "members/access/", "members/leave/"):
        assert "Quiet" not in mia.get(cast.url(page)).content.decode(), page
    row = sign_in(cast.alice).get(cast.url("members/?q=mia")).context["team"].rows[0]
    assert row.groups_note == "No groups"


@pytest.mark.requirement("S1-003")
def test_every_role_is_described_and_ones_own_is_marked(cast: Cast) -> None:
    html = sign_in(cast.vera).get(cast.url("members/access/")).content.decode()
    assert html.count("Your role</span>") == 1
    assert Role.END_USER.description in html
    assert cast.url("permissions/") in html


def test_a_permission_names_each_role_it_comes_from() -> None:
    areas = {area.label: area for area in areas_of({Role.VIEWER, Role.AUDIT_LOG_READER}, set())}
    assert areas["Audit log"].roles == (Role.VIEWER, Role.AUDIT_LOG_READER)
    assert areas["Members"].roles == (Role.VIEWER,)


def test_role_choices_count_what_is_gained_and_lost(cast: Cast) -> None:
    choices = role_choices(cast.access(cast.alice), Role.MEMBER, policies=set())
    for choice in choices:
        held = permissions_of({choice.role}, set())
        before = permissions_of({Role.MEMBER}, set())
        assert (set(choice.gained), set(choice.lost)) == (held - before, before - held)
        assert choice.may
    admin = cast.access(cast.adam)
    assert not any(choice.may for choice in role_choices(admin, Role.ADMIN, policies=set(Policy)))


def test_a_stranger_sees_no_access(cast: Cast) -> None:
    assert sign_in(cast.oscar).get(cast.url("members/access/")).status_code == 404
