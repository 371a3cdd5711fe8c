"""A token may export the audit log. Nothing of the table changes."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models

SCOPES = [
    ("decide", "Ask for decisions and verify keys"),
    ("record", "Report usage and executions"),
    ("audit.read", "Read the audit log"),
    ("audit.export", "Export the audit log"),
    ("members.invite", "Invite members"),
    ("scim", "Provision people and groups"),
]


class Migration(migrations.Migration):
    dependencies = [("projects", "0023_settings")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="servicetoken",
                    name="scopes",
                    field=django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(choices=SCOPES), size=None
                    ),
                )
            ]
        )
    ]
