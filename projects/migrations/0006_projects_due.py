"""Which deleted projects are over their days of grace: the command that purges crosses the wall."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE INDEX project_due ON projects_project (deletes_at) WHERE state = 'deleted';

-- Asked by a command that is bound to nothing; who is bound to an organization sees that one only.
CREATE FUNCTION projects_due(p_now timestamptz)
RETURNS TABLE (organization_id uuid, id uuid, name text, slug text, deletes_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT p.organization_id, p.id, p.name, o.slug, p.deletes_at
    FROM public.projects_project p JOIN public.orgs_organization o ON o.id = p.organization_id
    WHERE p.state = 'deleted' AND p.deletes_at <= p_now
      AND (public.app_org() IS NULL OR p.organization_id = public.app_org())
    ORDER BY p.deletes_at, p.id
$$;
"""

REVERSE = """
DROP FUNCTION projects_due(timestamptz);
DROP INDEX project_due;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_group_reach")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
