"""The portal on its own role, with real commits: what it does, and what the database refuses it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core import mail
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import PLATFORM
from billing.models import UsageDay
from config import portal
from config.gate import doors
from config.logins import refuse_unsafe_role
from orgs import tenancy
from orgs.models import Organization
from orgs.portal.rights import FUNCTIONS, PLATFORMS_OWN, RIGHTS
from orgs.tenancy import bound
from tests.factories import Cast, make_cast, make_person, sign_in
from tests.portal import logged_in_as_the_portal, roles

TOKEN = "sk-never-shown-again-4711"


@pytest.fixture
def house(committed: None) -> Cast:
    mail.outbox = []
    return make_cast()


@pytest.fixture
def sam(house: Cast) -> Client:
    return sign_in(house.sam)


@pytest.fixture
def role(house: Cast) -> Iterator[psycopg.Connection[Any]]:
    with logged_in_as_the_portal() as raw:
        yield raw


@pytest.fixture
def asked_as(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Who asked, for each request that the wall let into the portal."""
    seen: list[tuple[str, str]] = []
    bind: Callable[..., Any] = tenancy.bind_superadmin

    def noting(*args: Any, **kwargs: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT session_user::text, current_user::text")
            seen.append(cursor.fetchone())
        return bind(*args, **kwargs)

    monkeypatch.setattr(tenancy, "bind_superadmin", noting)
    return seen


def refused(role: psycopg.Connection[Any], statement: str, *params: Any) -> bool:
    """Is it refused by the database for lack of a right?"""
    try:
        with role.transaction(force_rollback=True):
            role.execute(statement, params)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def rows(role: psycopg.Connection[Any], statement: str, *params: Any) -> list[tuple[Any, ...]]:
    return role.execute(statement, params).fetchall()


# What it does


@pytest.mark.requirement("S2-012", "S2-013", "S2-014", "S2-015", "S2-120", "S2-122")
def test_every_page_of_the_portal_is_asked_for_as_its_own_role(
    house: Cast, sam: Client, asked_as: list[tuple[str, str]]
) -> None:
    objects = {"organization": house.acme.pk, "user": house.mia.pk}
    for _, door in ((route, door) for route, door in doors() if route.startswith("/admin/")):
        family = next((name for name in objects if f"_{name}_" in (door.name or "")), "")
        given = {name: objects.get(family, uuid.uuid4()) for name in door.pattern.converters}
        answer = sam.get(reverse(f"admin:{door.name}", kwargs=given))
        assert answer.status_code in ((200, 302) if family or not given else (200, 302, 404)), door
    own, web = roles()
    assert len(asked_as) > 20
    assert set(asked_as) == {(own, own)}
    assert connections["default"].settings_dict["USER"] == web, "and afterwards all is as before"
    assert sign_in(house.alice).get(house.url()).status_code == 200


@pytest.mark.requirement("S2-007", "S2-008", "S2-102", "S2-137")
def test_a_container_lives_and_ends_under_the_role(
    house: Cast, sam: Client, asked_as: list[tuple[str, str]]
) -> None:
    slug = f"harbor-{uuid.uuid4().hex[:10]}"
    first = {"name": "Harbor Works", "slug": slug, "email": f"nora@{slug}.example"}
    page = sam.post("/admin/organizations/new/", first)
    assert page.status_code == 200, page.content.decode()
    found = re.search(r"/invitations/([\w-]+)/", page.content.decode())
    assert found
    nora = make_person("Nora Feld", f"nora@{slug}.example")
    accepted = sign_in(nora).post(f"/invitations/{found[1]}/accept/")
    assert accepted.status_code == 302
    with bound(uuid.UUID(int=0)), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM organizations_of(%s)", [nora.pk])
        ((pk,),) = cursor.fetchall()
    base = f"/admin/organizations/{pk}/"
    shut = {"reason": "By agreement", "confirm": "Harbor Works"}
    for deed, fields, state in (
        ("rename", {"name": "Harbor Works"}, "open"),
        ("suspend", shut, "suspended"),
        ("resume", {}, "open"),
        ("archive", shut, "archived"),
        ("unarchive", {}, "open"),
        ("delete", shut, "closing"),
        ("restore", {}, "open"),
    ):
        answer = sam.post(f"{base}{deed}/", fields)
        assert answer.status_code == 302, (deed, answer.content.decode())
        with bound(pk):
            assert Organization.objects.get(pk=pk).state == state
    assert {who for who, _ in asked_as} == {roles()[0]}


@pytest.mark.requirement("S1-041", "S2-010", "S2-103")
def test_an_account_is_kept_out_and_let_in_under_the_role(house: Cast, sam: Client) -> None:
    mia = sign_in(house.mia)
    assert mia.get("/profile/").status_code == 200
    page = f"/admin/accounts/{house.mia.pk}/"
    said = {"state": "suspended", "reason": "Shared"}
    assert sam.post(f"{page}state/", said).status_code == 302
    assert mia.get("/profile/").status_code == 302
    assert sam.post(f"{page}approve/", {}).status_code == 302
    assert User.objects.get(pk=house.mia.pk).is_active
    denied = sam.post(f"/admin/accounts/{house.alice.pk}/state/", said)
    assert denied.status_code == 422
    with bound(PLATFORM), connection.cursor() as cursor:
        cursor.execute("SELECT outcome FROM audit_event ORDER BY sequence DESC LIMIT 1")
        assert cursor.fetchone() == ("failed",), "the attempt is written down after the undoing"


@pytest.mark.requirement("S2-011", "S2-037", "S2-038", "S2-104", "S2-137")
def test_a_provider_lives_under_the_role_and_its_token_is_never_seen(
    house: Cast, sam: Client, role: psycopg.Connection[Any]
) -> None:
    name = f"House models {uuid.uuid4().hex[:8]}"
    said = {"name": name, "provider": "anthropic", "url": "", "serves": "large\nsmall"}
    said |= {"is_enabled": "on"}
    assert sam.post("/admin/providers/new/", said | {"token": TOKEN}).status_code == 302
    ((pk,),) = rows(role, "SELECT id FROM orgs_platformprovider WHERE name = %s", name)
    base = f"/admin/providers/{pk}/"
    assert sam.post("/admin/providers/new/", said | {"token": TOKEN}).status_code == 422
    assert sam.post(base, said | {"serves": "large"}).status_code == 302
    moved = sam.post(base, said | {"provider": "azure", "url": "https://elsewhere.example"})
    assert "paste the token for it" in moved.content.decode()
    assert sam.post(f"{base}token/", {"token": f"{TOKEN}-new"}).status_code == 302
    for path in ("/admin/providers/", base, f"{base}token/", "/admin/log/"):
        assert TOKEN not in sam.get(path).content.decode(), path
    assert refused(role, "SELECT ciphertext FROM orgs_platformprovider")
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM orgs_platformprovider WHERE id = %s", [pk])
        assert TOKEN.encode() not in bytes(cursor.fetchone()[0])
        cursor.execute("SELECT count(*) FROM audit_event WHERE body LIKE %s", [f"%{TOKEN}%"])
        assert cursor.fetchone() == (0,)
    connections["owner"].close()
    assert sam.post(f"{base}delete/", {"confirm": "Else"}).status_code == 422
    assert sam.post(f"{base}delete/", {"confirm": name}).status_code == 302
    assert rows(role, "SELECT FROM orgs_platformprovider WHERE name = %s", name) == []


@pytest.mark.requirement("S2-035", "S2-036", "S2-037", "S2-038", "S2-104")
def test_the_role_of_organizations_finds_nothing_of_the_platform(house: Cast) -> None:
    """Not a view refuses it but the database: to the web role the table might as well not be."""
    _, web = roles()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_any_column_privilege(%s, 'orgs_platformprovider', p), p"
            " FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p",
            [web],
        )
        assert [held for held, _ in cursor.fetchall()] == [False] * 4
        cursor.execute(
            "SELECT has_table_privilege(%s, 'orgs_platformprovider', 'DELETE'),"
            " has_table_privilege(%s, 'accounts_platformsettings', 'SELECT'),"
            " has_any_column_privilege(%s, 'accounts_platformsettings', 'INSERT'),"
            " has_any_column_privilege(%s, 'accounts_platformsettings', 'UPDATE')",
            [web] * 4,
        )
        assert cursor.fetchone() == (False, True, False, False)


# What the database refuses it


@pytest.mark.requirement("S2-016", "S2-017", "S2-006")
def test_nothing_of_an_organization_can_be_read_however_it_is_bound(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    role.execute("SELECT bind_organization(%s)", [house.acme.pk])
    role.execute("SELECT set_config('app.portal', 'on', true)")
    tables = rows(
        role,
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        " AND a.attname = 'organization_id' AND a.attnum > 0 ORDER BY 1",
    )
    assert len(tables) > 60
    readable = {table for (table,) in tables if not refused(role, f"SELECT FROM {table}")}
    assert readable <= set(PLATFORMS_OWN)
    walled = rows(
        role,
        "SELECT tablename::text FROM pg_policies"
        " WHERE permissive = 'RESTRICTIVE' AND current_user = ANY (roles)",
    )
    assert readable <= {table for (table,) in walled}
    for table in readable:
        assert rows(role, f"SELECT organization_id FROM {table} LIMIT 1") == [], table
        assert refused(role, f"DELETE FROM {table}")
        assert refused(role, f"UPDATE {table} SET organization_id = organization_id")
    role.execute("SELECT bind_organization(%s)", [PLATFORM])
    assert rows(role, "SELECT DISTINCT organization_id FROM audit_event") == [(PLATFORM,)]


@pytest.mark.requirement("S2-016", "S2-017")
def test_its_rights_are_those_that_are_listed_and_no_others(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    columns = rows(
        role,
        "SELECT c.relname::text, p, a.attname::text FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        " AND has_column_privilege(c.oid, a.attnum, p)",
    )
    for table, right, column in columns:
        assert right in RIGHTS.get(table, {}), (table, right)
        assert not RIGHTS[table][right] or column in RIGHTS[table][right], (table, right, column)
    whole = rows(
        role,
        "SELECT c.relname::text, p FROM pg_class c"
        " CROSS JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS p"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND has_table_privilege(c.oid, p)",
    )
    assert whole == [("orgs_platformprovider", "DELETE")]


@pytest.mark.requirement("S2-016", "S2-017")
def test_it_may_call_the_functions_that_are_listed_and_no_others(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    """Many definer functions answer for whatever is bound: they are the web role's."""
    mine = rows(
        role,
        "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND has_function_privilege(oid, 'EXECUTE')",
    )
    # Another test of this run may have made a function for itself.
    assert {name for (name,) in mine} - {"usage_put_in_tests"} == set(FUNCTIONS)
    role.execute("SELECT bind_organization(%s)", [house.acme.pk])
    for statement in (
        "SELECT * FROM member_search('m:*')",
        "SELECT * FROM organizations_of(gen_random_uuid())",
        "SELECT * FROM bind_request('acme', gen_random_uuid())",
        "SELECT * FROM ledger_write(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    ):
        assert refused(role, statement), statement


@pytest.mark.requirement("S2-016", "S2-035")
def test_it_can_take_over_no_account_and_make_no_superadmin(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    for statement in (
        "SELECT password FROM accounts_user",
        "UPDATE accounts_user SET password = 'x'",
        "UPDATE accounts_user SET email = 'x'",
        "UPDATE accounts_user SET is_staff = true",
        "INSERT INTO accounts_user (id) VALUES (gen_random_uuid())",
        "DELETE FROM accounts_user",
        "UPDATE account_emailaddress SET email = 'x'",
        "SELECT session_data FROM django_session",
        "SELECT * FROM usersessions_usersession",
        "SELECT * FROM mfa_authenticator",
        "SELECT args FROM procrastinate_jobs",
        "SELECT policies FROM orgs_organization",
        "UPDATE orgs_organization SET owner_count = 1",
        "INSERT INTO orgs_organization (id) VALUES (gen_random_uuid())",
        "DELETE FROM orgs_organization",
        "CREATE TABLE mine (id int)",
    ):
        assert refused(role, statement), statement


@pytest.mark.requirement("S2-009", "S2-016")
def test_no_organization_is_sent_back_to_wait_for_an_owner_of_ones_choice(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    role.execute("SELECT bind_organization(%s)", [house.acme.pk])
    with pytest.raises(psycopg.errors.CheckViolation, match="never waits"), role.transaction():
        role.execute("UPDATE orgs_organization SET state = 'pending'")
    invite = "SELECT * FROM container_invite_owner(gen_random_uuid(), %s, %s, now() + '1 day')"
    assert refused(role, invite, "accomplice@example.com", b"x" * 32)


@pytest.mark.requirement("S2-013", "S2-017")
def test_numbers_of_a_ledger_say_how_much_and_not_what(
    house: Cast, role: psycopg.Connection[Any]
) -> None:
    """Its columns are an id, a day and three numbers, and they add up to the chain."""
    counters = "SELECT * FROM ledger_counters(ARRAY[%s]::uuid[], 7, 'UTC')"
    cursor = role.execute(counters, [house.acme.pk])
    assert [column.name for column in cursor.description or ()] == [
        *("organization", "day", "entries", "denied", "failed")
    ]
    counted = cursor.fetchall()
    assert len(counted) == 7
    with bound(house.acme.pk), connection.cursor() as own:
        own.execute("SELECT count(*) FROM audit_event")
        (entries,) = own.fetchone()
    assert sum(day[2] for day in counted) == entries > 0


@pytest.mark.requirement("S2-014", "S2-017")
def test_calls_are_told_once_three_organizations_made_some(house: Cast) -> None:
    """A sum over one or two would say what one of them did, to the other at least."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM billing_usageday")
        told = []
        for organization in (None, house.acme.pk, house.umbrella.pk, uuid.uuid4()):
            if organization:
                UsageDay.objects.using("owner").create(
                    organization_id=organization,
                    day=timezone.localdate(),
                    dimension="total",
                    subject="",
                    calls=4,
                )
            cursor.execute("SELECT calls, withheld FROM platform_calls(1, %s)", ["UTC"])
            told.append(cursor.fetchone())
        transaction.set_rollback(True, using="owner")
    connections["owner"].close()
    assert told == [(0, False), (None, True), (None, True), (12, False)]


def test_the_portal_serves_under_no_role_that_passes_walls(house: Cast, monkeypatch) -> None:
    refuse_unsafe_role(connections["portal"])
    connections["portal"].close()


def test_without_a_role_the_portal_is_shut_and_says_so(house: Cast, monkeypatch) -> None:
    monkeypatch.delitem(settings.DATABASES, portal.ALIAS)
    answer = sign_in(house.sam).get("/admin/")
    assert answer.status_code == 503
    assert "DATABASE_PORTAL_URL" in answer.content.decode()
    assert sign_in(house.alice).get("/admin/").status_code == 404
    assert [warning.id for warning in portal.portal_has_a_role()] == ["portal.W001"]
