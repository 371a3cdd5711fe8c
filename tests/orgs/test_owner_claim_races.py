"""Claims of ownership when people act at the same moment: concurrent claims yield one owner."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction

from accounts.models import User
from audit.ledger import Actor
from config.roles import Role
from orgs.actions.claim_ends import claim_cancel
from orgs.actions.claims import claim_complete, claim_confirm, claim_create
from orgs.actions.members import member_change_role
from orgs.models import Membership, Organization, OwnerClaim
from orgs.tenancy import bind_member, bound
from tests.factories import make_member, make_organization, make_person
from tests.orgs.support import NOTICE, claimed, earlier
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

ROUNDS = 8
Scene = tuple[Organization, User, list[User]]


def scene(admins: int = 2) -> Scene:
    alice = make_person("Alice")
    organization = make_organization(alice, "Race")
    people = [make_person(f"Admin {number}") for number in range(admins)]
    for person in people:
        make_member(organization, Role.ADMIN, person)
    return organization, alice, people


def acting(organization: Organization, person: User, act, **said):
    def deed():
        with transaction.atomic():
            access = bind_member(
                organization.slug, person.pk, identity=Actor("person", person.pk, "")
            )
            assert access
            return act(actor=access, **said)

    return deed


def owners(organization: Organization) -> int:
    with bound(organization.id):
        return Membership.objects.in_org(organization).filter(role=Role.OWNER).count()


def states(organization: Organization) -> list[str]:
    with bound(organization.id):
        rows = OwnerClaim.objects.in_org(organization)
        return sorted(rows.values_list("state", flat=True))


def refusals(outcomes: list, *, overtaken: str = "") -> list[str]:
    """The codes of who was refused. Two that wait for each other (each is told of the other's
    turn) are one refusal too: the console then says that somebody else was first."""
    found = [one for one in outcomes if isinstance(one, Exception)]
    assert all(is_refusal(one) for one in found), outcomes
    return [getattr(one, "code", overtaken) for one in found]


def is_refusal(outcome: object) -> bool:
    if isinstance(outcome, OperationalError):
        return getattr(outcome.__cause__, "sqlstate", "") == "40P01"
    return isinstance(outcome, ValidationError)


def test_two_claims_that_are_confirmed_at_once_leave_one_open() -> None:
    for _ in range(ROUNDS):
        organization, _, (adam, bea) = scene()
        one, other = claimed(organization, adam), claimed(organization, bea)
        outcomes = together(
            acting(organization, bea, claim_confirm, claim=one),
            acting(organization, adam, claim_confirm, claim=other),
        )
        assert refusals(outcomes, overtaken="running") == ["running"]
        assert states(organization) == ["asked", "open"]


def test_two_claims_of_one_admin_at_once_are_one() -> None:
    for _ in range(ROUNDS):
        organization, _, (adam, _) = scene()
        claim = acting(organization, adam, claim_create, domain=None, reason="Why")
        assert refusals(together(claim, claim)) == ["asked_already"]


def test_two_completions_at_once_make_one_owner() -> None:
    for _ in range(ROUNDS):
        organization, _, (adam, bea) = scene()
        claim = earlier(claimed(organization, adam, bea), NOTICE)
        complete = acting(organization, adam, claim_complete, claim=claim)
        assert len(refusals(together(complete, complete))) == 1
        assert owners(organization) == 2
        assert states(organization) == ["completed"]


def test_cancel_against_complete_is_one_of_the_two() -> None:
    for _ in range(ROUNDS):
        organization, alice, (adam, bea) = scene()
        claim = earlier(claimed(organization, adam, bea), NOTICE)
        outcomes = together(
            acting(organization, adam, claim_complete, claim=claim),
            acting(organization, alice, claim_cancel, claim=claim),
        )
        assert refusals(outcomes, overtaken="closed") == ["closed"]
        done = states(organization) == ["completed"]
        assert owners(organization) == (2 if done else 1)


def test_two_who_confirm_one_claim_open_it_once() -> None:
    for _ in range(ROUNDS):
        organization, _, (adam, bea, third) = scene(3)
        claim = claimed(organization, adam)
        outcomes = together(
            *(acting(organization, one, claim_confirm, claim=claim) for one in (bea, third))
        )
        assert refusals(outcomes, overtaken="closed") == ["closed"]
        assert states(organization) == ["open"]


def test_the_same_person_confirming_twice_at_once_never_confirms_their_own() -> None:
    for _ in range(ROUNDS):
        organization, _, (adam, _) = scene()
        claim = claimed(organization, adam)
        confirm = acting(organization, adam, claim_confirm, claim=claim)
        assert refusals(together(confirm, confirm)) == ["own_claim", "own_claim"]


@pytest.mark.parametrize("which", [0, 1])
def test_whoever_is_demoted_meanwhile_makes_no_owner(which: int) -> None:
    for _ in range(ROUNDS):
        organization, alice, people = scene()
        claim = earlier(claimed(organization, *people), NOTICE)
        with bound(organization.id):
            member = Membership.objects.in_org(organization).get(person=people[which])
        outcomes = together(
            acting(organization, people[0], claim_complete, claim=claim),
            acting(
                organization,
                alice,
                member_change_role,
                membership=member,
                role=Role.MEMBER,
                reason="",
            ),
        )
        refusals(outcomes)
        # Demoted first, and then there is nothing to complete; or completed before it.
        demoted, done = not isinstance(outcomes[1], Exception), states(organization)
        if demoted and done == ["completed"] and which == 0:
            assert owners(organization) == 1, "an owner by the claim, and then no more"
        elif done == ["completed"]:
            assert owners(organization) == 2
        else:
            assert (done, owners(organization)) == (["canceled"], 1)
