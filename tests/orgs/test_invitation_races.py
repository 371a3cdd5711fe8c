"""Invitations when people act at the same moment: real connections, real commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.roles import Role
from orgs.access import Access
from orgs.actions.answers import invitation_accept, invitation_decline
from orgs.actions.invitation_batches import Line, invitation_create_many
from orgs.actions.invitations import (
    Ask,
    invitation_create,
    invitation_resend,
    invitation_revoke,
)
from orgs.models import Invitation, Membership, Organization
from orgs.tenancy import bind_member, bound
from tests.factories import TEST, make_organization, make_person
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]
ROUNDS = 10
Deed = Callable[[Access], Any]


class House:
    """An organization of its own, with one owner."""

    def __init__(self) -> None:
        self.owner = make_person()
        self.organization = make_organization(self.owner, "Race")

    def as_owner(self, deed: Deed) -> Callable[[], Any]:
        def run() -> Any:
            with transaction.atomic():
                identity = Actor("person", self.owner.pk, "")
                access = bind_member(self.organization.slug, self.owner.pk, identity=identity)
                assert access
                return deed(access)

        return run

    def invite(self, email: str, role: Role = Role.MEMBER) -> tuple[Invitation, str]:
        return self.as_owner(lambda a: create(email, a, role))()

    def limit(self, seats: int) -> None:
        with bound(self.organization.id):
            Organization.objects.filter(pk=self.organization.pk).update(seats=seats)
            ledger.record(
                Event.ORGANIZATION_CHANGED,
                organization=self.organization.id,
                actor=TEST,
                target=Target("organization", None, ""),
                changes={"name": (None, None)},
            )

    def overdue(self, invitation: Invitation) -> None:
        def age(access: Access) -> None:
            Invitation.objects.filter(pk=invitation.pk).update(expires_at="2020-01-01T00:00Z")
            ledger.record(
                Event.INVITATION_REVOKED,
                organization=self.organization.id,
                actor=access.identity,
                target=Target("invitation", None, ""),
            )

        self.as_owner(age)()

    def state(self) -> tuple[int, int]:
        """Members with a person, and seats in use."""
        with bound(self.organization.id):
            people = Membership.objects.in_org(self.organization).filter(person__isnull=False)
            return people.count(), Organization.objects.get(pk=self.organization.pk).seats_used


def create(email: str, access: Access, role: Role = Role.MEMBER) -> tuple[Invitation, str]:
    return invitation_create(email=email, role=role, reason="", actor=access)


def accept(token: str, person: User) -> Callable[[], Any]:
    return lambda: invitation_accept(
        token=token, person=person, identity=Actor("person", person.pk, person.name)
    )


def decline(token: str, person: User) -> Callable[[], Any]:
    return lambda: invitation_decline(
        token=token, person=person, identity=Actor("person", person.pk, person.name)
    )


def refused(outcomes: list[Any]) -> list[str | None]:
    """The codes of the refusals; anything else that went wrong fails the test."""
    for outcome in outcomes:
        assert not isinstance(outcome, Exception) or isinstance(outcome, ValidationError), outcome
    return [outcome.code for outcome in outcomes if isinstance(outcome, ValidationError)]


def test_an_invitation_accepted_twice_at_once_is_accepted_once() -> None:
    for _ in range(ROUNDS):
        house, ana = House(), make_person()
        _, token = house.invite(ana.email)
        outcomes = together(*(accept(token, ana) for _ in range(3)))
        assert refused(outcomes) == ["accepted", "accepted"]
        assert house.state() == (2, 2)


def test_two_invitations_of_one_person_make_one_membership() -> None:
    for _ in range(ROUNDS):
        house, ana = House(), make_person()
        second = f"second.{ana.email}"
        ana.emailaddress_set.create(email=second, verified=True)
        tokens = [house.invite(email)[1] for email in (ana.email, second)]
        outcomes = together(*(accept(token, ana) for token in tokens))
        assert refused(outcomes) == ["already_member"]
        assert house.state() == (2, 3)


def test_the_last_seat_goes_to_one_invitation() -> None:
    for _ in range(ROUNDS):
        house = House()
        house.limit(2)
        outcomes = together(
            *(house.as_owner(lambda a, n=n: create(f"p{n}@x.example", a)) for n in range(4))
        )
        assert refused(outcomes) == ["no_seat"] * 3
        assert house.state() == (1, 2)


def test_one_address_is_invited_once() -> None:
    for _ in range(ROUNDS):
        house = House()
        outcomes = together(*(house.as_owner(lambda a: create("a@x.example", a)),) * 3)
        assert refused(outcomes) == ["already_pending"] * 2
        assert house.state() == (1, 2)


def test_revoked_while_accepted_is_one_or_the_other() -> None:
    for _ in range(ROUNDS):
        house, ana = House(), make_person()
        invitation, token = house.invite(ana.email)
        outcomes = together(
            accept(token, ana),
            house.as_owner(lambda a, i=invitation: invitation_revoke(invitation=i, actor=a)),
        )
        (code,) = refused(outcomes)
        assert (code, house.state()) in (("revoked", (1, 1)), ("not_open", (2, 2)))


def test_accepted_while_declined_is_one_or_the_other() -> None:
    for _ in range(ROUNDS):
        house, ana = House(), make_person()
        _, token = house.invite(ana.email)
        (code,) = refused(together(accept(token, ana), decline(token, ana)))
        assert (code, house.state()) in (("declined", (1, 1)), ("accepted", (2, 2)))


def test_the_old_link_is_dead_or_used_when_it_is_sent_again() -> None:
    for _ in range(ROUNDS):
        house, ana = House(), make_person()
        invitation, token = house.invite(ana.email)
        outcomes = together(
            accept(token, ana),
            house.as_owner(lambda a, i=invitation: invitation_resend(invitation=i, actor=a)),
        )
        (code,) = refused(outcomes)
        assert (code, house.state()) in (("unknown", (1, 2)), ("not_open", (2, 2)))


def test_lists_that_cross_each_other_wait_and_do_not_lock() -> None:
    """Two lists with the same people in opposite order, and an overdue one sent again."""
    for _ in range(ROUNDS):
        house = House()
        old, _token = house.invite("old@x.example")
        house.overdue(old)
        emails = [f"p{number}@x.example" for number in range(8)]

        def many(access: Access, order: list[str]) -> list[Any]:
            lines = [
                Line(number=n, shown=email, ask=Ask(email=email, role=Role.MEMBER))
                for n, email in enumerate(order)
            ]
            return invitation_create_many(lines=lines, actor=access)

        outcomes = together(
            house.as_owner(lambda a: many(a, emails)),
            house.as_owner(lambda a: many(a, emails[::-1])),
            house.as_owner(lambda a, i=old: invitation_resend(invitation=i, actor=a)),
        )
        assert set(refused(outcomes)) <= {"meanwhile"}
        made = [verdict.ok for verdicts in outcomes[:2] for verdict in verdicts]
        assert sum(made) == 8
        people, used = house.state()
        assert people == 1
        assert used in (9, 10)
