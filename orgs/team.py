"""The head that the team pages share: four cards, and the tabs between the pages.

Plain data for `orgs/_team_head.html`; every number came with the binding or with the page's own
queries (orgs/queries/team.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from config.roles import Permission, Role
from orgs.access import Access, Bound
from orgs.keys import active_keys, counted_keys
from orgs.queries.team import COUNTED


@dataclass(frozen=True, kw_only=True)
class Fact:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Tab:
    label: str
    url: str
    route: str
    count: str = ""
    current: bool = False


def team_facts(access: Access, *, keys: int | None = None) -> list[Fact]:
    """Organization, one's own role, the plan, the active keys; "-" for what is not known.

    `keys` is how many are live, for pages that have counted them: else it is one query.
    """
    org, role = access.org, access.role
    live = active_keys(org.id) if keys is None else keys
    return [
        Fact(label="Organization", value=org.name or "-", note=_seats(org)),
        Fact(label="Your role", value=role.label if role else "-", note=_standing(access)),
        Fact(label="Plan", value=org.plan_label or "-", note=_room(org)),
        Fact(label="Active keys", value=counted_keys(live), note=_keys(live)),
    ]


def team_tabs(access: Access, *, current: str, pending: int | None = None) -> list[Tab]:
    """The tabs that this person may open; `current` is a route, `pending` the open invitations."""
    tabs = (
        ("Live members", "member_list", Permission.MEMBERS_VIEW, access.org.member_count),
        ("Pending invitations", "invitation_list", Permission.MEMBERS_INVITE, pending),
        ("Ending access", "expiry_list", Permission.MEMBERS_CHANGE_ROLE, None),
        ("Live access state", "access_state", Permission.ORG_VIEW, None),
    )
    return [
        Tab(
            label=label,
            url=reverse(route, args=[access.org.slug]),
            route=route,
            count="" if count is None else counted(count),
            current=route == current,
        )
        for label, route, permission, count in tabs
        if access.can(permission)
    ]


def counted(number: int) -> str:
    """A number as lists say it: past the cap nobody counts on."""
    return f"{COUNTED:,}+" if number > COUNTED else f"{number:,}"


def _seats(org: Bound) -> str:
    if org.seats is None:
        return f"{org.seats_used:,} {'seat' if org.seats_used == 1 else 'seats'} in use"
    return f"{org.seats_used:,} of {org.seats:,} seats in use"


def _keys(live: int) -> str:
    """Revoked and expired ones do not count (S1-007)."""
    return "Neither revoked nor expired" if live else "No key works now"


def _room(org: Bound) -> str:
    if org.seats is None:
        return "No limit on seats"
    free = max(0, org.seats - org.seats_used)
    return "No seat free" if not free else f"{free:,} {'seat' if free == 1 else 'seats'} free"


def _standing(access: Access) -> str:
    if access.role is Role.OWNER:
        owners = access.org.owner_count
        return "The only owner" if owners == 1 else f"One of {owners:,} owners"
    return f"{len(access.permissions)} permissions"
