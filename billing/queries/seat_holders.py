"""Who would have to go where a plan has too few seats: whoever came last, invited or joined."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from orgs.models import Invitation, Membership
from orgs.seats import Counted, seats

SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Somebody with a seat: a member, or an address that was invited."""

    pk: UUID
    name: str
    note: str
    since: datetime.datetime
    is_invited: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TooMany:
    """So many more than there would be seats; `latest` are those who came last."""

    number: int
    used: int
    latest: list[Holder]

    @property
    def others(self) -> int:
        return self.number - len(self.latest)


def too_many(organization: Counted, room: int) -> TooMany | None:
    """None where everybody fits. Two queries, however many there are."""
    used = seats(organization).used
    number = used - room
    if number <= 0:
        return None
    shown = min(number, SHOWN)
    found = sorted(
        [*_invited(organization.pk, shown), *_joined(organization.pk, shown)],
        key=lambda holder: holder.since,
        reverse=True,
    )
    return TooMany(number=number, used=used, latest=found[:shown])


def _invited(organization: UUID, most: int) -> list[Holder]:
    pending = Invitation.objects.in_org(organization).filter(
        state=Invitation.State.PENDING, expires_at__gt=timezone.now()
    )
    return [
        Holder(
            pk=each.pk,
            name=each.email,
            note="Invited, has not answered",
            since=each.sent_at or each.created_at,
            is_invited=True,
        )
        for each in pending.order_by("-created_at", "-id")[:most]
    ]


def _joined(organization: UUID, most: int) -> list[Holder]:
    members = Membership.objects.in_org(organization).filter(person__isnull=False)
    members = members.exclude(origin=Membership.Origin.SUPPORT)
    return [
        Holder(
            pk=each.pk,
            name=each.name,
            note=each.role_label,
            since=each.joined_at,
            is_invited=False,
        )
        for each in members.order_by("-joined_at", "-id")[:most]
    ]
