"""The record of signing in and out: allauth announces, this writes it down.

A sign-in stands in the platform's ledger, and in that of each organization the person is in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.db import transaction
from django.http import HttpRequest

from accounts.devices import device_words
from accounts.identity import actor_of
from accounts.models import User
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import Outcome
from config.text import EMAIL_LENGTH
from orgs.models import Membership
from orgs.queries.organizations import organizations_of
from orgs.tenancy import bound

MEANS = {
    "password": "Password",
    "mfa": "Second factor",
    "socialaccount": "Provider",
    "demo": "Demo",
}
FACTORS = {
    Authenticator.Type.TOTP: "an authenticator app",
    Authenticator.Type.WEBAUTHN: "a passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


def connect() -> None:
    """Listen to allauth; called once, when the apps are ready."""
    account.user_logged_in.connect(signed_in)
    auth.user_login_failed.connect(sign_in_failed)
    mfa.authentication_failed.connect(second_factor_failed)
    auth.user_logged_out.connect(signed_out)
    account.user_signed_up.connect(signed_up)
    account.email_confirmed.connect(email_confirmed)
    for changed in (account.password_changed, account.password_set, account.password_reset):
        changed.connect(password_changed)
    mfa.authenticator_added.connect(factor_added)
    mfa.authenticator_removed.connect(factor_removed)


def signed_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    means = [
        MEANS.get(entry["method"], entry["method"])
        for entry in get_authentication_records(request, user)
    ]
    _record_sign_in(
        user,
        actor=actor_of(request, user),
        outcome=Outcome.DONE,
        reason=", ".join(dict.fromkeys(means)),
    )


def sign_in_failed(
    *, credentials: Mapping[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """A wrong password, an unknown address, or an account that may not come in (S1-041)."""
    if request is None:
        return
    typed = str(credentials.get("email") or "").strip().lower()[:EMAIL_LENGTH]
    person = User.objects.filter(email=typed).first() if typed else None
    if person is None:
        reason = "Unknown address"
    elif not person.is_active:
        reason = f"The account is {person.get_state_display().lower()}"
    else:
        reason = "Wrong password"
    _record_failure(request, person, label=typed or "Someone", reason=reason)


def second_factor_failed(*, request: HttpRequest, user: User, **_: Any) -> None:
    _record_failure(request, user, label=user.email, reason="Wrong second factor")


def signed_out(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        actor = actor_of(request, user)
        ledger.record_platform(Event.SESSION_ENDED, actor=actor, target=_session_of(actor))


def signed_up(*, request: HttpRequest, user: User, **_: Any) -> None:
    _record_of_account(Event.ACCOUNT_CREATED, request, user)


def email_confirmed(*, request: HttpRequest, email_address: Any, **_: Any) -> None:
    _record_of_account(Event.ACCOUNT_EMAIL_CONFIRMED, request, email_address.user)


def password_changed(*, request: HttpRequest, user: User, **_: Any) -> None:
    _record_of_account(Event.ACCOUNT_PASSWORD_CHANGED, request, user)


def factor_added(
    *, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record_of_factor(Event.ACCOUNT_FACTOR_ADDED, request, user, authenticator)


def factor_removed(
    *, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record_of_factor(Event.ACCOUNT_FACTOR_REMOVED, request, user, authenticator)


def _record_failure(request: HttpRequest, person: User | None, *, label: str, reason: str) -> None:
    # Whoever typed the address has not shown to be its owner.
    claimed = actor_of(request)
    actor = Actor("anonymous", None, label, claimed.ip, claimed.user_agent, claimed.request_id)
    _record_sign_in(person, actor=actor, outcome=Outcome.FAILED, reason=reason)


@transaction.atomic
def _record_sign_in(person: User | None, *, actor: Actor, outcome: Outcome, reason: str) -> None:
    """One entry for each organization, always in the same order, then the platform's.

    The order keeps two people who sign in at once from waiting for each other in a circle.
    """
    for organization in sorted(mine.id for mine in organizations_of(person.pk)) if person else []:
        with bound(organization):
            _record_in_organization(
                organization, person, actor=actor, outcome=outcome, reason=reason
            )
    ledger.record_platform(
        Event.SESSION_STARTED,
        actor=actor,
        target=_session_of(actor),
        outcome=outcome,
        reason=reason,
    )


def _record_in_organization(
    organization: UUID, person: User | None, *, actor: Actor, outcome: Outcome, reason: str
) -> None:
    """There a person is their membership; behind a failed attempt may stand anybody."""
    row = (
        Membership.objects.in_org(organization)
        .filter(person=person)
        .values_list("id", "name")
        .first()
    )
    if row is None:
        return
    target = Target("member", *row)
    if outcome is Outcome.DONE:
        actor = Actor("member", *row, actor.ip, actor.user_agent, actor.request_id)
        target = _session_of(actor)
    ledger.record(
        Event.SESSION_STARTED,
        organization=organization,
        actor=actor,
        target=target,
        outcome=outcome,
        reason=reason,
    )


def _session_of(actor: Actor) -> Target:
    return Target("session", None, device_words(actor.user_agent))


def _record_of_account(event: Event, request: HttpRequest, person: User) -> None:
    ledger.record_platform(
        event,
        actor=actor_of(request, person),
        target=Target("account", person.pk, person.email),
    )


def _record_of_factor(
    event: Event, request: HttpRequest, person: User, authenticator: Authenticator
) -> None:
    ledger.record_platform(
        event,
        actor=actor_of(request, person),
        target=Target("factor", None, FACTORS[authenticator.type]),
    )
