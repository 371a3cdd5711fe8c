"""Deeds on an organization itself."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from uuid import UUID

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
from orgs.founding import founded
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
        founded(organization)
        ledger.record(
            Event.ORGANIZATION_CREATED,
            organization=organization.id,
            actor=Actor(
                "member", founder.id, founder.name, actor.ip, actor.user_agent, actor.request_id
            ),
            target=target_of(organization),
            changes={"name": (None, name), "slug": (None, slug), "state": (None, "open")},
        )
    return organization


@transaction.atomic
def organization_change(*, organization: UUID, name: str, actor: Access) -> Organization:
    """Give an organization another name; its address stays, because links rest on it (S4-003)."""
    found = _locked(organization)
    old = found.name
    if name == old:
        return found
    found.name = name
    found.save(update_fields=["name"])
    ledger.record(
        Event.ORGANIZATION_CHANGED,
        organization=found.id,
        actor=actor.identity,
        target=target_of(found),
        changes={"name": (old, name)},
    )
    return found


@transaction.atomic
def organization_change_policies(
    *, organization: UUID, policies: frozenset[Policy], seen: frozenset[Policy], actor: Access
) -> Organization:
    """Turn policies on and off, all at once (S2-028). `seen` is what stood when they were chosen.

    Raises ValidationError: `changed_meanwhile` when somebody else was first, so that nothing of
    theirs is undone unseen.
    """
    found = Organization.objects.select_for_update(no_key=True).get(id=organization)
    old = frozenset(Policy(policy) for policy in found.policies)
    if policies == old:
        return found
    if seen != old:
        raise ValidationError(
            "The policies were changed since you opened this page. Nothing was saved.",
            code="changed_meanwhile",
            params={"current": old},
        )
    found.policies = sorted(policies)
    found.save(update_fields=["policies"])
    ledger.record(
        Event.ORGANIZATION_POLICIES_CHANGED,
        organization=found.id,
        actor=actor.identity,
        target=target_of(found),
        changes={"policies": (_labels(old), _labels(policies))},
    )
    return found


@transaction.atomic
def organization_close(*, organization: UUID, reason: str, actor: Access) -> Organization:
    """Shut the organization for everyone now, and set the day on which it is deleted for good.

    Until then an owner may restore it; nothing is lost before (S2-020). What nobody ever took up,
    or was archived, goes the same way. Raises ValidationError: `state`.
    """
    found = _locked(organization)
    state = Organization.State
    if found.state == state.CLOSING:
        return found
    _require_state(found, state.OPEN, state.ARCHIVED, state.PENDING)
    return _turn(
        found,
        Event.ORGANIZATION_CLOSED,
        state=Organization.State.CLOSING,
        closes_at=timezone.now() + datetime.timedelta(days=settings.CLOSING_DAYS),
        reason=reason,
        actor=actor.identity,
    )


@transaction.atomic
def organization_restore(*, organization: UUID, actor: Access, reason: str = "") -> Organization:
    """Open an organization again that was to be deleted, exactly as it was; one in which nobody
    ever was waits for its first owner again.

    Raises ValidationError: `not_closing`, for one that is suspended.
    """
    found = _locked(organization)
    if found.state == Organization.State.OPEN:
        return found
    if found.state != Organization.State.CLOSING:
        raise ValidationError(
            "This organization is not about to be deleted, so there is nothing to restore.",
            code="not_closing",
        )
    return _turn(
        found,
        Event.ORGANIZATION_RESTORED,
        state=Organization.State.OPEN if found.member_count else Organization.State.PENDING,
        closes_at=None,
        reason=reason,
        actor=actor.identity,
    )


def organization_archive(*, organization: UUID, reason: str, actor: Actor) -> Organization:
    """Shut an open organization for everyone by agreement, until an operator opens it again.

    As a suspension in all but the words: nothing is lost, and nobody did wrong (S2-008). Raises
    ValidationError: `state`.
    """
    shut = (Event.ORGANIZATION_ARCHIVED, Organization.State.ARCHIVED)
    return _shut(organization, *shut, reason=reason, actor=actor)


def organization_unarchive(*, organization: UUID, reason: str, actor: Actor) -> Organization:
    """Bring an archived organization back; everything is as it was."""
    shut = (Event.ORGANIZATION_RESTORED, Organization.State.ARCHIVED)
    return _open_again(organization, *shut, reason=reason, actor=actor)


def organization_suspend(*, organization: UUID, reason: str, actor: Actor) -> Organization:
    """Shut an open organization for everyone, with the reason that they read (S2-008).

    For the platform's operators; whoever calls has asked whether this actor is one.
    """
    shut = (Event.ORGANIZATION_SUSPENDED, Organization.State.SUSPENDED)
    return _shut(organization, *shut, reason=reason, actor=actor)


def organization_resume(*, organization: UUID, reason: str, actor: Actor) -> Organization:
    """Lift the suspension; everything is as it was."""
    shut = (Event.ORGANIZATION_RESUMED, Organization.State.SUSPENDED)
    return _open_again(organization, *shut, reason=reason, actor=actor)


def organization_delete(*, organization: UUID, now: datetime.datetime, actor: Actor) -> bool:
    """Delete a container for good once its days of grace are over; its ledger stays.

    False when it was restored meanwhile. The platform's own ledger remembers it as well, because
    nobody can be bound to an organization that is gone.
    """
    with bound(organization):
        due = Organization.objects.filter(
            id=organization, state=Organization.State.CLOSING, closes_at__lte=now
        )
        found = due.select_for_update().first()
        if found is None:
            return False
        target = target_of(found)
        found.delete()
        ledger.record(
            Event.ORGANIZATION_DELETED, organization=organization, actor=actor, target=target
        )
        ledger.record_platform(Event.ORGANIZATION_DELETED, actor=actor, target=target)
    return True


def _locked(organization: UUID) -> Organization:
    """The container alone: its states are also turned from the portal, which sees no more of it."""
    rows = Organization.objects.as_containers().select_for_update(no_key=True)
    return rows.get(id=organization)


def _require_state(organization: Organization, *states: Organization.State) -> None:
    if organization.state not in states:
        wanted = " or ".join(state.label.lower() for state in states)
        raise ValidationError(
            "This takes an organization that is %(state)s; it is %(has)s.",
            code="state",
            params={"state": wanted, "has": organization.get_state_display().lower()},
        )


def _shut(
    organization: UUID, event: Event, state: Organization.State, *, reason: str, actor: Actor
) -> Organization:
    """From open to this state; the same again changes nothing."""
    with bound(organization):
        found = _locked(organization)
        if found.state == state and found.state_reason == reason:
            return found
        _require_state(found, Organization.State.OPEN)
        return _turn(found, event, state=state, closes_at=None, reason=reason, actor=actor)


def _open_again(
    organization: UUID, event: Event, shut: Organization.State, *, reason: str, actor: Actor
) -> Organization:
    """From this state to open; one that is open already stays so."""
    with bound(organization):
        found = _locked(organization)
        if found.state == Organization.State.OPEN:
            return found
        _require_state(found, shut)
        state = Organization.State.OPEN
        return _turn(found, event, state=state, closes_at=None, reason=reason, actor=actor)


def _turn(
    organization: Organization,
    event: Event,
    *,
    state: Organization.State,
    closes_at: datetime.datetime | None,
    reason: str,
    actor: Actor,
) -> Organization:
    """Into another state, with the day on which it ends and the reason that everyone reads."""
    changes: dict[str, ledger.Change] = {
        "state": (organization.state, state.value),
        "closes_at": (organization.closes_at, closes_at),
    }
    organization.state, organization.closes_at = state, closes_at
    shut = state not in (Organization.State.OPEN, Organization.State.PENDING)
    organization.state_reason = reason if shut else ""
    organization.save(update_fields=["state", "closes_at", "state_reason"])
    ledger.record(
        event,
        organization=organization.id,
        actor=actor,
        target=target_of(organization),
        changes={field.name: changes[field.name] for field in event.fields},
        reason=reason,
    )
    return organization


def _labels(policies: frozenset[Policy]) -> list[str]:
    return [policy.label for policy in Policy if policy in policies]


def insert_with_free_address(
    organization: Organization, *, insert: Callable[[], object] | None = None
) -> None:
    """Insert, or raise ValidationError: `address_taken` for an address in use or reserved.

    `insert` does it in a way of its own. Both get the same words, so that the answer says nothing
    about who uses an address.
    """
    taken = ValidationError(
        {"slug": ValidationError("This address is not available. Choose another.", "address_taken")}
    )
    if organization.slug in RESERVED_SLUGS:
        raise taken
    try:
        with transaction.atomic():
            insert() if insert else organization.save(force_insert=True)
    except IntegrityError as error:
        raise taken from error


def target_of(organization: Organization) -> Target:
    return Target("organization", organization.id, organization.name)
