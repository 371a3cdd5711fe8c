"""Who promised a project with an invitation: in their name it is given, as far as they then may."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

TABLE = "projects_invitationproject"
KEY = f"{TABLE}_promised_by_wall"


class Migration(migrations.Migration):
    dependencies = [("projects", "0007_former_parts")]

    operations = [
        migrations.AddField(
            model_name="invitationproject",
            name="promised_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="orgs.membership",
            ),
        ),
        # As the wall makes it: the reference names the organization, and who leaves is forgotten.
        migrations.RunSQL(
            f"ALTER TABLE {TABLE} ADD CONSTRAINT {KEY}"
            " FOREIGN KEY (organization_id, promised_by_id)"
            " REFERENCES orgs_membership (organization_id, id)"
            " ON DELETE SET NULL (promised_by_id) DEFERRABLE INITIALLY IMMEDIATE",
            f"ALTER TABLE {TABLE} DROP CONSTRAINT {KEY}",
        ),
    ]
