"""Deeds on support windows: letting support in for a while, and out again.

A window is a membership with an end. That the end is kept is for whatever decides; clearing away
what is over is `support_clear`'s, for the clock. Cases are in `support_cases.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import Truncator
from uuid6 import uuid7

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from config.database import constraint_of
from config.prepared import prepared_row
from config.roles import Permission, Role
from config.text import NAME_LENGTH
from orgs.access import Access, require
from orgs.leaving import leave
from orgs.models import Membership, SupportWindow
from orgs.tenancy import bound

MOST_PEOPLE = 5
SHORTEST, LONGEST = 1, 168
UNKNOWN = "Nobody in support has this address. Ask support for theirs."
_PERSON = "SELECT id, name FROM support_person(%s)"


@transaction.atomic
def support_open(
    *, emails: Sequence[str], hours: int, may_change: bool, reason: str, actor: Access
) -> list[SupportWindow]:
    """Let these superadmins in for so many hours: all of them, or nobody (S1-020, S2-138).

    They come as Viewer, to read only, or as Admin; never as Owner, and on no seat. Raises
    ValidationError: `forbidden`, `people`, `hours`, `reason`, `unknown`, `own_address`,
    `already_member`.
    """
    require(actor, Permission.ORG_OPEN_SUPPORT_ACCESS)
    emails = list(dict.fromkeys(emails))
    if not 1 <= len(emails) <= MOST_PEOPLE:
        raise ValidationError("Name one to five people.", code="people")
    if not SHORTEST <= hours <= LONGEST:
        raise ValidationError("A window is open for 1 to 168 hours.", code="hours")
    if not reason:
        raise ValidationError("Say why: support and your log read it.", code="reason")
    # What is over makes room for another.
    support_clear(organization=actor.org.id, actor=ledger.SYSTEM)
    people = [_person(email, actor) for email in emails]
    until = timezone.now() + datetime.timedelta(hours=hours)
    windows = [_open(who, until, may_change, reason, actor) for who in people]
    for window in windows:
        _record_opened(window, actor)
    return windows


@transaction.atomic
def support_end(*, window: SupportWindow, reason: str, actor: Access) -> SupportWindow:
    """Let support out at once: the membership goes, and what it held (S1-020).

    Raises ValidationError: `forbidden`, `closed`.
    """
    require(actor, Permission.ORG_OPEN_SUPPORT_ACCESS)
    # Support's own deed holds its membership's row; the window's comes after, as in the database.
    members = Membership.objects.in_org(window.organization_id).select_for_update()
    list(members.filter(pk=window.actor))
    rows = SupportWindow.objects.in_org(window.organization_id).select_for_update(no_key=True)
    found = rows.filter(pk=window.pk).first()
    if found is None or found.closed_at is not None:
        raise ValidationError("This window is closed already.", code="closed")
    _close(found, actor.identity, by=actor.membership_id, reason=reason)
    return found


@transaction.atomic
def support_end_all(*, reason: str, actor: Access) -> list[SupportWindow]:
    """Let everybody of support out. Raises ValidationError: `forbidden`."""
    require(actor, Permission.ORG_OPEN_SUPPORT_ACCESS)
    windows = SupportWindow.objects.in_org(actor.org.id).filter(closed_at=None).order_by("id")
    ended = []
    for window in windows:
        try:
            ended.append(support_end(window=window, reason=reason, actor=actor))
        except ValidationError as error:
            if error.code != "closed":
                raise
    return ended


def support_clear(*, organization: UUID, actor: Actor) -> int:
    """Clear away the windows of the bound organization whose time is up. May run twice."""
    over = SupportWindow.objects.in_org(organization).filter(
        closed_at=None, until__lte=timezone.now()
    )
    cleared = 0
    for window in over.order_by("id"):
        with bound(organization):
            list(
                Membership.objects.in_org(organization).select_for_update().filter(pk=window.actor)
            )
            rows = SupportWindow.objects.in_org(organization).select_for_update(no_key=True)
            if found := rows.filter(pk=window.pk, closed_at=None).first():
                _close(found, actor, by=None, reason="Its time was up.")
                cleared += 1
    return cleared


def _person(email: str, actor: Access) -> tuple[UUID, str, str]:
    """A superadmin by address: id, name, address. The same answer for everybody else."""
    row = prepared_row(_PERSON, [email])
    if row is None:
        raise ValidationError({"emails": ValidationError(f"{email}: {UNKNOWN}", code="unknown")})
    person, name = row
    if person == actor.person_id:
        message = "You may not let yourself in as support."
        raise ValidationError({"emails": ValidationError(message, code="own_address")})
    here = Membership.objects.in_org(actor.org.id)
    if here.filter(person=person).exists() or here.filter(email=email).exists():
        message = f"{email} is in {actor.org.name} already."
        raise ValidationError({"emails": ValidationError(message, code="already_member")})
    return person, name, email


def _open(
    who: tuple[UUID, str, str],
    until: datetime.datetime,
    may_change: bool,
    reason: str,
    actor: Access,
) -> SupportWindow:
    person, name, email = who
    try:
        with transaction.atomic():
            member = Membership.objects.create(
                id=uuid7(),
                organization_id=actor.org.id,
                person_id=person,
                role=Role.ADMIN if may_change else Role.VIEWER,
                name=support_name(name),
                email=email,
                origin=Membership.Origin.SUPPORT,
                invited_by_id=actor.membership_id,
                reason=reason,
                expires_at=until,
            )
    except IntegrityError as error:
        if constraint_of(error) not in ("membership_one_per_person", "membership_email"):
            raise
        message = f"{email} is in {actor.org.name} already."
        raise ValidationError(message, code="already_member") from error
    return SupportWindow.objects.create(
        organization_id=actor.org.id,
        membership=member,
        actor=member.pk,
        name=name[:NAME_LENGTH],
        email=email,
        may_change=may_change,
        reason=reason,
        opened_by_id=actor.membership_id,
        opened_by_name=actor.identity.label[:NAME_LENGTH],
        opened_at=member.joined_at,
        until=until,
    )


def support_name(name: str) -> str:
    """How the organization and its log call somebody of support."""
    mark = " (support)"
    return Truncator(name).chars(NAME_LENGTH - len(mark)) + mark


def _close(window: SupportWindow, actor: Actor, *, by: UUID | None, reason: str) -> None:
    members = Membership.objects.in_org(window.organization_id).filter(pk=window.actor)
    leave(organization=window.organization_id, members=[window.actor], actor=actor)
    members.delete()
    # Its trigger has closed the window; here it is said by whom.
    window.refresh_from_db()
    window.closed_at = window.closed_at or timezone.now()
    window.closed_by_id = by
    window.closed_by_name = actor.label[:NAME_LENGTH] if by else ""
    window.save(update_fields=["closed_at", "closed_by", "closed_by_name"])
    ledger.record(
        Event.SUPPORT_ENDED,
        organization=window.organization_id,
        actor=actor,
        target=target_of(window),
        changes={"ends_at": (window.until, window.closed_at)},
        reason=reason,
    )


def _record_opened(window: SupportWindow, actor: Access) -> None:
    ledger.record(
        Event.SUPPORT_OPENED,
        organization=window.organization_id,
        actor=actor.identity,
        target=target_of(window),
        changes={"may": (None, window.mode.lower()), "ends_at": (None, window.until)},
        reason=window.reason,
    )


def target_of(window: SupportWindow) -> Target:
    """As who acts through it: the log is filtered by this id."""
    return Target("member", window.actor, support_name(window.name))
