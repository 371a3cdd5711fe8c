"""What is tried against a guard of the database: how attempts are put together, and those of the log,
of support and of quotas.

The test beside it, `test_every_guard_is_needed.py`, holds the others and asks for one of each guard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.rights import portal_role
from tests.house.seeding import ACME, ALICE, MIA, UMBRELLA, VALUES, Cursor, insert, quoted

Attempt = Callable[[Cursor], None]


def run(sql: str, *params: object) -> Attempt:
    return lambda cursor: cursor.execute(sql, params) and None  # type: ignore[func-returns-value]


def in_turn(*attempts: Attempt) -> Attempt:
    def all_of_them(cursor: Cursor) -> None:
        for attempt in attempts:
            attempt(cursor)

    return all_of_them


def add(table: str, **values: Any) -> Attempt:
    return lambda cursor: insert(cursor, table, organization_id=ACME, **values)


def finds(sql: str) -> Attempt:
    """Goes through only where this finds a row."""

    def look(cursor: Cursor) -> None:
        cursor.execute(sql, [ACME])
        assert cursor.fetchone()

    return look


def unrecorded(sql: str) -> Attempt:
    """A change in a transaction whose entry is another organization's."""
    return in_turn(
        run("UPDATE audit_head SET xact = '3' WHERE organization_id = %s", ACME),
        run("UPDATE audit_head SET xact = '3' WHERE organization_id = %s", UMBRELLA),
        run(sql),
    )


unchecked = run("ALTER TABLE orgs_organization DROP CONSTRAINT organization_has_an_owner")


# --- Who holds what is noted ----------------------------------------------------------------------

# What of a row says who holds what; of the others an end is set.
OTHERWISE = {
    "orgs_organization": "state = 'closing', closes_at = now()",
    "orgs_membership": "role = 'admin'",
    "projects_project": "state = 'archived'",
    "projects_resource": "kind = 'tool'",
}


def untold(table: str, trigger: str) -> Attempt:
    """A row comes, changes or goes, and nothing of it is noted."""
    whose = "id" if table == "orgs_organization" else "organization_id"
    change = OTHERWISE.get(table, "expires_at = now() + interval '1 hour'")

    def attempt(cursor: Cursor) -> None:
        _alone(cursor, table, trigger)
        columns = ", ".join(_written(cursor, table))
        cursor.execute(
            f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM {table} WHERE {whose} = %s",
            [ACME],
        )
        cursor.execute("SELECT coalesce(max(id), 0) FROM audit_effect")
        (before,) = cursor.fetchone() or (0,)
        if trigger.endswith("new"):
            cursor.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM kept)")
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept")
        elif trigger.endswith("gone"):
            cursor.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM kept)")
        else:
            cursor.execute(f"UPDATE {table} SET {change} WHERE {whose} = %s", [ACME])
        assert cursor.rowcount
        rows = 'SELECT 1 FROM audit_effect WHERE id > %s AND "row" IN (SELECT id FROM kept)'
        cursor.execute(rows, [before])
        assert not cursor.fetchone()

    return attempt


def _alone(cursor: Cursor, table: str, trigger: str) -> None:
    """No other trigger of the table, and nothing that refers to it."""
    cursor.execute(
        "SELECT format('ALTER TABLE %%s DISABLE TRIGGER %%I', tgrelid::regclass, tgname)"
        " FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgname <> %s"
        " UNION ALL SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)"
        " FROM pg_constraint WHERE confrelid = %s::regclass AND contype = 'f' AND conparentid = 0",
        [table, trigger, table],
    )
    for (sql,) in cursor.fetchall():
        cursor.execute(sql)


def _written(cursor: Cursor, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return [quoted(name) for (name,) in cursor.fetchall()]


# --- Quotas ---------------------------------------------------------------------------------------

QUOTAS = {
    "orgs_group": "groups",
    "orgs_webhook": "webhooks",
    "projects_key": "keys",
    "projects_project": "projects",
    "projects_serviceaccount": "service_accounts",
    "projects_workspace": "workspaces",
}


def one_too_many(table: str) -> Attempt:
    return in_turn(full(table), add(table, **VALUES.get(table, {}) | {"name": "Another"}))


def full(table: str) -> Attempt:
    return run(
        "UPDATE orgs_quota SET kind = %s, most = 0 WHERE organization_id = %s", QUOTAS[table], ACME
    )


# --- The log, support and claims ------------------------------------------------------------------

unkept = in_turn(
    run("ALTER TABLE audit_keeping DISABLE TRIGGER never_deleted"),
    run("DELETE FROM audit_keeping WHERE organization_id = %s", ACME),
)
append = run(
    "SELECT ledger_append(%s, 'system', NULL, 'organization.created', '', NULL, 'done', '{}',"
    ' \'{"actor": "Zanzibar"}\')',
    ACME,
)
empty = run("UPDATE audit_particulars SET words = NULL WHERE organization_id = %s", ACME)
cannot_be_searched = finds(
    "SELECT 1 FROM audit_particulars p JOIN audit_event e USING (organization_id, sequence)"
    " WHERE organization_id = %s AND p.document IS DISTINCT FROM log_document(e, p.words)"
)
let_support_in = in_turn(
    add(
        "orgs_membership",
        person_id=MIA,
        role="viewer",
        origin="support",
        joined_at="today",
        expires_at="tomorrow",
        email="",
        login="",
    ),
    run(
        "UPDATE orgs_supportwindow SET membership_id = (SELECT id FROM orgs_membership m"
        " WHERE m.organization_id = %s AND m.origin = 'support') WHERE organization_id = %s",
        ACME,
        ACME,
    ),
)
claim_as_admin = in_turn(
    unchecked, run("UPDATE orgs_membership SET role = 'admin' WHERE organization_id = %s", ACME)
)
claim_stands = finds("SELECT 1 FROM orgs_ownerclaim WHERE organization_id = %s AND state = 'open'")


def of_acme(table: str, change: str) -> Attempt:
    return run(f"UPDATE {table} SET {change} WHERE organization_id = %s", ACME)


no_account_was_noted = finds(
    "SELECT 1 WHERE NOT EXISTS (SELECT FROM audit_effect"
    " WHERE organization_id = %s AND kind = 'account')"
)


def switched_off(person: object) -> Attempt:
    return run(
        "UPDATE accounts_user SET is_active = false, state = 'suspended' WHERE id = %s", person
    )


LATER_TRIGGERS: dict[tuple[str, str], Attempt] = {
    ("accounts_user", "switched"): in_turn(unchecked, switched_off(ALICE), no_account_was_noted),
    ("orgs_membership", "account_joined"): in_turn(
        switched_off(MIA),
        add("orgs_membership", person_id=MIA, role="member", email="mia@example.com", login=""),
        no_account_was_noted,
    ),
    ("audit_event", "never_deleted"): run("DELETE FROM audit_event"),
    ("audit_particulars", "never_emptied_while_held"): in_turn(
        of_acme("audit_keeping", "held_at = now()"), empty
    ),
    ("audit_particulars", "emptied_on_record"): unrecorded(
        f"UPDATE audit_particulars SET words = NULL WHERE organization_id = '{ACME}'"
    ),
    ("audit_particulars", "searchable"): in_turn(append, cannot_be_searched),
    ("audit_particulars", "searchable_no_longer"): in_turn(append, empty, cannot_be_searched),
    ("audit_effect", "never_deleted"): run("DELETE FROM audit_effect"),
    ("audit_effect", "never_rewritten"): run("UPDATE audit_effect SET text = 'x'"),
    ("audit_effect", "never_emptied"): run("TRUNCATE audit_effect"),
    ("audit_effect", "claimed"): in_turn(
        add("orgs_group", name="New"),
        finds("SELECT 1 FROM audit_effect WHERE organization_id = %s AND sequence IS NULL"),
    ),
    ("audit_checkpoint", "never_rewritten"): run("UPDATE audit_checkpoint SET key = 'y'"),
    ("audit_checkpoint", "never_emptied"): run("TRUNCATE audit_checkpoint"),
    ("audit_keeping", "never_deleted"): run("DELETE FROM audit_keeping"),
    ("audit_keeping", "never_emptied"): run("TRUNCATE audit_keeping"),
    ("audit_keeping", "base_by_rule"): in_turn(
        unkept,
        run("INSERT INTO audit_keeping (organization_id, base_sequence) VALUES (%s, 1)", ACME),
    ),
    ("audit_keeping", "base_moves_by_rule"): of_acme("audit_keeping", "base_sequence = 1"),
    ("audit_keeping", "recorded_at_first"): in_turn(
        unkept,
        unrecorded(f"INSERT INTO audit_keeping (organization_id, months) VALUES ('{ACME}', 24)"),
    ),
    ("orgs_membership", "window_closed"): in_turn(
        let_support_in,
        run("DELETE FROM orgs_membership WHERE organization_id = %s AND origin = 'support'", ACME),
        finds("SELECT 1 FROM orgs_supportwindow WHERE organization_id = %s AND closed_at IS NULL"),
    ),
    ("orgs_supportwindow", "told"): in_turn(
        of_acme("orgs_supportwindow", "name = 'Another'"),
        finds("SELECT 1 FROM orgs_organization WHERE id = %s AND support_names <> 'Another'"),
    ),
    ("orgs_ownerclaim", "told"): in_turn(
        of_acme("orgs_ownerclaim", "claimant_name = 'Another'"),
        finds("SELECT 1 FROM orgs_organization WHERE id = %s AND claim_name <> 'Another'"),
    ),
    ("orgs_membership", "claims_voided"): in_turn(
        claim_as_admin, of_acme("orgs_membership", "role = 'member'"), claim_stands
    ),
    ("orgs_membership", "claims_voided_too"): in_turn(
        claim_as_admin,
        run("DELETE FROM orgs_membership WHERE organization_id = %s", ACME),
        claim_stands,
    ),
    ("orgs_organization", "waits_once"): run(
        "UPDATE orgs_organization SET state = 'pending' WHERE id = %s", ACME
    ),
    ("orgs_organization", "within_its_turns"): in_turn(
        run("SELECT set_config('app.organization', %s, true)", ACME),
        run(f"SET LOCAL ROLE {portal_role()}"),
        run(
            "UPDATE orgs_organization SET state = 'closing', closes_at = now() WHERE id = %s", ACME
        ),
        run("RESET ROLE"),
    ),
    ("projects_project", "quota_holds_again"): in_turn(
        of_acme("projects_project", "state = 'deleted', deletes_at = now()"),
        full("projects_project"),
        of_acme("projects_project", "state = 'active'"),
    ),
}

PLATFORM_SETTINGS = (
    "INSERT INTO accounts_platformsettings (id, changed_at, support_email, notice, registration)"
)
LATER_CHECKS: dict[tuple[str, str], Attempt] = {
    ("accounts_platformsettings", "platform_settings_once"): run(
        f"{PLATFORM_SETTINGS} VALUES (2, now(), '', '', 'open')"
    ),
    ("accounts_platformsettings", "platform_settings_registration"): run(
        f"{PLATFORM_SETTINGS} VALUES (1, now(), '', '', 'x')"
        " ON CONFLICT (id) DO UPDATE SET registration = 'x'"
    ),
    ("audit_keeping", "keeping_at_least_a_year"): of_acme("audit_keeping", "months = 11"),
    ("orgs_membership", "membership_support_ends"): of_acme(
        "orgs_membership", "origin = 'support'"
    ),
    ("orgs_ownerclaim", "owner_claim_two_people"): of_acme(
        "orgs_ownerclaim", "second_id = claimant_id"
    ),
    ("orgs_ownerclaim", "owner_claim_announced"): of_acme("orgs_ownerclaim", "ripe_at = notice_at"),
    ("orgs_quota", "quota_is_countable"): of_acme("orgs_quota", "most = 1000001"),
    ("orgs_ruleexception", "rule_exception_within_a_year"): of_acme(
        "orgs_ruleexception", "until = given_at + interval '367 days'"
    ),
    ("orgs_supportwindow", "support_window_length"): of_acme(
        "orgs_supportwindow", "until = opened_at + interval '8 days'"
    ),
    ("orgs_webhook", "webhook_position"): of_acme("orgs_webhook", "position = -1"),
    ("orgs_webhook", "webhook_state"): of_acme("orgs_webhook", "state = 'x'"),
    ("orgs_workerkey", "worker_key_retired_is_forgotten"): of_acme(
        "orgs_workerkey", "retired_at = now()"
    ),
}

# Where a table has a unique index for each of several states, the row is put into the other one.
FOR_INDEX = {
    "owner_claim_one_asked": of_acme("orgs_ownerclaim", "state = 'asked'"),
    "worker_key_one_before": of_acme("orgs_workerkey", "replaced_at = now()"),
}
