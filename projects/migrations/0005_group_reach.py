"""What a group brings to whoever is in it: the function behind its page and the ceiling on it.

It runs behind the wall and filters by the bound organization itself, like those of 0003.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- The roles below the organization that a group holds at this moment, each with its place. What a
-- project that waits to be deleted would give counts as well: it may be restored.
CREATE FUNCTION group_reach(p_group uuid) RETURNS TABLE (
    scope text, kind text, place_id uuid, place_name text, project_id uuid, state text,
    role text, granted_by_id uuid, granted_by text, granted_at timestamptz, reason text,
    expires_at timestamptz
) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN QUERY
        SELECT 'workspace', 'workspace', w.id, w.name::text, NULL::uuid, 'active',
               p.codename::text, g.granted_by_id, m.name::text, g.granted_at, g.reason, g.expires_at
        FROM public.projects_workspacegroupgrant g
        JOIN public.projects_workspace w ON w.id = g.content_object_id
        JOIN public.auth_permission p ON p.id = g.permission_id
        LEFT JOIN public.orgs_membership m ON m.id = g.granted_by_id
        WHERE g.group_id = p_group AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT 'project', 'project', r.id, r.name::text, r.id, r.state,
               p.codename::text, g.granted_by_id, m.name::text, g.granted_at, g.reason, g.expires_at
        FROM public.projects_projectgroupgrant g
        JOIN public.projects_project r ON r.id = g.content_object_id
        JOIN public.auth_permission p ON p.id = g.permission_id
        LEFT JOIN public.orgs_membership m ON m.id = g.granted_by_id
        WHERE g.group_id = p_group AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT 'resource', r.kind, r.id, r.name::text, r.project_id,
               coalesce(above.state, 'active'), p.codename::text, g.granted_by_id, m.name::text,
               g.granted_at, g.reason, g.expires_at
        FROM public.projects_resourcegroupgrant g
        JOIN public.projects_resource r ON r.id = g.content_object_id
        LEFT JOIN public.projects_project above ON above.id = r.project_id
        JOIN public.auth_permission p ON p.id = g.permission_id
        LEFT JOIN public.orgs_membership m ON m.id = g.granted_by_id
        WHERE g.group_id = p_group AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now());
END $$;
"""

REVERSE = "DROP FUNCTION group_reach(uuid);"


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_access_page")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
