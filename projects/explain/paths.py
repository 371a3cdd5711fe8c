"""From person to place: what stands on a path and how each thing leads to the next.

Which paths there are is read in `rows.py`; how they are shown is for the templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from config.roles import Permission, Policy, Role, Scope, cell
from orgs.access import Bound
from orgs.models import Membership
from projects.explain import words
from projects.explain.answer import Link, Path, Step, Thing
from projects.explain.rows import COUNTED, Row
from projects.explain.standing import AnyPlace
from projects.kinds import kind_of
from projects.models import Project, Resource, Workspace

UNNAMED = "A secret group"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who, what and where, in the words that every path of one explanation shares."""

    org: Bound
    member: Membership
    permission: Permission
    place: AnyPlace | None
    sees_reasons: bool

    @property
    def scope(self) -> Scope:
        return self.place.scope if self.place else Scope.ORGANIZATION

    def reason(self, text: str) -> str:
        return text if self.sees_reasons else ""


def path_of(scene: Scene, row: Row, *, mark: Policy | None = None) -> Path:
    """The path of one row; `mark` is the policy that lets its role include the permission."""
    because = f"because the policy {mark.label} is on" if mark else ""
    steps = (
        *way_to_role(scene, row),
        Step(link=Link(verb="which includes", note=because), thing=permission_thing(scene)),
        Step(link=Link(verb="on" if scene.place else "in"), thing=place_thing(scene)),
    )
    ends = min(filter(None, (row.ends, scene.member.expires_at)), default=None)
    since = max(filter(None, (row.since, row.seat_since)))
    return Path(
        role=row.role,
        via=row.via,
        steps=steps,
        since=since,
        until=ends,
        policy=mark,
        grant=row.grant,
    )


def way_to_role(scene: Scene, row: Row) -> tuple[Step, ...]:
    """The person, the group they are in, and the role."""
    start = Step(link=None, thing=person_thing(scene))
    role = Thing(
        kind="role",
        label="Role",
        title=row.role.label,
        note=_reach(scene, row),
        icon="shield-check",
    )
    if row.via != "group":
        return start, Step(link=_given(scene, row), thing=role)
    seat = Link(
        verb="is in the group",
        since=row.seat_since,
        by=row.seat_by,
        given="added",
        reason=scene.reason(row.seat_reason),
        until=row.seat_until,
    )
    group = Thing(
        kind="group",
        label="Group",
        title=row.group_name or UNNAMED,
        note=words.people(row.people, COUNTED),
        id=None if row.hidden else row.group,
    )
    return start, Step(link=seat, thing=group), Step(link=_given(scene, row), thing=role)


def person_thing(scene: Scene) -> Thing:
    role = Role(scene.member.role).label
    return Thing(
        kind="person",
        label="Person",
        title=scene.member.name,
        note=f"{role} of {scene.org.name}",
        id=scene.member.pk,
    )


def permission_thing(scene: Scene) -> Thing:
    return Thing(
        kind="permission",
        label="Permission",
        title=scene.permission.label,
        note=scene.permission.value,
        icon="lock-closed",
    )


def place_thing(scene: Scene) -> Thing:
    place = scene.place
    if place is None:
        return Thing(
            kind="organization", label="Organization", title=scene.org.name, id=scene.org.id
        )
    above = _above(place)
    label = str(place.kind_label)
    return Thing(
        kind=place.scope.value,
        label=label[0].upper() + label[1:],
        title=place.name,
        note=f"in {above}" if above else "",
        id=place.pk,
        icon=icon_of(place),
    )


def icon_of(place: AnyPlace) -> str:
    return kind_of(place).icon if isinstance(place, Resource) else place.icon


def deciding(role: Role, permission: Permission) -> Policy | None:
    """The policy on which it hangs that this role includes this permission, if one does."""
    found = cell(role, permission)
    return found if isinstance(found, Policy) else None


def levels(place: AnyPlace | None) -> list[AnyPlace]:
    """The place and what it stands in, from the inside out: a role on any of them counts."""
    if isinstance(place, Resource):
        return [place, *levels(place.project)]
    if isinstance(place, Project):
        return [place, *levels(place.workspace)]
    return [place] if isinstance(place, Workspace) else []


def _above(place: AnyPlace) -> str:
    around = levels(place)[1:]
    return around[0].name if around else ""


def _given(scene: Scene, row: Row) -> Link:
    """How the role came to the person or to the group."""
    verb, given = {
        "membership": ("has the organization role", "invited"),
        "direct": ("has been given", "shared"),
        "group": ("which carries", "given"),
    }[row.via]
    if row.via == "group" and row.scope is not Scope.ORGANIZATION:
        verb, given = "which has been given", "shared"
    return Link(
        verb=verb,
        since=row.since,
        by=row.by,
        given=given,
        reason=scene.reason(row.reason),
        until=row.until,
    )


def _reach(scene: Scene, row: Row) -> str:
    """What the role sits on, seen from the place that is asked about."""
    if row.scope is Scope.ORGANIZATION:
        return _everywhere(scene)
    on = _named(scene.place, row.place)
    if on is None or scene.place is None or on is scene.place:
        return f"On this {scene.place.kind_label}" if scene.place else ""
    below = " and its projects" if isinstance(on, Workspace) else ""
    return f"On the {on.kind_label} {on.name}{below}"


def _everywhere(scene: Scene) -> str:
    place = scene.place
    if place is None:
        return "In the whole organization"
    if isinstance(place, Resource) and place.project is not None:
        return "On every project, existing and future"
    return f"On every {place.kind_label}, existing and future"


def _named(place: AnyPlace | None, pk: UUID) -> AnyPlace | None:
    return next((one for one in levels(place) if one.pk == pk), None)
