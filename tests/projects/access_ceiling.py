"""Which deeds the rules allow, said once more without the code: the ceiling and what narrows it.

Each function answers for one deed, in the terms of access_oracle.py.
"""

from __future__ import annotations

from tests.projects.access_oracle import (
    ASKING,
    GROUP_ROLES,
    LATER,
    ORGANIZATION_ROLES,
    PAST,
    SEES,
    TABLE,
    Holder,
    Oracle,
    Place,
)

_SEES_ALL = {"projects.view_all", *SEES.values()}


def _of_the_organization(permissions: frozenset[str]) -> set[str]:
    return {one for one in permissions if TABLE[one]["scope"] == "organization"}


def may_give(oracle: Oracle, by: int, role: str, place: Place | None = None) -> bool:
    """The ceiling, by the kind of the role."""
    if role in GROUP_ROLES:
        return oracle.may(by, "groups.assign_roles")
    if role not in ORGANIZATION_ROLES:
        assert place
        return oracle.may(by, oracle.sharing(place), place)
    if oracle.may(by, "members.change_role"):
        return True
    given, own = oracle.means({role}), oracle.permissions(by)
    less = _of_the_organization(given) < _of_the_organization(own)
    return oracle.may(by, "members.invite") and less


def may_come(oracle: Oracle, by: int, place: Place) -> bool:
    """Is the page of the place there for this person? What an End User was handed is in the Hub."""
    if place[0] == "project" and oracle.may(by, "projects.delete", place):
        return True
    if not oracle.may(by, oracle.seeing(place), place):
        return False
    if place[0] != "resource" or oracle.members[by] != "end_user":
        return True
    pieces_only = oracle.in_force_at(by, place) <= {"resource_admin", "resource_user"}
    return not pieces_only or bool(oracle.allowed(by) & _SEES_ALL)


def behind(oracle: Oracle, by: int, permission: str, place: Place) -> bool:
    """May this person come to the place, and do this there?"""
    return may_come(oracle, by, place) and oracle.may(by, permission, place)


def fits(oracle: Oracle, by: int, place: Place, to: Holder, role: str, end: int) -> bool:
    """Can this holder have it, and is it no way up for who gives it?"""
    kind, number = to
    if kind == "group":
        seat = oracle.seats.get((number, by))
        if seat is None:
            return True
        held = oracle.lasting(by, place, min(end, seat))
        return not oracle.means({role}) - oracle.means(held) - ASKING
    hub_only = oracle.members[number] == "end_user" and place[0] != "resource"
    return number != by and oracle.acts(number) and not hub_only


def is_promotable(oracle: Oracle, place: Place, to: Holder, role: str) -> bool:
    """A person becomes Project Owner from Project Member; a group need not."""
    if role != "project_owner" or to[0] == "group":
        return True
    return "project_member" in oracle.given_at(to[1], place)


def is_approved(oracle: Oracle, by: int, place: Place) -> bool:
    room = oracle.room(place)
    if room is None or "owners_approve" not in room.policies:
        return True
    return oracle.may(by, "org.approve_production")


def ends_in_time(oracle: Oracle, place: Place, end: int) -> bool:
    room = oracle.room(place)
    return room is None or "shares_end" not in room.policies or end == LATER


def may_share(oracle: Oracle, by: int, place: Place, to: Holder, role: str, end: int) -> bool:
    """The whole of sharing; who asks for approval comes here without the door."""
    held = oracle.grants.get((place, to))
    return (
        oracle.is_open(place)
        and may_give(oracle, by, role, place)
        and fits(oracle, by, place, to, role, end)
        and ends_in_time(oracle, place, end)
        and is_promotable(oracle, place, to, role)
        and is_approved(oracle, by, place)
        and (held is None or held[1] == PAST)
    )


def may_change_share(
    oracle: Oracle, by: int, place: Place, to: Holder, role: str, end: int
) -> bool:
    old, old_end = oracle.grants[place, to]
    if (role, end) == (old, old_end):
        return True
    more = role != old or end > old_end or end > LATER
    return (
        oracle.is_open(place)
        and may_give(oracle, by, role, place)
        and fits(oracle, by, place, to, role, end)
        and ends_in_time(oracle, place, end)
        and (role == old or is_promotable(oracle, place, to, role))
        and (not more or is_approved(oracle, by, place))
    )


def may_unshare(oracle: Oracle, by: int, place: Place, to: Holder) -> bool:
    """One's own may always be given up by whoever still comes to the page."""
    if not behind(oracle, by, oracle.seeing(place), place):
        return False
    role, _ = oracle.grants[place, to]
    own = to == ("person", by)
    return own or (oracle.is_open(place) and may_give(oracle, by, role, place))


def may_seat(oracle: Oracle, by: int, group: int, who: int, end: int) -> bool:
    """To put somebody into a group is to give them what it carries and what it was given."""
    if not oracle.may(by, "groups.manage_members"):
        return False
    carried = [role for (of, role), end in oracle.carried.items() if of == group and end != PAST]
    if not all(may_give(oracle, by, role) for role in carried):
        return False
    given = [
        place
        for (place, holder), (_, until) in oracle.grants.items()
        if holder == ("group", group) and until != PAST
    ]
    if not all(is_approved(oracle, by, place) for place in given):
        return False
    if who != by or oracle.may(by, "groups.assign_roles"):
        return True
    return not any(
        oracle.means({role})
        - oracle.means(oracle.lasting(by, place, min(end, until), published=False))
        for (place, holder), (role, until) in oracle.grants.items()
        if holder == ("group", group) and until != PAST
    )


def may_move(oracle: Oracle, by: int, project: int, to: int | None) -> bool:
    room = oracle.projects[project]
    if room.workspace == to:
        return True
    both = [one for one in (room.workspace, to) if one is not None]
    return (
        all(oracle.may(by, "workspaces.assign_projects", ("workspace", one)) for one in both)
        and room.state == "active"
        and (to is None or is_approved(oracle, by, ("project", project)))
        and oracle.may(by, "projects.view", ("project", project))
    )


def may_name_owner(oracle: Oracle, by: int, to: int, workspace: int | None, approve: bool) -> bool:
    """The first Project Owner of a new project, seen from the workspace it will stand in."""
    there = oracle.permissions(by, ("workspace", workspace) if workspace is not None else None)
    more = oracle.means({"project_owner"}) - there
    return (
        not (to == by and more)
        and oracle.acts(to)
        and oracle.members[to] != "end_user"
        and (not approve or oracle.may(by, "org.approve_production"))
    )


def may_decide(oracle: Oracle, by: int, asker: int, place: Place, *, final: bool) -> bool:
    """Whatever state the place is in: what was asked about an archived one may be refused."""
    room = oracle.room(place)
    final = final or bool(room and "owners_approve" in room.policies)
    takes = "org.approve_production" if final else oracle.sharing(place)
    return by != asker and takes in oracle.permissions(by, place)
