"""Letting support in: whom, for how long, to do what; and what it leaves untouched."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.roles import Role
from orgs.actions.members import member_change_role
from orgs.actions.support import UNKNOWN
from orgs.models import Membership, Organization, SupportWindow
from orgs.tenancy import bound
from tests.factories import Cast, make_member, make_person, sign_in
from tests.orgs.support import HOUR, actions, note, open_window, sentences


def ask(cast: Cast, **said: object):
    data = {"emails": cast.sam.email, "hours": "4", "may_change": "read", "reason": "Case 12"}
    return sign_in(cast.alice).post(cast.url("settings/support/open/"), data | said)


def memberships(cast: Cast) -> list[Membership]:
    with bound(cast.acme.id):
        return list(Membership.objects.in_org(cast.acme).filter(origin="support"))


@pytest.mark.requirement("S1-020", "S2-138")
def test_an_owner_lets_a_superadmin_in_to_read(cast: Cast) -> None:
    assert sign_in(cast.sam).get(cast.url()).status_code == 404
    assert ask(cast).status_code == 302
    (member,) = memberships(cast)
    assert member.role == Role.VIEWER
    assert member.name == "Sam Whitfield (support)"
    assert abs(member.expires_at - timezone.now() - 4 * HOUR) < HOUR / 60
    assert sign_in(cast.sam).get(cast.url()).status_code == 200
    assert sentences(cast.acme, 1)[0].startswith(
        "Alice Marlow let Sam Whitfield (support) in as support, to read only, until "
    )


def test_to_change_things_they_come_as_an_admin(cast: Cast) -> None:
    assert ask(cast, may_change="change").status_code == 302
    assert [member.role for member in memberships(cast)] == [Role.ADMIN]


@pytest.mark.parametrize("hours", ["0", "169", "-1", "", "4.5", "a day", "99999999999999999999"])
def test_a_window_is_open_for_1_to_168_hours(cast: Cast, hours: str) -> None:
    assert ask(cast, hours=hours).status_code == 422
    assert not memberships(cast)


@pytest.mark.parametrize("hours", ["1", "168"])
def test_both_ends_of_that_are_meant(cast: Cast, hours: str) -> None:
    assert ask(cast, hours=hours).status_code == 302


def test_the_answer_is_the_same_for_nobody_and_for_somebody_else(cast: Cast) -> None:
    def told(email: str) -> str:
        page = ask(cast, emails=email).content.decode()
        assert UNKNOWN in page
        return page.replace(email, "")[-3000:].split("csrf")[0][:1]

    stranger = make_person()
    assert told("nobody@example.com") == told(stranger.email)
    assert not memberships(cast)


def test_it_is_all_of_them_or_nobody(cast: Cast) -> None:
    assert ask(cast, emails=f"{cast.sam.email}\nnobody@example.com").status_code == 422
    assert not memberships(cast)
    uma = make_person("Uma Lund", is_staff=True)
    assert ask(cast, emails=f"{cast.sam.email}, {uma.email}").status_code == 302
    assert len(memberships(cast)) == 2


def test_at_most_five_are_named(cast: Cast) -> None:
    people = [make_person(is_staff=True) for _ in range(6)]
    assert ask(cast, emails="\n".join(one.email for one in people)).status_code == 422


def test_who_is_a_member_already_is_not_let_in(cast: Cast) -> None:
    make_member(cast.acme, Role.MEMBER, cast.sam)
    page = ask(cast)
    assert page.status_code == 422
    assert "already" in page.content.decode()


def test_an_owner_who_is_a_superadmin_does_not_let_themself_in(cast: Cast) -> None:
    cast.alice.is_staff = True
    cast.alice.save()
    assert "You may not let yourself in" in ask(cast, emails=cast.alice.email).content.decode()


def test_an_account_that_is_no_longer_in_support_is_nobody(cast: Cast) -> None:
    cast.sam.is_staff = False
    cast.sam.save()
    assert ask(cast).status_code == 422


def test_a_window_lets_nobody_in_who_has_left_support(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    cast.sam.is_staff = False
    cast.sam.save()
    assert sign_in(cast.sam).get(cast.url()).status_code == 404


@pytest.mark.requirement("S1-020")
def test_only_owners_let_support_in(cast: Cast) -> None:
    for person in (cast.adam, cast.mia, cast.vera, cast.eddie):
        client = sign_in(person)
        client.post(cast.url("settings/support/open/"), {"emails": cast.sam.email, "hours": "4"})
        assert not memberships(cast)


def test_it_takes_a_fresh_sign_in(cast: Cast) -> None:
    answer = sign_in(cast.alice, fresh=False).post(cast.url("settings/support/open/"), {})
    assert "/sign-in/again/" in answer.url


def test_it_says_why(cast: Cast) -> None:
    assert ask(cast, reason="  ").status_code == 422


def test_support_takes_no_seat(cast: Cast) -> None:
    with bound(cast.acme.id):
        held = Organization.objects.get(pk=cast.acme.pk)
        held.seats = held.seats_used
        held.save(update_fields=["seats"])
        note(cast.acme.id)
    assert ask(cast).status_code == 302
    with bound(cast.acme.id):
        after = Organization.objects.get(pk=cast.acme.pk)
    assert after.seats_used == held.seats_used
    assert after.member_count == held.member_count + 1
    assert after.owner_count == held.owner_count


def test_the_database_knows_support_as_viewer_or_admin_alone(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    for values in (
        {"role": Role.OWNER, "expires_at": None},
        {"role": Role.MEMBER},
        {"expires_at": None},
        {"expires_at": window.opened_at + 169 * HOUR},
    ):
        with (
            bound(cast.acme.id),
            pytest.raises(IntegrityError, match=r"support_ends|owner_never"),
            transaction.atomic(),
        ):
            rows = Membership.objects.in_org(cast.acme).filter(pk=window.actor)
            rows.update(**values)


def test_a_role_of_support_is_its_windows_business(cast: Cast) -> None:
    window = open_window(cast.acme, cast.alice, cast.sam)
    access = cast.access(cast.alice)
    member = Membership.objects.in_org(cast.acme).get(pk=window.actor)
    with pytest.raises(ValidationError, match="support window"):
        member_change_role(membership=member, role=Role.ADMIN, reason="Because", actor=access)


def test_a_second_window_for_somebody_inside_is_refused(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    assert ask(cast).status_code == 422
    with bound(cast.acme.id):
        assert SupportWindow.objects.in_org(cast.acme).count() == 1


@pytest.mark.requirement("S2-138")
def test_what_support_does_stands_under_its_name(cast: Cast) -> None:
    open_window(cast.acme, cast.alice, cast.sam)
    sign_in(cast.sam).post(cast.url("members/role/"), {})
    assert sentences(cast.acme, 1)[0].startswith("Sam Whitfield (support) tried to ")
    assert actions(cast.acme, 1) == ["member.role_changed"]
