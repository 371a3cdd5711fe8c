"""What the dashboard shows: counts, what waits for this person, and who is there by role.

Only what is stored, and only what this person may read elsewhere too.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from audit.models import Event, Outcome
from config.keyset import capped_count
from config.moments import human_time
from config.roles import Permission, Role
from orgs.access import Access
from orgs.dashboard_parts import Fact, Waiting
from orgs.keys import active_keys, counted_keys
from orgs.models import Invitation, SupportWindow
from orgs.queries.members import offer_for
from orgs.queries.organizations import owner_names

SOON = datetime.timedelta(hours=48)
ENOUGH_OWNERS = 3
MOST = 10_000
MOST_ENDING = 3


class Ending(NamedTuple):
    """What is told of an invitation that ends soon."""

    expires_at: datetime.datetime
    id: UUID
    email: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Invited:
    """Invitations that wait: `pending` of every age, and of those the ones still `open`.

    `ending` are the first of those that end soon.
    """

    pending: int
    open: int
    next_end: datetime.datetime | None
    ending: Sequence[Ending]


def invited(organization: UUID) -> Invited:
    """One query, of no more rows than the cap."""
    rows = Invitation.objects.in_org(organization).filter(state=Invitation.State.PENDING)
    newest = rows.order_by("-expires_at", "-id").values_list("expires_at", "id", "email", "role")
    found, now = [Ending(*row) for row in newest[: MOST + 1]], timezone.now()
    still = [one for one in reversed(found) if one.expires_at > now]
    return Invited(
        pending=len(found),
        open=len(still),
        next_end=still[0].expires_at if still else None,
        ending=[one for one in still[:MOST_ENDING] if one.expires_at <= now + SOON],
    )


def keys_fact(access: Access) -> Fact:
    """The live keys (S1-007), with the way to them for who manages them."""
    url = ""
    if access.can(Permission.KEYS_CREATE):
        url = reverse("key_list", args=[access.org.slug])
    live = active_keys(access.org.id)
    note = "Neither revoked nor expired" if live else "No key works now"
    return Fact(label="Active keys", value=counted_keys(live), note=note, url=url)


def team_pairs(access: Access, now: Invited | None) -> list[Fact]:
    """How many there are, and how many more there may be, as far as this person may read it."""
    org = access.org
    shown: list[Fact] = []
    if access.can(Permission.MEMBERS_VIEW):
        url = reverse("member_list", args=[org.slug])
        note = _count(org.owner_count, "owner")
        shown.append(Fact(label="Members", value=f"{org.member_count:,}", note=note, url=url))
    if now is None:
        return shown
    seats = f"{org.seats_used:,}" if org.seats is None else f"{org.seats_used:,} of {org.seats:,}"
    shown.append(Fact(label="Seats in use", value=seats))
    note = (
        "" if now.next_end is None else f"next ends {human_time(now.next_end, now=timezone.now())}"
    )
    url = reverse("invitation_list", args=[org.slug])
    shown.append(Fact(label="Pending invitations", value=capped(now.open), note=note, url=url))
    return shown


def pending_invitations(organization: UUID) -> int:
    """Invitations that may still be accepted, counted no further than the cap."""
    return capped_count(_open(organization))


def _open(organization: UUID) -> QuerySet[Invitation]:
    pending = Invitation.objects.in_org(organization).filter(state=Invitation.State.PENDING)
    return pending.filter(expires_at__gt=timezone.now())


def denied_attempts(organization: UUID, *, since: datetime.datetime) -> int:
    """Denied attempts since then, counted no further than the cap."""
    return capped_count(
        Event.objects.filter(organization_id=organization, outcome=Outcome.DENIED, at__gte=since)
    )


def waiting(access: Access, now: Invited | None) -> list[Waiting]:
    """What waits for this person, the most pressing first."""
    items: list[Waiting] = _my_offer(access) + _unread(access)
    if now is not None:
        items += _ending_invitations(access, now.ending)
    if access.can(Permission.MEMBERS_CHANGE_ROLE):
        items += _owners_to_mind(access)
    if now is not None:
        items += _placeholders(access, now)
    return items


def _unread(access: Access) -> list[Waiting]:
    """Requests to decide, answers and ends: this person was told of each, so nothing is counted."""
    if not access.unread:
        return []
    return [
        Waiting(
            icon="inbox",
            title=_count(access.unread, "unread notice"),
            note="What you were asked, answered and told",
            url=f"{reverse('inbox', args=[access.org.slug])}?tab=notices",
            deed="Open",
        )
    ]


def _my_offer(access: Access) -> list[Waiting]:
    org = access.org
    offer = offer_for(access.membership_id, org=org.id)
    if offer is None:
        return []
    return [
        Waiting(
            icon="key",
            tone="accent",
            title=f"{offer.offered_by.name} offers you ownership of {org.name}",
            note=f"The offer ends {human_time(offer.expires_at, now=timezone.now())}",
            url=reverse("ownership_accept", args=[org.slug, offer.id]),
            deed="Answer",
        )
    ]


def _ending_invitations(access: Access, ending: Sequence[Ending]) -> list[Waiting]:
    return [
        Waiting(
            icon="envelope",
            title=f"An invitation expires {human_time(one.expires_at, now=timezone.now())}",
            note=f"{one.email}, as {Role(one.role).label}",
            url=reverse("invitation_resend", args=[access.org.slug, one.id]),
            deed="Send again",
            posts=True,
            busy="Sending",
        )
        for one in ending
    ]


def _owners_to_mind(access: Access) -> list[Waiting]:
    org = access.org
    if org.owner_count == 1:
        is_me = access.role is Role.OWNER
        (name, *_) = [access.identity.label] if is_me else owner_names(org.id) or ["The owner"]
        return [
            Waiting(
                icon="key",
                tone="accent",
                title="There is only one owner",
                note=f"While {name} is away, nobody changes roles or billing. Two are safer.",
                url=reverse("member_list", args=[org.slug]),
                deed="Choose a second",
            )
        ]
    if org.owner_count > ENOUGH_OWNERS:
        return [
            Waiting(
                icon="key",
                tone="accent",
                title=f"{org.owner_count} people are owners",
                note="Each of them may delete the organization. Two or three are enough.",
                url=f"{reverse('member_list', args=[org.slug])}?role={Role.OWNER}",
                deed="Look at them",
            )
        ]
    return []


def _placeholders(access: Access, now: Invited) -> list[Waiting]:
    org = access.org
    # Whoever can sign in takes a seat, and so does a pending invitation; the rest cannot.
    missing = org.member_count - (org.seats_used - now.pending)
    if access.standing.support_until:
        # Support is in without a seat.
        windows = SupportWindow.objects.in_org(org.id).filter(closed_at=None)
        missing -= windows.count()
    if missing <= 0:
        return []
    return [
        Waiting(
            icon="user-plus",
            title=f"{_count(missing, 'person', 'people')} cannot sign in yet",
            note="Imported from a roster and known by a login alone. Invite them to let them in.",
            url=f"{reverse('member_list', args=[org.slug])}?status=placeholder",
            deed="Look at them",
        )
    ]


def capped(number: int, cap: int = 10_000) -> str:
    return f"{cap:,}+" if number > cap else f"{number:,}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
