"""Each guard in the database is there for something: without it, what it forbids goes through.

Every trigger, wall, composite key, unique index and named check is looked up in the catalogue; one
that no attempt below covers fails. Where they are of one kind, so is the attempt, and the next
table costs nothing. All of it happens in transactions that are rolled back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from psycopg.conninfo import make_conninfo

from config import database
from config.rights import web_role
from tests.house.attempts import (
    FOR_INDEX,
    LATER_CHECKS,
    LATER_TRIGGERS,
    Attempt,
    add,
    finds,
    in_turn,
    one_too_many,
    run,
    unchecked,
    unrecorded,
    untold,
)
from tests.house.seeding import (
    ACME,
    ALICE,
    GROUP,
    INNER,
    MIA,
    UMBRELLA,
    Cursor,
    quoted,
    seed,
)


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


def unread_is_off(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT m.unread <> (SELECT count(*) FROM orgs_notice n"
        " WHERE n.membership_id = m.id AND n.read_at IS NULL)"
        " FROM orgs_membership m WHERE organization_id = %s",
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


# Checks that say which of several references a row may have.
IN_THE_WAY = {"projects_key": ["key_has_one_holder"], "projects_limit": ["limit_is_of_its_layer"]}


def refers_to_another_organization(table: str, column: str, target: str, of_target: str) -> Attempt:
    theirs = f"(SELECT {of_target} FROM {target} WHERE organization_id = %s LIMIT 1)"
    refer = in_turn(
        *(
            run(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
            for check in IN_THE_WAY.get(table, ())
        ),
        run(f"UPDATE {table} SET {column} = {theirs} WHERE organization_id = %s", UMBRELLA, ACME),
    )
    if table == target:
        return refer
    # Their own row must not be in the way as the same once more.
    return in_turn(run(f"DELETE FROM {table} WHERE organization_id = %s", UMBRELLA), refer)


add_member = add("orgs_membership", person_id=MIA, role="member", email="", login="")
demote = run("UPDATE orgs_membership SET role = 'member' WHERE organization_id = %s", ACME)
free_seat = run("UPDATE orgs_organization SET seats = NULL WHERE id = %s", ACME)


notify = add("orgs_notice", key="another")
referred_to_by_nothing = run(
    "DO $$ DECLARE k record; BEGIN FOR k IN SELECT conrelid::regclass AS name, conname"
    " FROM pg_constraint WHERE confrelid = 'orgs_organization'::regclass LOOP"
    " EXECUTE format('ALTER TABLE %%s DROP CONSTRAINT %%I', k.name, k.conname); END LOOP; END $$"
)
any_holder = run("ALTER TABLE projects_key DROP CONSTRAINT key_has_one_holder")


def forgotten(table: str) -> Attempt:
    """A part of a project is deleted, and nothing remembers that it was one."""

    def delete(cursor: Cursor) -> None:
        cursor.execute(
            f"DELETE FROM {table} WHERE organization_id = %s AND project_id IS NOT NULL"
            " RETURNING id",
            [ACME],
        )
        (part,) = cursor.fetchone() or (None,)
        assert part
        cursor.execute("SELECT 1 FROM projects_formerpart WHERE part = %s", [part])
        assert not cursor.fetchone()

    return delete


def once_more(cursor: Cursor, table: str, index: str, others: list[str]) -> Attempt:
    """The same row again under another id, with nothing else of its kind in the way."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' AND attname <> 'id'",
        [table],
    )
    columns = ", ".join(quoted(name) for (name,) in cursor.fetchall())
    # The platform's own rows are no organization's.
    apart = {"orgs_organization": "id = %s", "orgs_platformprovider": "%s::uuid IS NOT NULL"}
    whose = apart.get(table, "organization_id = %s")
    return in_turn(
        FOR_INDEX.get(index, run("SELECT")),
        run(f"ALTER TABLE {table} DISABLE TRIGGER USER"),
        *(run(_drop_unique(table, name)) for name in others),
        run(
            f"INSERT INTO {table} (id, {columns}) SELECT gen_random_uuid(), {columns}"
            f" FROM {table} WHERE {whose} LIMIT 1",
            ACME,
        ),
    )


def _drop_unique(table: str, name: str) -> str:
    return (
        f"DO $$ BEGIN ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE;"
        f" EXCEPTION WHEN undefined_object THEN DROP INDEX {name} CASCADE; END $$"
    )


# Triggers of one kind, by what they call: the attempt is made from the table's name and the
# columns that the trigger looks at.
ALIKE: dict[str, Callable[[str, list[str]], Attempt]] = {
    "refuse_unrecorded": lambda table, columns: unrecorded(
        f"UPDATE {table} SET {quoted(columns[0])} = {quoted(columns[0])}"
        f" WHERE {'id' if table == 'orgs_organization' else 'organization_id'} = '{ACME}'"
    ),
    "remember_former_part": lambda table, columns: forgotten(table),
    "hold_quota": lambda table, columns: one_too_many(table),
}

NOBODY = dict.fromkeys(("group_id", "project_id", "creator_id", "key_id"))

issue = in_turn(
    run("ALTER TABLE billing_invoice DISABLE TRIGGER USER"),
    run(
        "UPDATE billing_invoice SET number = '', provider = 'transfer' WHERE organization_id = %s",
        ACME,
    ),
    run("ALTER TABLE billing_invoice ENABLE TRIGGER USER"),
    run(
        "SELECT invoice_issue(id, 'GUARD', current_date, current_date) FROM billing_invoice"
        " WHERE organization_id = %s",
        ACME,
    ),
)
unguarded = in_turn(
    run("DROP TRIGGER IF EXISTS keep_issued ON billing_invoice"),
    run("DROP TRIGGER IF EXISTS keep_what_is_counted ON billing_invoice"),
)


def of_billing(table: str, change: str, *before: Attempt) -> Attempt:
    return in_turn(
        *before, run(f"UPDATE billing_{table} SET {change} WHERE organization_id = %s", ACME)
    )


weeks_are_off = finds(
    "SELECT 1 FROM orgs_organization o WHERE id = %s AND"
    " (SELECT coalesce(sum(runs), 0) FROM projects_executionweek WHERE organization_id = o.id) <>"
    " (SELECT count(*) FROM projects_execution WHERE organization_id = o.id AND kind = 'run')"
)
add_run = add("projects_execution", kind="run", state="succeeded")
# The seeded week counts an execution of no kind that anybody would count: it is taken out.
nothing_counted = run("DELETE FROM projects_executionweek")
COUNTED_WEEKS = {
    "executions_come": in_turn(nothing_counted, add_run, weeks_are_off),
    "executions_change": in_turn(
        nothing_counted,
        add_run,
        run("UPDATE projects_execution SET kind = 'conversation' WHERE organization_id = %s", ACME),
        weeks_are_off,
    ),
    "executions_go": in_turn(
        nothing_counted,
        add_run,
        run("DELETE FROM projects_execution WHERE organization_id = %s", ACME),
        weeks_are_off,
    ),
}


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
        add("orgs_invitation", email="n@example.com", role="member", state="pending"),
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
        add("orgs_group", name="New"),
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
    ("orgs_notice", "unread_in"): in_turn(notify, unread_is_off),
    ("orgs_notice", "unread_again"): in_turn(
        run("UPDATE orgs_notice SET read_at = now() WHERE organization_id = %s", ACME),
        unread_is_off,
    ),
    ("orgs_membership", "keys_revoked"): in_turn(
        unchecked,
        any_holder,
        run("DELETE FROM orgs_membership WHERE organization_id = %s", ACME),
        finds("SELECT 1 FROM projects_key WHERE organization_id = %s AND revoked_at IS NULL"),
    ),
    ("projects_serviceaccount", "keys_revoked"): in_turn(
        any_holder,
        run(
            "UPDATE projects_key SET creator_id = NULL, account_id = a.id"
            " FROM projects_serviceaccount a WHERE a.organization_id = %s"
            " AND a.organization_id = projects_key.organization_id",
            ACME,
        ),
        run("DELETE FROM projects_serviceaccount WHERE organization_id = %s", ACME),
        finds("SELECT 1 FROM projects_key WHERE organization_id = %s AND revoked_at IS NULL"),
    ),
    ("projects_limit", "metered"): in_turn(
        add("projects_limit", layer="organization", window="day", zone="UTC", **NOBODY),
        finds(
            "SELECT 1 FROM projects_limit l LEFT JOIN projects_meter m USING (id)"
            " WHERE l.organization_id = %s AND m.id IS NULL"
        ),
    ),
    ("projects_limit", "metered_again"): in_turn(
        run("UPDATE projects_meter SET told = 50, spent = 7 WHERE organization_id = %s", ACME),
        run("UPDATE projects_limit SET budget = 9 WHERE organization_id = %s", ACME),
        finds("SELECT 1 FROM projects_meter WHERE organization_id = %s AND spent = 7"),
    ),
    ("orgs_organization", "calls_forgotten"): in_turn(
        unchecked,
        referred_to_by_nothing,
        run("DELETE FROM orgs_organization WHERE id = %s", ACME),
        finds("SELECT 1 FROM projects_call WHERE organization_id = %s"),
    ),
    ("orgs_organization", "seats_fall_back"): in_turn(
        run(
            "UPDATE orgs_organization SET seats = seats_used, seats_of_plan = 1 WHERE id = %s",
            ACME,
        ),
        run("DELETE FROM orgs_invitation WHERE organization_id = %s", ACME),
        finds("SELECT 1 FROM orgs_organization WHERE id = %s AND seats > seats_used"),
    ),
    ("billing_invoice", "keep_issued"): of_billing("invoice", "reason = 'Another'", issue),
    ("billing_invoiceline", "keep_issued"): of_billing("invoiceline", "text = 'Another'", issue),
    ("billing_invoice", "keep_what_is_counted"): of_billing("invoice", "paid = 1", issue),
    ("billing_billingdetails", "keep_balance"): of_billing("billingdetails", "credit = 7"),
    ("billing_payment", "counted"): in_turn(
        issue,
        add("billing_payment", amount=1, reference="another"),
        finds("SELECT 1 FROM billing_invoice WHERE organization_id = %s AND paid = 0"),
    ),
    ("billing_creditentry", "counted"): in_turn(
        add("billing_creditentry", kind="given", amount=5),
        finds(
            "SELECT 1 FROM billing_billingdetails d WHERE organization_id = %s AND credit <>"
            " (SELECT sum(amount) FROM billing_creditentry c WHERE c.organization_id = d.organization_id)"
        ),
    ),
    ("orgs_organization", "billing_forgotten"): in_turn(
        unchecked,
        referred_to_by_nothing,
        run("DELETE FROM orgs_organization WHERE id = %s", ACME),
        finds("SELECT 1 FROM billing_webhookevent WHERE organization_id = %s"),
    ),
    ("orgs_organization", "usage_forgotten"): in_turn(
        unchecked,
        referred_to_by_nothing,
        run("DELETE FROM orgs_organization WHERE id = %s", ACME),
        finds("SELECT 1 FROM billing_usagefact WHERE organization_id = %s"),
    ),
    **{("projects_execution", name): attempt for name, attempt in COUNTED_WEEKS.items()},
    ("orgs_notice", "unread_out"): in_turn(
        run("DELETE FROM orgs_notice WHERE organization_id = %s", ACME), unread_is_off
    ),
    **LATER_TRIGGERS,
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
        free_seat,
        add_member,
        run("UPDATE orgs_membership SET person_id = NULL WHERE person_id = %s", MIA),
    ),
    ("orgs_invitation", "invitation_role"): run(
        "UPDATE orgs_invitation SET role = 'emperor' WHERE organization_id = %s", ACME
    ),
    ("orgs_invitation", "invitation_email_lower"): run(
        "UPDATE orgs_invitation SET email = 'UPPER@example.com' WHERE organization_id = %s", ACME
    ),
    ("orgs_membership", "membership_owner_never_expires"): run(
        "UPDATE orgs_membership SET expires_at = now() WHERE organization_id = %s", ACME
    ),
    ("orgs_grouprole", "group_role_on_own_organization"): run(
        "UPDATE orgs_grouprole SET content_object_id = %s WHERE organization_id = %s",
        UMBRELLA,
        ACME,
    ),
    ("projects_project", "project_deleted_has_a_date"): run(
        "UPDATE projects_project SET state = 'deleted' WHERE organization_id = %s", ACME
    ),
    ("projects_resource", "resource_is_where_its_kind_belongs"): run(
        "UPDATE projects_resource SET kind = 'runner' WHERE organization_id = %s", ACME
    ),
    ("projects_key", "key_is_where_its_kind_belongs"): run(
        "UPDATE projects_key SET kind = 'organization' WHERE organization_id = %s", ACME
    ),
    ("projects_key", "key_does_something"): run(
        "UPDATE projects_key SET executes = false, chats = false WHERE organization_id = %s", ACME
    ),
    ("projects_key", "key_has_one_holder"): run(
        "UPDATE projects_key SET creator_id = NULL WHERE organization_id = %s", ACME
    ),
    ("projects_serviceaccount", "service_account_role"): run(
        "UPDATE projects_serviceaccount SET role = 'owner' WHERE organization_id = %s", ACME
    ),
    ("projects_limit", "limit_is_of_its_layer"): run(
        "UPDATE projects_limit SET layer = 'organization' WHERE organization_id = %s", ACME
    ),
    ("projects_limit", "limit_budget"): run(
        "UPDATE projects_limit SET budget = -1 WHERE organization_id = %s", ACME
    ),
    ("projects_limit", "limit_rpm"): run(
        "UPDATE projects_limit SET rpm = 0 WHERE organization_id = %s", ACME
    ),
    ("projects_limit", "limit_window"): in_turn(
        run("DROP TRIGGER metered_again ON projects_limit"),
        run("UPDATE projects_limit SET \"window\" = 'quarter' WHERE organization_id = %s", ACME),
    ),
    ("projects_limit", "limit_longest_days"): run(
        "UPDATE projects_limit SET longest_days = 9 WHERE organization_id = %s", ACME
    ),
    ("billing_subscription", "subscription_seats"): of_billing("subscription", "seats = 0"),
    ("billing_subscription", "subscription_state"): of_billing("subscription", "state = 'x'"),
    ("billing_subscription", "subscription_next_is_whole"): of_billing(
        "subscription", "next_plan = 'team'"
    ),
    ("billing_term", "term_has_days"): of_billing("term", "ends_on = starts_on"),
    ("billing_term", "term_amounts"): of_billing("term", "seats = 0"),
    ("billing_billingdetails", "details_credit"): of_billing(
        "billingdetails",
        "credit = -1",
        run("DROP TRIGGER keep_balance ON billing_billingdetails"),
    ),
    ("billing_billingdetails", "details_recipients"): of_billing(
        "billingdetails", "recipients = array_fill('a@example.com'::varchar, ARRAY[11])"
    ),
    ("billing_creditentry", "credit_amount"): of_billing("creditentry", "amount = 0"),
    ("billing_payment", "payment_amount"): of_billing("payment", "amount = 0"),
    ("billing_invoice", "invoice_issued_has_a_number"): of_billing(
        "invoice",
        "state = 'open', number = '', issued_on = current_date, due_on = current_date",
        unguarded,
    ),
    ("billing_invoice", "invoice_issued_has_days"): of_billing(
        "invoice", "state = 'open'", unguarded
    ),
    ("billing_invoice", "invoice_adds_up"): of_billing("invoice", "net = 5"),
    ("billing_invoice", "invoice_paid"): of_billing("invoice", "paid = 9", unguarded),
    ("billing_invoice", "invoice_codes"): of_billing("invoice", "kind = 'bill'"),
    ("billing_invoice", "invoice_credit_note_corrects"): of_billing(
        "invoice", "kind = 'credit_note', corrects_id = NULL"
    ),
    ("orgs_group", "group_not_its_own_parent"): in_turn(
        run("DROP TRIGGER no_circle ON orgs_group"),
        run("UPDATE orgs_group SET parent_id = id WHERE organization_id = %s", ACME),
    ),
    **LATER_CHECKS,
}


def refusal(cursor: Cursor, attempt: Attempt) -> str:
    """Why it does not go through; nothing when it does."""
    cursor.execute("SAVEPOINT attempt")
    try:
        attempt(cursor)
    except (psycopg.Error, AssertionError) as error:
        return str(error) or "what it says did not come about"
    finally:
        cursor.execute("ROLLBACK TO attempt")
    return ""


def holds_only_by(cursor: Cursor, drop: str, attempt: Attempt) -> None:
    assert refusal(cursor, attempt), "the guard is there, and it went through"
    without = refusal(cursor, in_turn(run(drop), attempt))
    assert not without, f"it is refused without the guard too: {without}"


def test_each_trigger(cursor: Cursor) -> None:
    # The queue's tables are a library's own.
    cursor.execute(
        "SELECT c.relname, t.tgname, p.proname, ARRAY(SELECT attname::text FROM pg_attribute a"
        "  WHERE a.attrelid = c.oid AND a.attnum > 0"
        "  AND (a.attnum = ANY (t.tgattr) OR (cardinality(t.tgattr::int2[]) = 0"
        "       AND a.attname = 'organization_id')))"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace"
        " AND c.relname NOT LIKE 'procrastinate%'"
    )
    attempts, own = {}, set()
    for table, name, function, columns in cursor.fetchall():
        if function.startswith("told_"):
            attempts[table, name] = untold(table, name)
        elif function in ALIKE and (table, name) not in TRIGGERS:
            attempts[table, name] = ALIKE[function](table, columns)
        else:
            own.add((table, name))
    assert own == set(TRIGGERS), "an attempt for each trigger, and a trigger for each attempt"
    for (table, name), attempt in sorted((attempts | TRIGGERS).items()):
        try:
            holds_only_by(cursor, f"DROP TRIGGER {name} ON {table}", attempt)
        except AssertionError as error:
            raise AssertionError(f"{table}.{name}: {error}") from error


def test_each_check(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'"
        " AND connamespace = 'public'::regnamespace AND conname NOT LIKE '%%_check'"
        " AND conrelid::regclass::text ~ '^(orgs|accounts|audit|projects|billing)_'"
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


def test_each_unique_index(cursor: Cursor) -> None:
    """Those of an id, and of an id with its organization, are there for keys to refer to."""
    cursor.execute(
        "SELECT indrelid::regclass::text, array_agg(indexrelid::regclass::text ORDER BY 1)"
        " FROM pg_index JOIN pg_class c ON c.oid = indrelid AND NOT c.relispartition"
        " WHERE indisunique AND NOT indisprimary"
        " AND indrelid::regclass::text ~ '^(orgs|audit|projects|billing)_'"
        " AND indexrelid::regclass::text NOT LIKE '%%_in_org' GROUP BY indrelid"
    )
    found = cursor.fetchall()
    assert len(found) >= 20
    for table, names in found:
        for name in names:
            attempt = once_more(cursor, table, name, [other for other in names if other != name])
            try:
                holds_only_by(cursor, _drop_unique(table, name), attempt)
            except AssertionError as error:
                raise AssertionError(f"{table}.{name}: {error}") from error


def test_each_wall(cursor: Cursor) -> None:
    # One without a policy lets nobody in: how far usage is added up is no organization's.
    cursor.execute(
        "SELECT relname FROM pg_class c WHERE relrowsecurity AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
        " AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)"
    )
    tables = [name for (name,) in cursor.fetchall()]
    assert len(tables) >= 38
    for table in tables:
        try:
            down = f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
            holds_only_by(cursor, down, sees_another_organization(table))
        except AssertionError as error:
            raise AssertionError(f"{table}: {error}") from error


def test_each_composite_key(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT c.conrelid::regclass::text, c.conname, a.attname, c.confrelid::regclass::text,"
        " t.attname FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]"
        " JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = c.confkey[2]"
        " WHERE c.contype = 'f' AND cardinality(c.conkey) = 2"
    )
    keys = cursor.fetchall()
    assert len(keys) >= 50
    for table, name, column, target, of_target in keys:
        try:
            drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
            attempt = refers_to_another_organization(table, column, target, of_target)
            holds_only_by(cursor, drop, attempt)
        except AssertionError as error:
            raise AssertionError(f"{table}.{column}: {error}") from error
