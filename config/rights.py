"""The web role's rights on the tables that belong to no organization.

Tenant tables get theirs from `orgs/walls.py`; the ledger from its own migration.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections


def web_role() -> str:
    """The role that the web process logs in as, quoted for SQL."""
    name = str(settings.DATABASES["default"]["USER"]).replace('"', '""')
    return f'"{name}"'


READ_WRITE = (
    *("accounts", "sessions", "account", "socialaccount", "mfa", "usersessions"),
    "procrastinate",
)
READ_ONLY = ("contenttypes", "auth")


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
            tables = _tables(labels) & present
            for table in sorted(tables):
                cursor.execute(f"GRANT {rights} ON {connection.ops.quote_name(table)} TO {role}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {role}")


def _tables(labels: tuple[str, ...]) -> set[str]:
    return {
        model._meta.db_table
        for label in labels
        if apps.is_installed(label) or label in apps.app_configs
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
