"""Who can access a place: by which paths, since when, through whom, why and until when.

What was given on the place itself is in given.py; whether somebody may do one particular thing,
and why, is in `projects/explain.py`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.keyset import Page, page_of, read_cursor
from config.prepared import prepared_row
from config.roles import Permission, Role, Scope, permissions_of, roles_with
from orgs.access import Access
from orgs.queries.members import search_query
from orgs.standing import windows_without
from projects.doors import seeing
from projects.models import Project, Resource, Workspace

AnyPlace = Workspace | Project | Resource

PAGE_SIZE = 50
# The ways to hold a role, as the filter of the page names them.
DIRECT, GROUP, ORGANIZATION = "direct", "group", "organization"

_ORDER = ("sort_name", "id")
_ACCESS_PAGE = """
    SELECT access_page(
        %s::uuid[], %s::text[], %s, %s, %s::text[], %s::uuid, %s, %s::text, %s::uuid, %s
    )
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """One way in which one person holds one role: where it sits, and who did it when and why.

    Through a group it takes two deeds; the later one began it and the earlier end ends it.
    """

    role: Role
    via: str
    scope: Scope
    place: UUID
    grant: UUID | None
    since: datetime.datetime
    by: str
    until: datetime.datetime | None
    reason: str
    source: str
    icon: str
    group: UUID | None = None
    waits: bool = False

    @property
    def is_inherited(self) -> bool:
        """From a role of the whole organization: nobody put this person here (S4-025)."""
        return self.scope is Scope.ORGANIZATION


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody with access: their paths, the one that reaches farthest first."""

    id: UUID
    sort_name: str
    name: str
    known_as: str
    paths: list[Path]

    @property
    def first(self) -> Path:
        return self.paths[0]

    @property
    def more(self) -> str:
        """How many paths stand behind the first, in words."""
        number = len(self.paths) - 1
        return f"{number} more {'path' if number == 1 else 'paths'}" if number else ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows, and how many there are in all."""

    page: Page[Any]
    total: int


def access_page(
    *,
    access: Access,
    place: AnyPlace,
    via: str = "",
    search: str = "",
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> Found:
    """Who can access the place, by name, with every path of each. One query."""
    names = {place.organization_id: access.org.name} | _names_above(place)
    waiting = isinstance(place, Resource) and not place.is_published
    return people_page(
        access=access,
        places=[*place.places, place.organization_id],
        permission=viewing(place),
        names=names,
        via=via,
        search=search,
        cursor=cursor,
        size=size,
        waiting=waiting,
    )


def people_page(
    *,
    access: Access,
    places: Sequence[UUID],
    permission: Permission,
    names: dict[UUID, str],
    via: str = "",
    search: str = "",
    cursor: str | None = None,
    size: int = PAGE_SIZE,
    waiting: bool = False,
) -> Found:
    """Who has the permission by a role at one of these places; `names` are those of the places.

    Support is left out where its window withholds it. `waiting` says that what is shared is not
    published, so End Users have nothing of it yet.
    """
    roles = [role.value for role in roles_with(permission, access.policies)]
    windows = [role.value for role in windows_without(permission)]
    about = [list(places), roles, via, search_query(search), windows]
    return read_page(
        _ACCESS_PAGE,
        about,
        lambda row: _person(row, places[0], via, access, names, waiting),
        access=access,
        cursor=cursor,
        size=size,
    )


def viewing(place: AnyPlace) -> Permission:
    """The permission that having access to this place means."""
    if isinstance(place, Resource):
        return seeing(place)
    return {
        Scope.WORKSPACE: Permission.WORKSPACES_VIEW,
        Scope.PROJECT: Permission.PROJECTS_VIEW,
    }[place.scope]


def read_page(
    statement: str,
    about: list[Any],
    row_of: Callable[[dict[str, Any]], Any],
    *,
    access: Access,
    cursor: str | None,
    size: int,
) -> Found:
    """A page by name from one of the functions that return one, with their last parameters."""
    sees_all = access.can(Permission.GROUPS_MANAGE_MEMBERS)
    backwards, after = _position(cursor)
    name, key = after or (None, None)
    viewer = None if sees_all else access.membership_id
    found = prepared_row(statement, [*about, viewer, backwards, name, key, size + 1])
    said: dict[str, Any] = json.loads(found[0]) if found else {"rows": [], "total": 0}
    rows = [row_of(row) for row in said["rows"]]
    if backwards:
        rows.reverse()
    page = page_of(rows, _ORDER, size=size, backwards=backwards, first=after is None)
    return Found(page, said["total"])


def _position(cursor: str | None) -> tuple[bool, list[Any] | None]:
    """Where the cursor stands; the beginning for one of another list."""
    backwards, after = read_cursor(cursor, len(_ORDER))
    if after is None or not (isinstance(after[0], str) and isinstance(after[1], UUID)):
        return False, None
    return backwards, after


def _person(
    row: dict[str, Any],
    place: UUID,
    via: str,
    access: Access,
    names: dict[UUID, str],
    waiting: bool,
) -> Person:
    waits = waiting and row["role"] == Role.END_USER
    paths = [_path(said, row["ends"], place, names, waits) for said in row["paths"]]
    paths.sort(key=lambda path: (not _matches(path, via, place), *_rank(path, access)))
    return Person(
        id=UUID(row["id"]),
        sort_name=row["sort_name"],
        name=row["name"],
        known_as=row["known_as"],
        paths=paths,
    )


def _path(
    said: dict[str, Any], ends: str | None, place: UUID, names: dict[UUID, str], waits: bool
) -> Path:
    scope, seat_since = Scope(said["scope"]), moment(said["seat_since"])
    given_since = datetime.datetime.fromisoformat(said["since"])
    seated_later = seat_since is not None and seat_since > given_since
    until = [moment(text) for text in (said["until"], said["seat_until"], ends)]
    source, icon = _source(said, scope, UUID(said["place"]) == place, names)
    return Path(
        role=Role(said["role"]),
        via=said["via"],
        scope=scope,
        place=UUID(said["place"]),
        grant=UUID(said["grant"]) if said["grant"] else None,
        since=max(given_since, seat_since or given_since),
        by=(said["seat_by"] if seated_later else said["by"]) or "",
        until=min((end for end in until if end), default=None),
        reason=said["reason"] or "",
        source=source,
        icon=icon,
        group=UUID(said["group"]) if said["group"] else None,
        waits=waits and scope is Scope.RESOURCE,
    )


def _source(
    said: dict[str, Any], scope: Scope, is_here: bool, names: dict[UUID, str]
) -> tuple[str, str]:
    """Where a role comes from, in a few words, and the icon for it."""
    above = "" if is_here or scope is Scope.ORGANIZATION else names.get(UUID(said["place"]), "")
    if said["via"] == GROUP:
        group = said["group_name"] or "A secret group"
        return (f"{group}, {above}" if above else group), "user-group"
    if scope is Scope.ORGANIZATION:
        return "Organization role", "building-office"
    if is_here:
        return "Shared directly", "user"
    return above, "rectangle-stack" if scope is Scope.WORKSPACE else "folder"


def _matches(path: Path, via: str, place: UUID) -> bool:
    if via == DIRECT:
        return path.via == DIRECT and path.place == place
    return via in ("", path.via, path.scope.value)


def _rank(path: Path, access: Access) -> tuple[Any, ...]:
    """What reaches over the whole organization stands first, then what holds most."""
    held = permissions_of({path.role}, access.policies)
    return (not path.is_inherited, -len(held), path.via, path.since)


def _names_above(place: AnyPlace) -> dict[UUID, str]:
    project = place if isinstance(place, Project) else getattr(place, "project", None)
    names = {place.pk: place.name}
    if project is not None:
        names[project.pk] = project.name
        if project.workspace is not None:
            names[project.workspace.pk] = project.workspace.name
    return names


def moment(text: str | None) -> datetime.datetime | None:
    """A point in time as the database writes it into JSON."""
    return datetime.datetime.fromisoformat(text) if text else None
