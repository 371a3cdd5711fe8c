"""What must hold when people act at the same moment (DESIGN 6): real connections, real commits."""

from __future__ import annotations

import itertools

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.roles import Role
from orgs.actions.members import member_change_role
from orgs.models import Group, GroupMembership, Membership, Organization
from orgs.tenancy import bind_member, bound
from tests.factories import make_group, make_member, make_organization, make_person, make_seat
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

ROUNDS = 15


def organization_of(*owners: User) -> tuple[Organization, list[Membership]]:
    organization = make_organization(owners[0], "Race")
    with bound(organization.id):
        first = Membership.objects.in_org(organization).get()
    return organization, [first, *(make_member(organization, Role.OWNER, o) for o in owners[1:])]


def reload(organization: Organization) -> Organization:
    with bound(organization.id):
        return Organization.objects.get(pk=organization.pk)


def record(organization: Organization) -> None:
    ledger.record(
        Event.MEMBER_LEFT,
        organization=organization.id,
        actor=Actor("system", None, "Race"),
        target=Target("member", None, ""),
        changes={"role": ("Owner", None)},
    )


def step_down(organization: Organization, person: User, member: Membership):
    def deed() -> None:
        with transaction.atomic():
            access = bind_member(
                organization.slug, person.pk, identity=Actor("person", person.pk, "")
            )
            assert access
            member_change_role(membership=member, role=Role.MEMBER, reason="", actor=access)

    return deed


def remove(organization: Organization, member: Membership):
    def deed() -> None:
        with bound(organization.id):
            Membership.objects.in_org(organization).filter(pk=member.pk).delete()
            record(organization)

    return deed


@pytest.mark.requirement("S2-020")
def test_two_owners_who_step_down_at_once_leave_one() -> None:
    for _ in range(ROUNDS):
        alice, jonas = make_person(), make_person()
        organization, (a, j) = organization_of(alice, jonas)
        outcomes = together(step_down(organization, alice, a), step_down(organization, jonas, j))
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert len(refused) == 1
        assert isinstance(refused[0], ValidationError)
        assert refused[0].code == "last_owner"
        assert reload(organization).owner_count == 1


def test_every_pair_of_ways_out_leaves_an_owner() -> None:
    """Demote, remove and disable, each against each, at the same moment."""

    def disable(_: Organization, person: User, __: Membership):
        def deed() -> None:
            User.objects.filter(pk=person.pk).update(is_active=False, state="suspended")

        return deed

    ways = (step_down, lambda o, _, m: remove(o, m), disable)
    for first, second in itertools.product(ways, ways):
        alice, jonas = make_person(), make_person()
        organization, (a, j) = organization_of(alice, jonas)
        outcomes = together(first(organization, alice, a), second(organization, jonas, j))
        assert sum(outcome is None for outcome in outcomes) == 1, outcomes
        assert reload(organization).owner_count == 1
        with bound(organization.id):
            assert Membership.objects.filter(role="owner", person__is_active=True).count() == 1


def test_an_owner_who_is_promoted_while_disabled_does_not_count() -> None:
    for _ in range(ROUNDS):
        alice, mia = make_person(), make_person()
        organization, (a,) = organization_of(alice)
        member = make_member(organization, Role.MEMBER, mia)

        def promote(alice=alice, organization=organization, member=member) -> None:
            with transaction.atomic():
                access = bind_member(
                    organization.slug, alice.pk, identity=Actor("person", None, "")
                )
                assert access
                member_change_role(membership=member, role=Role.OWNER, reason="", actor=access)

        def disable(mia=mia) -> None:
            User.objects.filter(pk=mia.pk).update(is_active=False, state="suspended")

        together(promote, disable)
        with bound(organization.id):
            active = Membership.objects.filter(role="owner", person__is_active=True).count()
        assert reload(organization).owner_count == active == 1


def test_the_last_seat_is_taken_once() -> None:
    for _ in range(ROUNDS):
        organization, _members = organization_of(make_person())
        with bound(organization.id):
            Organization.objects.filter(pk=organization.pk).update(seats=2)
            record(organization)
        outcomes = together(
            *(
                lambda o=organization, p=make_person(): make_member(o, Role.MEMBER, p)
                for _ in range(4)
            )
        )
        assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
        assert all(isinstance(outcome, Membership | IntegrityError) for outcome in outcomes), (
            outcomes
        )
        assert reload(organization).seats_used == 2


def test_nobody_is_added_to_a_group_while_being_removed() -> None:
    for _ in range(ROUNDS):
        organization, _members = organization_of(make_person())
        member, group = make_member(organization), make_group(organization)
        together(remove(organization, member), lambda g=group, m=member: make_seat(g, m))
        with bound(organization.id):
            left = GroupMembership.objects.filter(membership_id=member.pk)
            assert not Membership.objects.filter(pk=member.pk).exists()
            assert not left.exists()


def test_two_moves_that_are_each_fine_make_no_circle() -> None:
    for _ in range(ROUNDS):
        organization, _members = organization_of(make_person())
        one, two = make_group(organization), make_group(organization)

        def move(inner: Group, outer: Group, organization=organization) -> None:
            with bound(organization.id):
                Group.objects.filter(pk=inner.pk).update(parent=outer)
                record(organization)

        outcomes = together(lambda o=one, t=two: move(o, t), lambda o=one, t=two: move(t, o))
        assert sum(outcome is None for outcome in outcomes) == 1, outcomes


def test_a_change_without_an_entry_is_refused_at_commit() -> None:
    organization, (owner,) = organization_of(make_person())
    with pytest.raises(DatabaseError, match="not recorded in the ledger"), bound(organization.id):
        Membership.objects.filter(pk=owner.pk).update(name="Somebody Else")
    with bound(organization.id):
        assert Membership.objects.get().name == owner.name
