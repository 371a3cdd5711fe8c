"""Everything that one person can do, and why: the places they hold a role on, and by which paths.

Only what the viewer may see is read. One decision is explained in `projects/explain/`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from audit.ledger import Actor
from config.keyset import Page, keyset_page
from config.roles import AREAS, Permission, Role, Scope, permissions_of
from orgs.access import Access
from orgs.models import Membership
from projects.explain.asked import asked_at
from projects.explain.paths import UNNAMED, icon_of, levels
from projects.explain.rows import Row, rows_of
from projects.explain.standing import AnyPlace
from projects.held import own_projects, own_resources, own_workspaces
from projects.models import Project, Resource, Workspace

TOGETHER, ALONE = 25, 100
KINDS = {"workspaces": "Workspaces", "projects": "Projects", "resources": "Resources"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One path to a role, in the words of a list."""

    role: Role
    source: str
    icon: str
    since: datetime.datetime
    by: str
    reason: str
    until: datetime.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A place, the roles that count there, and what they allow together."""

    place: Any
    icon: str
    note: str
    ways: list[Way]
    areas: list[tuple[str, list[Permission]]]
    waits: bool = False

    @property
    def number(self) -> int:
        return sum(len(permissions) for _, permissions in self.areas)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The places of one kind, a page of them."""

    kind: str
    label: str
    held: list[Held]
    page: Page[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """What a person holds in the whole organization, and on its places."""

    organization: list[Way] = field(default_factory=list)
    areas: list[tuple[str, list[Permission]]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def number(self) -> int:
        return sum(len(permissions) for _, permissions in self.areas)

    @property
    def places(self) -> int:
        return sum(len(part.held) for part in self.parts)


def holdings(
    *, viewer: Access, member: Membership, kind: str = "", cursor: str | None = None
) -> Holdings:
    """All kinds, the first places of each; or one kind, a page of it. A query each, one for paths.

    Of a membership that has ended nothing is in force.
    """
    if member.is_expired:
        return Holdings()
    theirs = _access_of(viewer, member)
    kinds = [kind] if kind in KINDS else list(KINDS)
    size = ALONE if kind in KINDS else TOGETHER
    pages = {one: _page(one, theirs, viewer, cursor if kind else None, size) for one in kinds}
    places = {level.pk for page in pages.values() for row in page.rows for level in levels(row)}
    rows = rows_of(places=[viewer.org.id, *places], members=[member.pk], asker=viewer)
    told = _Telling(viewer, member, rows, theirs.withheld)
    return Holdings(
        organization=[told.way(row) for row in rows if row.place == viewer.org.id],
        areas=in_areas(permissions_of(told.roles, viewer.policies) - told.withheld),
        parts=[
            Part(kind=one, label=KINDS[one], held=[told.held(row) for row in page.rows], page=page)
            for one, page in pages.items()
            if page.rows
        ],
    )


class _Telling:
    """The words for one person's paths, as far as the viewer may read them."""

    def __init__(
        self,
        viewer: Access,
        member: Membership,
        rows: Sequence[Row],
        withheld: frozenset[Permission],
    ) -> None:
        self.viewer, self.member, self.rows, self.withheld = viewer, member, rows, withheld
        self.roles = frozenset(row.role for row in rows if row.place == viewer.org.id)
        is_me = member.pk == viewer.membership_id
        self.sees_reasons = is_me or viewer.can(Permission.AUDIT_VIEW)

    def held(self, place: AnyPlace) -> Held:
        around = {level.pk: level for level in levels(place)}
        rows = [row for row in self.rows if row.place in around]
        held = frozenset(row.role for row in rows)
        counted = place.in_force(held, self.roles) if isinstance(place, Resource) else held
        roles = (self.roles - {Role.END_USER}) | counted
        allowed = permissions_of(roles, self.viewer.policies) & frozenset(asked_at(place))
        allowed -= self.withheld
        above = levels(place)[1:]
        return Held(
            place=place,
            icon=icon_of(place),
            note=f"in {above[0].name}" if above else str(place.kind_label).capitalize(),
            ways=[self.way(row, None if row.place == place.pk else around) for row in rows],
            areas=in_areas(permission for permission in allowed if place.leaves(permission)),
            waits=counted != held,
        )

    def way(self, row: Row, around: dict[Any, AnyPlace] | None = None) -> Way:
        source, icon = _source(row, around[row.place].name if around else "")
        seated_later = row.seat_since is not None and row.seat_since > row.since
        return Way(
            role=row.role,
            source=source,
            icon=icon,
            since=max(row.since, row.seat_since or row.since),
            by=row.seat_by if seated_later else row.by,
            reason=(row.seat_reason or row.reason) if self.sees_reasons else "",
            until=min(filter(None, (row.ends, self.member.expires_at)), default=None),
        )


def in_areas(permissions: Iterable[Permission]) -> list[tuple[str, list[Permission]]]:
    """Under the headings of their areas, in the order of the book."""
    wanted = frozenset(permissions)
    found: dict[str, list[Permission]] = {}
    for permission in Permission:
        if permission in wanted:
            found.setdefault(AREAS[permission.area], []).append(permission)
    return list(found.items())


def _source(row: Row, above: str) -> tuple[str, str]:
    if row.via == "group":
        group = row.group_name or UNNAMED
        return f"{group}, on {above}" if above else group, "user-group"
    if row.via == "membership":
        return "Organization role", "building-office"
    if above:
        return f"From {above}", "rectangle-stack" if row.scope is Scope.WORKSPACE else "folder"
    return "Shared directly", "user"


def _access_of(viewer: Access, member: Membership) -> Access:
    """Whose rows are meant, and what a window withholds from them."""
    return Access(
        organization=viewer.org,
        roles=frozenset({Role(member.role)}),
        identity=Actor("member", member.pk, member.name),
        membership_id=member.pk,
        person_id=member.person_id,
        window_ends=member.window_ends,
    )


def _page(kind: str, theirs: Access, viewer: Access, cursor: str | None, size: int) -> Page[Any]:
    rows: QuerySet[Any]
    if kind == "workspaces":
        rows = viewer.visible(Workspace.objects.all()).filter(pk__in=own_workspaces(theirs))
    elif kind == "projects":
        rows = viewer.visible(Project.objects.kept()).filter(pk__in=own_projects(theirs))
        rows = rows.select_related("workspace")
    else:
        rows = viewer.visible(Resource.objects.all()).filter(pk__in=own_resources(theirs))
        rows = rows.exclude(project__state=Project.State.DELETED)
        rows = rows.select_related("project__workspace")
    return keyset_page(rows, order=("sort_name", "id"), cursor=cursor, size=size)
