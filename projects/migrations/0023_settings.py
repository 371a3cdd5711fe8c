"""Which providers a project asks, and the quotas of what stands in projects."""

from __future__ import annotations

from importlib import import_module

import django.db.models.deletion
import uuid6
from django.db import migrations, models

from orgs.walls import CASCADE, wall

_BEFORE = import_module("orgs.migrations.0017_settings")
held = _BEFORE.held

USED = """
CREATE OR REPLACE FUNCTION quota_used(p_organization uuid, p_kind text, p_most bigint)
RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE p_kind
        WHEN 'groups' THEN (SELECT count(*) FROM (
            SELECT FROM public.orgs_group WHERE organization_id = p_organization LIMIT p_most) x)
        WHEN 'webhooks' THEN (SELECT count(*) FROM (
            SELECT FROM public.orgs_webhook WHERE organization_id = p_organization LIMIT p_most) x)
        WHEN 'projects' THEN (SELECT count(*) FROM (
            SELECT FROM public.projects_project
            WHERE organization_id = p_organization AND state <> 'deleted' LIMIT p_most) x)
        WHEN 'workspaces' THEN (SELECT count(*) FROM (
            SELECT FROM public.projects_workspace
            WHERE organization_id = p_organization LIMIT p_most) x)
        WHEN 'service_accounts' THEN (SELECT count(*) FROM (
            SELECT FROM public.projects_serviceaccount
            WHERE organization_id = p_organization LIMIT p_most) x)
        WHEN 'keys' THEN (SELECT count(*) FROM (
            SELECT FROM public.projects_key
            WHERE organization_id = p_organization AND revoked_at IS NULL
              AND coalesce(expires_at > now(), true) LIMIT p_most) x)
        ELSE 0 END;
END $$;
"""
USED_BEFORE = _BEFORE.USED.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def _key(to: str, name: str, *, index: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        db_constraint=False,
        db_index=index,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=name,
        to=to,
    )


class Migration(migrations.Migration):
    dependencies = [("projects", "0022_effects"), ("orgs", "0017_settings")]

    operations = [
        migrations.CreateModel(
            name="ProjectProvider",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid6.uuid7, editable=False, primary_key=True, serialize=False
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
                ("project", _key("projects.project", "providers")),
                ("provider", _key("projects.modelprovider", "choices", index=True)),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "provider"), name="project_provider_once"
                    )
                ],
            },
        ),
        wall(
            "projects_projectprovider",
            keys={
                "project_id": ("projects_project", CASCADE),
                "provider_id": ("projects_modelprovider", CASCADE),
            },
        ),
        migrations.RunSQL(USED, USED_BEFORE),
        held("projects_project", "projects"),
        # Bringing back a project that was deleted takes a place as well.
        migrations.RunSQL(
            "CREATE TRIGGER quota_holds_again AFTER UPDATE OF state ON projects_project"
            " FOR EACH ROW WHEN (OLD.state = 'deleted' AND NEW.state <> 'deleted')"
            " EXECUTE FUNCTION hold_quota('projects')",
            "DROP TRIGGER quota_holds_again ON projects_project",
        ),
        held("projects_workspace", "workspaces"),
        held("projects_serviceaccount", "service_accounts"),
        held("projects_key", "keys"),
    ]
