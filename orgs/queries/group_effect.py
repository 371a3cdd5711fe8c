"""What giving a group a role, or taking one, did to the people in it: in numbers and in words.

The deed itself touches one row (`orgs/actions/group_roles.py`); this is read afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Now

from config.roles import ORGANIZATION_ROLES, Role, permissions_of
from orgs.access import Access
from orgs.grants import permission_id
from orgs.models import Group, GroupRole, Membership
from orgs.queries.groups import live_seats

FACES = 5


@dataclass(frozen=True, kw_only=True)
class Effect:
    """`moved` gain or lose the role; `others` have it another way; `waiting` have not joined."""

    group: Group
    role: Role
    given: bool
    moved: int = 0
    others: int = 0
    waiting: int = 0
    faces: list[Membership] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """Who gains or loses: "+5 people gain Billing Viewer"."""
        if not self.moved:
            verb = "gains" if self.given else "loses"
            return f"Nobody {verb} {self.role.label}"
        people = "1 person" if self.moved == 1 else f"{self.moved:,} people"
        verb = ("gain" if self.given else "lose") + ("s" if self.moved == 1 else "")
        return f"{'+' if self.given else '−'}{people} {verb} {self.role.label}"

    @property
    def beside(self) -> str:
        """Those to whom nothing changes: "2 already had it"."""
        parts = []
        if self.others:
            keeps = "keeps" if self.others == 1 else "keep"
            said = "already had it" if self.given else f"{keeps} it another way"
            parts.append(f"{self.others:,} {said}")
        if self.waiting:
            parts.append(
                f"{self.waiting:,} {'has' if self.waiting == 1 else 'have'} not joined yet"
            )
        if not (self.moved or self.others or self.waiting):
            parts.append("the group is empty")
        return ", ".join(parts)

    @property
    def sentence(self) -> str:
        return f"{self.headline}, {self.beside}" if self.beside else self.headline


def role_effect(*, access: Access, group: Group, role: Role, given: bool) -> Effect:
    """Two queries, whatever the size: the numbers, and the first few faces.

    Whose organization role, or another group, lets them do all of it gains and loses nothing.
    """
    seats = live_seats().filter(organization=access.org.id, group=group)
    seats = seats.exclude(membership__expires_at__lte=Now())
    others = live_seats().filter(membership=OuterRef("membership")).exclude(group=group)
    carrying = GroupRole.objects.in_org(access.org.id).live().filter(permission=permission_id(role))
    through_another = Exists(others.filter(group__in=carrying.values("group")))
    has = Q(membership__role__in=_covering(role, access)) | Q(through_another)
    joined = Q(membership__person__isnull=False)
    numbers = seats.aggregate(
        moved=Count("pk", filter=joined & ~has),
        others=Count("pk", filter=joined & has),
        waiting=Count("pk", filter=~joined),
    )
    first = seats.filter(joined & ~has).order_by("membership__sort_name", "membership_id")
    faces = [seat.membership for seat in first.select_related("membership")[:FACES]]
    return Effect(group=group, role=role, given=given, faces=faces, **numbers)


def _covering(role: Role, access: Access) -> list[str]:
    """The organization roles that may do everything this role may."""
    wanted = permissions_of({role}, access.policies)
    return [
        one.value for one in ORGANIZATION_ROLES if wanted <= permissions_of({one}, access.policies)
    ]
