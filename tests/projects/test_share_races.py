"""Two who share, take and leave at the same moment: real connections, real commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from audit.ledger import Actor
from config.roles import Role
from orgs.access import Access
from orgs.actions.members import member_remove
from orgs.models import Membership, Notice, Organization
from orgs.tenancy import bind_member, bound
from projects.actions.shares import AnyGrant, share, unshare
from projects.models import ProjectGrant
from tests.factories import make_member, make_organization, make_person
from tests.projects.factories import make_grant, make_project
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

ROUNDS = 8


def as_person(
    organization: Organization, person: User, deed: Callable[[Access], Any]
) -> Callable[[], Any]:
    def run() -> Any:
        with transaction.atomic():
            access = bind_member(
                organization.slug, person.pk, identity=Actor("person", person.pk, person.name)
            )
            assert access
            return deed(access)

    return run


def sharing(project: Any, to: Membership, role: Role) -> Callable[[Access], Any]:
    def deed(access: Access) -> Any:
        return share(place=project, to=to, role=role, until=None, reason="", actor=access)

    return deed


def taking(grant: AnyGrant) -> Callable[[Access], Any]:
    def deed(access: Access) -> Any:
        return unshare(grant=grant, reason="", actor=access)

    return deed


def test_two_who_share_with_the_same_person_make_one_role() -> None:
    alice, adam = make_person(), make_person()
    organization = make_organization(alice, "Race")
    make_member(organization, Role.OWNER, adam)
    for _ in range(ROUNDS):
        project, member = make_project(organization), make_member(organization)
        results = together(
            as_person(organization, alice, sharing(project, member, Role.PROJECT_VIEWER)),
            as_person(organization, adam, sharing(project, member, Role.PROJECT_MEMBER)),
        )
        refused = [one for one in results if isinstance(one, ValidationError)]
        assert [one.code in ("gone", "already") for one in refused] == [True]
        with bound(organization.id):
            assert (
                ProjectGrant.objects.in_org(organization.id).filter(user=member.person).count() == 1
            )


def test_whoever_is_removed_meanwhile_keeps_nothing() -> None:
    alice, adam = make_person(), make_person()
    organization = make_organization(alice, "Race")
    make_member(organization, Role.OWNER, adam)
    for _ in range(ROUNDS):
        project, member = make_project(organization), make_member(organization)

        def remove(access: Access, member: Membership = member) -> None:
            member_remove(membership=member, reason="Left", actor=access)

        results = together(
            as_person(organization, alice, sharing(project, member, Role.PROJECT_VIEWER)),
            as_person(organization, adam, remove),
        )
        unexpected = [
            one
            for one in results
            if isinstance(one, Exception) and not isinstance(one, ValidationError)
        ]
        assert not unexpected
        with bound(organization.id):
            assert not Membership.objects.in_org(organization.id).filter(pk=member.pk).exists()
            assert (
                not ProjectGrant.objects.in_org(organization.id)
                .filter(user=member.person_id)
                .exists()
            )


def test_two_last_owners_who_leave_at_once_leave_one_by_one() -> None:
    alice = make_person()
    organization = make_organization(alice, "Race")
    one, other = make_member(organization), make_member(organization)
    for _ in range(ROUNDS):
        project = make_project(organization)
        grants = [make_grant(project, member, Role.PROJECT_OWNER) for member in (one, other)]
        results = together(
            *(
                as_person(organization, member.person, taking(grant))
                for member, grant in zip((one, other), grants, strict=True)
                if member.person
            )
        )
        assert sorted(len(heirs) for heirs in results) == [0, 1]
    with bound(organization.id):
        assert Notice.objects.in_org(organization.id).count() == ROUNDS


def test_one_role_is_taken_once() -> None:
    alice, adam = make_person(), make_person()
    organization = make_organization(alice, "Race")
    make_member(organization, Role.OWNER, adam)
    for _ in range(ROUNDS):
        project, member = make_project(organization), make_member(organization)
        grant = make_grant(project, member, Role.PROJECT_VIEWER)
        results = together(
            as_person(organization, alice, taking(grant)),
            as_person(organization, adam, taking(grant)),
        )
        assert [one.code for one in results if isinstance(one, ValidationError)] == ["gone"]
