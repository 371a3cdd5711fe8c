"""What people try with workspaces, projects and resources, for the machine of access."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from config.roles import Policy
from orgs.actions.organizations import organization_change_policies
from orgs.views.settings import organization_change_policies as organization_policies_door
from projects.actions import project_ends, projects, resources, workspaces
from projects.policies import ProjectPolicy
from projects.views import project_ends as ends_doors
from projects.views import projects as project_doors
from projects.views import resources as resource_doors
from projects.views import runners as runner_doors
from projects.views import workspaces as workspace_doors
from tests.projects.access_ceiling import behind, is_approved, may_move, may_name_owner
from tests.projects.access_life import AccessLife
from tests.projects.access_oracle import IN_THE_HUB, NEVER, Piece, Place, Room

MOST_WORKSPACES, MOST_PROJECTS, MOST_RESOURCES = 2, 3, 5
CREATES = {"agent": "agents.create", "tool": "tools.create"}
OF_THE_ORGANIZATION = {
    "runner": ("runners.create", "runners.delete", runner_doors.runner_create),
    "automation": ("automations.create", "automations.delete", runner_doors.automation_create),
}
CREATE_DOORS = {"agent": resource_doors.agent_create, "tool": resource_doors.tool_create}


class PlaceDeeds(AccessLife):
    """Making, moving, ending and publishing."""

    @rule(data=st.data())
    def workspace_create(self, data: st.DataObject) -> None:
        if len(self.oracle.workspaces) < MOST_WORKSPACES:
            self.make_workspace(self.someone(data, "workspaces.create"))

    def make_workspace(self, by: int) -> None:
        number = self.next_number()
        made = self.tries(
            by,
            self.oracle.may(by, "workspaces.create"),
            lambda access: workspaces.workspace_create(
                name=f"W{number}", description="", actor=access
            ),
            view=workspace_doors.workspace_create,
        )
        if made:
            self.keys["workspace", number] = made.pk
            self.oracle.workspaces.add(number)

    @rule(data=st.data())
    def workspace_delete(self, data: st.DataObject) -> None:
        place = self.anywhere(data, "workspace")
        # Rarely: everything else wants workspaces to be there.
        if place is None or data.draw(st.integers(0, 2), "often"):
            return
        by = self.someone(data, "workspaces.delete", place)
        done = self.tries(
            by,
            behind(self.oracle, by, "workspaces.delete", place),
            lambda access: workspaces.workspace_delete(
                workspace=self.row(place), reason="why", actor=access
            ),
            view=workspace_doors.workspace_delete,
            place=place,
        )
        if done:
            self.oracle.without_place(place)
            self.oracle.workspaces.discard(place[1])
            for room in self.oracle.projects.values():
                room.workspace = None if room.workspace == place[1] else room.workspace

    @rule(data=st.data(), production=st.booleans())
    def project_create(self, data: st.DataObject, production: bool) -> None:
        if len(self.oracle.projects) == MOST_PROJECTS:
            return
        by, inside = self.someone(data, "projects.create"), self.workspace_or_none(data)
        owner = data.draw(st.none() | st.sampled_from(sorted(self.oracle.members)), "owner")
        self.make_project(by, inside, owner, production)

    def workspace_or_none(self, data: st.DataObject) -> int | None:
        return data.draw(st.sampled_from([None, *sorted(self.oracle.workspaces)]), "workspace")

    def make_project(
        self, by: int, inside: int | None, owner: int | None = None, production: bool = False
    ) -> None:
        oracle, number = self.oracle, self.next_number()
        approves = oracle.may(by, "org.approve_production")
        allowed = (
            oracle.may(by, "projects.create")
            and (
                inside is None
                or (
                    oracle.may(by, "workspaces.assign_projects", ("workspace", inside))
                    and (not production or approves)
                )
            )
            and (owner is None or may_name_owner(oracle, by, owner, inside, production))
        )
        made = self.tries(
            by,
            allowed,
            lambda access: projects.project_create(
                name=f"R{number}",
                description="",
                workspace=self.row(("workspace", inside)) if inside is not None else None,
                is_product=False,
                environment="production" if production else "",
                owner=self.member(owner) if owner is not None else None,
                actor=access,
            ),
            view=project_doors.project_create,
        )
        if made:
            self.keys["project", number] = made.pk
            room = Room(workspace=inside, policies={"owners_approve"} if production else set())
            oracle.projects[number] = room
            if owner is not None:
                oracle.grants[("project", number), ("person", owner)] = ("project_owner", NEVER)

    @rule(data=st.data())
    def project_move(self, data: st.DataObject) -> None:
        place = self.anywhere(data, "project")
        if place is None:
            return
        inside = self.workspace_or_none(data)
        to = ("workspace", inside) if inside is not None else None
        by = self.someone(data, "workspaces.assign_projects", to or place)
        done = self.tries(
            by,
            may_move(self.oracle, by, place[1], inside),
            lambda access: workspaces.project_move(
                project=self.row(place), workspace=self.row(to) if to else None, actor=access
            ),
        )
        if done:
            self.oracle.projects[place[1]].workspace = inside

    @rule(
        data=st.data(), policy=st.sampled_from(["owners_approve", "owners_approve", "shares_end"])
    )
    def project_change_policies(self, data: st.DataObject, policy: str) -> None:
        place = self.anywhere(data, "project")
        if place is None:
            return
        by, room = self.someone(data, "projects.set_policies", place), self.oracle.room(place)
        assert room
        wanted = room.policies ^ {policy}
        lifts = "owners_approve" in room.policies - wanted
        allowed = behind(self.oracle, by, "projects.set_policies", place) and (
            not lifts or is_approved(self.oracle, by, place)
        )
        done = self.tries(
            by,
            allowed,
            lambda access: projects.project_change_policies(
                project=self.row(place),
                policies=frozenset(map(ProjectPolicy, wanted)),
                seen=frozenset(map(ProjectPolicy, room.policies)),
                actor=access,
            ),
            view=project_doors.project_change_policies,
            place=place,
        )
        if done:
            room.policies = wanted

    @rule(data=st.data(), end=st.sampled_from(["archived", "deleted", "active", "active"]))
    def project_end(self, data: st.DataObject, end: str) -> None:
        place = self.anywhere(data, "project")
        if place is None:
            return
        by, room = self.someone(data, "projects.delete", place), self.oracle.room(place)
        assert room
        turn, door = {
            "archived": (self._archive, ends_doors.project_archive),
            "deleted": (self._delete, ends_doors.project_delete),
            "active": (self._restore, ends_doors.project_restore),
        }[end]
        allowed = behind(self.oracle, by, "projects.delete", place)
        if (room.state, end) == ("deleted", "archived"):
            allowed = False
        if self.tries(by, allowed, lambda access: turn(place, access), view=door, place=place):
            room.state = end

    def _archive(self, place: Place, access: Any) -> Any:
        return project_ends.project_archive(project=self.row(place), reason="why", actor=access)

    def _delete(self, place: Place, access: Any) -> Any:
        return project_ends.project_delete(project=self.row(place), reason="why", actor=access)

    def _restore(self, place: Place, access: Any) -> Any:
        row = self.row(place)
        return project_ends.project_restore(project=row, name=row.name, actor=access)

    @rule(data=st.data(), kind=st.sampled_from([*CREATES, *OF_THE_ORGANIZATION]))
    def resource_create(self, data: st.DataObject, kind: str) -> None:
        if len(self.oracle.resources) == MOST_RESOURCES:
            return
        takes = CREATES.get(kind) or OF_THE_ORGANIZATION[kind][0]
        place = self.anywhere(data, "project") if kind in CREATES else None
        if place is not None or kind in OF_THE_ORGANIZATION:
            self.make_resource(self.someone(data, takes, place), kind, place)

    def make_resource(self, by: int, kind: str, place: Place | None) -> None:
        number = self.next_number()
        if place is None:
            permission, _, door = OF_THE_ORGANIZATION[kind]
            allowed = self.oracle.may(by, permission)
        else:
            door, allowed = CREATE_DOORS[kind], behind(self.oracle, by, CREATES[kind], place)
        made = self.tries(
            by,
            allowed,
            lambda access: resources.resource_create(
                kind=kind,
                project=self.row(place) if place else None,
                name=f"X{number}",
                description="",
                configuration={},
                actor=access,
            ),
            view=door,
            place=place,
        )
        if made:
            self.keys["resource", number] = made.pk
            self.oracle.resources[number] = Piece(kind, place[1] if place else None)

    @rule(data=st.data())
    def resource_delete(self, data: st.DataObject) -> None:
        place = self.anywhere(data, "resource")
        if place is None or data.draw(st.integers(0, 2), "often"):
            return
        kind = self.oracle.resources[place[1]].kind
        takes = CREATES[kind] if kind in CREATES else OF_THE_ORGANIZATION[kind][1]
        by = self.someone(data, takes, place)
        done = self.tries(
            by,
            behind(self.oracle, by, takes, place),
            lambda access: resources.resource_delete(resource=self.row(place), actor=access),
            view=resource_doors.resource_delete,
            place=place,
        )
        if done:
            self.oracle.without_place(place)
            del self.oracle.resources[place[1]]

    @rule(data=st.data(), on=st.booleans())
    def publish_or_withdraw(self, data: st.DataObject, on: bool) -> None:
        place = self.anywhere(data, "resource")
        if place is None:
            return
        by = self.someone(data, "hub.publish", place)
        piece = self.oracle.resources[place[1]]
        name = "resource_publish" if on else "resource_withdraw"
        deed = getattr(resources, name)
        done = self.tries(
            by,
            behind(self.oracle, by, "hub.publish", place)
            and piece.published is not on
            and piece.kind in IN_THE_HUB,
            lambda access: deed(resource=self.row(place), actor=access),
            view=getattr(resource_doors, name),
            place=place,
        )
        if done:
            piece.published = on

    @rule(data=st.data(), policy=st.sampled_from(list(Policy)))
    def organization_policy(self, data: st.DataObject, policy: Policy) -> None:
        by = self.someone(data, "org.manage_settings")
        wanted = self.oracle.policies ^ {policy.value}
        done = self.tries(
            by,
            self.oracle.may(by, "org.manage_settings"),
            lambda access: organization_change_policies(
                organization=self.org.id,
                seen=access.policies,
                policies=frozenset(map(Policy, wanted)),
                actor=access,
            ),
            view=organization_policies_door,
        )
        if done:
            self.oracle.policies = wanted
