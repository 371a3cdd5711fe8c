"""What stands in one organization while its chapter is played: places, roles on them, and rows.

What a line does is in `turns.py`, `parts.py` and `asking.py`. Nothing is written here.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.db import models

from audit.ledger import Actor, Target
from config.roles import Permission, Role, permissions_of
from orgs.ceiling import sharing_permission
from orgs.demo.days import id_at
from orgs.demo.effects import Row, moment
from orgs.demo.history import History
from orgs.models import Group, Membership, Notice
from projects.demo.acme import ACME
from projects.demo.earlier import earlier_executions
from projects.demo.everyday import executions
from projects.demo.lines import Tale
from projects.demo.neighbours import LARKFIELD, UMBRELLA
from projects.demo.telling import tell
from projects.demo.traffic import calls, price_models, set_meters
from projects.models import (
    Call,
    EnvironmentClass,
    Execution,
    HumanTask,
    Integration,
    InvitationProject,
    Key,
    KeySecret,
    Limit,
    Project,
    ProjectEnvironment,
    ProjectGrant,
    ProjectGroupGrant,
    ProjectInsights,
    Request,
    Resource,
    ResourceGrant,
    ResourceGroupGrant,
    ResourceVersion,
    Secret,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
    Workspace,
    WorkspaceGrant,
    WorkspaceGroupGrant,
)

Place = Workspace | Project | Resource
Grantee = Membership | Group

TALES = {"Acme Robotics": ACME, "Umbrella Logistics": UMBRELLA, "Larkfield Press": LARKFIELD}
NOTHING = Tale(lines=(), bustle=0)

_TABLES: tuple[type[models.Model], ...] = (
    *(Workspace, Project, Resource, ResourceVersion, EnvironmentClass, ProjectEnvironment),
    *(ProjectInsights,),
    *(Secret, Integration, WorkspaceGrant, WorkspaceGroupGrant, ProjectGrant, ProjectGroupGrant),
    *(ServiceAccount, ServiceAccountProject, ServiceToken, Key, KeySecret, Limit, Call),
    *(ResourceGrant, ResourceGroupGrant, Execution, HumanTask, Request, InvitationProject, Notice),
)
_GRANTS: dict[type[Any], tuple[type[Any], type[Any]]] = {
    Workspace: (WorkspaceGrant, WorkspaceGroupGrant),
    Project: (ProjectGrant, ProjectGroupGrant),
    Resource: (ResourceGrant, ResourceGroupGrant),
}
_AHEAD = re.compile(r"in (\d+)d")


@dataclass(slots=True)
class Held:
    """A grant that stands. Its role is a key of the database, so it is set when it is written."""

    row: Any
    role: Role
    place: Place
    to: Grantee


class Book:
    """One organization's chapter. Begun with the history, whose deeds it joins."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.tale = TALES.get(history.story.name, NOTHING)
        self.places: dict[str, Place] = {}
        self.classes: dict[str, EnvironmentClass] = {}
        self.held: dict[tuple[UUID, UUID], Held] = {}
        self.others: list[models.Model] = []
        history.standing.rooms.append(self._stands)
        for line in self.tale.lines:
            history.plan(history.at(line.when), partial(tell, line, self))

    def rows(self) -> Iterator[Sequence[models.Model]]:
        by_table: dict[type[models.Model], list[models.Model]] = {table: [] for table in _TABLES}
        for held in self.held.values():
            held.row.role = held.role
        busy = (*earlier_executions(self), *executions(self), *calls(self))
        for row in (*self.places.values(), *self.classes.values(), *self.others, *busy):
            by_table[type(row)].append(row)
        for held in self.held.values():
            by_table[type(held.row)].append(held.row)
        yield from by_table.values()
        if by_table[Limit]:
            price_models()
            set_meters(self)

    def _stands(self) -> Iterator[Row]:
        """Who holds what on places, now in the story."""
        for place in self.places.values():
            yield Row(place.scope.value, place.id, None, place.id, _kept(place))
        for held in self.held.values():
            noun = "grant" if isinstance(held.to, Membership) else "group_grant"
            said = {"role": held.role.value, "expires_at": moment(held.row.expires_at)}
            kind = f"{held.place.scope.value}_{noun}"
            yield Row(kind, held.row.id, held.to.id, held.place.id, said)

    # What is there

    def workspace(self, name: str) -> Workspace:
        return cast(Workspace, self.places[name])

    def project(self, name: str) -> Project:
        return cast(Project, self.places[name])

    def resource(self, name: str) -> Resource:
        return cast(Resource, self.places[name])

    def of_kind(self, table: type[models.Model]) -> list[Any]:
        return [row for row in (*self.places.values(), *self.others) if isinstance(row, table)]

    def named(self, table: type[models.Model], name: str) -> Any:
        return next(one for one in self.of_kind(table) if one.name == name)

    def secrets_of(self, key: Key) -> list[KeySecret]:
        """From the first to the newest."""
        return [secret for secret in self.of_kind(KeySecret) if secret.key_id == key.id]

    def add(self, place: Place) -> None:
        """Raises ValueError where a name stands for something else already."""
        if place.name in self.places:
            raise ValueError(f"{place.name} is there already")
        self.places[place.name] = place

    def grantee(self, name: str) -> Grantee:
        return self.history.groups.get(name) or self.history.members[name]

    def new(self, *, at: datetime.datetime | None = None) -> dict[str, Any]:
        """What every row of this organization begins with."""
        moment = at or self.history.now
        return {"id": id_at(moment), "organization_id": self.history.organization.id}

    def until(self, when: str) -> datetime.datetime | None:
        if ahead := _AHEAD.fullmatch(when):
            days = datetime.timedelta(days=int(ahead[1]))
            last = self.history.calendar.now + days
            return last.replace(hour=23, minute=59, second=0, microsecond=0)
        return self.history.calendar.at(when) if when else None

    def grant(self, place: Place, to: Grantee) -> Any:
        """A new row that gives something there."""
        person, group = _GRANTS[type(place)]
        table = group if isinstance(to, Group) else person
        whom = {"group_id": to.id} if isinstance(to, Group) else {"user_id": to.person_id}
        return table(content_object_id=place.id, **whom, **self.new())

    # Who may

    def doer(self, name: str, permission: Permission, place: Place | None = None) -> Actor:
        """Somebody who does what takes this permission. Raises ValueError if they may not."""
        if not self.may(name, permission, place):
            on = place.name if place else "the organization"
            raise ValueError(f"{name} may not {permission.label} on {on} at {self.history.now}")
        return self.history.actor(name)

    def sharer(self, name: str, role: Role, place: Place) -> Actor:
        return self.doer(name, sharing_permission(role, place), place)

    def may(self, name: str, permission: Permission, place: Place | None = None) -> bool:
        roles = self.history.roles_of(name) | self.roles_on(name, place)
        return permission in permissions_of(roles, self.history.policies)

    def roles_on(self, name: str, place: Place | None) -> frozenset[Role]:
        """The roles held there and above, oneself or through a group."""
        member = self.history.members[name]
        whom = [member.id, *(group.id for group in self.history.groups_of(name))]
        around = [place, getattr(place, "project", None)]
        around.append(getattr(around[1] or place, "workspace", None))
        found = (self.held.get((one.id, to)) for one in filter(None, around) for to in whom)
        return frozenset(held.role for held in found if held and self._is_live(held))

    def _is_live(self, held: Held) -> bool:
        ends = held.row.expires_at
        return ends is None or ends > self.history.now


def _kept(place: Place) -> dict[str, Any]:
    """What the ledger keeps of a place."""
    if isinstance(place, Project):
        above = str(place.workspace.pk) if place.workspace else None
        policies = list(place.policies)
        return {"workspace_id": above, "state": str(place.state), "policies": policies}
    if isinstance(place, Resource):
        project = str(place.project_id) if place.project_id else None
        published = place.published_at is not None
        return {"project_id": project, "kind": str(place.kind), "is_published": published}
    return {}


def target_of(place: Place) -> Target:
    return Target(place.scope.value, place.id, place.name)
