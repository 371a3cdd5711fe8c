"""Reads about invitations: lists, what a link stands for. Seats are in `orgs/seats.py`."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from config.keyset import Page, keyset_page
from config.prepared import prepared_row
from config.roles import Role
from orgs.access import Access
from orgs.models import Invitation, Membership
from orgs.models.tenant import TenantQuerySet

_PEEK = "SELECT * FROM peek_invitation(%s)"
State = Invitation.State


def invitations_in(org: UUID, state: str, search: str = "") -> TenantQuerySet[Invitation]:
    """The invitations that people would call pending, expired and so on: time decides, not jobs."""
    overdue = Q(state=State.PENDING, expires_at__lte=timezone.now())
    condition = {
        State.PENDING.value: Q(state=State.PENDING) & ~overdue,
        State.EXPIRED.value: Q(state=State.EXPIRED) | overdue,
    }.get(state, Q(state=state))
    found = Invitation.objects.in_org(org).filter(condition).select_related("invited_by")
    return found.filter(email__contains=search.lower()) if search else found


def invitation_list(
    *, org: UUID, state: str, search: str, cursor: str | None, size: int = 50
) -> Page[Invitation]:
    """One page, newest first."""
    found = invitations_in(org, state, search).annotate(closed_at=_CLOSED)
    return keyset_page(found, order=("-created_at", "-id"), cursor=cursor, size=size)


def recently_closed(*, org: UUID, days: int = 30, most: int = 10) -> list[Invitation]:
    """What became of the newest invitations that are open no more."""
    since = timezone.now() - datetime.timedelta(days=days)
    found = Invitation.objects.in_org(org).annotate(closed_at=_CLOSED).select_related("invited_by")
    closed = found.filter(
        ~Q(state=State.PENDING) | Q(expires_at__lte=timezone.now()), closed_at__gt=since
    )
    return list(closed.order_by("-closed_at", "-id")[:most])


_CLOSED = Coalesce("answered_at", "expires_at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Roll:
    """What an organization knows of some addresses."""

    members: dict[str, Membership]
    invited: frozenset[str]
    own: frozenset[str]


def roll_of(access: Access, emails: Collection[str]) -> Roll:
    """Members, placeholders and open invitations under these addresses, in three queries."""
    org = access.org.id
    open_ones = invitations_in(org, State.PENDING.value).filter(email__in=emails)
    return Roll(
        members={m.email: m for m in Membership.objects.in_org(org).filter(email__in=emails)},
        invited=frozenset(open_ones.values_list("email", flat=True)),
        own=frozenset(
            EmailAddress.objects.filter(
                user__memberships__organization=org, user__memberships__id=access.membership_id
            ).values_list("email", flat=True)
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Glimpse:
    """What whoever holds a link may see of its invitation."""

    id: UUID
    organization_id: UUID
    organization_name: str
    email: str
    role: str
    state: str
    expires_at: datetime.datetime
    invited_by: str | None

    @property
    def role_label(self) -> str:
        return Role(self.role).label

    @property
    def is_open(self) -> bool:
        return self.state == State.PENDING

    def is_for(self, person: User) -> bool:
        """Has this person proved to be behind the invited address?"""
        verified = EmailAddress.objects.filter(user=person, verified=True)
        return bool(verified.filter(email__iexact=self.email).exists())


def invitation_peek(token: str) -> Glimpse | None:
    """The invitation behind a link; its state may also be `closed`, for an organization that is."""
    row = prepared_row(_PEEK, [hash_of(token)])
    return Glimpse(**dict(zip(Glimpse.__slots__, row, strict=True))) if row else None


def hash_of(token: str) -> bytes:
    """What is kept of a link's token: nobody who reads the table can follow the link."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def invited_address(token: str) -> str:
    """The address that an open invitation's link was sent to; "" for any other link."""
    row = prepared_row("SELECT email, state FROM peek_invitation(%s)", [hash_of(token)])
    return str(row[0]) if row and row[1] == Invitation.State.PENDING else ""
