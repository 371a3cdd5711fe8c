"""Rules for tests, added through the real deed by an owner of the organization."""

from __future__ import annotations

from config.roles import Role
from orgs.access import Access
from orgs.actions.rules import rule_add
from orgs.models import Membership, Organization, Rule
from orgs.tenancy import bind_member, bound
from tests.factories import TEST


def owner_of(organization: Organization) -> Access:
    """The access of its first owner; the transaction has to be bound."""
    owner = Membership.objects.in_org(organization).filter(role=Role.OWNER).first()
    assert owner is not None
    assert owner.person_id is not None
    access = bind_member(organization.slug, owner.person_id, identity=TEST)
    assert access is not None
    return access


def make_rule(
    organization: Organization, text: str, *, blocks: bool = True, known: bool = False
) -> Rule:
    with bound(organization.id):
        return rule_add(
            organization=organization.id,
            text=text,
            blocks=blocks,
            known=known,
            actor=owner_of(organization),
        )
