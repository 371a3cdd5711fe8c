"""What several people hold, everywhere, in one round trip: what a preview measures twice."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- Two JSON texts. `held`: who holds the same in all places stands together, with the roles by
-- place; the organization's own id is a place too. `places`: the scope, name, kind and what
-- stands above each place where one of them holds a role, and of `p_places`, which are measured
-- besides. NULL for the people means everyone.
CREATE FUNCTION effective_roles(p_memberships uuid[], p_places uuid[])
RETURNS TABLE (held text, places text) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN QUERY
        WITH path AS MATERIALIZED (
            SELECT DISTINCT p.membership_id, p.place_id, p.role
            FROM public.access_paths(NULL, NULL, p_memberships) p
        ), at_place AS (
            SELECT t.membership_id, t.place_id, jsonb_agg(t.role ORDER BY t.role) AS roles
            FROM path t GROUP BY t.membership_id, t.place_id
        ), everywhere AS (
            SELECT a.membership_id, jsonb_object_agg(a.place_id, a.roles) AS roles
            FROM at_place a GROUP BY a.membership_id
        ), alike AS (
            SELECT e.roles, jsonb_agg(e.membership_id) AS people
            FROM everywhere e GROUP BY e.roles
        ), wanted AS (
            SELECT t.place_id AS id FROM path t UNION SELECT unnest(p_places)
        ), place AS (
            SELECT w.id, 'workspace' AS scope, w.name::text, 'workspace' AS kind,
                   '[]'::jsonb AS above
            FROM public.projects_workspace w JOIN wanted USING (id)
            WHERE w.organization_id = v_org
            UNION ALL
            SELECT r.id, 'project', r.name::text, 'project',
                   CASE WHEN r.workspace_id IS NULL THEN '[]'::jsonb
                        ELSE jsonb_build_array(r.workspace_id) END
            FROM public.projects_project r JOIN wanted USING (id)
            WHERE r.organization_id = v_org
            UNION ALL
            SELECT x.id, 'resource', x.name::text, x.kind,
                   CASE WHEN x.project_id IS NULL THEN '[]'::jsonb
                        WHEN r.workspace_id IS NULL THEN jsonb_build_array(x.project_id)
                        ELSE jsonb_build_array(x.project_id, r.workspace_id) END
            FROM public.projects_resource x JOIN wanted USING (id)
            LEFT JOIN public.projects_project r ON r.id = x.project_id
            WHERE x.organization_id = v_org
        )
        SELECT (SELECT jsonb_agg(jsonb_build_array(l.people, l.roles)) FROM alike l)::text,
               (SELECT jsonb_object_agg(
                    p.id, jsonb_build_array(p.scope, p.name, p.kind, p.above)
                ) FROM place p)::text;
END $$;
"""

REVERSE = "DROP FUNCTION effective_roles(uuid[], uuid[])"


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_access")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
