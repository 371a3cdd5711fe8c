"""The organization's accounts at model providers."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid6
from django.db import migrations, models

from orgs.walls import SET_NULL, wall


class Migration(migrations.Migration):
    dependencies = [
        ("orgs", "0010_more_entitlements"),
        ("projects", "0020_insights"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelProvider",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "sort_name",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func("name", function="fold_name"),
                        output_field=models.TextField(),
                    ),
                ),
                ("provider", models.TextField(help_text="Of `projects/providers.py`.")),
                ("url", models.URLField(blank=True, default="", max_length=300)),
                (
                    "serves",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), blank=True, default=list, size=None
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("ciphertext", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "changed_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orgs.membership",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="orgs.organization",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "name"),
                        name="provider_name",
                        violation_error_message="A provider with this name exists.",
                    )
                ],
            },
        ),
        wall("projects_modelprovider", keys={"changed_by_id": ("orgs_membership", SET_NULL)}),
    ]
