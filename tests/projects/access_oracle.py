"""A second reading of who may do what, for the machine that lives an organization's life.

Plain dictionaries and the table of tests/house/permissions.csv: nothing here asks the rule book,
the database or a deed. People and groups are numbers, places are ("project", 1), ends are ranks.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PAST, LATER, NEVER = 0, 1, 2
"""When something ends; the greater, the longer it holds."""

Place = tuple[str, int]
Holder = tuple[str, int]

_CELLS = Path(__file__).parents[1] / "house" / "permissions.csv"
with _CELLS.open(encoding="utf-8", newline="") as _file:
    TABLE = {row["permission"]: row for row in csv.DictReader(_file) if row["superadmin"] == "no"}

ORGANIZATION_ROLES = ("owner", "admin", "member", "viewer", "end_user")
GROUP_ROLES = (
    *("runners_admin", "projects_admin", "groups_admin", "automations_admin"),
    *("insights_viewer", "audit_log_reader", "billing_viewer"),
)
ROLES_AT = {
    "workspace": ("workspace_admin", "workspace_collaborator", "workspace_viewer"),
    "project": ("project_owner", "project_member", "project_viewer"),
    "resource": ("resource_admin", "resource_user"),
}

# The table of the sources has no column for what is shared piece by piece: seeing and using it,
# and for its admin what configures one of its kind and passes it on.
_USES = {"projects.view", "agents.chat", "workflows.execute"} | {
    "runners.view_all",
    "automations.view_all",
}
_CONFIGURES = {
    *("agents.create", "workflows.create", "tools.create", "knowledge_bases.create"),
    *("runners.change", "runners.share", "runners.view_logs"),
    *("automations.change", "automations.share", "automations.view_history"),
}
PIECES = {"resource_user": _USES, "resource_admin": _USES | _CONFIGURES}

READ_WHEN_ARCHIVED = {
    *("projects.view", "projects.view_audit", "projects.view_usage", "projects.view_costs"),
    "projects.delete",
}
ASKING = {"hub.request_publish", "projects.request"}
SEES = {"runner": "runners.view_all", "automation": "automations.view_all"}
SHARES = {"runner": "runners.share", "automation": "automations.share"}
IN_THE_HUB = ("agent", "workflow")


@cache
def means(roles: frozenset[str], policies: frozenset[str]) -> frozenset[str]:
    found = set().union(*(PIECES.get(role, ()) for role in roles))
    for role in roles - set(PIECES):
        for permission, row in TABLE.items():
            if row[role] == "yes" or row[role].removeprefix("policy:") in policies:
                found.add(permission)
    return frozenset(found)


@dataclass
class Room:
    """A project as the oracle knows it."""

    workspace: int | None = None
    state: str = "active"
    policies: set[str] = field(default_factory=set)


@dataclass
class Piece:
    """A resource as the oracle knows it."""

    kind: str
    project: int | None = None
    published: bool = False


@dataclass
class Oracle:
    """What one organization looks like, and what follows from it."""

    members: dict[int, str] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)
    seats: dict[tuple[int, int], int] = field(default_factory=dict)
    carried: dict[tuple[int, str], int] = field(default_factory=dict)
    workspaces: set[int] = field(default_factory=set)
    projects: dict[int, Room] = field(default_factory=dict)
    resources: dict[int, Piece] = field(default_factory=dict)
    grants: dict[tuple[Place, Holder], tuple[str, int]] = field(default_factory=dict)
    policies: set[str] = field(default_factory=set)

    # Who is there, and what stands where

    def acts(self, who: int) -> bool:
        return who in self.members and self.ends[who] != PAST

    def owners(self) -> list[int]:
        return [who for who, role in self.members.items() if role == "owner"]

    def places(self) -> list[Place]:
        return [
            *(("workspace", one) for one in sorted(self.workspaces)),
            *(("project", one) for one in sorted(self.projects)),
            *(("resource", one) for one in sorted(self.resources)),
        ]

    def above(self, place: Place) -> list[Place]:
        """The place itself and what it stands in: a role there reaches it."""
        scope, number = place
        chain = [place]
        if scope == "resource" and (inside := self.resources[number].project) is not None:
            chain += self.above(("project", inside))
        if scope == "project" and (inside := self.projects[number].workspace) is not None:
            chain.append(("workspace", inside))
        return chain

    def room(self, place: Place) -> Room | None:
        """The project whose state and policies count there."""
        return next(
            (self.projects[n] for scope, n in self.above(place) if scope == "project"), None
        )

    def is_open(self, place: Place) -> bool:
        room = self.room(place)
        return room is None or room.state == "active"

    def sits(self, who: int, group: int) -> bool:
        return self.seats.get((group, who), PAST) != PAST

    # Which roles count

    def everywhere(self, who: int) -> set[str]:
        """The roles of the whole organization: the person's own, and what their groups carry."""
        return {self.members[who]} | {
            role
            for (group, role), end in self.carried.items()
            if end != PAST and self.sits(who, group)
        }

    def given_at(self, who: int, place: Place) -> set[str]:
        """What was given there or above, to the person or to a group they sit in themself."""
        above = self.above(place)
        return {
            role
            for (where, (kind, holder)), (role, end) in self.grants.items()
            if where in above
            and end != PAST
            and (holder == who if kind == "person" else self.sits(who, holder))
        }

    def in_force_at(self, who: int, place: Place) -> set[str]:
        """An End User has nothing of a piece before it is published."""
        held = self.given_at(who, place)
        is_piece = place[0] == "resource"
        if is_piece and self.members[who] == "end_user" and not self.resources[place[1]].published:
            return held - set(ROLES_AT["resource"])
        return held

    def lasting(self, who: int, place: Place, end: int, *, published: bool = True) -> set[str]:
        """The roles that count there for at least as long; what ends sooner is left out."""
        later = Oracle(
            members=self.members,
            ends=self.ends,
            seats={key: until for key, until in self.seats.items() if until >= end},
            carried={key: until for key, until in self.carried.items() if until >= end},
            workspaces=self.workspaces,
            projects=self.projects,
            resources=self.resources,
            grants={key: held for key, held in self.grants.items() if held[1] >= end},
        )
        there = later.in_force_at(who, place) if published else later.given_at(who, place)
        return (later.everywhere(who) - {"end_user"}) | there

    def roles(self, who: int, place: Place | None) -> set[str]:
        everywhere = self.everywhere(who)
        if place is None:
            return everywhere
        return (everywhere - {"end_user"}) | self.in_force_at(who, place)

    def means(self, roles: set[str]) -> frozenset[str]:
        """The permissions that these roles hold together, by the table and the policies."""
        return means(frozenset(roles), frozenset(self.policies))

    # What is allowed

    def permissions(self, who: int, place: Place | None = None) -> frozenset[str]:
        """Before the state of the place; nothing for who may not come in."""
        return self.means(self.roles(who, place)) if self.acts(who) else frozenset()

    def allowed(self, who: int, place: Place | None = None) -> frozenset[str]:
        """Everything that this person may do there."""
        held = self.permissions(who, place)
        room = self.room(place) if place else None
        if room is None or room.state == "active":
            return held
        return held & (READ_WHEN_ARCHIVED if room.state == "archived" else {"projects.delete"})

    def may(self, who: int, permission: str, place: Place | None = None) -> bool:
        return permission in self.allowed(who, place)

    def seeing(self, place: Place) -> str:
        if place[0] == "resource":
            return SEES.get(self.resources[place[1]].kind, "projects.view")
        return f"{place[0]}s.view"

    def sharing(self, place: Place) -> str:
        if place[0] == "resource":
            return SHARES.get(self.resources[place[1]].kind, "projects.manage_members")
        return f"{place[0]}s.manage_members"

    def sees(self, who: int, place: Place) -> bool:
        """In a list, whatever state it is in."""
        return self.seeing(place) in self.permissions(who, place)

    def reads_of(self, place: Place) -> set[int]:
        """Who is on the page of who can access it: also whom publishing would let in."""
        return {
            who
            for who in self.members
            if self.acts(who)
            and self.seeing(place)
            in self.means((self.everywhere(who) - {"end_user"}) | self.given_at(who, place))
        }

    def about(self, place: Place | None) -> set[str]:
        """The permissions that mean something there; a role of a place above brings others too."""
        if place is None:
            return set(TABLE)
        kind = self.resources[place[1]].kind if place[0] == "resource" else ""
        if kind in SEES:
            return {one for one in TABLE if one.startswith(f"{kind}s.")}
        scope = "workspace" if place[0] == "workspace" else "project"
        return {one for one, row in TABLE.items() if row["scope"] == scope}

    def reach(self, who: int) -> dict[Place | None, set[str]]:
        """All that somebody holds, whatever state the places are in."""
        return {
            place: self.permissions(who, place) & self.about(place)
            for place in (None, *self.places())
        }

    # What goes when something goes

    def without_place(self, place: Place) -> None:
        self.grants = {key: held for key, held in self.grants.items() if key[0] != place}

    def without_holder(self, holder: Holder) -> None:
        self.grants = {key: held for key, held in self.grants.items() if key[1] != holder}

    def without_member(self, who: int) -> None:
        del self.members[who], self.ends[who]
        self.seats = {key: end for key, end in self.seats.items() if key[1] != who}
        self.without_holder(("person", who))

    def without_group(self, group: int) -> None:
        self.groups.discard(group)
        self.seats = {key: end for key, end in self.seats.items() if key[0] != group}
        self.carried = {key: end for key, end in self.carried.items() if key[0] != group}
        self.without_holder(("group", group))
