"""Who answers for a project: its Project Owners, and when there is none, the organization's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from config.roles import Role
from orgs.grants import permission_id
from orgs.models import Membership
from orgs.queries.groups import live_seats
from projects.models import ProjectGrant, ProjectGroupGrant

NAMED = 2


def is_last_owner(grant: Any) -> bool:
    """Would the project have no Project Owner without it? A group counts if anyone is in it."""
    if grant.role is not Role.PROJECT_OWNER or grant.is_expired:
        return False
    seats = live_seats().filter(group=OuterRef("group"))
    others = [
        table.objects.in_org(grant.organization_id)
        .live()
        .filter(content_object=grant.content_object_id, permission_id=permission_id(grant.role))
        .exclude(pk=grant.pk)
        for table in (ProjectGrant, ProjectGroupGrant)
    ]
    return not (others[0].exists() or others[1].filter(Exists(seats)).exists())


def organization_owners(org: UUID) -> list[Membership]:
    """The owners of the organization, who answer for every project that has nobody else."""
    owners = Membership.objects.in_org(org).filter(role=Role.OWNER, person__isnull=False)
    return list(owners.order_by("joined_at", "id"))


def named(owners: Sequence[Membership]) -> str:
    """ "Alice Marlow, Jonas Weber and 2 more"."""
    if not owners:
        return ""
    names = [owner.name for owner in owners[:NAMED]]
    rest = len(owners) - len(names)
    if rest:
        names.append(f"{rest} more")
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
