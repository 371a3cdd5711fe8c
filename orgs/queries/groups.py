"""Reads of groups: which there are for whom, and who is in them."""

from __future__ import annotations

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from config.keyset import Page, keyset_page
from config.roles import Permission
from orgs.access import Access
from orgs.models import Group, GroupMembership, Membership
from orgs.queries.members import members_matching

ADDABLE = 20


def visible_groups(access: Access) -> QuerySet[Group]:
    """A secret group is seen by those in it and by those who manage who is in groups."""
    groups = Group.objects.in_org(access.org.id)
    if access.can(Permission.GROUPS_MANAGE_MEMBERS):
        return groups
    own = GroupMembership.objects.filter(group=OuterRef("pk"), membership=access.membership_id)
    return groups.filter(Q(secret=False) | Exists(own))


def group_list(
    *, access: Access, search: str = "", cursor: str | None = None, size: int = 50
) -> Page[Group]:
    """Groups by name, each with its number of people (`people`). One query."""
    groups = visible_groups(access).select_related("parent").annotate(people=_people())
    if search:
        groups = groups.filter(Q(name__icontains=search) | Q(description__icontains=search))
    return keyset_page(groups, order=("sort_name", "id"), cursor=cursor, size=size)


def group_members(
    *, group: Group, cursor: str | None = None, size: int = 50
) -> Page[GroupMembership]:
    """Who is in the group, by name; `sort_name` is the member's."""
    seats = (
        GroupMembership.objects.in_org(group.organization_id)
        .filter(group=group)
        .select_related("membership", "added_by")
        .annotate(sort_name=F("membership__sort_name"))
    )
    return keyset_page(seats, order=("sort_name", "id"), cursor=cursor, size=size)


def group_addable(*, group: Group, search: str) -> list[Membership]:
    """The first members who match the search and are not in the group yet."""
    seated = GroupMembership.objects.filter(group=group, membership=OuterRef("pk"))
    members = Membership.objects.in_org(group.organization_id).filter(~Exists(seated))
    return list(members_matching(members, search).order_by("sort_name", "id")[:ADDABLE])


def parent_choices(*, access: Access, group: Group | None) -> QuerySet[Group]:
    """Groups that may hold this one: any but itself; the database refuses a circle further up."""
    groups = visible_groups(access).order_by("sort_name", "id")
    return groups.exclude(pk=group.pk) if group else groups


def _people() -> Coalesce:
    seats = GroupMembership.objects.filter(group=OuterRef("pk")).order_by().values("group")
    return Coalesce(Subquery(seats.annotate(n=Count("pk")).values("n")), 0)
