"""The whole organization at a moment of the past, beside today, and what happened between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import Now

from audit.events import Event
from config.roles import ORGANIZATION_ROLES, Policy, Role
from orgs.access import Access
from orgs.models import Membership, Organization
from projects.history.fold import Fact
from projects.history.judge import organization_then
from projects.history.moments import Moment
from projects.history.names import Said
from projects.history.organization import MOST_NAMED, Counts, counts_then
from projects.history.people import owners_then
from projects.history.telling import Telling

MOST_COUNTED = 1_000
E = Event

# What a reader asks about first: people, then groups, then places.
_SINCE: tuple[tuple[Event, str, str], ...] = (
    (E.MEMBER_JOINED, "person joined", "people joined"),
    (E.MEMBER_ADDED, "person added", "people added"),
    (E.MEMBER_REMOVED, "person removed", "people removed"),
    (E.MEMBER_LEFT, "person left", "people left"),
    (E.MEMBER_ROLE_CHANGED, "role changed", "roles changed"),
    (E.MEMBER_EXPIRY_CHANGED, "end of a membership changed", "ends of memberships changed"),
    (E.ORGANIZATION_POLICIES_CHANGED, "change of the policies", "changes of the policies"),
    (E.GROUP_ROLE_GIVEN, "role given to a group", "roles given to groups"),
    (E.GROUP_ROLE_TAKEN, "role taken from a group", "roles taken from groups"),
    (E.GROUP_MEMBER_ADDED, "person added to a group", "people added to groups"),
    (E.GROUP_MEMBER_REMOVED, "person removed from a group", "people removed from groups"),
    (E.GROUP_CREATED, "group created", "groups created"),
    (E.GROUP_DELETED, "group deleted", "groups deleted"),
    (E.PROJECT_CREATED, "project created", "projects created"),
    (E.PROJECT_MOVED, "project moved", "projects moved"),
    (E.PROJECT_ARCHIVED, "project archived", "projects archived"),
    (E.PROJECT_DELETED, "project deleted", "projects deleted"),
    (E.WORKSPACE_SHARED, "share of a workspace", "shares of workspaces"),
    (E.WORKSPACE_UNSHARED, "share of a workspace taken back", "shares of workspaces taken back"),
    (E.PROJECT_SHARED, "share of a project", "shares of projects"),
    (E.PROJECT_SHARE_CHANGED, "share of a project changed", "shares of projects changed"),
    (E.PROJECT_UNSHARED, "share of a project taken back", "shares of projects taken back"),
    (E.RESOURCE_SHARED, "share of a resource", "shares of resources"),
    (E.RESOURCE_UNSHARED, "share of a resource taken back", "shares of resources taken back"),
)

# Each action is counted by itself in the index, and no further than the cap.
_COUNT_SINCE = """
    SELECT a.action, few.number, few.newest
    FROM unnest(%(actions)s::text[]) AS a (action)
    CROSS JOIN LATERAL (
        SELECT count(*) AS number, max(some_of.sequence) AS newest FROM (
            SELECT e.sequence FROM audit_event e
            WHERE e.organization_id = %(organization)s AND e.action = a.action
              AND e.sequence > %(sequence)s AND e.outcome = 'done'
            ORDER BY e.sequence DESC LIMIT %(most)s
        ) some_of
    ) few
    WHERE few.number > 0
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """One kind of deed between then and today: how often, and the newest entry of it."""

    action: str
    number: int
    newest: int
    words: str

    @property
    def counted(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.number > MOST_COUNTED else f"{self.number:,}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One number then and today."""

    label: str
    then: int
    today: int

    @property
    def difference(self) -> str:
        change = self.today - self.then
        sign = "+" if change > 0 else "\u2212"
        return f"{sign}{abs(change):,}" if change else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Someone:
    """A member with a role over all of the organization."""

    id: UUID
    name: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """A group and one role that it carried."""

    id: UUID
    name: str
    role: Role
    said: Said | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyThen:
    label: str
    then: bool
    today: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganizationAnswer:
    """Numbers, names of those who held most, policies, and what came after."""

    state: str
    changed_state: bool
    counts: Counts
    rows: list[Row]
    leading: list[Someone]
    more_leading: bool
    carriers: list[Carrier]
    more_carriers: int
    policies: list[PolicyThen]
    since: list[Since]
    total: int


def organization_answer(*, access: Access, moment: Moment) -> OrganizationAnswer:
    """Whatever there was, so many are named and no more: the rest is a number."""
    org, _ = organization_then(access.org, moment)
    counts = counts_then(org.id, moment)
    owners = [fact.row for fact in owners_then(org.id, moment)]
    telling = Telling(access, moment, {})
    carried = sorted(counts.carried, key=lambda fact: -fact.given)
    shown = carried[:MOST_NAMED]
    groups = {fact.holder for fact in shown if fact.holder}
    telling.learn_places([*owners, *counts.admins, *groups])
    telling.learn_entries(groups=groups, entries=[fact.given for fact in shown])
    leading = [(Role.OWNER, pk) for pk in owners] + [(Role.ADMIN, pk) for pk in counts.admins]
    people = [Someone(id=pk, name=telling.name(pk), role=role) for role, pk in leading]
    people.sort(key=lambda one: (one.role is not Role.OWNER, one.name.casefold(), one.id))
    return OrganizationAnswer(
        state=Organization.State(org.state).label,
        changed_state=org.state != access.org.state,
        counts=counts,
        rows=_rows(counts, access),
        leading=people[:MOST_NAMED],
        more_leading=len(people) > MOST_NAMED,
        carriers=_carriers(shown, telling),
        more_carriers=len(carried) - len(shown),
        policies=[
            PolicyThen(label=one.label, then=one in org.policies, today=one in access.policies)
            for one in Policy
        ],
        since=since(org.id, moment),
        total=counts.people,
    )


def since(organization: UUID, moment: Moment) -> list[Since]:
    """What was done after the moment to who holds what, by kind. One query."""
    words = {event.value: (one, many) for event, one, many in _SINCE}
    named: dict[str, Any] = {
        "organization": organization,
        "sequence": moment.sequence,
        "actions": list(words),
        "most": MOST_COUNTED + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_SINCE, named)
        found = {action: (number, newest) for action, number, newest in cursor.fetchall()}
    return [
        Since(action=action, number=number, newest=newest, words=one if number == 1 else many)
        for action, (one, many) in words.items()
        if action in found
        for number, newest in [found[action]]
    ]


def _rows(counts: Counts, access: Access) -> list[Row]:
    """People by role, then and today."""
    live = Membership.objects.in_org(access.org.id).filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=Now()), person__isnull=False
    )
    today = dict(live.order_by().values_list("role").annotate(Count("pk")))
    return [
        Row(label=role.label, then=counts.roles[role], today=today.get(role.value, 0))
        for role in ORGANIZATION_ROLES
    ]


def _carriers(carried: list[Fact], telling: Telling) -> list[Carrier]:
    found = [
        Carrier(
            id=fact.holder,
            name=telling.name(fact.holder),
            role=fact.role,
            said=telling.said.get(fact.given),
        )
        for fact in carried
        if fact.holder
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.role.label))
