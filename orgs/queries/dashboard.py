"""What the dashboard shows: counts, what waits for this person, and who is there by role.

Only what is stored, and only what this person may read elsewhere too.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from audit.models import Event, Outcome
from config.keyset import capped_count
from config.moments import human_time
from config.roles import Permission, Role
from orgs.access import Access
from orgs.keys import active_keys, counted_keys
from orgs.models import Group, Invitation
from orgs.queries.members import offer_for
from orgs.queries.organizations import owner_names

SOON = datetime.timedelta(hours=48)
ENOUGH_OWNERS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One number of the strip at the top, what it means, and where it comes from."""

    label: str
    value: str
    note: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Something that this person may settle, and the one deed that does it."""

    icon: str
    title: str
    note: str
    url: str
    deed: str
    tone: str = ""
    posts: bool = False
    busy: str = ""


def facts(access: Access) -> list[Fact]:
    """The strip at the top, as far as this person may read it."""
    org = access.org
    shown: list[Fact] = []
    if access.can(Permission.MEMBERS_VIEW):
        shown.append(
            Fact(
                label="Members",
                value=f"{org.member_count:,}",
                note=_count(org.owner_count, "owner"),
                url=reverse("member_list", args=[org.slug]),
            )
        )
        shown.append(_keys(access))
    if access.can(Permission.MEMBERS_INVITE):
        shown.append(_seats(access))
        shown.append(_invitations(access))
    else:
        shown.append(Fact(label="Plan", value=org.plan_label, note="Owners decide it"))
    if access.can(Permission.AUDIT_VIEW):
        denied = denied_attempts(org.id, since=timezone.now() - datetime.timedelta(days=1))
        shown.append(
            Fact(
                label="Refused in the last 24 hours",
                value=capped(denied),
                note="Attempts that were denied",
                url=f"{reverse('event_list', args=[org.slug])}?outcome=denied",
            )
        )
    return shown


def _keys(access: Access) -> Fact:
    """The live keys (S1-007), with the way to them for who manages them."""
    url = ""
    if access.can(Permission.KEYS_CREATE):
        url = reverse("key_list", args=[access.org.slug])
    live = active_keys(access.org.id)
    note = "Neither revoked nor expired" if live else "No key works now"
    return Fact(label="Active keys", value=counted_keys(live), note=note, url=url)


def _seats(access: Access) -> Fact:
    org = access.org
    if org.seats is None:
        return Fact(label="Seats in use", value=f"{org.seats_used:,}", note="No limit in this plan")
    return Fact(
        label="Seats in use",
        value=f"{org.seats_used:,} of {org.seats:,}",
        note=f"{org.seats - org.seats_used:,} free",
    )


def _invitations(access: Access) -> Fact:
    found = list(
        _open(access.org.id).order_by("expires_at").values_list("expires_at", flat=True)[:1]
    )
    note = "None is open"
    if found:
        note = f"The next expires {human_time(found[0], now=timezone.now())}"
    return Fact(
        label="Pending invitations",
        value=capped(pending_invitations(access.org.id)),
        note=note,
        url=reverse("invitation_list", args=[access.org.slug]),
    )


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


def waiting(access: Access) -> list[Waiting]:
    """What waits for this person, the most pressing first."""
    items: list[Waiting] = _my_offer(access) + _unread(access)
    if access.can(Permission.MEMBERS_INVITE):
        items += _ending_invitations(access)
    if access.can(Permission.MEMBERS_CHANGE_ROLE):
        items += _owners_to_mind(access)
    if access.can(Permission.MEMBERS_INVITE):
        items += _placeholders(access)
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


def _ending_invitations(access: Access) -> list[Waiting]:
    org, now = access.org, timezone.now()
    ending = _open(org.id).filter(expires_at__lte=now + SOON).order_by("expires_at", "id")
    return [
        Waiting(
            icon="envelope",
            title=f"An invitation expires {human_time(invitation.expires_at, now=now)}",
            note=f"{invitation.email}, as {invitation.role_label}",
            url=reverse("invitation_resend", args=[org.slug, invitation.id]),
            deed="Send again",
            posts=True,
            busy="Sending",
        )
        for invitation in ending[:3]
    ]


def _owners_to_mind(access: Access) -> list[Waiting]:
    org = access.org
    if org.owner_count == 1:
        (name, *_) = owner_names(org.id) or ["The owner"]
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


def _placeholders(access: Access) -> list[Waiting]:
    org = access.org
    pending = capped_count(Invitation.objects.in_org(org.id).filter(state=Invitation.State.PENDING))
    # Whoever can sign in takes a seat, and so does a pending invitation; the rest cannot.
    missing = org.member_count - (org.seats_used - pending)
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


def my_groups(access: Access) -> list[Group]:
    """The groups that this person is in, by name."""
    if access.membership_id is None:
        return []
    groups = Group.objects.in_org(access.org.id).filter(
        seats__membership_id=access.membership_id, seats__organization_id=access.org.id
    )
    return list(groups.order_by("name")[:20])


def capped(number: int, cap: int = 10_000) -> str:
    return f"{cap:,}+" if number > cap else f"{number:,}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
