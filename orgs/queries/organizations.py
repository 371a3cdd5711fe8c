"""Reads about an organization itself: whose it is, who owns it, which ones are due for deletion.

What happens inside one is read in the modules of the other nouns.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.urls import reverse

from config.roles import ORGANIZATION_ROLES, Permission, Role, permissions_of
from orgs.models import Membership, Organization


@dataclass(frozen=True, kw_only=True, slots=True)
class Mine:
    """One organization of a person, as the switcher shows it."""

    id: UUID
    name: str
    slug: str
    state: str
    role: Role

    @property
    def url(self) -> str:
        """Where this role is at home; the wall shows the reason of one that is not open."""
        home = Permission.ORG_VIEW_DASHBOARD in permissions_of({self.role}, ())
        return reverse("dashboard" if home else "hub", args=[self.slug])

    @property
    def is_open(self) -> bool:
        return self.state == Organization.State.OPEN


def organizations_of(person: UUID) -> list[Mine]:
    """The organizations of one person by name, across the wall by its narrow path."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name, slug, state, role FROM organizations_of(%s)", [person])
        rows = cursor.fetchall()
    return [
        Mine(id=pk, name=name, slug=slug, state=state, role=Role(role))
        for pk, name, slug, state, role in rows
    ]


def last_visited(mine: Iterable[Mine], slug: str | None) -> Mine | None:
    """The one among them at this address, else the first open one, else the first, else none."""
    mine = list(mine)
    visited = (one for one in mine if one.slug == slug)
    opened = (one for one in mine if one.is_open)
    return next(visited, next(opened, mine[0] if mine else None))


def owner_names(organization: UUID, *, most: int = 2) -> list[str]:
    """Whom to ask: the owners who have been there longest."""
    owners = Membership.objects.in_org(organization).filter(role=Role.OWNER, person__isnull=False)
    return list(owners.order_by("joined_at").values_list("name", flat=True)[:most])


def people_by_role(organization: UUID) -> dict[Role, int]:
    """How many members hold each organization role, every role named, in the book's order."""
    counted = (
        Membership.objects.in_org(organization)
        .values_list("role")
        .annotate(people=Count("id"))
        .order_by()
    )
    found = {Role(role): people for role, people in counted}
    return {role: found.get(role, 0) for role in ORGANIZATION_ROLES}


@dataclass(frozen=True, slots=True)
class Due:
    """A container whose days of grace are over."""

    id: UUID
    name: str
    slug: str
    people: int
    closes_at: datetime.datetime


def organizations_due(*, now: datetime.datetime) -> list[Due]:
    """The containers to delete for good, oldest first: for the command that does it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM organizations_due(%s)", [now])
        return [Due(*row) for row in cursor.fetchall()]
