"""Reads about one person: where they are signed in, and by what means they sign in."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings

from accounts.devices import device_icon, device_words
from accounts.models import PlatformSettings, User


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """One place where a person is signed in."""

    pk: int
    device: str
    icon: str
    ip: str
    started_at: datetime.datetime
    seen_at: datetime.datetime
    is_current: bool


def session_list(*, person: User, current_key: str | None) -> list[SignedIn]:
    """The live sessions of a person, this one first, then by when they were last seen.

    Rows of sessions that have ended by themselves, or by a new password, are cleared away.
    """
    rows = [
        SignedIn(
            pk=session.pk,
            device=device_words(session.user_agent),
            icon=device_icon(session.user_agent),
            ip=session.ip,
            started_at=session.created_at,
            seen_at=session.last_seen_at,
            is_current=session.session_key == current_key,
        )
        for session in UserSession.objects.purge_and_list(person)
    ]
    return sorted(rows, key=lambda row: (not row.is_current, -row.seen_at.timestamp()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What a person has beyond the password."""

    app: bool
    passkeys: int
    recovery_codes: bool


def means_of(person: User) -> Means:
    kinds = list(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    return Means(
        app=Authenticator.Type.TOTP in kinds,
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        recovery_codes=Authenticator.Type.RECOVERY_CODES in kinds,
    )


def configured_providers() -> list[str]:
    """The providers beside the house's own sign-in, by the names that allauth gives them."""
    providers = cast("dict[str, dict[str, Any]]", settings.SOCIALACCOUNT_PROVIDERS)
    return [name for name, choices in providers.items() if choices["APPS"]]


def platform_settings() -> PlatformSettings:
    """How the platform stands to newcomers; before it is first changed, as the environment says."""
    return PlatformSettings.objects.first() or PlatformSettings(
        registration=PlatformSettings.Registration.APPROVAL
        if settings.REVIEW_SIGN_UPS
        else PlatformSettings.Registration.OPEN
    )
