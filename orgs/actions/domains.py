"""Deeds on domains: an Owner names one, its DNS proves it. What that is worth is in claims.py."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.database import constraint_of
from config.roles import Permission
from config.text import NAME_LENGTH
from orgs.access import Access, require
from orgs.actions.claim_ends import claims_cancel_of
from orgs.domains import require_answer
from orgs.models import Organization, OrganizationDomain

MOST_DOMAINS = 20


@transaction.atomic
def domain_add(*, domain: str, actor: Access) -> OrganizationDomain:
    """Say that a domain is the organization's; its DNS has to say so next.

    Whether another organization says the same is not told. Raises ValidationError: `forbidden`,
    `too_many`, `added_already`.
    """
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    # Who counts holds the organization's row.
    Organization.objects.select_for_update(no_key=True).get(pk=actor.org.id)
    here = OrganizationDomain.objects.in_org(actor.org.id)
    if here.count() >= MOST_DOMAINS:
        raise ValidationError(f"{MOST_DOMAINS} domains are the most.", code="too_many")
    try:
        with transaction.atomic():
            added = here.create(
                organization_id=actor.org.id,
                domain=domain,
                added_by_id=actor.membership_id,
                added_by_name=actor.identity.label[:NAME_LENGTH],
            )
    except IntegrityError as error:
        if constraint_of(error) != "domain_once":
            raise
        message = f"{domain} is on the list already."
        raise ValidationError({"domain": ValidationError(message, code="added_already")}) from error
    _record(Event.DOMAIN_ADDED, added, actor)
    return added


@transaction.atomic
def domain_verify(*, domain: OrganizationDomain, actor: Access) -> OrganizationDomain:
    """Prove a domain by its DNS; one that is proved stays so, with its first day.

    Raises ValidationError: `forbidden`, `gone`, `no_answer`, `other_answer`, `unreachable`.
    """
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    # Asked before anything is locked: a slow server keeps nobody waiting.
    require_answer(domain.domain, domain.token)
    rows = OrganizationDomain.objects.in_org(actor.org.id).select_for_update(no_key=True)
    found = rows.filter(pk=domain.pk).first()
    if found is None:
        raise ValidationError("This domain is gone.", code="gone")
    if found.verified_at is None:
        found.verified_at = timezone.now()
        found.save(update_fields=["verified_at"])
        _record(Event.DOMAIN_VERIFIED, found, actor)
    return found


@transaction.atomic
def domain_remove(*, domain: OrganizationDomain, actor: Access) -> None:
    """Take a domain off; a claim that rests on it is over. Raises ValidationError: `forbidden`."""
    require(actor, Permission.ORG_MANAGE_SETTINGS)
    claims_cancel_of(domain=domain, actor=actor)
    rows = OrganizationDomain.objects.in_org(actor.org.id).filter(pk=domain.pk)
    if rows.delete()[0]:
        _record(Event.DOMAIN_REMOVED, domain, actor)


def _record(event: Event, domain: OrganizationDomain, actor: Access) -> None:
    ledger.record(
        event,
        organization=domain.organization_id,
        actor=actor.identity,
        target=Target("domain", domain.pk, domain.domain),
    )
