"""What was given on a place itself, and to whom a role there may still be given.

Everyone who has access, by whatever path, is in access.py.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from config.roles import MANAGING_ROLES, Role, Scope
from orgs.access import Access
from orgs.grants import role_of
from orgs.models import Group, Membership
from orgs.queries.groups import live_seats, visible_groups
from orgs.queries.members import members_matching, search_query
from projects.actions.shares import TABLES, AnyPlace
from projects.queries.access import PAGE_SIZE, Found, moment, read_page

OFFERED_PEOPLE, OFFERED_GROUPS = 12, 6
MANY_OWNERS = 3
UNUSED_AFTER = datetime.timedelta(days=90)

_GIVEN_PAGE = "SELECT given_page(%s, %s, %s::uuid, %s, %s::text, %s::uuid, %s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """A role given on a place itself, to a person or to a group.

    `name` is empty for a secret group that the reader may not see.
    """

    id: UUID
    sort_name: str
    is_group: bool
    holder: UUID | None
    name: str
    known_as: str
    people: int
    role: Role
    since: datetime.datetime
    by: str
    reason: str
    until: datetime.datetime | None
    has_ended: bool
    active: datetime.datetime | None

    @property
    def is_unused(self) -> bool:
        """Somebody may manage here and has not been seen for a long time (S2-163)."""
        if self.is_group or self.role not in MANAGING_ROLES:
            return False
        seen = self.active or self.since
        return max(seen, self.since) < timezone.now() - UNUSED_AFTER


@dataclass(frozen=True, slots=True)
class Spread:
    """How the roles given to people on a place are spread (S2-163)."""

    counts: list[tuple[Role, int]]
    groups: int

    @property
    def people(self) -> int:
        return sum(number for _, number in self.counts)

    @property
    def owners(self) -> int:
        return dict(self.counts).get(Role.PROJECT_OWNER, 0)

    @property
    def has_many_owners(self) -> bool:
        """More hold everything than a project needs: over three, or over half of its people."""
        return self.owners > MANY_OWNERS or (self.owners > 1 and self.owners * 2 > self.people)

    @property
    def sentence(self) -> str:
        """ "2 Project Owners, 9 Project Members and 1 group"."""
        said = [
            f"{number} {role.label}{'' if number == 1 else 's'}" for role, number in self.counts
        ]
        if self.groups:
            said.append(f"{self.groups} {'group' if self.groups == 1 else 'groups'}")
        return ", ".join(said)


def given_page(
    *,
    access: Access,
    place: AnyPlace,
    search: str = "",
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> Found:
    """What was given on the place itself, by the name of who got it, ended or not. One query."""
    about = [place.pk, search_query(search)]
    return read_page(_GIVEN_PAGE, about, _given, access=access, cursor=cursor, size=size)


def spread(place: AnyPlace) -> Spread:
    """How many people and groups hold which role that was given here. One query."""
    people, groups = (
        table.objects.in_org(place.organization_id)
        .live()
        .filter(content_object=place)
        .order_by()
        .values_list("permission_id", Value(table is TABLES[place.scope][1]))
        .annotate(number=Count("pk"))
        for table in TABLES[place.scope]
    )
    rows = list(people.union(groups, all=True))
    counted = {role_of(role): number for role, is_group, number in rows if not is_group}
    groups_given = sum(number for _, is_group, number in rows if is_group)
    return Spread([(role, counted[role]) for role in Role if role in counted], groups_given)


def people_offered(access: Access, place: AnyPlace, search: str) -> list[Membership]:
    """The first people who match and hold no role given to them here; never oneself."""
    members = who_may_get(access, place)
    if access.membership_id is not None:
        members = members.exclude(pk=access.membership_id)
    held = TABLES[place.scope][0].objects.live().filter(content_object=place)
    members = members.filter(~Exists(held.filter(user=OuterRef("person"))))
    found = members_matching(members, search).order_by("sort_name", "id")
    return list(found[:OFFERED_PEOPLE])


def groups_offered(access: Access, place: AnyPlace, search: str) -> list[Group]:
    """The first groups that match, are visible and hold no role given to them here."""
    held = TABLES[place.scope][1].objects.live().filter(content_object=place)
    groups = visible_groups(access).filter(~Exists(held.filter(group=OuterRef("pk"))))
    if search:
        groups = groups.filter(name__icontains=search)
    groups = groups.annotate(people=Coalesce(Subquery(_people()), 0))
    return list(groups.order_by("sort_name", "id")[:OFFERED_GROUPS])


def who_may_get(access: Access, place: AnyPlace) -> QuerySet[Membership]:
    """Members who can hold a role here: they have joined, are still in, and work at its level."""
    members = Membership.objects.in_org(access.org.id).filter(person__isnull=False)
    members = members.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))
    if place.scope is not Scope.RESOURCE:
        members = members.exclude(role=Role.END_USER)
    return members


def _people() -> QuerySet[Any, Any]:
    """How many are in the group of the query around it, today."""
    seats = live_seats().filter(group=OuterRef("pk")).order_by().values("group")
    return seats.annotate(number=Count("pk")).values("number")


def _given(row: dict[str, Any]) -> Given:
    ends = [end for end in (moment(row["until"]), moment(row["ends"])) if end]
    return Given(
        id=UUID(row["id"]),
        sort_name=row["sort_name"],
        is_group=row["kind"] == "group",
        holder=UUID(row["holder"]) if row["holder"] else None,
        name=row["name"] or "",
        known_as=row["known_as"] or "",
        people=row["people"] or 0,
        role=Role(row["role"]),
        since=datetime.datetime.fromisoformat(row["since"]),
        by=row["by"] or "",
        reason=row["reason"] or "",
        until=min(ends, default=None),
        has_ended=any(end <= timezone.now() for end in ends),
        active=moment(row["active"]),
    )
