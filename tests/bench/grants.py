"""Roles on places: deciding on one, listing one's own, who can access, and changing one for many."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction

from audit.ledger import Actor
from config.prepared import prepared_row
from config.roles import Permission, Role, roles_with
from orgs.access import Access
from orgs.actions.group_roles import group_role_toggle
from orgs.effective import effective_access
from orgs.models import Group, GroupMembership, Membership
from orgs.preview import rehearse
from orgs.tenancy import bind_member
from projects.explain import explain
from projects.forms.projects import ProjectFilter
from projects.models import Project, Resource
from projects.queries.access import _ACCESS_PAGE, PAGE_SIZE, access_page
from projects.queries.project_list import page_query, project_page
from tests.bench import floor
from tests.bench.database import BenchDatabase
from tests.bench.seed import GROUP, MEMBERSHIP, PROJECT, Scale, uuid_of
from tests.bench.timing import Line, Work, in_turn, side_by_side

COLD, COLD_HEAVY, WARM = 2.0, 3.0, 2e-6
MY_PROJECTS, MY_PROJECTS_HEAVY = 5.0, 1e-3
WHO, WHO_MANY = 1e-3, 8e-3
TOGGLE = 1.1
ONE_ROW_COMMIT = "a commit of one row"
TOGGLED = Role.BILLING_VIEWER
ASKED = 100
"""So many people, and projects, in turn: no more than a server has in memory."""
SOMEONE = Actor("person", None, "Someone")


@dataclass(frozen=True)
class Asker:
    """Somebody, a project and a resource that they hold a role on, and a project by chance."""

    kind: str
    organization: UUID
    slug: str
    person: UUID
    membership: UUID
    project: UUID
    another: UUID
    resource: UUID


def askers(owner: psycopg.Connection[Any]) -> dict[str, list[Asker]]:
    found: dict[str, list[Asker]] = {}
    for row in owner.execute("SELECT * FROM bench_askers ORDER BY kind, person, project"):
        asker = Asker(*row)
        found.setdefault(asker.kind, []).append(asker)
    return found


def decisions(scale: Scale, owner: psycopg.Connection[Any]) -> list[Line]:
    """Each on another project: the first question about it, and every later one."""
    found = askers(owner)
    large, small = f"{scale.members:,} members", f"{scale.small:,} organizations"
    heavy = f"32 groups, {len(found['heavy']):,} projects"
    with transaction.atomic():
        connection.ensure_connection()
        everyone = [asker.person for kind in ("typical", "small") for asker in found[kind]]
        one_row = floor.OneRow(connection.connection, everyone)
        # One of the small organizations: its decisions are in one bound transaction as well.
        lines = [
            _cold("A cold decision on a project", small, found["small"][:1], one_row, COLD),
            _cold("A cold decision on a project", large, found["typical"], one_row, COLD),
            _cold("A cold decision on a project", heavy, found["heavy"], one_row, COLD_HEAVY),
        ]
        asked = _pairs(found["typical"], lambda asker: [Resource(pk=asker.resource, **_of(asker))])
        lines.append(_line("A cold decision on a resource", large, _first(asked), one_row))
        access, project = _pairs(found["typical"][:1], _projects)[0]
        permissions = itertools.cycle(Permission)
        seconds, base = side_by_side(lambda: access.can(next(permissions), project), one_row)
        lines.append(
            Line(
                work="A warm decision on a project",
                size="any",
                seconds=seconds,
                floor=base,
                floor_is=floor.PREPARED,
                longest=WARM,
            )
        )
    return lines


def _cold(
    work: str, size: str, asking: list[Asker], one_row: floor.OneRow, limit: float | None
) -> Line:
    return _line(work, size, _first(_pairs(asking, _projects)), one_row, limit=limit)


def _projects(asker: Asker) -> list[Any]:
    """One on which there is a role, and one on which, but for chance, there is none."""
    return [Project(pk=pk, **_of(asker)) for pk in (asker.project, asker.another)]


def _of(asker: Asker) -> dict[str, UUID]:
    return {"organization_id": asker.organization}


def _pairs(asking: list[Asker], places: Callable[[Asker], list[Any]]) -> list[tuple[Access, Any]]:
    """Bound to their organization; the asker changes from pair to pair."""
    bound_to = access_of(asking[0])
    return [
        (replace(bound_to, person_id=asker.person, membership_id=asker.membership), place)
        for asker in asking
        for place in places(asker)
    ]


def access_of(asker: Asker) -> Access:
    access = bind_member(asker.slug, asker.person, identity=SOMEONE)
    assert access
    return access


def _first(pairs: list[tuple[Access, Any]]) -> Work:
    turn = itertools.cycle(pairs)

    def decide() -> None:
        access, place = next(turn)
        access._held.clear()
        access.can(Permission.PROJECTS_VIEW, place)

    return decide


def _line(
    work: str, size: str, call: Work, one_row: Work, *, seconds: float = 2, **promised: Any
) -> Line:
    taken, base = side_by_side(call, one_row, seconds=seconds)
    return Line(
        work=work, size=size, seconds=taken, floor=base, floor_is=floor.PREPARED, **promised
    )


def lists(scale: Scale, owner: psycopg.Connection[Any]) -> list[Line]:
    """What the pages of projects and of access read, to the last Python object of a row."""
    found = askers(owner)
    heavy = f"32 groups, {len(found['heavy']):,} projects"
    with transaction.atomic():
        connection.ensure_connection()
        one_row = floor.OneRow(connection.connection, [a.person for a in found["typical"]])
        typical, busy = found["typical"][:ASKED], found["heavy"][:1]
        few = [asker.project for asker in typical]
        many = [uuid_of(PROJECT, _first_project(owner) + 1)]
        lines = []
        for work, size, statement, whole, promised in (
            ("My projects", "about 20", *_mine(typical), {"limit": MY_PROJECTS}),
            ("My projects", heavy, *_mine(busy), {"longest": MY_PROJECTS_HEAVY}),
            ("Who can access", "about 100 people", *_who(few, typical[0]), {"longest": WHO}),
            (
                "Who can access",
                f"a group of {scale.members // 10:,}",
                *_who(many, typical[0]),
                {"longest": WHO_MANY},
            ),
        ):
            lines.append(_line(work, size, statement, one_row, **promised))
            lines.append(_line(f"{work}, with its rows in Python", size, whole, one_row))
        return lines


def _mine(asking: list[Asker]) -> tuple[Work, Work]:
    """The statement that the page runs, and all that the page reads."""
    everyone = [access for access, _ in _pairs(asking, lambda asker: [None])]
    one, other = itertools.cycle(everyone), itertools.cycle(everyone)
    asked = ProjectFilter()
    return (
        lambda: prepared_row(*page_query(next(one), asked)),
        lambda: project_page(next(other), asked),
    )


def _who(places: list[UUID], asker: Asker) -> tuple[Work, Work]:
    access = access_of(asker)
    found = Project.objects.in_org(access.org.id).select_related("workspace").in_bulk(places)
    one, other = itertools.cycle(found.values()), itertools.cycle(found.values())

    def statement() -> None:
        place = next(one)
        roles = [role.value for role in roles_with(Permission.PROJECTS_VIEW, access.policies)]
        about = [[*place.places, access.org.id], roles, "", ""]
        prepared_row(_ACCESS_PAGE, [*about, access.membership_id, False, None, None, PAGE_SIZE + 1])

    return statement, lambda: access_page(access=access, place=next(other))


def changes(scale: Scale, database: BenchDatabase, owner: psycopg.Connection[Any]) -> list[Line]:
    many = f"a group of {scale.members // 10:,}"
    owner.execute("DROP TABLE IF EXISTS bench_one_row")
    owner.execute("CREATE TABLE bench_one_row (id uuid PRIMARY KEY, on_it boolean)")
    owner.execute("INSERT INTO bench_one_row VALUES (gen_random_uuid(), true)")
    with database.as_owner() as writer:
        plain = _one_row_commit(writer)
        owner.execute("ALTER TABLE orgs_grouprole DISABLE TRIGGER USER")
        try:
            row, base = side_by_side(_row_alone(scale, owner, writer), plain, seconds=2)
        finally:
            owner.execute("ALTER TABLE orgs_grouprole ENABLE TRIGGER USER")
        owner.execute("VACUUM audit_head")
        recorded = _recorded(database, scale, owner)
        deed, floor_of_it = side_by_side(recorded, plain, seconds=2)
        whole, floor_of_all = side_by_side(_toggle(scale, owner), plain, seconds=2)
    line = partial(Line, size=many, floor_is=ONE_ROW_COMMIT)
    return [
        line(work="A role of a group: the row", seconds=row, floor=base, limit=TOGGLE),
        line(work="The row and its entry in the ledger", seconds=deed, floor=floor_of_it),
        line(work="The whole deed, `group_role_toggle`, bound", seconds=whole, floor=floor_of_all),
        *_measured(scale, owner, many),
    ]


def _one_row_commit(writer: psycopg.Connection[Any]) -> Work:
    cursor = psycopg.Cursor(writer)

    def commit() -> None:
        with writer.transaction():
            cursor.execute("UPDATE bench_one_row SET on_it = NOT on_it", prepare=True)

    return commit


_GIVE = (
    "INSERT INTO orgs_grouprole (id, organization_id, content_object_id, group_id, permission_id,"
    " granted_at, reason) SELECT gen_random_uuid(), %s, %s, %s, id, now(), '' FROM auth_permission"
    f" WHERE codename = '{TOGGLED.value}'"
)
_TAKE = (
    "DELETE FROM orgs_grouprole WHERE group_id = %s AND permission_id ="
    f" (SELECT id FROM auth_permission WHERE codename = '{TOGGLED.value}')"
)
_BIND = "SELECT bind_organization(%s)"
_APPEND = (
    "SELECT ledger_append(%s, 'member', %s, %s, 'group', %s, 'done',"
    " jsonb_build_object('reason', '', 'request', '', 'changes', jsonb_build_object("
    '\'role\', jsonb_build_array(NULL, %s::text))), \'{"actor": "Ada", "changes": {}}\'::jsonb)'
)


def _switch(scale: Scale, owner: psycopg.Connection[Any], cursor: psycopg.Cursor[Any]) -> Work:
    group = _large_group(owner)
    state = itertools.cycle((True, False))
    cursor.execute(_TAKE, [group])

    def switch() -> None:
        if next(state):
            cursor.execute(_GIVE, [scale.large, scale.large, group], prepare=True)
        else:
            cursor.execute(_TAKE, [group], prepare=True)

    return switch


def _row_alone(
    scale: Scale, owner: psycopg.Connection[Any], writer: psycopg.Connection[Any]
) -> Work:
    switch = _switch(scale, owner, psycopg.Cursor(writer))

    def commit() -> None:
        with writer.transaction():
            switch()

    return commit


def _recorded(database: BenchDatabase, scale: Scale, owner: psycopg.Connection[Any]) -> Work:
    """As the web role, bound, with the entry that the database insists on."""
    web = database.as_web()
    cursor = psycopg.Cursor(web)
    group, someone = _large_group(owner), uuid_of(MEMBERSHIP, 1)
    entry = [scale.large, someone, "group.role_given", group, TOGGLED.label]
    with web.transaction():
        cursor.execute(_BIND, [scale.large])
        switch = _switch(scale, owner, cursor)
        cursor.execute(_APPEND, entry)

    def commit() -> None:
        with web.transaction():
            cursor.execute(_BIND, [scale.large], prepare=True)
            switch()
            cursor.execute(_APPEND, entry, prepare=True)

    return commit


def _toggle(scale: Scale, owner: psycopg.Connection[Any]) -> Work:
    first = _owner_of_large(owner)
    group = Group(pk=_large_group(owner), organization_id=scale.large)
    state = itertools.cycle((True, False))

    def toggle() -> None:
        with transaction.atomic():
            access = bind_member("large", first, identity=SOMEONE)
            assert access
            group_role_toggle(group=group, role=TOGGLED, on=next(state), actor=access)

    return toggle


def _measured(scale: Scale, owner: psycopg.Connection[Any], many: str) -> list[Line]:
    """Nothing is promised of these: who holds what, a preview, an explanation."""
    found, first = askers(owner), _owner_of_large(owner)
    with transaction.atomic():
        access = bind_member("large", first, identity=SOMEONE)
        assert access
        group = Group.objects.in_org(access.org.id).get(pk=_large_group(owner))
        seats = GroupMembership.objects.in_org(access.org.id).filter(group=group)
        people = list(seats.values_list("membership", flat=True))
        one_row = floor.OneRow(connection.connection, [first])
        asker = found["typical"][0]
        member = Membership.objects.in_org(access.org.id).get(pk=asker.membership)
        projects = Project.objects.in_org(access.org.id).select_related("workspace")
        given, another = (projects.get(pk=pk) for pk in (asker.project, asker.another))
        effective = partial(
            effective_access,
            organization=access.org.id,
            name="Large",
            policies=access.policies,
            people=people,
        )
        deed = partial(group_role_toggle, group=group, role=TOGGLED, on=True, actor=access)
        seconds = in_turn(
            effective, partial(rehearse, access, deed, people=people), one_row, rounds=2
        )
        why = partial(explain, org=access.org, member=member, asker=access)
        changing = Permission.PROJECTS_CHANGE
        allowed, refused, base = side_by_side(
            partial(why, permission=Permission.PROJECTS_VIEW, place=given),
            partial(why, permission=changing, place=another),
            one_row,
        )
    line = partial(Line, floor_is=floor.PREPARED)
    return [
        line(work="What all of them may do", size=many, seconds=seconds[0], floor=base),
        line(work="Preview of giving it a role", size=many, seconds=seconds[1], floor=base),
        line(work="Explaining a yes", size="one person", seconds=allowed, floor=base),
        line(
            work="Explaining a no, with what would turn it",
            size="one person",
            seconds=refused,
            floor=base,
        ),
    ]


def _large_group(owner: psycopg.Connection[Any]) -> UUID:
    return uuid_of(GROUP, _plan(owner, "first_group") + 1)


def _owner_of_large(owner: psycopg.Connection[Any]) -> UUID:
    return uuid_of(1, _plan(owner, "first_member") + 1)


def _first_project(owner: psycopg.Connection[Any]) -> int:
    return _plan(owner, "first_project")


def _plan(owner: psycopg.Connection[Any], column: str) -> int:
    row = owner.execute(f"SELECT {column} FROM bench_plan WHERE slug = 'large'").fetchone()
    return int((row or (0,))[0])
