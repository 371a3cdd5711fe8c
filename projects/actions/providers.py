"""Deeds on model providers: an Owner sets them up for the whole organization (S2-027).

Nothing here puts a token into the ledger, a log or a refusal; sealing is in `config/vault.py`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config import vault
from config.database import constraint_of
from orgs.access import Access
from projects.models import ModelProvider
from projects.providers import PROVIDERS

Facts = dict[str, Any]


@sensitive_variables("token")
@transaction.atomic
def provider_create(*, token: str, said: Facts, actor: Access) -> ModelProvider:
    """Set up an account; `said` are name, provider, url, serves and is_enabled.

    Raises ValidationError: `name_taken`.
    """
    made = ModelProvider(organization_id=actor.org.id, **said)
    made.ciphertext = vault.seal(token, place=_place(made))
    _save(made, actor)
    _record(Event.MODEL_PROVIDER_CREATED, made, (None, _facts(made)), actor)
    return made


@sensitive_variables("token")
@transaction.atomic
def provider_change(
    *, provider: ModelProvider, token: str, said: Facts, actor: Access
) -> ModelProvider:
    """Change one; without a new token the one it has stays.

    Raises ValidationError: `name_taken`, `token_again`.
    """
    changed = _locked(provider)
    before, reached = _facts(changed), _reached(changed)
    for name, value in said.items():
        setattr(changed, name, value)
    if token:
        changed.ciphertext = vault.seal(token, place=_place(changed))
    elif _reached(changed) != reached:
        # Whoever may change the address could otherwise have the token sent to themself.
        message = "This is another place: paste the token for it."
        raise ValidationError({"token": ValidationError(message, code="token_again")})
    after = _facts(changed) | ({"token": "replaced"} if token else {})
    if after != before:
        _save(changed, actor)
        _record(Event.MODEL_PROVIDER_CHANGED, changed, (before, after), actor)
    return changed


@transaction.atomic
def provider_delete(*, provider: ModelProvider, actor: Access) -> None:
    """Remove an account and forget its token."""
    gone = _locked(provider)
    ModelProvider.objects.in_org(gone.organization_id).filter(pk=gone.pk).delete()
    _record(Event.MODEL_PROVIDER_DELETED, gone, (_facts(gone), None), actor)


def provider_open(*, provider: ModelProvider) -> str:
    """The token, for what runs the organization's projects; no page shows it.

    Raises `vault.CannotOpenError`.
    """
    return vault.unseal(provider.ciphertext, place=_place(provider))


def _locked(provider: ModelProvider) -> ModelProvider:
    rows = ModelProvider.objects.in_org(provider.organization_id)
    return rows.select_for_update(of=("self",)).get(pk=provider.pk)


def _place(provider: ModelProvider) -> tuple[str, ...]:
    return ("model provider", str(provider.organization_id), str(provider.pk))


def _reached(provider: ModelProvider) -> tuple[str, str]:
    """Where the token goes: the provider and the host with its port."""
    return provider.provider, urlsplit(provider.url).netloc.lower()


def _save(provider: ModelProvider, actor: Access) -> None:
    provider.changed_at, provider.changed_by_id = timezone.now(), actor.membership_id
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError as error:
        if constraint_of(error) != "provider_name":
            raise
        message = "A provider with this name exists."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from error


def _facts(provider: ModelProvider) -> Facts:
    """The account in words, as the ledger keeps it; of the token nothing at all."""
    facts = {
        "name": provider.name,
        "provider": PROVIDERS[provider.provider].label,
        "address": provider.url,
        "models": ", ".join(provider.serves),
        "state": "in use" if provider.is_enabled else "off",
    }
    return {key: value for key, value in facts.items() if value}


def _record(
    event: Event, about: ModelProvider, change: tuple[Facts | None, Facts | None], actor: Access
) -> None:
    ledger.record(
        event,
        organization=about.organization_id,
        actor=actor.identity,
        target=Target("model_provider", about.pk, about.name),
        changes={"configuration": change},
    )
