"""Reads of a roster: an organization as a plan compares it, and as an export writes it.

Reading and writing the file itself is in `orgs/roster`, applying a plan in `orgs/actions/roster`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from django.db.models import QuerySet

from config.prepared import prepared_row
from config.roles import Permission
from orgs.access import Access
from orgs.models import Group, Membership
from orgs.queries.groups import live_seats, visible_groups
from orgs.roster import above
from orgs.roster.plan import GroupNow, PersonNow, Snapshot


def roster_snapshot(*, org: UUID, key: str, name: str | None = None) -> Snapshot:
    """Everything of the bound organization that a roster speaks of. Three queries."""
    return _snapshot(Group.objects.in_org(org), org=org, key=key, name=name)


def roster_visible(access: Access) -> Snapshot:
    """The same as far as this person may see it: without the groups that are secret to them."""
    org = access.org
    groups = visible_groups(access)
    if not access.can(Permission.GROUPS_VIEW):
        groups = groups.none()
    return _snapshot(groups, org=org.id, key=org.slug, name=org.name, access=access)


def organization_at(slug: str) -> UUID | None:
    """The id of the organization at this address, whoever asks: for the command line alone."""
    row = prepared_row("SELECT organization_id FROM ledgers(%s)", [slug])
    return row[0] if row else None


def _snapshot(
    groups: QuerySet[Group], *, org: UUID, key: str, name: str | None, access: Access | None = None
) -> Snapshot:
    return Snapshot(
        key=key,
        people=_people(org),
        groups=_groups(groups, org),
        name=name,
        projects=above.projects.reads(org, access),
    )


def _people(org: UUID) -> tuple[PersonNow, ...]:
    # Support is let in by a window, and no roster says anything of it.
    members = Membership.objects.in_org(org).exclude(origin=Membership.Origin.SUPPORT)
    members = members.order_by("sort_name", "id")
    return tuple(
        PersonNow(
            id=str(pk), login=login or None, email=email or None, role=role, placeholder=not person
        )
        for pk, login, email, role, person in members.values_list(
            "id", "login", "email", "role", "person_id"
        )
    )


def _groups(groups: QuerySet[Group], org: UUID) -> tuple[GroupNow, ...]:
    """Each group with who is in it now; below one that is left out it moves up to the next."""
    parents = dict(Group.objects.in_org(org).values_list("id", "parent_id"))
    seats: dict[UUID, dict[str, bool]] = defaultdict(dict)
    places = live_seats().filter(organization=org)
    places = places.exclude(membership__origin=Membership.Origin.SUPPORT)
    for group, member, maintainer in places.values_list(
        "group_id", "membership_id", "is_maintainer"
    ):
        seats[group][str(member)] = maintainer
    rows = list(
        groups.order_by("sort_name", "id").values_list("id", "name", "description", "secret")
    )
    shown = {row[0] for row in rows}
    return tuple(
        GroupNow(
            id=str(pk),
            name=name,
            description=description,
            secret=secret,
            parent_id=_parent(pk, parents, shown),
            members=seats[pk],
        )
        for pk, name, description, secret in rows
    )


def _parent(group: UUID, parents: Mapping[UUID, UUID | None], shown: set[UUID]) -> str | None:
    above = parents.get(group)
    while above is not None and above not in shown:
        above = parents.get(above)
    return None if above is None else str(above)
