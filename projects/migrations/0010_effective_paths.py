"""What several people hold, everywhere, in one round trip, and quickly for thousands of them.

Takes the place of the function of 0004: whom a place is given to by a group is worked out where
the answer is read, so that a group of thousands costs its seats and not each of its shares.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

BEFORE = import_module("projects.migrations.0004_effective")

FORWARD = """
-- Five texts, a row a line: who has which organization role; who holds which role where of their
-- own; who is in which group; which group holds which role where (the organization's own id is a
-- place too); and as JSON the scope, name, kind and what stands above each of those places, and of
-- `p_places`. NULL for the people means everyone. What has ended is left out.
CREATE FUNCTION effective_paths(p_memberships uuid[], p_places uuid[])
RETURNS TABLE (members text, direct text, seats text, carried text, places text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
-- Thousands of people who were imported a moment ago have no statistics yet: the way leads through
-- the index by person, never through the one by organization (hence IS NOT DISTINCT FROM).
SET enable_seqscan = off AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN QUERY
    WITH member AS MATERIALIZED (
        SELECT m.id, m.person_id, m.role FROM public.orgs_membership m
        WHERE m.organization_id = v_org
          AND (p_memberships IS NULL OR m.id = ANY (p_memberships))
          AND (m.expires_at IS NULL OR m.expires_at > now())
    ), seat AS MATERIALIZED (
        SELECT s.membership_id, s.group_id
        FROM member m JOIN public.orgs_groupmembership s ON s.membership_id = m.id
        WHERE s.organization_id IS NOT DISTINCT FROM v_org
          AND (s.expires_at IS NULL OR s.expires_at > now())
    ), grp AS MATERIALIZED (
        SELECT DISTINCT group_id AS id FROM seat
    ), own (member_id, place_id, permission_id) AS MATERIALIZED (
        SELECT m.id, g.content_object_id, g.permission_id
        FROM member m JOIN public.projects_workspacegrant g ON g.user_id = m.person_id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT m.id, g.content_object_id, g.permission_id
        FROM member m JOIN public.projects_projectgrant g ON g.user_id = m.person_id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT m.id, g.content_object_id, g.permission_id
        FROM member m JOIN public.projects_resourcegrant g ON g.user_id = m.person_id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
    ), of_group (group_id, place_id, permission_id) AS MATERIALIZED (
        SELECT g.group_id, g.content_object_id, g.permission_id
        FROM grp JOIN public.orgs_grouprole g ON g.group_id = grp.id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT g.group_id, g.content_object_id, g.permission_id
        FROM grp JOIN public.projects_workspacegroupgrant g ON g.group_id = grp.id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT g.group_id, g.content_object_id, g.permission_id
        FROM grp JOIN public.projects_projectgroupgrant g ON g.group_id = grp.id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT g.group_id, g.content_object_id, g.permission_id
        FROM grp JOIN public.projects_resourcegroupgrant g ON g.group_id = grp.id
        WHERE g.organization_id IS NOT DISTINCT FROM v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
    ), wanted AS (
        SELECT place_id AS id FROM own UNION SELECT place_id FROM of_group UNION
        SELECT unnest(p_places)
    ), place AS (
        SELECT w.id, 'workspace' AS scope, w.name::text, 'workspace' AS kind, '[]'::jsonb AS above
        FROM wanted JOIN public.projects_workspace w USING (id) WHERE w.organization_id = v_org
        UNION ALL
        SELECT r.id, 'project', r.name::text, 'project',
               CASE WHEN r.workspace_id IS NULL THEN '[]'::jsonb
                    ELSE jsonb_build_array(r.workspace_id) END
        FROM wanted JOIN public.projects_project r USING (id) WHERE r.organization_id = v_org
        UNION ALL
        SELECT x.id, 'resource', x.name::text, x.kind,
               CASE WHEN x.project_id IS NULL THEN '[]'::jsonb
                    WHEN r.workspace_id IS NULL THEN jsonb_build_array(x.project_id)
                    ELSE jsonb_build_array(x.project_id, r.workspace_id) END
        FROM wanted JOIN public.projects_resource x USING (id)
        LEFT JOIN public.projects_project r ON r.id = x.project_id
        WHERE x.organization_id = v_org
    )
    SELECT
        (SELECT string_agg(m.id || ' ' || m.role, E'\n') FROM member m),
        (SELECT string_agg(o.member_id || ' ' || o.place_id || ' ' || p.codename, E'\n')
         FROM own o JOIN public.auth_permission p ON p.id = o.permission_id),
        (SELECT string_agg(s.membership_id || ' ' || s.group_id, E'\n') FROM seat s),
        (SELECT string_agg(o.group_id || ' ' || o.place_id || ' ' || p.codename, E'\n')
         FROM of_group o JOIN public.auth_permission p ON p.id = o.permission_id),
        (SELECT jsonb_object_agg(p.id, jsonb_build_array(p.scope, p.name, p.kind, p.above))
         FROM place p)::text;
END $$;
"""

REVERSE = "DROP FUNCTION effective_paths(uuid[], uuid[])"


class Migration(migrations.Migration):
    dependencies = [("projects", "0009_ends")]

    operations = [
        migrations.RunSQL(FORWARD, REVERSE),
        migrations.RunSQL(BEFORE.REVERSE, BEFORE.FORWARD),
    ]
