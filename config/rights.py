"""The web role's rights on the tables that belong to no organization, and on functions.

Tenant tables get theirs from `orgs/walls.py`; the ledger from its own migration; what the portal's
role may do is in `orgs/portal/rights.py`.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections


def web_role() -> str:
    """The role that the web process logs in as, quoted for SQL."""
    return _role_of("default")


def portal_role() -> str | None:
    """The role of the platform portal, quoted for SQL; None where the portal is shut."""
    return _role_of("portal") if "portal" in settings.DATABASES else None


def _role_of(alias: str) -> str:
    name = str(settings.DATABASES[alias]["USER"]).replace('"', '""')
    return f'"{name}"'


READ_WRITE = (
    *("accounts", "sessions", "account", "socialaccount", "mfa", "usersessions"),
    "procrastinate",
)
READ_ONLY = ("contenttypes", "auth")
# Of those: how the platform is set up is for the portal alone to change.
READ_ONLY_TABLES = {"accounts_platformsettings"}

# A new function is everybody's. Those of the house are the web role's, and the portal's only where
# it is given them by name: many answer for whoever a transaction is bound to.
_NOBODY_ELSES = """
DO $$ DECLARE f regprocedure; BEGIN
    FOR f IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND pg_has_role(current_user, p.proowner, 'MEMBER')
          AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                      WHERE a.grantee = 0)
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO {role}', f);
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f);
    END LOOP;
END $$
"""


def grant_shared_tables(*, using: str, **_: Any) -> None:
    """After each migrate: sign-in, sessions and jobs are shared by all; nothing else is granted."""
    connection = connections[using]
    role = web_role()
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for labels, rights in (
            (READ_WRITE, "SELECT, INSERT, UPDATE, DELETE"),
            (READ_ONLY, "SELECT"),
        ):
            for table in sorted(_tables(labels) & present - READ_ONLY_TABLES):
                cursor.execute(f"GRANT {rights} ON {connection.ops.quote_name(table)} TO {role}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
        for table in sorted(READ_ONLY_TABLES & present):
            cursor.execute(f"GRANT SELECT ON {connection.ops.quote_name(table)} TO {role}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {role}")
        cursor.execute(_NOBODY_ELSES.format(role=role))


def _tables(labels: tuple[str, ...]) -> set[str]:
    return {
        model._meta.db_table
        for label in labels
        if apps.is_installed(label) or label in apps.app_configs
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
