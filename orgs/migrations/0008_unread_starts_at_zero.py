"""Whoever joins has read nothing yet: `accept_invitation` inserts the row without naming this."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orgs", "0007_ends")]

    operations = [
        migrations.AlterField(
            model_name="membership",
            name="unread",
            field=models.IntegerField(
                db_default=0, default=0, editable=False, help_text="Notices; kept by trigger."
            ),
        ),
    ]
