"""Reads of groups: which there are for whom, what they carry, and who is in them.

What a group brings to those in it is in group_reach.py, what a change of its roles did to them in
group_effect.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Now

from config.keyset import Page, keyset_page
from config.roles import GROUP_ROLES, READING_ROLES, Permission, Role
from orgs.access import Access
from orgs.grants import permission_id, role_of
from orgs.models import Group, GroupMembership, GroupRole, Membership
from orgs.queries.members import members_matching, search_query

ADDABLE = 20
FOUND = 8
MOST_COUNTED = 10_000
# The heads over the columns, in the order of the rule book.
BLOCKS = (
    ("Administer", tuple(role for role in GROUP_ROLES if role not in READING_ROLES)),
    ("Read only", tuple(role for role in GROUP_ROLES if role in READING_ROLES)),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """One box of the table: a role, and whether the group carries it."""

    role: Role
    on: bool
    edge: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: the group, how many are in it, and its boxes."""

    group: Group
    people: int
    ticks: list[Tick]

    @property
    def carries(self) -> bool:
        return any(tick.on for tick in self.ticks)


@dataclass(frozen=True, slots=True)
class Groups:
    """A page of the table and where it stands; `total` is one past the cap when there are more."""

    lines: list[Line]
    page: Page[Group]
    first: int
    total: int

    @property
    def place(self) -> str:
        """Where the page stands: "51 to 100 of 766"."""
        if self.total > MOST_COUNTED:
            return f"{len(self.lines)} of more than {MOST_COUNTED:,}"
        return f"{self.first:,} to {self.first + len(self.lines) - 1:,} of {self.total:,}"


def visible_groups(access: Access) -> QuerySet[Group]:
    """A secret group is seen by those in it and by those who manage who is in groups."""
    groups = Group.objects.in_org(access.org.id)
    if access.can(Permission.GROUPS_MANAGE_MEMBERS):
        return groups
    own = live_seats().filter(group=OuterRef("pk"), membership=access.membership_id)
    return groups.filter(Q(secret=False) | Exists(own))


def live_seats() -> QuerySet[GroupMembership]:
    """Places in groups whose end has not come; to be narrowed to a group or an organization."""
    return GroupMembership.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


def group_list(
    *,
    access: Access,
    search: str = "",
    role: Role | None = None,
    member: UUID | None = None,
    cursor: str | None = None,
    size: int = 50,
) -> Groups:
    """Groups by name with people and roles: one query for the rows, one for where they stand."""
    groups = _matching(visible_groups(access), search=search, role=role, member=member)
    page = keyset_page(_with_facts(groups), order=("sort_name", "id"), cursor=cursor, size=size)
    first, total = 1, len(page.rows)
    if page.newer or page.older:
        first, total = _position(groups, page.rows)
    return Groups([line_of(group) for group in page.rows], page, first, total)


def group_line(*, access: Access, group: Group) -> Line:
    """One row of the table as it is now."""
    return line_of(_with_facts(visible_groups(access)).get(pk=group.pk))


def line_of(group: Group) -> Line:
    carried = {role_of(pk) for pk in group.carried}  # type: ignore[attr-defined]
    ticks = [
        Tick(role, role in carried, edge=position == 0)
        for _, roles in BLOCKS
        for position, role in enumerate(roles)
    ]
    return Line(group, group.people, ticks)  # type: ignore[attr-defined]


def group_members(
    *, group: Group, cursor: str | None = None, size: int = 50
) -> Page[GroupMembership]:
    """Who is in the group, by name, ended places too; `sort_name` is the member's."""
    seats = (
        GroupMembership.objects.in_org(group.organization_id)
        .filter(group=group)
        .select_related("membership", "added_by")
        .annotate(sort_name=F("membership__sort_name"))
    )
    return keyset_page(seats, order=("sort_name", "id"), cursor=cursor, size=size)


def with_counts(groups: QuerySet[Group]) -> QuerySet[Group]:
    """Each group with how many are in it now (`people`) and how many places ended (`ended`)."""
    ended = GroupMembership.objects.filter(group=OuterRef("pk"), expires_at__lte=Now())
    counted = ended.order_by().values("group").annotate(n=Count("pk")).values("n")
    return groups.annotate(people=people_in(), ended=Coalesce(Subquery(counted), 0))


def seat_counts(group: Group) -> dict[str, int]:
    """How many are in the group now (`live`) and how many places have ended (`ended`)."""
    ended = Q(expires_at__isnull=False, expires_at__lte=Now())
    seats = GroupMembership.objects.in_org(group.organization_id).filter(group=group)
    return seats.aggregate(live=Count("pk", filter=~ended), ended=Count("pk", filter=ended))


def group_addable(*, group: Group, search: str) -> list[Membership]:
    """The first members who match the search and have no place in the group yet."""
    seated = GroupMembership.objects.filter(group=group, membership=OuterRef("pk"))
    members = Membership.objects.in_org(group.organization_id).filter(~Exists(seated))
    return list(members_matching(members, search).order_by("sort_name", "id")[:ADDABLE])


def members_found(*, access: Access, search: str) -> list[Membership]:
    """The first members of that name, to choose one whose groups are listed."""
    members = Membership.objects.in_org(access.org.id)
    return list(members_matching(members, search).order_by("sort_name", "id")[:FOUND])


def parent_choices(*, access: Access, group: Group | None) -> QuerySet[Group]:
    """Groups that may hold this one: any but itself; the database refuses a circle further up."""
    groups = visible_groups(access).order_by("sort_name", "id")
    return groups.exclude(pk=group.pk) if group else groups


def _matching(
    groups: QuerySet[Group], *, search: str, role: Role | None, member: UUID | None
) -> QuerySet[Group]:
    if search:
        found = Q(name__icontains=search) | Q(description__icontains=search)
        if query := search_query(search):
            named = RawSQL("SELECT member_search(%s)", (query,))
            found |= Q(pk__in=live_seats().filter(membership__in=named).values("group"))
        groups = groups.filter(found)
    if role is not None:
        carried = _live_roles().filter(group=OuterRef("pk"), permission=permission_id(role))
        groups = groups.filter(Exists(carried))
    if member is not None:
        groups = groups.filter(Exists(live_seats().filter(group=OuterRef("pk"), membership=member)))
    return groups


def _with_facts(groups: QuerySet[Group]) -> QuerySet[Group]:
    """Each group with `people` and `carried`, its roles as guardian's keys."""
    carried = _live_roles().filter(group=OuterRef("pk")).order_by().values("permission_id")
    return groups.select_related("parent").annotate(
        people=people_in(), carried=ArraySubquery(carried)
    )


def _live_roles() -> QuerySet[GroupRole]:
    roles: QuerySet[GroupRole] = GroupRole.objects.all().live()
    return roles


def people_in() -> Coalesce:
    """How many are in a group at this moment, as a column of groups."""
    seats = live_seats().filter(group=OuterRef("pk")).order_by().values("group")
    return Coalesce(Subquery(seats.annotate(n=Count("pk")).values("n")), 0)


def _position(groups: QuerySet[Group], rows: list[Group]) -> tuple[int, int]:
    """The number of the page's first row, and of all rows, counted no further than the cap."""
    if not rows:
        return 0, 0
    name, key = rows[0].sort_name, rows[0].pk
    before = Q(sort_name__lt=name) | Q(sort_name=name, pk__lt=key)
    capped = groups.filter(pk__in=groups.order_by().values("pk")[: MOST_COUNTED + 1])
    counts = capped.aggregate(before=Count("pk", filter=before), total=Count("pk"))
    return counts["before"] + 1, counts["total"]
