"""An organization that is deleted leaves its former parts to its projects, which take them along."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0010_effective_paths")]

    operations = [
        migrations.AlterField(
            model_name="formerpart",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="orgs.organization",
            ),
        ),
    ]
