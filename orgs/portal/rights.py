"""What the portal's role may do in the database, all of it: the list that keeps it outside.

Nothing here names a table of what is inside an organization, and no right is ever given
elsewhere. Granted after each migrate, so that a role that is named later gets them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connections, transaction

from accounts.models import ACCOUNT_FIELDS
from audit.models import PLATFORM
from config.rights import portal_role
from orgs.models.organizations import CONTAINER_FIELDS

_PROVIDER = ("name", "provider", "url", "serves", "is_enabled", "created_at", "changed_at")
_STATE = ("state", "state_reason", "is_active")

# Columns by table; no column: the whole table.
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "orgs_organization": {
        "SELECT": ("id", *CONTAINER_FIELDS),
        "UPDATE": ("name", "state", "state_reason", "closes_at"),
    },
    "accounts_user": {
        "SELECT": ("id", *ACCOUNT_FIELDS),
        "UPDATE": _STATE,
    },
    # Whether an address is one's own: nobody names themself.
    "account_emailaddress": {"SELECT": ("user_id", "email")},
    "accounts_platformsettings": {"SELECT": (), "INSERT": (), "UPDATE": ()},
    # A token is written and never read again.
    "orgs_platformprovider": {
        "SELECT": ("id", *_PROVIDER, "rotated_at"),
        "INSERT": ("id", *_PROVIDER, "rotated_at", "ciphertext"),
        "UPDATE": (*_PROVIDER, "rotated_at", "ciphertext"),
        "DELETE": (),
    },
    "audit_event": {"SELECT": ()},
    "audit_particulars": {"SELECT": ()},
    "audit_head": {"SELECT": ()},
    "audit_effect": {"SELECT": ()},
    "audit_checkpoint": {"SELECT": ()},
    "audit_keeping": {"SELECT": ()},
}

# Of the ledger it reads the platform's own chain, whatever it binds itself to.
PLATFORMS_OWN = (
    *("audit_event", "audit_particulars", "audit_head"),
    *("audit_effect", "audit_checkpoint", "audit_keeping"),
)
_ONLY_THE_PLATFORMS = (
    f"organization_id = (SELECT app_org()) AND organization_id = '{PLATFORM}'::uuid"
)

FUNCTIONS = (
    # What the walls and the ledger rest on.
    *("app_org", "app_portal", "bind_organization", "bind_portal"),
    "portal_append",
    # Doors of the portal's own, each for one deed or for numbers.
    *("container_create", "container_invite_owner", "container_stops", "sign_out_everywhere"),
    *("owner_assignment_create", "owner_assignment_cancel", "owner_assignment_of"),
    "owner_accounts",
    *("platform_metrics", "platform_calls", "ledger_counters"),
)


_PRESENT = """
    SELECT c.relname::text, array_agg(a.attname::text) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname = ANY (%s)
    GROUP BY c.relname
"""
_POLICIES = """
    SELECT tablename::text FROM pg_policies
    WHERE policyname = 'portal_reads_the_platforms' AND %s = ANY (roles)
"""
_SIGNATURES = """
    SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname = ANY (%s)
"""


def grant_portal(*, using: str, **_: Any) -> None:
    """Take everything from the portal's role and give it what is listed; no role, no rights."""
    role = portal_role()
    if role is None:
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role.strip('"')])
        if cursor.fetchone() is None:
            return
        for kind in ("TABLES", "SEQUENCES", "ROUTINES"):
            cursor.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM {role}")
        for statement in _statements(cursor, role):
            cursor.execute(statement)


def _statements(cursor: Any, role: str) -> Iterator[str]:
    cursor.execute(_PRESENT, [list(RIGHTS)])
    present: dict[str, list[str]] = dict(cursor.fetchall())
    cursor.execute(_POLICIES, [role.strip('"')])
    walled = {table for (table,) in cursor.fetchall()}
    cursor.execute(_SIGNATURES, [list(FUNCTIONS)])
    functions = [signature for (signature,) in cursor.fetchall()]
    for table in present:
        for right, columns in RIGHTS[table].items():
            named = ", ".join(column for column in columns if column in present[table])
            yield f"GRANT {right}{f' ({named})' if columns else ''} ON {table} TO {role}"
    for table in set(PLATFORMS_OWN) & set(present) - walled:
        yield f"DROP POLICY IF EXISTS portal_reads_the_platforms ON {table}"
        yield (
            f"CREATE POLICY portal_reads_the_platforms ON {table} AS RESTRICTIVE TO {role}"
            f" USING ({_ONLY_THE_PLATFORMS})"
        )
    for signature in functions:
        yield f"GRANT EXECUTE ON FUNCTION {signature} TO {role}"
