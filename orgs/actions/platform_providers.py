"""Deeds on the platform's own accounts at model providers (S2-011, S2-104).

Nothing here puts a token into the ledger, a log or a refusal; sealing is in `config/vault.py`. A
token is written and never read back: the portal's role may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Change, Target
from config import vault
from config.database import constraint_of
from config.providers import MODEL_HOSTS, reached
from orgs.models import PlatformProvider

Facts = dict[str, Any]


@sensitive_variables("token")
@transaction.atomic
def platform_provider_create(*, token: str, said: Facts, actor: Actor) -> PlatformProvider:
    """Set up an account; `said` are name, provider, url, serves and is_enabled.

    Raises ValidationError: `name_taken`.
    """
    made = PlatformProvider(**said)
    made.ciphertext = vault.seal(token, place=_place(made))
    with _one_of_a_name():
        made.save(force_insert=True)
    _record(Event.PLATFORM_PROVIDER_CREATED, made, (None, _facts(made)), actor)
    return made


@sensitive_variables("token")
@transaction.atomic
def platform_provider_change(
    *, provider: UUID, token: str, said: Facts, actor: Actor
) -> PlatformProvider:
    """Change one; without a new token the one it has stays.

    Raises ValidationError: `name_taken`, `token_again`.
    """
    changed = _locked(provider)
    before, where = _facts(changed), reached(changed.provider, changed.url)
    for name, value in said.items():
        setattr(changed, name, value)
    if not token and reached(changed.provider, changed.url) != where:
        # Whoever may change the address could otherwise have the token sent to themself.
        message = "This is another place: paste the token for it."
        raise ValidationError({"token": ValidationError(message, code="token_again")})
    fields = [*said, "changed_at"]
    if token:
        fields += _sealed(changed, token)
    after = _facts(changed) | ({"token": "replaced"} if token else {})
    if after != before:
        changed.changed_at = timezone.now()
        with _one_of_a_name():
            changed.save(update_fields=fields)
        _record(Event.PLATFORM_PROVIDER_CHANGED, changed, (before, after), actor)
    return changed


@sensitive_variables("token")
@transaction.atomic
def platform_provider_rotate(*, provider: UUID, token: str, actor: Actor) -> PlatformProvider:
    """Replace the token; the one before is forgotten."""
    changed = _locked(provider)
    changed.save(update_fields=_sealed(changed, token))
    ledger.record_platform(Event.PLATFORM_PROVIDER_ROTATED, actor=actor, target=_target_of(changed))
    return changed


@transaction.atomic
def platform_provider_delete(*, provider: UUID, actor: Actor) -> PlatformProvider:
    """Remove an account and forget its token."""
    gone = _locked(provider)
    PlatformProvider.objects.filter(pk=gone.pk).delete()
    _record(Event.PLATFORM_PROVIDER_DELETED, gone, (_facts(gone), None), actor)
    return gone


def _locked(provider: UUID) -> PlatformProvider:
    return PlatformProvider.objects.defer("ciphertext").select_for_update().get(pk=provider)


@sensitive_variables("token")
def _sealed(provider: PlatformProvider, token: str) -> list[str]:
    """Seal the token for this row; returns the fields to save."""
    provider.ciphertext = vault.seal(token, place=_place(provider))
    provider.rotated_at = timezone.now()
    return ["ciphertext", "rotated_at"]


def _place(provider: PlatformProvider) -> tuple[str, ...]:
    return ("platform provider", str(provider.pk))


@contextmanager
def _one_of_a_name() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint_of(error) != "platform_provider_name":
            raise
        message = "A provider with this name exists."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from error


def _facts(provider: PlatformProvider) -> Facts:
    """The account in words, as the ledger keeps it; of the token nothing at all."""
    facts = {
        "name": provider.name,
        "provider": MODEL_HOSTS[provider.provider].label,
        "address": provider.url,
        "models": ", ".join(provider.serves),
        "state": "in use" if provider.is_enabled else "off",
    }
    return {key: value for key, value in facts.items() if value}


def _target_of(provider: PlatformProvider) -> Target:
    return Target("platform_provider", provider.pk, provider.name)


def _record(event: Event, about: PlatformProvider, change: Change, actor: Actor) -> None:
    ledger.record_platform(
        event, actor=actor, target=_target_of(about), changes={"configuration": change}
    )
