"""Two who change a group at the same moment: one row, one entry, one of the two is first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction

from audit.models import Event
from config.roles import Role
from orgs.access import Access
from orgs.actions.group_roles import group_role_toggle, group_role_undo
from orgs.actions.groups import group_delete, group_member_add
from orgs.models import Group, GroupMembership, GroupRole, Membership
from orgs.tenancy import bind_member, bound
from tests.factories import TEST, make_group, make_member, make_organization, make_person
from tests.projects.factories import make_group_role
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

ROUNDS = 8
AUDIT = Role.AUDIT_LOG_READER


class House:
    """An organization with an owner and a Groups Admin."""

    def __init__(self) -> None:
        self.owner, self.keeper = make_person(), make_person()
        self.organization = make_organization(self.owner, "Race")
        self.member = make_member(self.organization, Role.MEMBER, self.keeper)
        team = make_group(self.organization, "People team")
        self.as_(self.owner, lambda access: _seat(team, self.member, access))()
        make_group_role(team, Role.GROUPS_ADMIN)
        self.group = make_group(self.organization, "Security")

    def as_(self, person: Any, deed: Callable[[Access], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with transaction.atomic():
                access = bind_member(self.organization.slug, person.pk, identity=TEST)
                assert access
                return deed(access)

        return run

    def toggle(self, *, on: bool) -> Callable[[], Any]:
        return self.as_(
            self.owner,
            lambda access: group_role_toggle(group=self.group, role=AUDIT, on=on, actor=access),
        )

    def add(self, member: Membership) -> Callable[[], Any]:
        return self.as_(self.keeper, lambda access: _seat(self.group, member, access))

    def rows(self) -> int:
        with bound(self.organization.id):
            return GroupRole.objects.filter(group=self.group).count()

    def entries(self) -> Counter[str]:
        with bound(self.organization.id):
            actions = Event.objects.filter(
                organization_id=self.organization.id, target_id=self.group.pk
            )
            return Counter(actions.values_list("action", flat=True))


def _seat(group: Group, member: Membership, access: Access) -> GroupMembership:
    return group_member_add(group=group, membership=member, maintainer=False, actor=access)


def test_one_box_ticked_on_several_screens_is_one_row_and_one_entry() -> None:
    for _ in range(ROUNDS):
        house = House()
        outcomes = together(*[house.toggle(on=True)] * 4)
        assert sorted(outcome.changed for outcome in outcomes) == [False, False, False, True]
        assert house.rows() == 1
        assert house.entries()["group.role_given"] == 1


def test_a_tick_against_an_untick_ends_as_the_ledger_says() -> None:
    for _ in range(ROUNDS):
        house = House()
        outcomes = together(house.toggle(on=True), house.toggle(on=False))
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        entries = house.entries()
        assert house.rows() == entries["group.role_given"] - entries["group.role_taken"]


def test_an_undo_sent_twice_is_done_once() -> None:
    for _ in range(ROUNDS):
        house = House()
        token = house.toggle(on=True)().undo

        def undo(access: Access, house: House = house, token: str = token) -> None:
            group_role_undo(group=house.group, role=AUDIT, token=token, actor=access)

        outcomes = together(*[house.as_(house.owner, undo)] * 3)
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert [type(outcome) for outcome in refused] == [ValidationError] * 2
        assert {outcome.code for outcome in refused} == {"changed_since"}
        assert house.rows() == 0
        assert house.entries()["group.role_restored"] == 1


def test_nobody_slips_into_a_group_while_it_is_given_a_role() -> None:
    """Either they were in it first, or they are refused: never let in by the ledger's order."""
    for _ in range(ROUNDS):
        house = House()
        newcomer = make_member(house.organization)
        added, given = together(house.add(newcomer), house.toggle(on=True))
        assert given.changed
        with bound(house.organization.id):
            is_in = GroupMembership.objects.filter(group=house.group).exists()
            order = list(
                Event.objects.filter(
                    organization_id=house.organization.id,
                    target_id__in=[house.group.pk, newcomer.pk],
                    action__in=["group.role_given", "group.member_added"],
                )
                .order_by("sequence")
                .values_list("action", flat=True)
            )
        if isinstance(added, ValidationError):
            assert added.code == "ceiling"
            assert not is_in
        else:
            assert is_in
            assert order == ["group.member_added", "group.role_given"]


def test_a_group_deleted_by_who_may_not_delete_it_with_a_role_has_none() -> None:
    for _ in range(ROUNDS):
        house = House()
        delete = house.as_(
            house.keeper, lambda access, h=house: group_delete(group=h.group, actor=access)
        )
        deleted, given = together(delete, house.toggle(on=True))
        with bound(house.organization.id):
            is_there = Group.objects.filter(pk=house.group.pk).exists()
        if isinstance(deleted, ValidationError):
            assert deleted.code == "carries_roles"
            assert is_there
            assert given.changed
        else:
            assert deleted is None
            assert not is_there
            assert isinstance(given, ObjectDoesNotExist)
