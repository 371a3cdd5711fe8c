"""Deeds on integrations: connecting source-code hosts and model providers, and letting them go."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config import vault
from config.database import constraint_of
from orgs.access import Access
from projects.models import Integration, Resource
from projects.providers import PROVIDERS


@sensitive_variables("token")
@transaction.atomic
def integration_create(
    *, name: str, provider: str, url: str, runner: Resource | None, token: str, actor: Access
) -> Integration:
    """Connect a provider (S3-029). Raises ValidationError: `name_taken`."""
    made = Integration(organization_id=actor.org.id)
    _fill(made, name, provider, url, runner)
    if token:
        made.ciphertext = vault.seal(token, place=_place(made))
    _save(made)
    kind = (None, str(made.get_kind_display()))
    changes = {"kind": kind, "configuration": (None, _facts(made))}
    _record(Event.INTEGRATION_CREATED, made, changes, actor)
    return made


@sensitive_variables("token")
@transaction.atomic
def integration_change(
    *,
    integration: Integration,
    name: str,
    provider: str,
    url: str,
    runner: Resource | None,
    token: str,
    forget_token: bool = False,
    actor: Access,
) -> Integration:
    """Change an integration; without a new token the one it has stays.

    Raises ValidationError: `name_taken`, `token_again`.
    """
    changed = _locked(integration)
    before, reached = _facts(changed), _reached(changed)
    _fill(changed, name, provider, url, runner)
    if token:
        changed.ciphertext = vault.seal(token, place=_place(changed))
    elif forget_token:
        changed.ciphertext = None
    elif changed.ciphertext and _reached(changed) != reached:
        # Whoever may change the address could otherwise have the token sent to themself.
        message = "This is another place: type the token again, or forget the one that is kept."
        raise ValidationError({"token": ValidationError(message, code="token_again")})
    after = _facts(changed) | ({"token": "replaced"} if token and "token" in before else {})
    if after == before:
        return changed
    changed.changed_at = timezone.now()
    _save(changed)
    _record(Event.INTEGRATION_CHANGED, changed, {"configuration": (before, after)}, actor)
    return changed


@transaction.atomic
def integration_delete(*, integration: Integration, actor: Access) -> None:
    """Disconnect a provider and forget its token."""
    gone = _locked(integration)
    changes = {"kind": (str(gone.get_kind_display()), None), "configuration": (_facts(gone), None)}
    Integration.objects.in_org(gone.organization_id).filter(pk=gone.pk).delete()
    _record(Event.INTEGRATION_DELETED, gone, changes, actor)


def integration_open(*, integration: Integration) -> str:
    """The token, for the runner that uses it; no page shows it. Raises `vault.CannotOpenError`."""
    if not integration.ciphertext:
        return ""
    return vault.unseal(integration.ciphertext, place=_place(integration))


def _locked(integration: Integration) -> Integration:
    rows = Integration.objects.in_org(integration.organization_id).select_related("runner")
    return rows.select_for_update(of=("self",)).get(pk=integration.pk)


def _fill(
    integration: Integration, name: str, provider: str, url: str, runner: Resource | None
) -> None:
    integration.name, integration.provider, integration.url = name, provider, url
    integration.kind, integration.runner = PROVIDERS[provider].kind, runner


def _place(integration: Integration) -> tuple[str, ...]:
    return ("integration", str(integration.organization_id), str(integration.pk))


def _reached(integration: Integration) -> tuple[str, str]:
    """Where the token goes: the provider and the host with its port."""
    return integration.provider, urlsplit(integration.url).netloc.lower()


def _save(integration: Integration) -> None:
    try:
        with transaction.atomic():
            integration.save()
    except IntegrityError as error:
        if constraint_of(error) != "integration_name":
            raise
        message = "An integration with this name exists."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from error


def _facts(integration: Integration) -> dict[str, Any]:
    """The integration in words, as the ledger keeps it; of the token only whether there is one."""
    facts = {
        "name": integration.name,
        "provider": PROVIDERS[integration.provider].label,
        "address": integration.url,
        "runner": integration.runner.name if integration.runner else "all",
        "token": "kept" if integration.ciphertext else "",
    }
    return {key: value for key, value in facts.items() if value}


def _record(event: Event, about: Integration, changes: dict[str, Change], actor: Access) -> None:
    ledger.record(
        event,
        organization=about.organization_id,
        actor=actor.identity,
        target=Target("integration", about.pk, about.name),
        changes=changes,
    )
