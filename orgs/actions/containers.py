"""A superadmin's deeds on containers. Each stands in the organization's own ledger as well as in
the platform's, so that owners see what was done to them from outside.

Who may do them is asked at the portal's doors.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from uuid6 import uuid7

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config.roles import PRESET_POLICIES, Preset, Role
from orgs.access import Access
from orgs.actions import organizations
from orgs.actions.organizations import insert_with_free_address, target_of
from orgs.models import Invitation, Organization
from orgs.queries.invitations import hash_of
from orgs.tenancy import bound

State = Organization.State


@transaction.atomic
def container_create(
    *, name: str, slug: str, owner_email: str, preset: Preset, actor: Access
) -> tuple[Organization, Invitation, str]:
    """Create a container that waits for its first owner to accept (S2-007, S2-009, S2-137).

    Returns it with the owner's invitation and the token of its link, which is kept nowhere.
    Raises ValidationError: `own_address`, `address_taken`.
    """
    _refuse_oneself(owner_email, actor)
    organization = Organization(
        id=uuid7(), name=name, slug=slug, policies=sorted(PRESET_POLICIES[preset])
    )
    changes: dict[str, Change] = {
        "name": (None, name),
        "slug": (None, slug),
        "state": (None, organization.state),
    }
    with bound(organization.id):
        insert_with_free_address(organization, insert=lambda: _insert(organization))
        ledger.record(
            Event.ORGANIZATION_CREATED,
            organization=organization.id,
            actor=actor.identity,
            target=target_of(organization),
            changes=changes,
        )
        invitation, token = _invite_owner(organization, owner_email, actor)
    ledger.record_platform(
        Event.ORGANIZATION_CREATED,
        actor=actor.identity,
        target=target_of(organization),
        changes=changes,
    )
    return organization, invitation, token


@transaction.atomic
def container_name_owner(
    *, organization: UUID, email: str, actor: Access
) -> tuple[Organization, Invitation, str]:
    """Name another first owner for an organization that still waits for one (S2-009, S4-012).

    The earlier invitation is revoked. An organization that ever had an owner is closed to this
    deed: whoever could disable its owners and name the next would have a way to its contents.
    Raises ValidationError: `own_address`, `has_owner`.
    """
    _refuse_oneself(email, actor)
    with bound(organization):
        rows = Organization.objects.as_containers().select_for_update(no_key=True)
        found = rows.get(id=organization)
        if found.state != State.PENDING:
            raise ValidationError(
                "It has had an owner. Inside an organization, owners name owners.", code="has_owner"
            )
        invitation, token = _invite_owner(found, email, actor)
    ledger.record_platform(
        Event.INVITATION_SENT,
        actor=actor.identity,
        target=target_of(found),
        changes={
            "role": (None, invitation.role_label),
            "expires_at": (None, invitation.expires_at.isoformat(timespec="seconds")),
        },
    )
    return found, invitation, token


@transaction.atomic
def container_rename(*, organization: UUID, name: str, actor: Access) -> Organization:
    old = _seen(organization).name
    with bound(organization):
        found = organizations.organization_change(organization=organization, name=name, actor=actor)
    if name != old:
        ledger.record_platform(
            Event.ORGANIZATION_CHANGED,
            actor=actor.identity,
            target=target_of(found),
            changes={"name": (old, name)},
        )
    return found


@transaction.atomic
def container_suspend(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Shut an open organization for everyone (S1-041, S2-008). Raises ValidationError: `state`."""
    old = _seen(organization)
    found = organizations.organization_suspend(
        organization=organization, reason=reason, actor=actor.identity
    )
    return _record_turn(Event.ORGANIZATION_SUSPENDED, old, found, reason, actor)


@transaction.atomic
def container_resume(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Open a suspended organization again. Raises ValidationError: `state`, `no_owner`."""
    old = _seen(organization)
    with _needing_an_owner():
        found = organizations.organization_resume(
            organization=organization, reason=reason, actor=actor.identity
        )
    return _record_turn(Event.ORGANIZATION_RESUMED, old, found, reason, actor)


@transaction.atomic
def container_close(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Shut an open organization; its days of grace begin. Raises ValidationError: `state`."""
    old = _seen(organization)
    with bound(organization):
        found = organizations.organization_close(
            organization=organization, reason=reason, actor=actor
        )
    return _record_turn(Event.ORGANIZATION_CLOSED, old, found, reason, actor)


@transaction.atomic
def container_restore(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Bring an organization back that was to be deleted.

    Raises ValidationError: `not_closing`, `no_owner`.
    """
    old = _seen(organization)
    with bound(organization), _needing_an_owner():
        found = organizations.organization_restore(
            organization=organization, reason=reason, actor=actor
        )
    return _record_turn(Event.ORGANIZATION_RESTORED, old, found, reason, actor)


@transaction.atomic
def container_archive(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Shut an open organization by agreement (S2-008). Raises ValidationError: `state`."""
    old = _seen(organization)
    found = organizations.organization_archive(
        organization=organization, reason=reason, actor=actor.identity
    )
    return _record_turn(Event.ORGANIZATION_ARCHIVED, old, found, reason, actor)


@transaction.atomic
def container_unarchive(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Open an archived organization again. Raises ValidationError: `state`, `no_owner`."""
    old = _seen(organization)
    with _needing_an_owner():
        found = organizations.organization_unarchive(
            organization=organization, reason=reason, actor=actor.identity
        )
    return _record_turn(Event.ORGANIZATION_RESTORED, old, found, reason, actor)


def _seen(organization: UUID) -> Organization:
    return Organization.objects.as_containers().get(id=organization)


@contextmanager
def _needing_an_owner() -> Iterator[None]:
    """The database refuses to open what has no active owner: so does this, in a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise ValidationError(
            "It has no active owner, so it cannot open. Enable an owner’s account first.",
            code="no_owner",
        ) from error


def _record_turn(
    event: Event, old: Organization, new: Organization, reason: str, actor: Access
) -> Organization:
    """The same event in the platform's own chain, where something has changed."""
    if old.state != new.state:
        changes: dict[str, Change] = {
            "state": (old.state, new.state),
            "closes_at": (old.closes_at, new.closes_at),
        }
        ledger.record_platform(
            event,
            actor=actor.identity,
            target=target_of(new),
            changes={field.name: changes[field.name] for field in event.fields},
            reason=reason,
        )
    return new


def _refuse_oneself(email: str, actor: Access) -> None:
    own = EmailAddress.objects.filter(user_id=actor.identity.id, email=email)
    if own.exists():
        raise ValidationError(
            {"email": ValidationError("You may not name yourself.", code="own_address")}
        )


def _insert(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT container_create(%s, %s, %s, %s, %s)",
            [
                organization.id,
                organization.name,
                organization.slug,
                organization.policies,
                organization.entitlements,
            ],
        )


def _invite_owner(organization: Organization, email: str, actor: Access) -> tuple[Invitation, str]:
    """Invite a first owner; the links of those who were invited before end.

    Through a door of the database: the portal reads no invitation of anybody.
    """
    token = secrets.token_urlsafe(32)
    hashed = hash_of(token)
    invitation = Invitation(
        organization=organization,
        email=email,
        role=Role.OWNER,
        token_hash=hashed,
        expires_at=timezone.now() + datetime.timedelta(days=settings.INVITATION_DAYS),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT revoked, address FROM container_invite_owner(%s, %s, %s, %s)",
            [invitation.id, email, hashed, invitation.expires_at],
        )
        revoked = [Target("invitation", *row) for row in cursor.fetchall()]
    for target in revoked:
        _record_inside(Event.INVITATION_REVOKED, organization, target, {}, actor)
    changes: dict[str, Change] = {
        "role": (None, invitation.role_label),
        "expires_at": (None, invitation.expires_at.isoformat(timespec="seconds")),
    }
    target = Target("invitation", invitation.id, email)
    _record_inside(Event.INVITATION_SENT, organization, target, changes, actor)
    return invitation, token


def _record_inside(
    event: Event,
    organization: Organization,
    target: Target,
    changes: dict[str, Change],
    actor: Access,
) -> None:
    ledger.record(
        event,
        organization=organization.id,
        actor=actor.identity,
        target=target,
        changes=changes,
    )
