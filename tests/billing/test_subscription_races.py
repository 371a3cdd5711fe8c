"""Several at once on real connections: one subscription, and nobody loses a seat."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from audit.ledger import Actor
from billing.actions.subscriptions import (
    subscription_cancel,
    subscription_change,
    subscription_start,
)
from billing.models import Subscription, Term
from config.roles import Role
from orgs.actions.answers import invitation_accept
from orgs.actions.invitations import invitation_create
from orgs.models import Organization
from orgs.seats import seats
from orgs.tenancy import bound
from tests.billing.plans import living, row
from tests.factories import access_of, make_organization, make_person
from tests.races import together

pytestmark = pytest.mark.usefixtures("committed", "issuer", "_plans")


@pytest.fixture
def _plans(settings: Any) -> None:
    settings.DEFAULT_PLAN, settings.STRIPE_API_KEY = "enterprise", ""


@pytest.fixture
def owner(committed: None) -> User:
    return make_person("Olga Winter")


@pytest.fixture
def organization(owner: User) -> Organization:
    return make_organization(owner, "Onefold")


def start(organization: Organization, owner: User, number: int) -> Subscription:
    with bound(organization.pk):
        return subscription_start(
            plan="team", seats=number, actor=access_of(organization, owner), attempt="one form"
        )


def codes(results: list[Any]) -> list[str]:
    found = []
    for each in results:
        if isinstance(each, ValidationError):
            errors = getattr(each, "error_list", None) or [
                error for errors in each.error_dict.values() for error in errors
            ]
            found.append(str(errors[0].code))
        elif isinstance(each, Exception):
            raise each
    return sorted(found)


def test_eight_subscribe_at_once_and_one_does(owner: User, organization: Organization) -> None:
    deeds = [partial(start, organization, owner, 5 + n % 2) for n in range(8)]
    results = together(*deeds)
    assert codes(results) == ["subscribed"] * 7
    with bound(organization.pk):
        assert Subscription.objects.in_org(organization).count() == 1
        (term,) = Term.objects.in_org(organization)
    held = living(organization)
    assert held is not None
    assert held.seats == term.seats == row(organization).seats


def test_of_a_change_and_a_cancellation_one_is_told(
    owner: User, organization: Organization
) -> None:
    mark = start(organization, owner, 5).mark

    def change() -> Subscription:
        with bound(organization.pk):
            actor = access_of(organization, owner)
            return subscription_change(plan="team", seats=9, actor=actor, seen=mark)

    def cancel() -> Subscription:
        with bound(organization.pk):
            return subscription_cancel(actor=access_of(organization, owner), seen=mark)

    results = together(change, cancel)
    assert codes(results) == ["changed"]
    held = living(organization)
    assert held is not None
    assert (held.seats, held.ends_on is None) in {(9, True), (5, False)}


@pytest.mark.parametrize("number", range(3))
def test_seats_bought_while_somebody_is_invited_and_somebody_accepts(
    owner: User, organization: Organization, number: int
) -> None:
    """From a plan without a limit to as many seats as are in use: who was first has them."""
    ana, identity = make_person("Ana Silva"), Actor("person", None, "Ana Silva")
    with bound(organization.pk):
        _, token = invitation_create(
            email=ana.email, role=Role.MEMBER, reason="", actor=access_of(organization, owner)
        )

    def accept() -> Any:
        return invitation_accept(token=token, person=ana, identity=identity)

    def invite() -> Any:
        with bound(organization.pk):
            actor = access_of(organization, owner)
            return invitation_create(
                email=make_person().email, role=Role.MEMBER, reason="", actor=actor
            )

    results = together(partial(start, organization, owner, 2), accept, invite)
    # Accepting keeps the seat that the invitation held. Of the two others the first one wins.
    assert codes(results) in (["no_seat"], ["seats_used"])
    assert not isinstance(results[1], Exception)
    with bound(organization.pk):
        after = Organization.objects.get(pk=organization.pk)
        taken = seats(after)
    if codes(results) == ["no_seat"]:
        assert (after.plan, after.seats, taken.used) == ("team", 2, 2)
        assert "No seat is free" in results[2].messages[0]
    else:
        assert (after.plan, after.seats, taken.used) == ("enterprise", None, 3)
        assert "1 more than 2" in results[0].messages[0]


def test_fewer_seats_asked_for_while_somebody_joins(
    owner: User, organization: Organization
) -> None:
    start(organization, owner, 2)

    def fewer() -> Subscription:
        with bound(organization.pk):
            actor = access_of(organization, owner)
            return subscription_change(plan="team", seats=1, actor=actor)

    def invite() -> Any:
        with bound(organization.pk):
            actor = access_of(organization, owner)
            email = make_person().email
            return invitation_create(email=email, role=Role.MEMBER, reason="", actor=actor)

    results = together(fewer, invite)
    held = living(organization)
    assert held is not None
    # Put off, so both may have been first; whoever is there when the month turns stays.
    assert codes(results) in ([], ["seats_used"])
    assert held.next_seats == (1 if not codes(results) else None)
    assert row(organization).seats == 2
