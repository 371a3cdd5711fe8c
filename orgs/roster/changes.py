"""What a plan is made of, and what a present state looks like once a plan is applied.

`apply_to` is pure: it says what the deeds must bring about, and tests hold them against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orgs.roster.document import Problem
from orgs.roster.snapshot import GroupNow, PersonNow, ProjectNow, Snapshot

Value = str | bool | None


class Kind(StrEnum):
    """One sort of change, in the order in which a plan makes them.

    Removals of people come first, so that a full organization can exchange people; group parents
    move before a group goes, every group exists before people join it, and every project before
    it is shared.
    """

    PERSON_REMOVE = "person.remove"
    PERSON_CHANGE_ROLE = "person.change_role"
    PERSON_ADD = "person.add"
    GROUP_RENAME = "group.rename"
    GROUP_ADD = "group.add"
    GROUP_CHANGE = "group.change"
    GROUP_REMOVE = "group.remove"
    SEAT_REMOVE = "seat.remove"
    SEAT_CHANGE = "seat.change"
    SEAT_ADD = "seat.add"
    PROJECT_ADD = "project.add"
    PROJECT_CHANGE = "project.change"
    SHARE_REMOVE = "share.remove"
    SHARE_CHANGE = "share.change"
    SHARE_ADD = "share.add"


@dataclass(frozen=True, slots=True)
class Change:
    """One deed of a plan. An id is None for what the plan itself adds: then go by the name.

    `person` is a login or e-mail address in lower case. `group` is the name that the group has
    when the change's turn comes: for a rename the old one, else the one in the file. `project` is
    the name that the project has once all projects are as the file says, but for its own change
    the present one. `before` and
    `after` hold the fields that differ (all of them for what is added); a `parent` is a name.
    """

    kind: Kind
    summary: str
    person: str = ""
    person_id: str | None = None
    group: str = ""
    group_id: str | None = None
    project: str = ""
    project_id: str | None = None
    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Value] = field(default_factory=dict)
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that make one organization what the file says; refused if any error stands."""

    org: str
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        return any(problem.level == "error" for problem in self.problems)

    @property
    def empty(self) -> bool:
        return not self.changes

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many changes of each kind, every kind included."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in Kind}

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind in kinds)


def apply_to(snapshot: Snapshot, plan: Plan) -> Snapshot:
    """The state after `plan`; raises ValueError for a plan that is refused."""
    if plan.refused:
        raise ValueError("a refused plan is not applied")
    state = _State(snapshot)
    for change in plan.changes:
        _DEEDS[change.kind](state, change)
    groups = tuple(replace(group, members=state.seats[group.id]) for group in state.groups.values())
    projects = tuple(
        replace(project, shares=state.shares[project.id]) for project in state.projects.values()
    )
    people = tuple(state.people.values())
    return replace(snapshot, people=people, groups=groups, projects=projects)


class _State:
    """A snapshot taken apart; what the plan adds gets its key or name as a made-up id."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.people = {person.id: person for person in snapshot.people}
        self.groups = {group.id: group for group in snapshot.groups}
        self.seats = {group.id: dict(group.members) for group in snapshot.groups}
        self.projects = {project.id: project for project in snapshot.projects}
        self.shares = {project.id: dict(project.shares) for project in snapshot.projects}

    def project_id(self, change: Change) -> str:
        return change.project_id or f"project:{change.project}"

    def person_id(self, change: Change) -> str:
        return change.person_id or f"person:{change.person}"

    def group_id(self, change: Change) -> str:
        return change.group_id or f"group:{change.group}"

    def named(self, name: Value) -> str | None:
        """The id of the group of this name; no name is no group."""
        if name is None:
            return None
        return next(group.id for group in self.groups.values() if group.name == name)

    def person_remove(self, change: Change) -> None:
        who = self.person_id(change)
        del self.people[who]
        for seats in self.seats.values():
            seats.pop(who, None)

    def person_change_role(self, change: Change) -> None:
        who = self.person_id(change)
        self.people[who] = replace(self.people[who], role=str(change.after["role"]))

    def person_add(self, change: Change) -> None:
        login, email = change.after["login"], change.after["email"]
        who = self.person_id(change)
        self.people[who] = PersonNow(
            id=who,
            login=None if login is None else str(login),
            email=None if email is None else str(email),
            role=str(change.after["role"]),
            placeholder=True,
        )

    def group_add(self, change: Change) -> None:
        which = self.group_id(change)
        self.seats[which] = {}
        self.groups[which] = GroupNow(
            id=which,
            name=change.group,
            description=str(change.after["description"]),
            secret=bool(change.after["secret"]),
            parent_id=self.named(change.after["parent"]),
        )

    def group_change(self, change: Change) -> None:
        which = self.group_id(change)
        group = self.groups[which]
        after = change.after
        self.groups[which] = replace(
            group,
            name=str(after.get("name", group.name)),
            description=str(after.get("description", group.description)),
            secret=bool(after.get("secret", group.secret)),
            parent_id=self.named(after["parent"]) if "parent" in after else group.parent_id,
        )

    def group_remove(self, change: Change) -> None:
        which = self.group_id(change)
        if any(group.parent_id == which for group in self.groups.values()):
            raise ValueError(f"the group {change.group} still has groups below it")
        del self.groups[which], self.seats[which]
        for shares in self.shares.values():
            shares.pop(which, None)

    def seat_set(self, change: Change) -> None:
        who = self.person_id(change)
        if who not in self.people:
            raise ValueError(f"{change.person} is not in the organization")
        self.seats[self.group_id(change)][who] = bool(change.after["maintainer"])

    def seat_remove(self, change: Change) -> None:
        del self.seats[self.group_id(change)][self.person_id(change)]

    def project_add(self, change: Change) -> None:
        which = self.project_id(change)
        self.shares[which] = {}
        self.projects[which] = ProjectNow(
            id=which,
            name=change.project,
            description=str(change.after["description"]),
            archived=bool(change.after["archived"]),
        )

    def project_change(self, change: Change) -> None:
        which = self.project_id(change)
        project = self.projects[which]
        self.projects[which] = replace(
            project,
            name=str(change.after.get("name", project.name)),
            description=str(change.after.get("description", project.description)),
            archived=bool(change.after.get("archived", project.archived)),
        )

    def share_set(self, change: Change) -> None:
        self.shares[self.project_id(change)][self.group_id(change)] = str(change.after["role"])

    def share_remove(self, change: Change) -> None:
        del self.shares[self.project_id(change)][self.group_id(change)]


_DEEDS: Mapping[Kind, Callable[[_State, Change], None]] = {
    Kind.PERSON_REMOVE: _State.person_remove,
    Kind.PERSON_CHANGE_ROLE: _State.person_change_role,
    Kind.PERSON_ADD: _State.person_add,
    Kind.GROUP_RENAME: _State.group_change,
    Kind.GROUP_ADD: _State.group_add,
    Kind.GROUP_CHANGE: _State.group_change,
    Kind.GROUP_REMOVE: _State.group_remove,
    Kind.SEAT_REMOVE: _State.seat_remove,
    Kind.SEAT_CHANGE: _State.seat_set,
    Kind.SEAT_ADD: _State.seat_set,
    Kind.PROJECT_ADD: _State.project_add,
    Kind.PROJECT_CHANGE: _State.project_change,
    Kind.SHARE_REMOVE: _State.share_remove,
    Kind.SHARE_CHANGE: _State.share_set,
    Kind.SHARE_ADD: _State.share_set,
}
