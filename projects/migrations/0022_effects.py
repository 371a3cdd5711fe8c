"""What changes who holds what on places is told to the ledger; what stands already is stated."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

from audit.effects import Told

_GRANT = ("permission_id", "expires_at")
_PLACE = "content_object_id"
_ABOVE = import_module("orgs.migrations.0012_effects").TOLD

TOLD = (
    Told(table="projects_workspace", kind="workspace", place="id"),
    Told(
        table="projects_project",
        kind="project",
        place="id",
        keep=("workspace_id", "state", "policies"),
    ),
    Told(
        table="projects_resource",
        kind="resource",
        place="id",
        keep=("project_id", "kind", "published_at"),
    ),
    *(
        Told(
            table=f"projects_{noun}{table}",
            kind=f"{noun}_{kind}",
            holder=holder,
            place=_PLACE,
            keep=_GRANT,
        )
        for noun in ("workspace", "project", "resource")
        for table, kind, holder in (
            ("grant", "grant", "user_id"),
            ("groupgrant", "group_grant", "group_id"),
        )
    ),
)

# One entry in each ledger that there is: from it on, the log says who could do what.
STATE = (
    "".join(told.stated() for told in (*_ABOVE, *TOLD))
    + """
SELECT set_config('app.effects', 'on', true);
SELECT ledger_write(
    o.id, NULL, 'system', NULL, 'access.stated', 'organization', o.id, 'done',
    '{"reason": "", "request": "", "changes": {}}'::jsonb,
    jsonb_build_object('actor', 'Bailiwick', 'target', o.name, 'ip', NULL, 'agent', '',
                       'changes', '{}'::jsonb)
) FROM orgs_organization o;
"""
)


class Migration(migrations.Migration):
    dependencies = [("projects", "0021_model_providers"), ("orgs", "0012_effects")]

    operations = [
        *(told.operation() for told in TOLD),
        migrations.RunSQL(STATE, migrations.RunSQL.noop),
    ]
