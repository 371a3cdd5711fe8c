"""What the team pages show: rows of the list with their groups, and what stands around them.

Plain lists of members are in members.py. Nothing here knows HTML or a request.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.utils import timezone

from config.roles import Permission
from orgs.access import Access
from orgs.keys import MOST as MOST_KEYS
from orgs.keys import live_keys
from orgs.models import Group, Invitation, Membership
from orgs.queries.groups import live_seats, visible_groups
from orgs.queries.members import member_list, open_offers

COUNTED = 10_000


class CountOf(Subquery):
    """How many rows a query has, as a column of another one: no round trip of its own."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the list: the member, with what this viewer may see of their groups."""

    member: Membership
    groups: Sequence[Group] = ()
    offer: UUID | None = None
    is_me: bool = False

    @property
    def groups_note(self) -> str:
        if len(self.groups) == 1:
            return self.groups[0].name
        return f"{len(self.groups)} groups" if self.groups else "No groups"


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands beside the list; `pending` is None for who may not invite."""

    pending: int | None = None
    live_keys: int = 0
    matching: int | None = None
    offer: UUID | None = None
    offer_by: str = ""
    offer_until: datetime.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Team:
    """A page of the list; `total` is one past the cap when there are more than are counted."""

    rows: list[Row] = field(default_factory=list)
    newer: str | None = None
    older: str | None = None
    total: int = 0
    around: Around = field(default_factory=Around)


def team_page(
    *,
    access: Access,
    members: QuerySet[Membership],
    filtered: bool,
    sort: str,
    cursor: str | None,
    size: int,
) -> Team:
    """Three queries, whatever the size: the rows, what stands around them, their groups."""
    page = member_list(with_offers(access, members), sort=sort, cursor=cursor, size=size)
    around = team_around(access, counted=members if filtered else None)
    return Team(
        rows=rows_of(access, page.rows),
        newer=page.newer,
        older=page.older,
        total=access.org.member_count if around.matching is None else around.matching,
        around=around,
    )


def with_offers(access: Access, members: QuerySet[Membership]) -> QuerySet[Membership]:
    """Members with who invited them and, for who may offer ownership, the open offer to each."""
    members = members.select_related("invited_by")
    if not access.can(Permission.ORG_TRANSFER_OWNERSHIP):
        return members
    offers = open_offers(access.org.id).filter(offered_to=OuterRef("pk"))
    return members.annotate(offer=Subquery(offers.values("pk")[:1]))


def rows_of(access: Access, members: Sequence[Membership]) -> list[Row]:
    groups = groups_of(access, members)
    return [
        Row(
            member=member,
            groups=groups[member.pk],
            offer=getattr(member, "offer", None),
            is_me=member.pk == access.membership_id,
        )
        for member in members
    ]


def groups_of(access: Access, members: Sequence[Membership]) -> dict[UUID, list[Group]]:
    """The groups of each member now, by name; secret ones only where this viewer may see them."""
    groups: dict[UUID, list[Group]] = defaultdict(list)
    if not members or not access.can(Permission.GROUPS_VIEW):
        return groups
    seats = (
        live_seats()
        .filter(organization=access.org.id, membership__in=[member.pk for member in members])
        .filter(group__in=visible_groups(access))
        .select_related("group")
        .order_by("group__sort_name", "group_id")
    )
    for seat in seats:
        groups[seat.membership_id].append(seat.group)
    return groups


def my_groups(access: Access) -> list[Group]:
    """The groups that one is in oneself now: always one's own to see."""
    seats = live_seats().filter(organization=access.org.id, membership=access.membership_id)
    return [seat.group for seat in seats.select_related("group").order_by("group__sort_name")]


def team_around(access: Access, *, counted: QuerySet[Membership] | None = None) -> Around:
    """Counts and the offer to oneself, in one query."""
    org, me = access.org.id, access.membership_id
    if me is None:
        return Around()
    pending = Invitation.objects.in_org(org).filter(
        state=Invitation.State.PENDING, expires_at__gt=timezone.now()
    )
    offer = open_offers(org).filter(offered_to=OuterRef("pk"))
    columns = {
        "offer": Subquery(offer.values("pk")[:1]),
        "offer_by": Subquery(offer.values("offered_by__name")[:1]),
        "offer_until": Subquery(offer.values("expires_at")[:1]),
    }
    if access.can(Permission.MEMBERS_INVITE):
        columns["pending"] = CountOf(pending.values("pk")[: COUNTED + 1])
    if counted is not None:
        columns["matching"] = CountOf(counted.order_by().values("pk")[: COUNTED + 1])
    if (keys := live_keys(org)) is not None:
        columns["live_keys"] = CountOf(keys.values("pk")[: MOST_KEYS + 1])
    members = Membership.objects.in_org(org).filter(pk=me)
    found: dict[str, Any] = dict(members.values(**columns).first() or ())
    return Around(**found | {"offer_by": found.get("offer_by") or ""})
