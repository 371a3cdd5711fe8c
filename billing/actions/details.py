"""Deeds on whom invoices are for, and how they are paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from billing.actions import provider
from billing.gateway import deed_key, gateway
from billing.models import BillingDetails
from billing.models.details import FIELDS
from config.database import constraint_of
from config.roles import Permission
from orgs.access import Access, require


@transaction.atomic
def details_change(
    *, said: Mapping[str, Any], actor: Access, seen: str = "", attempt: str = ""
) -> BillingDetails:
    """Say whom invoices are for from now on (S4-049); what was issued stays as it is.

    `said` is what a valid form says. `seen` is the mark of what it began from. Raises
    ValidationError: `forbidden`, `changed`, and what the provider refuses.
    """
    require(actor, Permission.BILLING_EDIT_DETAILS)
    details = _locked(actor)
    before = _facts(details)
    mark, wanted = details.mark, {name: said[name] for name in FIELDS}
    if wanted == {name: getattr(details, name) for name in FIELDS}:
        return details
    if seen and seen != mark:
        raise _overtaken()
    for name, value in wanted.items():
        setattr(details, name, value)
    details.changed_at = timezone.now()
    _tell(details, actor, attempt or mark)
    _save(details)
    after = _facts(details)
    ledger.record(
        Event.BILLING_DETAILS_CHANGED,
        organization=actor.org.id,
        actor=actor.identity,
        target=Target("billing_details", details.pk, details.legal_name or actor.org.name),
        changes={name: (before[name], after[name]) for name in before},
    )
    return details


def _locked(actor: Access) -> BillingDetails:
    """The row as it stands, or a new one that is not stored yet."""
    rows = BillingDetails.objects.in_org(actor.org.id).select_for_update(no_key=True)
    return rows.first() or BillingDetails(organization_id=actor.org.id)


def _save(details: BillingDetails) -> None:
    """Of two who save the first details at once one is told so."""
    if not details._state.adding:
        details.save(update_fields=[*FIELDS, "changed_at"])
        return
    try:
        with transaction.atomic():
            details.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) == "details_once":
            raise _overtaken() from error
        raise


def _overtaken() -> ValidationError:
    message = "Somebody changed the billing details meanwhile. Look at them again, then save."
    return ValidationError(message, code="changed")


def _tell(details: BillingDetails, actor: Access, attempt: str) -> None:
    """A provider that issues the invoices has to know whom to name on them."""
    if not details.provider_customer:
        return
    with provider.refusing():
        gateway().customer(
            provider.buyer_of(details, actor),
            ref=details.provider_customer,
            key=deed_key("details", details.pk, attempt, *(getattr(details, f) for f in FIELDS)),
        )


def _facts(details: BillingDetails) -> dict[str, Any]:
    return {
        "legal_name": details.legal_name or None,
        "address": ", ".join(details.address) or None,
        "tax_id": details.tax_id or None,
        "purchase_order": details.purchase_order or None,
        "recipients": ", ".join(details.recipients) or None,
    }
