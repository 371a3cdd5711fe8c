"""Deeds on identities and their sessions. What happens at a sign-in is in orgs/actions."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.devices import device_words
from accounts.models import ACCOUNT_FIELDS, PlatformSettings, User
from accounts.queries import platform_settings
from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.database import constraint_of


@transaction.atomic
def account_change(*, person: User, name: str, actor: Actor) -> User:
    """Change the name of an identity; organizations keep the name that they know."""
    person = User.objects.select_for_update().get(pk=person.pk)
    old = person.name
    if name == old:
        return person
    person.name = name
    person.save(update_fields=["name"])
    ledger.record_platform(
        Event.ACCOUNT_CHANGED,
        actor=actor,
        target=target_of(person),
        changes={"name": (old, name)},
    )
    return person


@transaction.atomic
def account_set_state(*, person: User, state: User.State, reason: str, actor: Actor) -> User:
    """Let an account in or keep it out; who is kept out is signed out everywhere (S1-041).

    Raises ValidationError: `own_account`, `reason_missing`, `last_owner`, `last_superadmin`.
    """
    rows = User.objects.only(*ACCOUNT_FIELDS).select_for_update()
    person = rows.get(pk=person.pk)
    old = User.State(person.state)
    if state == old:
        return person
    if person.pk == actor.id:
        raise ValidationError("You may not change your own account here.", code="own_account")
    if state != User.State.ACTIVE and not reason:
        raise ValidationError("Say why: the person reads it.", code="reason_missing")
    if person.is_staff and state != User.State.ACTIVE:
        _keep_a_superadmin(person)
    person.state, person.is_active = state, state == User.State.ACTIVE
    person.state_reason = "" if person.is_active else reason
    _save_keeping_owners(person)
    if not person.is_active:
        _sign_out_everywhere(person)
    ledger.record_platform(
        Event.ACCOUNT_STATE_CHANGED,
        actor=actor,
        target=target_of(person),
        changes={"state": (old.label, state.label)},
        reason=reason,
    )
    return person


def _keep_a_superadmin(person: User) -> None:
    """All who are left are locked, so that two cannot disable each other at the same moment."""
    others = User.objects.filter(is_staff=True, is_active=True).exclude(pk=person.pk)
    locked = others.order_by("pk").select_for_update().values_list("pk", flat=True)
    if person.is_active and not locked:
        raise ValidationError(
            "%(name)s is the only active superadmin. Make another one first.",
            code="last_superadmin",
            params={"name": person.name},
        )


def _sign_out_everywhere(person: User) -> None:
    # The portal has no right to look at sessions, only to end them.
    with connection.cursor() as cursor:
        cursor.execute("SELECT sign_out_everywhere(%s)", [person.pk])


def _save_keeping_owners(person: User) -> None:
    """Save; the database refuses to leave an open organization without an active owner."""
    try:
        with transaction.atomic():
            person.save(update_fields=["state", "is_active", "state_reason"])
    except IntegrityError as error:
        if constraint_of(error) != "organization_has_an_owner":
            raise
        raise ValidationError(
            "%(name)s is the only active owner of an open organization. It needs another owner"
            " first, or has to be suspended.",
            code="last_owner",
            params={"name": person.name},
        ) from error


@transaction.atomic
def session_revoke(*, session: UserSession, actor: Actor) -> None:
    """End one session; its browser is signed out with its next request."""
    _end([session])
    _record_revoked(session, actor)


@transaction.atomic
def session_revoke_others(*, person: User, current_key: str | None, actor: Actor) -> int:
    """End every session of a person but the one with this key; returns how many there were."""
    others = list(UserSession.objects.filter(user=person).exclude(session_key=current_key))
    _end(others)
    for session in others:
        _record_revoked(session, actor)
    return len(others)


def _end(sessions: Iterable[UserSession]) -> None:
    for session in sessions:
        session.end()


def _record_revoked(session: UserSession, actor: Actor) -> None:
    label = f"{device_words(session.user_agent)}, {session.ip}"
    ledger.record_platform(
        Event.SESSION_REVOKED, actor=actor, target=Target("session", None, label)
    )


@transaction.atomic
def superadmin_create(*, email: str, name: str, password: str | None) -> User:
    """Make an account for the portal; whoever may run commands vouches for the address."""
    person = User.objects.create_user(email, password, name=name, is_staff=True)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    ledger.record_platform(
        Event.ACCOUNT_CREATED,
        actor=Actor("command", None, "createsuperuser"),
        target=target_of(person),
    )
    return person


@transaction.atomic
def platform_settings_change(
    *, registration: PlatformSettings.Registration, support_email: str, notice: str, actor: Actor
) -> PlatformSettings:
    """Let newcomers in, by approval or by invitation only; say whom to ask, and what is going on
    (S2-015). Stops if nothing changes.
    """
    before = platform_settings()
    kept, _ = PlatformSettings.objects.select_for_update().get_or_create(
        pk=1, defaults={"registration": before.registration}
    )
    said = {"registration": registration, "support_email": support_email, "notice": notice}
    changes = {name: (str(getattr(kept, name)), str(value)) for name, value in said.items()}
    if all(old == new for old, new in changes.values()):
        return kept
    for name, value in said.items():
        setattr(kept, name, value)
    kept.save()
    ledger.record_platform(
        Event.PLATFORM_SETTINGS_CHANGED,
        actor=actor,
        target=Target("platform", None, "Platform"),
        changes=changes,
    )
    return kept


def target_of(person: User) -> Target:
    return Target("account", person.pk, person.email)
