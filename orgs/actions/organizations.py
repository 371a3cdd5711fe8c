"""Deeds on an organization itself."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.roles import PRESET_POLICIES, Policy, Preset, Role
from orgs.access import Access
from orgs.models import Membership, Organization
from orgs.tenancy import bound

RESERVED_SLUGS = frozenset(
    "admin api app billing docs help internal login new o org settings status support www".split()
)


@transaction.atomic
def organization_create(
    *, name: str, slug: str, preset: Preset, owner: User, actor: Actor
) -> Organization:
    """Found an organization; whoever completes the wizard is its first owner (S4-008, S4-009).

    Raises ValidationError on `slug`: `address_taken`.
    """
    organization = Organization(
        id=uuid7(), name=name, slug=slug, policies=sorted(PRESET_POLICIES[preset])
    )
    with bound(organization.id):
        insert_with_free_address(organization)
        founder = Membership.objects.create(
            organization=organization,
            person=owner,
            role=Role.OWNER,
            name=owner.name or owner.email,
            email=owner.email,
            origin=Membership.Origin.FOUNDED,
        )
        organization.state = Organization.State.OPEN
        organization.save(update_fields=["state"])
        ledger.record(
            Event.ORGANIZATION_CREATED,
            organization=organization.id,
            actor=Actor("member", founder.id, founder.name, actor.ip, actor.user_agent, actor.request_id),
            target=target_of(organization),
            changes={"name": (None, name), "slug": (None, slug), "state": (None, "open")},
        )
    return organization


def insert_with_free_address(organization: Organization) -> None:
    """Insert, or raise ValidationError: `address_taken` for an address in use or reserved.

    Both get the same words, so that the answer says nothing about who uses an address.
    """
    taken = ValidationError(
        {"slug": ValidationError("This address is not available. Choose another.", "address_taken")}
    )
    if organization.slug in RESERVED_SLUGS:
        raise taken
    try:
        with transaction.atomic():
            organization.save(force_insert=True)
    except IntegrityError as error:
        raise taken from error


def target_of(organization: Organization) -> Target:
    return Target("organization", organization.id, organization.name)
