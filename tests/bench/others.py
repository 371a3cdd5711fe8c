"""The same questions asked of other libraries, on the same rows and in the same run.

As the owner of the tables, so that row security costs them nothing, and as they are used by their
documentation. What a library does not know it is not asked: no ends of grants (the rows that have
ended are left out), no workspaces, no organizations.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from guardian.conf import settings as guardian_settings
from guardian.core import ObjectPermissionChecker
from guardian.models import GroupObjectPermissionAbstract
from guardian.shortcuts import assign_perm, get_objects_for_user, get_users_with_perms, remove_perm

from accounts.models import User
from orgs.models import Group
from projects.models import Project, ProjectGrant, ProjectGroupGrant
from tests.bench import floor
from tests.bench.grants import Asker, askers
from tests.bench.seed import GROUP, PROJECT, Scale, uuid_of
from tests.bench.timing import Line, Work, in_turn, side_by_side

ROLES = ("project_owner", "project_member", "project_viewer")
PAGE = 51
SLOW = 0.03
"""Seconds from which a work is not repeated for longer than it takes to trust it."""
ASKED = 100


class BenchSeat(models.Model):  # noqa: DJ008
    """Guardian asks a user for their groups; here those are reached through memberships."""

    user = models.ForeignKey(User, models.DO_NOTHING, related_name="+", db_constraint=False)
    group = models.ForeignKey(Group, models.DO_NOTHING, related_name="+", db_constraint=False)

    class Meta:
        app_label = "guardian"
        db_table = "bench_seat"


class BenchGroupObjectPermission(GroupObjectPermissionAbstract):
    """Guardian's generic table for groups, with groups of an organization in it."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="+", db_constraint=False)

    class Meta(GroupObjectPermissionAbstract.Meta):
        abstract = False
        app_label = "guardian"
        db_table = "bench_groupobjectpermission"


FILL = (
    "INSERT INTO bench_seat (user_id, group_id) SELECT m.person_id, s.group_id"
    " FROM orgs_groupmembership s JOIN orgs_membership m ON m.id = s.membership_id"
    " WHERE m.person_id IS NOT NULL AND (s.expires_at IS NULL OR s.expires_at > now())",
    "INSERT INTO guardian_userobjectpermission (permission_id, content_type_id, object_pk, user_id)"
    " SELECT permission_id, %(type)s, content_object_id, user_id FROM projects_projectgrant"
    " WHERE expires_at IS NULL OR expires_at > now()",
    "INSERT INTO bench_groupobjectpermission (permission_id, content_type_id, object_pk, group_id)"
    " SELECT permission_id, %(type)s, content_object_id, group_id FROM projects_projectgroupgrant"
    " WHERE expires_at IS NULL OR expires_at > now()",
)
TABLES = ("bench_seat", "guardian_userobjectpermission", "bench_groupobjectpermission")


def prepare(owner: psycopg.Connection[Any]) -> None:
    """Guardian's own tables, filled once with the grants on projects: a row for each."""
    found = owner.execute("SELECT to_regclass('bench_groupobjectpermission')").fetchone()
    if found and found[0]:
        return
    kind = ContentType.objects.db_manager("owner").get_for_model(Project)
    with owner.transaction():
        for key in _keys(owner):
            owner.execute(key)
        with connections["owner"].schema_editor(collect_sql=True) as editor:
            editor.create_model(BenchSeat)
            editor.create_model(BenchGroupObjectPermission)
        for statement in editor.collected_sql:
            owner.execute(str(statement).encode())
        owner.execute("TRUNCATE guardian_userobjectpermission")
        for statement in FILL:
            owner.execute(statement.encode(), {"type": kind.pk})
    for table in TABLES:
        owner.execute(f"VACUUM (ANALYZE) {table}".encode())


def _keys(owner: psycopg.Connection[Any]) -> list[bytes]:
    """Guardian's foreign keys go, so that filling the table is quick: they are only written by."""
    rows = owner.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'f'"
        " AND conrelid = 'guardian_userobjectpermission'::regclass"
    ).fetchall()
    table = "guardian_userobjectpermission"
    return [f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode() for (name,) in rows]


def others(scale: Scale, owner: psycopg.Connection[Any]) -> list[Line]:
    prepare(owner)
    if not hasattr(User.groups, "through"):
        field = models.ManyToManyField(
            Group, through=BenchSeat, related_name="+", related_query_name="user"
        )
        User.groups = None  # type: ignore[assignment]
        User.add_to_class("groups", field)  # type: ignore[attr-defined]
    with _as_owner():
        connection.ensure_connection()
        asking = askers(owner)["typical"][:ASKED]
        one_row = floor.OneRow(connection.connection, [asker.person for asker in asking])
        return [
            *_guardian(scale, owner, asking, one_row),
            *_rules(asking, one_row),
            *_casbin(scale, asking, askers(owner)["typical"], one_row),
            *_cedar(asking, one_row),
        ]


@contextmanager
def _as_owner() -> Iterator[None]:
    web = connections["default"]
    connections["default"] = connections["owner"]
    try:
        yield
    finally:
        connections["default"] = web


def _line(work: str, size: str, call: Work, one_row: Work) -> Line:
    call()
    first, _ = in_turn(call, one_row, rounds=1)
    if first > SLOW:
        rounds = max(1, min(7, int(4 / first)))
        seconds, base = in_turn(call, partial(_ten, one_row), rounds=rounds)
        base /= 10
    else:
        seconds, base = side_by_side(call, one_row, seconds=0.7)
    return Line(work=work, size=size, seconds=seconds, floor=base, floor_is=floor.PREPARED)


def _ten(call: Work) -> None:
    for _ in range(10):
        call()


# --- django-guardian ------------------------------------------------------------------------------


@contextmanager
def _generic() -> Iterator[None]:
    """Guardian's own switches: no direct-key tables, and which generic one is meant."""
    before = guardian_settings.GROUP_OBJ_PERMS_MODEL
    guardian_settings.GROUP_OBJ_PERMS_MODEL = "guardian.BenchGroupObjectPermission"
    ProjectGrant.enabled = ProjectGroupGrant.enabled = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        guardian_settings.GROUP_OBJ_PERMS_MODEL = before
        ProjectGrant.enabled = ProjectGroupGrant.enabled = True  # type: ignore[attr-defined]


def _guardian(
    scale: Scale, owner: psycopg.Connection[Any], asking: list[Asker], one_row: Work
) -> Iterator[Line]:
    row = owner.execute(
        "SELECT first_project, first_group FROM bench_plan WHERE slug = 'large'"
    ).fetchone()
    first_project, first_group = row or (0, 0)
    shared = Project.objects.get(pk=uuid_of(PROJECT, first_project + 1))
    for kind, switch in (("direct-key tables", None), ("generic tables", _generic)):
        with switch() if switch else transaction.atomic():
            name = f"guardian, {kind}"
            yield _line("A cold decision on a project", name, _checks(asking), one_row)
            yield _line("My projects", name, _objects(asking), one_row)
            yield _line(
                "Who can access", name, _users([project for _, project in _pairs(asking)]), one_row
            )
            yield _line(
                "Who can access",
                f"{name}, a group of {scale.members // 10:,}",
                _users([shared]),
                one_row,
            )
    user, project = _pairs(asking)[0]
    checker = ObjectPermissionChecker(user)
    yield _line(
        "A warm decision on a project",
        "guardian, one checker",
        partial(checker.has_perm, "project_member", project),
        one_row,
    )
    group = Group.objects.get(pk=uuid_of(GROUP, first_group + 1))
    with _generic():
        yield _line(
            "A role for a group, committed",
            f"guardian, generic tables, {len(ROLES)} permissions, a row each",
            _assigning(group, _pairs(asking)[0][1]),
            one_row,
        )


def _pairs(asking: list[Asker]) -> list[tuple[User, Project]]:
    users = User.objects.in_bulk([asker.person for asker in asking])
    projects = Project.objects.in_bulk([asker.project for asker in asking])
    return [(users[asker.person], projects[asker.project]) for asker in asking]


def _checks(asking: list[Asker]) -> Work:
    turn = itertools.cycle(_pairs(asking))

    def check() -> None:
        user, project = next(turn)
        ObjectPermissionChecker(user).has_perm("project_member", project)

    return check


def _objects(asking: list[Asker]) -> Work:
    turn = itertools.cycle(_pairs(asking))

    def page() -> None:
        user, _ = next(turn)
        found = get_objects_for_user(
            user,
            [f"projects.{role}" for role in ROLES],
            Project,
            any_perm=True,
            with_superuser=False,
            accept_global_perms=False,
        )
        list(found.order_by("sort_name", "id")[:PAGE])

    return page


def _users(projects: list[Project]) -> Work:
    turn = itertools.cycle(projects)

    def page() -> None:
        found = get_users_with_perms(next(turn), with_group_users=True)
        list(found.order_by("name", "id")[:PAGE])

    return page


def _assigning(group: Group, project: Project) -> Work:
    state = itertools.cycle((assign_perm, remove_perm))

    def toggle() -> None:
        change = next(state)
        with transaction.atomic():
            for role in ROLES:
                change(f"projects.{role}", group, project)

    return toggle


# --- django-rules ---------------------------------------------------------------------------------


def _rules(asking: list[Asker], one_row: Work) -> Iterator[Line]:
    try:
        import rules
    except ImportError:
        return
    live = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())

    @rules.predicate
    def holds_a_role(user: User, project: Project) -> bool:
        return (
            ProjectGrant.objects.filter(live, user=user, content_object=project).exists()
            or ProjectGroupGrant.objects.filter(
                live, content_object=project, group__in=user.groups.all()
            ).exists()
        )

    book = rules.RuleSet()
    book.add_rule("view", holds_a_role)
    turn = itertools.cycle(_pairs(asking))
    yield _line(
        "A cold decision on a project",
        "django-rules, a predicate that asks the ORM",
        lambda: book.test_rule("view", *next(turn)),
        one_row,
    )


# --- casbin and cedar -----------------------------------------------------------------------------

MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub)
"""
LIVE = "(g.expires_at IS NULL OR g.expires_at > now())"
# What one person and their groups hold on one project: what a filtered load would load.
HELD = f"""
    SELECT g.user_id::text, p.codename FROM projects_projectgrant g
    JOIN auth_permission p ON p.id = g.permission_id
    WHERE g.user_id = %s AND g.content_object_id = %s AND {LIVE}
    UNION ALL
    SELECT g.group_id::text, p.codename FROM projects_projectgroupgrant g
    JOIN auth_permission p ON p.id = g.permission_id
    JOIN orgs_groupmembership s ON s.group_id = g.group_id
    WHERE s.membership_id = %s AND g.content_object_id = %s AND {LIVE}
"""
ALL = f"""
    SELECT user_id::text AS sub, content_object_id::text FROM projects_projectgrant g
    WHERE organization_id = %s AND {LIVE}
    UNION ALL
    SELECT group_id::text, content_object_id::text FROM projects_projectgroupgrant g
    WHERE organization_id = %s AND {LIVE}
"""
SEATS = """
    SELECT m.person_id::text, s.group_id::text FROM orgs_groupmembership s
    JOIN orgs_membership m ON m.id = s.membership_id
    WHERE s.organization_id = %s AND m.person_id IS NOT NULL
"""


def _held(asker: Asker, cursor: psycopg.Cursor[Any]) -> list[tuple[str, str]]:
    about = [asker.person, asker.project, asker.membership, asker.project]
    return cursor.execute(HELD, about, prepare=True).fetchall()


def _casbin(
    scale: Scale, asking: list[Asker], everyone: list[Asker], one_row: Work
) -> Iterator[Line]:
    try:
        import casbin
    except ImportError:
        return
    cursor = psycopg.Cursor(connection.connection)
    enforcer, turn = _enforcer(casbin), itertools.cycle(asking)

    def load_and_enforce() -> None:
        asker = next(turn)
        held = _held(asker, cursor)
        enforcer.clear_policy()
        person, project = str(asker.person), str(asker.project)
        enforcer.model["p"]["p"].policy.extend([sub, project, "view"] for sub, _ in held)
        enforcer.model["g"]["g"].policy.extend([person, sub] for sub, _ in held if sub != person)
        enforcer.build_role_links()
        enforcer.enforce(person, project, "view")

    work = "A cold decision on a project"
    yield _line(work, "casbin, loads what concerns the person", load_and_enforce, one_row)
    everything = _enforcer(casbin)
    policies = [[sub, obj, "view"] for sub, obj in cursor.execute(ALL, [scale.large, scale.large])]
    everything.model["p"]["p"].policy.extend(policies)
    seats = cursor.execute(SEATS, [scale.large]).fetchall()
    everything.model["g"]["g"].policy.extend(map(list, seats))
    everything.build_role_links()
    # From the middle: it goes through the policies in their order until one fits.
    rest = itertools.cycle(everyone[len(everyone) // 2 :])

    def enforce() -> None:
        asker = next(rest)
        everything.enforce(str(asker.person), str(asker.project), "view")

    seconds, base = in_turn(enforce, partial(_ten, one_row), rounds=1)
    yield Line(
        work="A warm decision on a project",
        size=f"casbin, {len(policies):,} policies in memory",
        seconds=seconds,
        floor=base / 10,
        floor_is=floor.PREPARED,
    )


def _enforcer(casbin: Any) -> Any:
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    return casbin.Enforcer(model)


CEDAR = """
permit(principal, action == Action::"view", resource)
when { principal in resource.readers };
"""


def _cedar(asking: list[Asker], one_row: Work) -> Iterator[Line]:
    try:
        import cedarpy
    except ImportError:
        return
    cursor, turn = psycopg.Cursor(connection.connection), itertools.cycle(asking)

    def entities_and_decision() -> None:
        asker = next(turn)
        person, project = str(asker.person), str(asker.project)
        held = [sub for sub, _ in _held(asker, cursor)]
        groups = [_entity("Group", sub) for sub in held if sub != person]
        readers = [_entity("User" if sub == person else "Group", sub) for sub in held]
        cedarpy.is_authorized(
            {
                "principal": f'User::"{person}"',
                "action": 'Action::"view"',
                "resource": f'Project::"{project}"',
                "context": {},
            },
            CEDAR,
            [
                {"uid": _entity("User", person), "attrs": {}, "parents": groups},
                {
                    "uid": _entity("Project", project),
                    "attrs": {"readers": [{"__entity": reader} for reader in readers]},
                    "parents": [],
                },
            ],
        )

    yield _line(
        "A cold decision on a project",
        "cedarpy, entities of the person",
        entities_and_decision,
        one_row,
    )


def _entity(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def missing() -> list[str]:
    """The libraries that are not installed here, which is said in the document."""
    wanted: dict[str, Callable[[], object]] = {
        name: partial(__import__, name) for name in ("rules", "casbin", "cedarpy")
    }
    absent = []
    for name, load in wanted.items():
        try:
            load()
        except ImportError:
            absent.append(name)
    return absent
