"""Telling people that a budget is used to 50, 80 or 100 percent: once per level and window.

The database knows what is due and remembers what was told; a budget that changes begins anew.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from audit import ledger
from audit.events import Event
from audit.ledger import SYSTEM, Target
from config.moments import format_local
from config.money import money
from config.prepared import prepared_row
from config.roles import ORGANIZATION_ROLES, Permission, Policy, Role, roles_with
from orgs.actions.notices import notify
from orgs.grants import permission_id
from orgs.models import Membership, Organization
from orgs.queries.groups import live_seats
from projects.allowance import a_window
from projects.models import Limit, ProjectGrant
from projects.queries.limits import Due, Standing, standings

MOST_TOLD = 50
_TOLD = "SELECT limit_told(%s, %s)"
_HELD = "SELECT roles_on_project(%s, %s, %s)"


@transaction.atomic
def tell_of_limit(due: Due) -> int:
    """Tell whom a budget concerns that it reached a level; of several processes one does.

    The transaction is bound to the organization. Returns how many were told.
    """
    row = prepared_row(_TOLD, [due.limit, due.percent])
    if row is None or not row[0]:
        return 0
    organization = due.organization
    limits = Limit.objects.in_org(organization)
    about = limits.select_related("group", "project", "creator", "key").get(pk=due.limit)
    # The meter is locked from here on: if its window ended meanwhile, nothing is told of it yet.
    now = standings(organization, [about.subject])
    standing = next(each for each in now if each.state.id == due.limit)
    if not _is_reached(standing, due):
        transaction.set_rollback(True)
        return 0
    place = Organization.objects.get(pk=organization)
    name = _name(about, place)
    number = 0
    for members, path, who in _readers(about, place, _WHOSE[about.layer].format(name=name)):
        told = notify(
            organization=organization,
            members=members,
            text=_sentence(who, standing, due.percent),
            path=path,
            key=_key(standing, due),
        )
        number += len(told)
    _record(about, name, standing, due)
    return number


def _is_reached(standing: Standing, due: Due) -> bool:
    budget = standing.state.budget
    return budget is not None and standing.state.spent * 100 >= budget * due.percent


def _key(standing: Standing, due: Due) -> str:
    """Another window, and another budget in the same one, is another notice."""
    state = standing.state
    ends = f"{state.resets_at:%Y%m%dT%H%M%z}"
    return f"limit:{state.id}:{ends}:{state.budget}:{due.percent}"


def _readers(
    limit: Limit, place: Organization, who: str
) -> list[tuple[list[Membership], str, str]]:
    """Who is told, the page that each finds it on, and whose limit it is to them: whoever sets
    limits, and whose they are."""
    members = Membership.objects.in_org(place.pk).filter(person__is_active=True)
    policies = frozenset(map(Policy, place.policies))
    setting = [
        role
        for role in roles_with(Permission.KEYS_SET_POLICIES, policies)
        if role in ORGANIZATION_ROLES
    ]
    setters = list(members.filter(role__in=setting).order_by("joined_at", "id")[:MOST_TOLD])
    key_page = reverse("key_view", args=[place.slug, limit.key_id]) if limit.key_id else ""
    page = key_page or f"{reverse('limit_list', args=[place.slug])}?layer={limit.layer}"
    own_page = key_page or reverse("inbox", args=[place.slug])
    if limit.layer == Limit.Layer.PROJECT:
        own_page = reverse("project_view", args=[place.slug, limit.project_id])
    own = [each for each in _own(limit, members) if each not in setters]
    seeing = _seeing(limit, setters)
    others = [each for each in setters if each not in seeing]
    return [
        ([each for each in seeing if not each.is_expired], page, who),
        ([each for each in others if not each.is_expired], page, _UNSEEN.get(limit.layer, who)),
        ([each for each in own if not each.is_expired], own_page, who),
    ]


def _seeing(limit: Limit, members: list[Membership]) -> list[Membership]:
    """Of those who set limits, those who see the project or the secret group that it is of."""
    if limit.project_id is not None:
        held = {one.pk for one in members if _holds_any(limit.project_id, one)}
    elif limit.group is not None and limit.group.secret:
        held = set(live_seats().filter(group=limit.group_id).values_list("membership", flat=True))
    else:
        return members
    return [each for each in members if each.role == Role.OWNER or each.pk in held]


def _holds_any(project: UUID, member: Membership) -> bool:
    row = prepared_row(_HELD, [project, member.person_id, member.pk])
    return bool(row and row[0])


def _own(limit: Limit, rows: QuerySet[Membership]) -> list[Membership]:
    """The holder of the key, the person themselves, or the owners of the project."""
    if limit.layer == Limit.Layer.PROJECT:
        grants = ProjectGrant.objects.in_org(limit.organization_id).live()
        owners = grants.filter(
            content_object=limit.project_id, permission_id=permission_id(Role.PROJECT_OWNER)
        )
        return list(rows.filter(person__in=owners.values("user"))[:MOST_TOLD])
    holder = limit.key.creator_id if limit.key else limit.creator_id
    return list(rows.filter(pk=holder)) if holder else []


def _name(limit: Limit, place: Organization) -> str:
    subject = limit.key or limit.creator or limit.project or limit.group or place
    return str(subject.name)


_WHOSE = {
    "plan": "The plan of {name}",
    "organization": "{name}",
    "group": "The cost centre {name}",
    "project": "The project {name}",
    "creator": "{name}, over all keys,",
    "key": "The key {name}",
}


_UNSEEN = {
    "group": "A secret group, as a cost centre,",
    "project": "A project that you do not see",
}


def _sentence(who: str, standing: Standing, percent: int) -> str:
    state = standing.state
    budget = f"{money(state.budget or 0)} {a_window(state.window)}"
    until = format_local(state.resets_at, "j M Y, H:i T") if state.resets_at else ""
    if percent >= 100:
        return f"{who} has used up the budget of {budget}. Calls are refused until {until}."
    return (
        f"{who} has used {percent} % of the budget of {budget}: {money(state.spent)}."
        f" It begins anew on {until}."
    )


def _record(limit: Limit, name: str, standing: Standing, due: Due) -> None:
    kind = {"creator": "member", "plan": "organization"}.get(limit.layer, limit.layer)
    ledger.record(
        Event.LIMIT_REACHED,
        organization=due.organization,
        actor=SYSTEM,
        target=Target(kind, limit.subject, name),
        changes={
            "percent": (None, f"{due.percent} %"),
            "budget": (None, standing.allowance.budget_words),
        },
    )


def release_reservations(most: int = 10_000) -> int:
    """Free what was set aside for calls that nobody settled in time. Returns how many."""
    row = prepared_row("SELECT reservations_release(%s)", [most])
    return int(row[0]) if row else 0
