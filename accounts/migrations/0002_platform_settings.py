"""How the platform stands to newcomers; and accounts in the order of the portal's list."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PlatformSettings",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "registration",
                    models.TextField(
                        choices=[
                            ("open", "Open to everyone"),
                            ("approval", "By approval"),
                            ("closed", "By invitation only"),
                        ]
                    ),
                ),
                ("support_email", models.EmailField(blank=True, default="", max_length=254)),
                ("notice", models.CharField(blank=True, default="", max_length=300)),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="platform_settings_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("registration__in", ["open", "approval", "closed"])),
                        name="platform_settings_registration",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="user", index=models.Index(fields=["name", "id"], name="user_by_name")
        ),
    ]
