"""Two changes that each keep a rule and together break it: real connections, real commits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config.roles import Role
from orgs.actions.members import member_change_role
from orgs.models import Membership, Organization
from orgs.rules.keeping import RuleBrokenError
from orgs.tenancy import bound
from tests.factories import make_member, make_organization, make_person
from tests.orgs.rules import make_rule, owner_of
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

ROUNDS = 8


def to_role(org: Organization, member: Membership, role: Role) -> Callable[[], str]:
    def deed() -> str:
        with bound(org.id):
            member_change_role(membership=member, role=role, reason="", actor=owner_of(org))
        return "done"

    return deed


def admins_of(org: Organization) -> int:
    with bound(org.id):
        return Membership.objects.in_org(org).filter(role=Role.ADMIN).count()


def test_the_last_two_do_not_go_at_once() -> None:
    """The head of the ledger makes the second see the first; the rule needs no lock of its own."""
    for _ in range(ROUNDS):
        org = make_organization(make_person(), "Race")
        admins = [make_member(org, Role.ADMIN) for _ in range(2)]
        make_rule(org, "at least 1 Admin")
        results = together(*(to_role(org, one, Role.MEMBER) for one in admins))
        assert results.count("done") == 1, results
        assert sum(isinstance(one, RuleBrokenError) for one in results) == 1, results
        assert admins_of(org) == 1


def test_a_rule_that_comes_at_the_same_moment_finds_them_or_stops_them() -> None:
    for _ in range(ROUNDS):
        org = make_organization(make_person(), "Race")
        member = make_member(org)
        results = together(
            to_role(org, member, Role.ADMIN), lambda o=org: make_rule(o, "at most 0 Admins") and 1
        )
        kept = [one for one in results if one in ("done", 1)]
        assert len(kept) == 1, results
        assert admins_of(org) == (1 if results[0] == "done" else 0)
