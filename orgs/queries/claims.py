"""Reads about claims of ownership: those that run, those that are over, what the clock finds."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils import timezone

from config.keyset import Page, keyset_page
from orgs.models import OrganizationDomain, OwnerClaim

RUNNING = (OwnerClaim.State.ASKED, OwnerClaim.State.OPEN)


def running_claims(org: UUID) -> list[OwnerClaim]:
    """The one that was announced first, then those that still wait to be."""
    found = OwnerClaim.objects.in_org(org).filter(state__in=RUNNING)
    return list(found.order_by("-state", "created_at", "id"))


def open_claim(org: UUID) -> OwnerClaim | None:
    return OwnerClaim.objects.in_org(org).filter(state=OwnerClaim.State.OPEN).first()


def claim_list(org: UUID, *, cursor: str | None, size: int = 25) -> Page[OwnerClaim]:
    """One page of those that are over, newest first."""
    found = OwnerClaim.objects.in_org(org).exclude(state__in=RUNNING)
    return keyset_page(found, order=("-created_at", "-id"), cursor=cursor, size=size)


def proved_domains(org: UUID) -> list[OrganizationDomain]:
    found = OrganizationDomain.objects.in_org(org).filter(verified_at__isnull=False)
    return list(found.order_by("domain"))


@dataclass(frozen=True, slots=True)
class Due:
    """A claim for which the clock has something to do, somewhere."""

    organization: UUID
    claim: UUID


def claims_due() -> list[Due]:
    """Across the organizations, by their narrow path: for the job that advances them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM owner_claims_due(%s)", [timezone.now()])
        return [Due(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the platform has said about an organization without an owner, as its portal sees it."""

    id: UUID
    email: str
    named_by: str
    reason: str
    state: str
    created_at: datetime.datetime
    ripe_at: datetime.datetime | None
    closed_at: datetime.datetime | None

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def label(self) -> str:
        return OwnerClaim.State(self.state).label


def owner_accounts(organization: UUID) -> int:
    """How many owners with an account a container has, those kept out by the platform as well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT owner_accounts(%s)", [organization])
        return int(cursor.fetchone()[0])


def assignment_of(organization: UUID) -> Assignment | None:
    """The newest one; none outside the portal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM owner_assignment_of(%s)", [organization])
        row = cursor.fetchone()
    return Assignment(*row) if row else None
