"""What was deleted from a project stays findable in its log; pages of the organization's records."""

from __future__ import annotations

import django.db.models.deletion
import uuid6
from django.db import migrations, models

from orgs.walls import CASCADE, wall

HOLDERS = (
    "projects_resource",
    "projects_secret",
    "projects_humantask",
    "projects_request",
)

# Runs behind the wall, so that nobody but a deletion can write such a row. A project that goes
# itself takes these rows with it: there is nothing left to show them on.
FORWARD = """
CREATE FUNCTION remember_former_part() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.projects_formerpart (id, organization_id, project_id, part)
    SELECT gen_random_uuid(), OLD.organization_id, p.id, OLD.id
    FROM public.projects_project p
    WHERE p.organization_id = OLD.organization_id AND p.id = OLD.project_id;
    RETURN NULL;
END $$;
"""
TRIGGERS = [
    f"CREATE TRIGGER remember_former_part AFTER DELETE ON {table} FOR EACH ROW"
    " WHEN (OLD.project_id IS NOT NULL) EXECUTE FUNCTION remember_former_part()"
    for table in HOLDERS
]
REVERSE = "DROP FUNCTION remember_former_part() CASCADE"


class Migration(migrations.Migration):
    dependencies = [("projects", "0006_projects_due")]

    operations = [
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                fields=["organization", "kind", "-started_at", "-id"],
                condition=models.Q(("project__isnull", True)),
                name="execution_of_organization",
            ),
        ),
        migrations.CreateModel(
            name="FormerPart",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("part", models.UUIDField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="orgs.organization",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="former_parts",
                        to="projects.project",
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        wall(
            "projects_formerpart",
            keys={"project_id": ("projects_project", CASCADE)},
            rights="SELECT",
            recorded=None,
        ),
        migrations.RunSQL([FORWARD, *TRIGGERS], REVERSE),
    ]
