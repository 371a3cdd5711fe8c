"""What ends is found by when it ends."""

from __future__ import annotations

from django.db import migrations, models


def _by_end(model: str, name: str) -> migrations.AddIndex:
    return migrations.AddIndex(
        model_name=model,
        index=models.Index(
            fields=["organization", "expires_at"],
            condition=models.Q(expires_at__isnull=False),
            name=name,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("orgs", "0006_group_roles")]

    operations = [
        _by_end("membership", "membership_by_end"),
        _by_end("groupmembership", "group_membership_by_end"),
        _by_end("grouprole", "group_role_by_end"),
    ]
