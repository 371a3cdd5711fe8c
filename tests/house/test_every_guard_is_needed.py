"""Each guard in the database is there for something: without it, what it forbids goes through.

Every trigger, wall, composite key and named check is looked up in the catalogue; one that no
attempt below covers fails. All of it happens in transactions that are rolled back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg.conninfo import make_conninfo

from config import database
from config.rights import web_role

Cursor = psycopg.Cursor[Any]
Attempt = Callable[[Cursor], None]

ACME, UMBRELLA = (f"00000000-0000-7000-8000-00000000000{n}" for n in (1, 2))
ALICE, OSCAR, MIA = (f"00000000-0000-7000-8000-0000000000a{n}" for n in (1, 2, 3))
# Each organization's own member, group, invitation, seat and offer, told apart by its last digit.
MEMBER, GROUP, INVITATION, SEAT, OFFER = (
    f"00000000-0000-7000-8000-0000000000{kind}" for kind in ("b{}", "c{}", "d{}", "e{}", "f{}")
)
INNER = "00000000-0000-7000-8000-0000000000ca"


@pytest.fixture
def cursor(django_db_setup: None) -> Iterator[Cursor]:
    """As the administrator, in a transaction with two organizations that nobody else ever sees."""
    urls = database.urls(settings.BASE_DIR, os.environ)
    admin = urls.admin or os.environ.get("DATABASE_ADMIN_URL")
    if not admin:
        pytest.skip("needs an administrator's address: DATABASE_ADMIN_URL")
    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(make_conninfo(admin, dbname=name)) as connection:
        with connection.cursor() as found:
            seed(found)
            yield found
        connection.rollback()


def seed(cursor: Cursor) -> None:
    for person in (ALICE, OSCAR, MIA):
        cursor.execute(
            "INSERT INTO accounts_user (id, email, name, password, state, state_reason, is_active,"
            " is_staff, is_superuser, date_joined)"
            " VALUES (%s, %s, 'P', '!', 'active', '', true, false, false, now())",
            [person, f"{person}@example.com"],
        )
    for number, organization, person in ((1, ACME, ALICE), (2, UMBRELLA, OSCAR)):
        _seed_organization(cursor, number, organization, person)
    cursor.execute(
        "INSERT INTO orgs_group (id, organization_id, name, description, parent_id, secret, created_at)"
        " VALUES (%s, %s, 'Inner', '', %s, false, now())",
        [INNER, ACME, GROUP.format(1)],
    )
    cursor.execute("SELECT bind_organization(%s)", [ACME])
    # What would be looked at on commit is looked at now, and from here on at once.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _seed_organization(cursor: Cursor, number: int, organization: str, person: str) -> None:
    member, group = MEMBER.format(number), GROUP.format(number)
    cursor.execute(
        "INSERT INTO orgs_organization (id, name, slug, state, state_reason, policies, plan, seats,"
        " created_at, owner_count, member_count, group_count, seats_used)"
        " VALUES (%s, 'O', %s, 'pending', '', '{}', 'team', 3, now(), 0, 0, 0, 0)",
        [organization, f"guard-{number}"],
    )
    cursor.execute(
        "INSERT INTO orgs_membership (id, organization_id, person_id, role, name, email, login,"
        " origin, reason, joined_at) VALUES (%s, %s, %s, 'owner', 'M', '', '', 'founded', '', now())",
        [member, organization, person],
    )
    cursor.execute("UPDATE orgs_organization SET state = 'open' WHERE id = %s", [organization])
    cursor.execute(
        "INSERT INTO orgs_group (id, organization_id, name, description, secret, created_at)"
        " VALUES (%s, %s, 'G', '', false, now())",
        [group, organization],
    )
    cursor.execute(
        "INSERT INTO orgs_groupmembership (id, organization_id, group_id, membership_id,"
        " is_maintainer, added_at) VALUES (%s, %s, %s, %s, false, now())",
        [SEAT.format(number), organization, group, member],
    )
    cursor.execute(
        "INSERT INTO orgs_invitation (id, organization_id, email, role, reason, state, token_hash,"
        " created_at, sent_at, expires_at) VALUES (%s, %s, %s, 'member', '', 'pending', %s, now(),"
        " now(), now() + interval '1 day')",
        [INVITATION.format(number), organization, f"i{number}@example.com", bytes([number]) * 32],
    )
    cursor.execute(
        "INSERT INTO orgs_ownershipoffer (id, organization_id, offered_to_id, offered_by_id,"
        " steps_down, state, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, false, 'pending', now(), now() + interval '1 day')",
        [OFFER.format(number), organization, member, member],
    )
    cursor.execute("SELECT bind_organization(%s)", [organization])
    cursor.execute(
        "SELECT ledger_append(%s, 'system', NULL, 'organization.created', '', NULL, 'done', '{}', '{}')",
        [organization],
    )


def run(sql: str, *params: object) -> Attempt:
    return lambda cursor: cursor.execute(sql, params) and None  # type: ignore[func-returns-value]


def in_turn(*attempts: Attempt) -> Attempt:
    def all_of_them(cursor: Cursor) -> None:
        for attempt in attempts:
            attempt(cursor)

    return all_of_them


def counts_are_off(cursor: Cursor) -> None:
    """Goes through only when a counter differs from what it counts."""
    cursor.execute(
        "SELECT o.owner_count <> (SELECT count(*) FROM orgs_membership m JOIN accounts_user u"
        "  ON u.id = m.person_id WHERE m.organization_id = o.id AND role = 'owner' AND u.is_active)"
        " OR o.member_count <> (SELECT count(*) FROM orgs_membership m WHERE m.organization_id = o.id)"
        " OR o.group_count <> (SELECT count(*) FROM orgs_group g WHERE g.organization_id = o.id)"
        " OR o.seats_used <> (SELECT count(person_id) FROM orgs_membership m"
        "  WHERE m.organization_id = o.id) + (SELECT count(*) FROM orgs_invitation i"
        "  WHERE i.organization_id = o.id AND i.state = 'pending')"
        " FROM orgs_organization o WHERE id = %s",
        [ACME],
    )
    assert cursor.fetchone() == (True,)


def a_session_is_left(cursor: Cursor) -> None:
    cursor.execute("SELECT 1 FROM django_session WHERE session_key = 'guard'")
    assert cursor.fetchone()


def sees_another_organization(table: str) -> Attempt:
    """As the web role, bound to Acme, look for a row of Umbrella."""
    column = "id" if table == "orgs_organization" else "organization_id"

    def look(cursor: Cursor) -> None:
        cursor.execute(f"SET LOCAL ROLE {web_role()}")
        cursor.execute(f"SELECT 1 FROM {table} WHERE {column} = %s", [UMBRELLA])
        found = cursor.fetchone()
        cursor.execute("RESET ROLE")
        assert found

    return look


def refers_to_another_organization(table: str, column: str) -> Attempt:
    theirs = GROUP if column in ("group_id", "parent_id") else MEMBER
    sql = f"UPDATE {table} SET {column} = %s WHERE organization_id = %s"
    return run(sql, theirs.format(2), ACME)


add_member = run(
    "INSERT INTO orgs_membership (id, organization_id, person_id, role, name, email, login, origin,"
    " reason, joined_at) VALUES (gen_random_uuid(), %s, %s, 'member', 'M', '', '', 'invited', '',"
    " now())",
    ACME,
    MIA,
)
demote = run("UPDATE orgs_membership SET role = 'member' WHERE organization_id = %s", ACME)
free_seat = run("UPDATE orgs_organization SET seats = NULL WHERE id = %s", ACME)
unchecked = run("ALTER TABLE orgs_organization DROP CONSTRAINT organization_has_an_owner")


def unrecorded(sql: str) -> Attempt:
    """A change in a transaction whose entry is another organization's."""
    return in_turn(
        run("UPDATE audit_head SET xact = '3' WHERE organization_id = %s", ACME),
        run("UPDATE audit_head SET xact = '3' WHERE organization_id = %s", UMBRELLA),
        run(sql),
    )


# What each trigger forbids, or what it keeps true. An attempt that goes through raises nothing.
TRIGGERS: dict[tuple[str, str], Attempt] = {
    ("orgs_membership", "counted_in"): in_turn(free_seat, add_member, counts_are_off),
    ("orgs_membership", "counted_again"): in_turn(unchecked, demote, counts_are_off),
    ("orgs_membership", "counted_out"): in_turn(
        unchecked,
        run("DELETE FROM orgs_membership WHERE organization_id = %s", ACME),
        counts_are_off,
    ),
    ("orgs_membership", "sessions_ended"): in_turn(
        unchecked,
        run("INSERT INTO django_session VALUES ('guard', '', now())"),
        run(
            "INSERT INTO usersessions_usersession (user_id, created_at, ip, last_seen_at,"
            " session_key, user_agent, data) VALUES (%s, now(), '192.0.2.1', now(), 'guard', '', '{}')",
            ALICE,
        ),
        run("DELETE FROM orgs_membership WHERE organization_id = %s", ACME),
        a_session_is_left,
    ),
    ("orgs_invitation", "counted_in"): in_turn(
        free_seat,
        run(
            "INSERT INTO orgs_invitation (id, organization_id, email, role, reason, state, token_hash,"
            " created_at, sent_at, expires_at) VALUES (gen_random_uuid(), %s, 'n@example.com',"
            " 'member', '', 'pending', 'n', now(), now(), now())",
            ACME,
        ),
        counts_are_off,
    ),
    ("orgs_invitation", "counted_again"): in_turn(
        run("UPDATE orgs_invitation SET state = 'revoked' WHERE organization_id = %s", ACME),
        counts_are_off,
    ),
    ("orgs_invitation", "counted_out"): in_turn(
        run("DELETE FROM orgs_invitation WHERE organization_id = %s", ACME), counts_are_off
    ),
    ("orgs_group", "counted_in"): in_turn(
        run(
            "INSERT INTO orgs_group (id, organization_id, name, description, secret, created_at)"
            " VALUES (gen_random_uuid(), %s, 'New', '', false, now())",
            ACME,
        ),
        counts_are_off,
    ),
    ("orgs_group", "counted_out"): in_turn(
        run("DELETE FROM orgs_group WHERE id = %s", INNER), counts_are_off
    ),
    ("orgs_group", "no_circle"): run(
        "UPDATE orgs_group SET parent_id = %s WHERE id = %s", INNER, GROUP.format(1)
    ),
    ("accounts_user", "counted_as_owner"): in_turn(
        unchecked,
        run("UPDATE accounts_user SET is_active = false, state = 'suspended' WHERE id = %s", ALICE),
        counts_are_off,
    ),
    ("audit_event", "never_rewritten"): run("UPDATE audit_event SET body = 'x'"),
    ("audit_event", "never_emptied"): run("TRUNCATE audit_event"),
    ("audit_particulars", "never_rewritten"): run("UPDATE audit_particulars SET words = 'x'"),
    ("audit_particulars", "never_deleted"): run("DELETE FROM audit_particulars"),
    ("audit_particulars", "never_emptied"): run("TRUNCATE audit_particulars"),
    ("audit_head", "never_deleted"): run("DELETE FROM audit_head"),
    ("audit_head", "never_emptied"): run("TRUNCATE audit_head"),
    ("orgs_organization", "recorded"): unrecorded("UPDATE orgs_organization SET name = 'New'"),
    **{
        (table, "recorded"): unrecorded(sql)
        for table, sql in {
            "orgs_membership": "UPDATE orgs_membership SET name = 'New'",
            "orgs_invitation": "UPDATE orgs_invitation SET reason = 'new'",
            "orgs_ownershipoffer": "UPDATE orgs_ownershipoffer SET steps_down = true",
            "orgs_group": "UPDATE orgs_group SET description = 'new'",
            "orgs_groupmembership": "UPDATE orgs_groupmembership SET is_maintainer = true",
        }.items()
    },
}

CHECKS: dict[tuple[str, str], Attempt] = {
    ("orgs_organization", "organization_has_an_owner"): demote,
    ("orgs_organization", "organization_seats_hold"): in_turn(
        add_member, run("UPDATE orgs_organization SET seats = 1 WHERE id = %s", ACME)
    ),
    ("orgs_organization", "organization_closing_has_a_date"): run(
        "UPDATE orgs_organization SET state = 'closing' WHERE id = %s", ACME
    ),
    ("accounts_user", "user_never_superuser"): run("UPDATE accounts_user SET is_superuser = true"),
    ("accounts_user", "user_active_is_the_active_state"): run(
        "UPDATE accounts_user SET state = 'suspended' WHERE id = %s", MIA
    ),
    ("accounts_user", "user_email_lower"): run(
        "UPDATE accounts_user SET email = 'UPPER@example.com' WHERE id = %s", MIA
    ),
    ("orgs_membership", "membership_role"): in_turn(
        unchecked,
        run("UPDATE orgs_membership SET role = 'emperor' WHERE organization_id = %s", ACME),
    ),
    ("orgs_membership", "membership_email_lower"): run(
        "UPDATE orgs_membership SET email = 'UPPER@example.com' WHERE organization_id = %s", ACME
    ),
    ("orgs_membership", "membership_known_by_something"): in_turn(
        unchecked,
        run("UPDATE orgs_membership SET person_id = NULL WHERE organization_id = %s", ACME),
    ),
    ("orgs_invitation", "invitation_role"): run(
        "UPDATE orgs_invitation SET role = 'emperor' WHERE organization_id = %s", ACME
    ),
    ("orgs_invitation", "invitation_email_lower"): run(
        "UPDATE orgs_invitation SET email = 'UPPER@example.com' WHERE organization_id = %s", ACME
    ),
    ("orgs_group", "group_not_its_own_parent"): in_turn(
        run("DROP TRIGGER no_circle ON orgs_group"),
        run("UPDATE orgs_group SET parent_id = id WHERE organization_id = %s", ACME),
    ),
}


def goes_through(cursor: Cursor, attempt: Attempt) -> bool:
    cursor.execute("SAVEPOINT attempt")
    try:
        attempt(cursor)
    except (psycopg.Error, AssertionError):
        return False
    finally:
        cursor.execute("ROLLBACK TO attempt")
    return True


def holds_only_by(cursor: Cursor, drop: str, attempt: Attempt) -> None:
    assert not goes_through(cursor, attempt), "the guard is there, and it went through"
    assert goes_through(cursor, in_turn(run(drop), attempt)), "it is refused without the guard too"


def test_each_trigger(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace"
    )
    present = set(cursor.fetchall())
    assert present == set(TRIGGERS), "an attempt for each trigger, and a trigger for each attempt"
    for table, name in sorted(present):
        try:
            holds_only_by(cursor, f"DROP TRIGGER {name} ON {table}", TRIGGERS[table, name])
        except AssertionError as error:
            raise AssertionError(f"{table}.{name}: {error}") from error


def test_each_check(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'"
        " AND connamespace = 'public'::regnamespace AND conname NOT LIKE '%%_check'"
        " AND conrelid::regclass::text ~ '^(orgs|accounts)_'"
    )
    present = set(cursor.fetchall())
    assert present == set(CHECKS), "an attempt for each check, and a check for each attempt"
    for table, name in sorted(present):
        try:
            holds_only_by(
                cursor, f"ALTER TABLE {table} DROP CONSTRAINT {name}", CHECKS[table, name]
            )
        except AssertionError as error:
            raise AssertionError(f"{table}.{name}: {error}") from error


def test_each_wall(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
    )
    tables = [name for (name,) in cursor.fetchall()]
    assert len(tables) >= 9
    for table in tables:
        try:
            down = f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
            holds_only_by(cursor, down, sees_another_organization(table))
        except AssertionError as error:
            raise AssertionError(f"{table}: {error}") from error


def test_each_composite_key(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT c.conrelid::regclass::text, c.conname, a.attname FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]"
        " WHERE c.contype = 'f' AND cardinality(c.conkey) = 2"
    )
    keys = cursor.fetchall()
    assert len(keys) >= 9
    for table, name, column in keys:
        try:
            drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
            holds_only_by(cursor, drop, refers_to_another_organization(table, column))
        except AssertionError as error:
            raise AssertionError(f"{table}.{column}: {error}") from error
