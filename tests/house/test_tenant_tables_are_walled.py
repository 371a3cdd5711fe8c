"""The second wall: what PostgreSQL itself keeps apart, whatever the code forgets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from config.rights import READ_ONLY, READ_WRITE
from orgs.models import Group, GroupMembership, Invitation, Membership, Organization
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member

pytestmark = pytest.mark.django_db

TENANT_TABLES = """
    SELECT c.relname, c.relrowsecurity, pg_get_userbyid(c.relowner) = current_user,
           ARRAY(SELECT coalesce(pg_get_expr(p.polqual, c.oid), '') FROM pg_policy p
                 WHERE p.polrelid = c.oid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (a.attname = 'organization_id' OR c.relname = 'orgs_organization')
      AND a.attnum > 0
    GROUP BY c.oid, c.relname, c.relrowsecurity, c.relowner
"""


def rows(sql: str, *params: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@pytest.mark.requirement("S2-127", "S2-017")
def test_every_tenant_table_has_row_security_and_is_not_the_web_roles_own() -> None:
    tables = rows(TENANT_TABLES)
    assert {"orgs_membership", "orgs_group", "audit_event"} <= {name for name, *_ in tables}
    for name, has_row_security, is_own, policies in tables:
        assert has_row_security, f"{name} has no row security"
        assert not is_own, f"{name} belongs to the web role, which row security does not bind"
        assert policies, f"{name} has no policy"
        for policy in policies:
            # The scalar subselect: a bare call would be made for every row.
            assert re.search(r"\(\s*SELECT app_(org|portal)\(\)", policy), f"{name}: {policy}"


def test_every_reference_between_tenant_tables_names_the_organization() -> None:
    """Foreign-key checks pass row security, so `(organization_id, x_id)` must be the key."""
    tenant = {name for name, *_ in rows(TENANT_TABLES)} - {"orgs_organization"}
    single = rows(
        "SELECT conrelid::regclass::text, conname, confrelid::regclass::text, cardinality(conkey)"
        " FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
    )
    for table, name, target, columns in single:
        if table in tenant and target in tenant:
            assert columns == 2, f"{table}.{name} refers to {target} by its id alone"


def test_every_column_that_refers_to_a_tenant_table_has_a_key() -> None:
    """Django's own constraint is off on these; the wall's composite one must stand instead."""
    walled = rows(
        "SELECT conrelid::regclass::text, a.attname FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE contype = 'f'"
    )
    for model in apps.get_app_config("orgs").get_models():
        for field in model._meta.concrete_fields:
            if field.is_relation:
                assert (model._meta.db_table, field.column) in walled, (
                    f"{model.__name__}.{field.name}"
                )


def test_the_web_role_owns_nothing_and_passes_no_wall() -> None:
    assert rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = current_user"
    ) == [(False, False, False, False)]
    assert rows("SELECT 1 FROM pg_class WHERE pg_get_userbyid(relowner) = current_user") == []
    assert rows("SELECT session_user = current_user") == [(True,)]


def test_the_web_role_may_touch_only_the_tables_it_was_given() -> None:
    shared = {
        model._meta.db_table
        for label in (*READ_WRITE, *READ_ONLY)
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
    tenant = {name for name, *_ in rows(TENANT_TABLES)}
    given = {
        name
        for (name,) in rows(
            "SELECT DISTINCT table_name FROM information_schema.role_table_grants"
            " WHERE grantee = current_user AND table_schema = 'public'"
        )
    }
    assert given <= shared | tenant | {"django_migrations"}


def test_every_definer_function_names_its_schema() -> None:
    """A temporary table of the caller would otherwise stand in for a real one."""
    bodies = rows(
        "SELECT proname, prosrc FROM pg_proc WHERE prosecdef"
        " AND pronamespace = 'public'::regnamespace"
    )
    assert len(bodies) > 5
    tables = [
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace"
        )
    ]
    names = "|".join(tables)
    bare = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({names})\b", re.IGNORECASE)
    for name, body in bodies:
        assert not bare.search(body), f"{name} names a table without its schema"


@pytest.mark.requirement("S2-132")
def test_a_forgotten_filter_returns_nothing_unbound(cast: Cast) -> None:
    make_group(cast.acme, "Robots")
    for model in (Organization, Membership, Invitation, Group, GroupMembership):
        assert list(model.objects.all()) == []


@pytest.mark.requirement("S2-033", "S2-127")
def test_a_forgotten_filter_returns_only_the_bound_organization(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        assert [member.name for member in Membership.objects.all()] == ["Oscar Novak"]
        assert list(Organization.objects.all()) == [cast.umbrella]
        assert not Membership.objects.in_org(cast.acme).exists()


def test_a_row_of_another_organization_cannot_be_written(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Group.objects.create(organization=cast.acme, name="Planted")
        assert Membership.objects.filter(pk=cast.member(cast.mia).pk).update(role="owner") == 0
        assert Membership.objects.filter(pk=cast.member(cast.mia).pk).delete()[0] == 0


def test_a_reference_into_another_organization_is_refused(cast: Cast) -> None:
    theirs = make_group(cast.acme, "Robots")
    with (
        bound(cast.umbrella.id),
        pytest.raises(DatabaseError, match="foreign key"),
        transaction.atomic(),
    ):
        Group.objects.create(organization=cast.umbrella, name="Inside theirs", parent_id=theirs.id)
    mine = make_group(cast.umbrella, "Umbrellas")
    with (
        bound(cast.umbrella.id),
        pytest.raises(DatabaseError, match="foreign key"),
        transaction.atomic(),
    ):
        GroupMembership.objects.create(
            organization=cast.umbrella, group=mine, membership=cast.member(cast.mia)
        )


def test_the_counters_cannot_be_written_by_the_web_role(cast: Cast) -> None:
    refused = pytest.raises(DatabaseError, match="permission denied")
    with bound(cast.acme.id), refused, transaction.atomic():
        Organization.objects.filter(pk=cast.acme.pk).update(owner_count=9)


@pytest.mark.parametrize(
    "call",
    [
        "count_organization(%s, 5, 0, 0, -9)",
        "is_active_owner('owner', %s)",
        "is_invited('ana@example.com', %s)",
    ],
)
def test_what_only_the_database_calls_the_web_role_cannot(cast: Cast, call: str) -> None:
    refused = pytest.raises(DatabaseError, match="permission denied")
    with bound(cast.acme.id), refused, transaction.atomic():
        rows(f"SELECT {call}", cast.umbrella.id)


def test_what_was_bound_before_is_bound_again(cast: Cast) -> None:
    with bound(cast.acme.id):
        with bound(cast.umbrella.id):
            assert Organization.objects.get() == cast.umbrella
        assert Organization.objects.get() == cast.acme
        with pytest.raises(RuntimeError), bound(cast.umbrella.id):
            raise RuntimeError
        assert Organization.objects.get() == cast.acme


def test_only_an_active_member_can_be_bound(cast: Cast) -> None:
    for person in (cast.oscar, cast.sam):
        assert rows("SELECT * FROM bind_request(%s, %s)", cast.acme.slug, person.pk) == []
        assert rows("SELECT app_org()") == [(None,)]
    make_member(cast.umbrella, person=cast.mia)
    type(cast.mia).objects.filter(pk=cast.mia.pk).update(is_active=False, state="suspended")
    assert rows("SELECT * FROM bind_request(%s, %s)", cast.acme.slug, cast.mia.pk) == []


def test_only_a_superadmin_opens_the_portal_and_finds_no_contents(cast: Cast) -> None:
    assert rows("SELECT bind_portal(%s)", cast.alice.pk) == [(False,)]
    assert list(Organization.objects.all()) == []
    assert rows("SELECT bind_portal(%s)", cast.sam.pk) == [(True,)]
    assert {cast.acme, cast.umbrella} <= set(Organization.objects.all())
    for model in (Membership, Invitation, Group, GroupMembership):
        assert list(model.objects.all()) == []


def test_nothing_binds_but_the_tenancy_wall() -> None:
    """`set_config('app.…')` stands in the migrations' functions and nowhere in the code."""
    root = Path(__file__).resolve().parents[2]
    for app in ("audit", "accounts", "orgs", "config"):
        for file in (root / app).rglob("*.py"):
            if "migrations" not in file.parts:
                assert "set_config" not in file.read_text(), file
