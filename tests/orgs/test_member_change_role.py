"""Changing a role: owners only, never one's own upward, never without an owner left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from audit.models import Event as Entry
from config.roles import ORGANIZATION_ROLES, Policy, Role, permissions_of
from orgs.actions.members import member_change_role
from orgs.ceiling import may_grant
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, body_of, make_member, sign_in

HX = {"HX-Request": "true"}


def url(cast: Cast, who: Membership) -> str:
    return cast.url(f"members/{who.pk}/role/")


def role_of(member: Membership) -> Role:
    with bound(member.organization_id):
        return Role(Membership.objects.in_org(member.organization_id).get(pk=member.pk).role)


def entries(member: Membership, outcome: str = "done") -> list[Entry]:
    with bound(member.organization_id):
        found = Entry.objects.filter(action="member.role_changed", outcome=outcome)
        return list(found.order_by("sequence"))


def change(cast: Cast, who: Membership, role: Role, reason: str = "Leads a team") -> HttpResponse:
    return sign_in(cast.alice).post(url(cast, who), {"role": role.value, "reason": reason})


@pytest.mark.requirement("S1-037", "S1-044", "S1-045", "S1-010", "S2-025", "S2-020")
def test_an_owner_changes_a_role_and_the_log_keeps_why(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    response = change(cast, mia, Role.ADMIN)
    assert response.status_code == 302
    assert role_of(mia) is Role.ADMIN
    (entry,) = entries(mia)
    assert "Leads a team" in entry.body
    assert '"Member", "Admin"' in entry.body
    with bound(cast.acme.id):
        assert Membership.objects.in_org(cast.acme).get(pk=mia.pk).reason == "Leads a team"


def test_htmx_gets_the_row_and_a_toast(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    response = sign_in(cast.alice).post(
        url(cast, mia), {"role": "viewer", "reason": ""}, headers=HX
    )
    html = response.content.decode()
    assert html.strip().startswith(f'<tr id="member-{mia.pk}" hx-swap-oob="true"')
    assert "<html" not in html
    assert "Mia Castellano is now a Viewer" in response.headers["HX-Trigger"]


def test_the_form_says_what_each_role_would_change(cast: Cast) -> None:
    html = sign_in(cast.alice).get(url(cast, cast.member(cast.mia))).content.decode()
    assert "Today’s role." in html
    assert "Gains 11 permissions." in html
    dialog = sign_in(cast.alice).get(url(cast, cast.member(cast.mia)), headers=HX)
    assert "<html" not in dialog.content.decode()


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_a_role_that_reaches_far_asks_why(cast: Cast, role: Role) -> None:
    response = change(cast, cast.member(cast.mia), role, reason="")
    assert response.status_code == 422
    assert f"Say why: the role {role.label} reaches far." in response.content.decode()
    assert role_of(cast.member(cast.mia)) is Role.MEMBER
    (failed,) = entries(cast.member(cast.mia), "failed")
    assert '"reason": "reason"' in failed.body


@pytest.mark.parametrize("data", [{}, {"role": "superadmin"}, {"role": "king"}, {"role": "\x00"}])
def test_what_is_no_role_is_refused(cast: Cast, data: dict[str, str]) -> None:
    response = sign_in(cast.alice).post(url(cast, cast.member(cast.mia)), data)
    assert response.status_code == 422


@pytest.mark.parametrize("reason", ["x" * 501, "line\x07bell", "\u202egnirts"])
def test_a_reason_is_one_plain_line(cast: Cast, reason: str) -> None:
    assert change(cast, cast.member(cast.mia), Role.ADMIN, reason).status_code == 422


def test_sending_it_twice_changes_once(cast: Cast) -> None:
    mia = cast.member(cast.mia)
    assert change(cast, mia, Role.VIEWER).status_code == 302
    assert change(cast, mia, Role.VIEWER).status_code == 302
    assert len(entries(mia)) == 1


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.requirement("S1-037", "S2-053", "S2-107")
def test_nobody_else_changes_roles(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    vera = cast.member(cast.vera)
    response = sign_in(person).post(url(cast, vera), {"role": "member"})
    assert response.status_code == 302
    assert response.url == cast.url("hub/" if who == "eddie" else "")
    assert role_of(vera) is Role.VIEWER
    (denied,) = entries(vera, "denied")
    assert denied.actor_id == cast.member(person).pk
    shown = sign_in(person).get(cast.url("permissions/"))
    assert shown.status_code == 200


@pytest.mark.requirement("S4-011", "S4-012")
@pytest.mark.parametrize("policies", [frozenset(), frozenset(Policy)])
def test_an_admin_cannot_raise_themself(cast: Cast, policies: frozenset[Policy]) -> None:
    adam = cast.member(cast.adam)
    response = sign_in(cast.adam).post(url(cast, adam), {"role": "owner", "reason": "I may"})
    assert response.status_code == 302
    access = cast.access(cast.adam)
    access = replace(access, organization=replace(access.org, policies=policies))
    for role in (Role.OWNER, Role.VIEWER):
        with pytest.raises(ValidationError) as refusal:
            member_change_role(membership=adam, role=role, reason="x", actor=access)
        assert refusal.value.code == "forbidden"
    assert role_of(adam) is Role.ADMIN


@pytest.mark.requirement("S2-020")
def test_someone_of_another_organization_is_not_there(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        foreign = Membership.objects.in_org(cast.umbrella).get()
    client = sign_in(cast.alice)
    missing = client.post(cast.url("members/01900000-0000-7000-8000-000000000000/role/"))
    other = client.post(url(cast, foreign), {"role": "viewer"})
    assert (missing.status_code, other.status_code) == (404, 404)
    assert body_of(missing) == body_of(other)
    assert role_of(foreign) is Role.OWNER


def test_the_last_owner_cannot_step_down(cast: Cast) -> None:
    alice = cast.member(cast.alice)
    response = change(cast, alice, Role.ADMIN)
    assert response.status_code == 422
    assert "last owner" in response.content.decode()
    assert role_of(alice) is Role.OWNER
    (failed,) = entries(alice, "failed")
    assert "last_owner" in failed.body


def test_an_owner_steps_down_while_another_stays(cast: Cast) -> None:
    make_member(cast.acme, Role.OWNER)
    alice = cast.member(cast.alice)
    assert "This is your own role" in sign_in(cast.alice).get(url(cast, alice)).content.decode()
    response = change(cast, alice, Role.ADMIN)
    assert response.url == cast.url("members/access/")
    assert role_of(alice) is Role.ADMIN
    assert change(cast, alice, Role.OWNER).url == cast.url("")
    assert role_of(alice) is Role.ADMIN


def test_an_owner_who_is_suspended_does_not_count_as_one(cast: Cast) -> None:
    second = make_member(cast.acme, Role.OWNER)
    assert second.person is not None
    second.person.is_active, second.person.state = False, "suspended"
    second.person.save()
    assert change(cast, cast.member(cast.alice), Role.ADMIN).status_code == 422


def test_somebody_removed_meanwhile_is_said_to_be_gone(cast: Cast) -> None:
    access = cast.access(cast.alice)
    mia = cast.member(cast.mia)
    Membership.objects.in_org(cast.acme).filter(pk=mia.pk).delete()
    with pytest.raises(ValidationError) as refusal:
        member_change_role(membership=mia, role=Role.VIEWER, reason="", actor=access)
    assert refusal.value.code == "gone"


def test_several_at_once_each_with_a_result_of_their_own(cast: Cast) -> None:
    people = [cast.member(person) for person in (cast.alice, cast.mia, cast.vera)]
    data = {"member": [str(one.pk) for one in people]}
    client = sign_in(cast.alice)
    asked = client.post(cast.url("members/role/"), data)
    assert asked.status_code == 200
    assert "Change 3 roles" in asked.content.decode()
    done = client.post(cast.url("members/role/"), data | {"apply": "1", "role": "viewer"})
    assert done.context["summary"] == "1 changed, 1 had it already, 1 refused"
    assert "last owner" in done.content.decode()
    assert [role_of(one) for one in people] == [Role.OWNER, Role.VIEWER, Role.VIEWER]
    assert len(entries(people[0])) == 1


def test_several_at_once_takes_nobody_of_another_organization(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        foreign = Membership.objects.in_org(cast.umbrella).get()
    apply = {"apply": "1", "role": "viewer"}
    client = sign_in(cast.alice)
    data = {"member": [str(foreign.pk)]}
    assert client.post(cast.url("members/role/"), data | apply).status_code == 404
    both = {"member": [str(foreign.pk), str(cast.member(cast.mia).pk), "junk"]}
    done = client.post(cast.url("members/role/"), both | apply)
    assert done.context["summary"] == "1 changed"
    assert role_of(foreign) is Role.OWNER


def test_nobody_ticked_changes_nobody(cast: Cast) -> None:
    client = sign_in(cast.alice)
    for response in (client.post(cast.url("members/role/")), client.get(cast.url("members/role/"))):
        assert response.url == cast.url("members/")
    response = client.post(
        cast.url("members/role/"), {"member": str(cast.member(cast.mia).pk), "apply": "1"}
    )
    assert response.status_code == 422
    assert sign_in(cast.mia).post(cast.url("members/role/")).url == cast.url("")


@pytest.mark.requirement("S4-001")
def test_no_role_stands_above_the_owner(cast: Cast) -> None:
    access = cast.access(cast.alice)
    assert all(may_grant(access, role) for role in ORGANIZATION_ROLES)
    for role in ORGANIZATION_ROLES:
        beyond = permissions_of(frozenset({role}), frozenset(Policy)) - access.permissions
        assert all(permission.split(".")[1].startswith("request") for permission in beyond)


@pytest.mark.requirement("S2-020")
def test_an_owner_of_one_organization_is_nothing_in_another(cast: Cast) -> None:
    page = cast.url("members/", cast.umbrella)
    assert sign_in(cast.alice).get(page).status_code == 404
