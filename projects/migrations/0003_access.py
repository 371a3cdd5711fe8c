"""Who holds which role where: the functions behind every decision, list and explanation.

They run behind the wall, because row security would keep indexes from being used, and filter by
the bound organization themselves. Everything in them is named with its schema.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- The groups that one membership is in at this moment.
CREATE FUNCTION groups_of(p_membership uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN ARRAY(
        SELECT s.group_id FROM public.orgs_groupmembership s
        WHERE s.membership_id = p_membership AND s.organization_id = (SELECT public.app_org())
          AND (s.expires_at IS NULL OR s.expires_at > now())
    );
END $$;

-- The roles that a person holds on a workspace, their own and their groups'.
CREATE FUNCTION roles_on_workspace(p_workspace uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN (
        WITH mine AS MATERIALIZED (
            SELECT s.group_id FROM public.orgs_groupmembership s
            WHERE s.membership_id = p_membership AND s.organization_id = v_org
              AND (s.expires_at IS NULL OR s.expires_at > now())
        )
        SELECT array_agg(DISTINCT p.codename::text) FROM (
            SELECT g.permission_id FROM public.projects_workspacegrant g
            WHERE g.user_id = p_person AND g.content_object_id = p_workspace
              AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
            UNION ALL
            SELECT g.permission_id FROM public.projects_workspacegroupgrant g JOIN mine USING (group_id)
            WHERE g.content_object_id = p_workspace
              AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
        ) held JOIN public.auth_permission p ON p.id = held.permission_id
    );
END $$;

-- The roles that a person holds on a project, and on the workspace it is in.
CREATE FUNCTION roles_on_project(p_project uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN (
        WITH mine AS MATERIALIZED (
            SELECT s.group_id FROM public.orgs_groupmembership s
            WHERE s.membership_id = p_membership AND s.organization_id = v_org
              AND (s.expires_at IS NULL OR s.expires_at > now())
        ), above AS MATERIALIZED (
            SELECT r.workspace_id FROM public.projects_project r
            WHERE r.id = p_project AND r.organization_id = v_org AND r.workspace_id IS NOT NULL
        )
        SELECT array_agg(DISTINCT p.codename::text) FROM (
            SELECT g.permission_id FROM public.projects_projectgrant g
            WHERE g.user_id = p_person AND g.content_object_id = p_project
              AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
            UNION ALL
            SELECT g.permission_id FROM public.projects_projectgroupgrant g JOIN mine USING (group_id)
            WHERE g.content_object_id = p_project
              AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
            UNION ALL
            SELECT g.permission_id FROM public.projects_workspacegrant g
            JOIN above ON above.workspace_id = g.content_object_id
            WHERE g.user_id = p_person
              AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
            UNION ALL
            SELECT g.permission_id FROM public.projects_workspacegroupgrant g JOIN mine USING (group_id)
            JOIN above ON above.workspace_id = g.content_object_id
            WHERE g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
        ) held JOIN public.auth_permission p ON p.id = held.permission_id
    );
END $$;

-- The roles that a person holds on one resource, on its project and on the workspace of that.
CREATE FUNCTION roles_on_resource(p_resource uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    v_org uuid := public.app_org();
    v_project uuid;
    v_held text[];
BEGIN
    SELECT r.project_id INTO v_project FROM public.projects_resource r
    WHERE r.id = p_resource AND r.organization_id = v_org;
    WITH mine AS MATERIALIZED (
        SELECT s.group_id FROM public.orgs_groupmembership s
        WHERE s.membership_id = p_membership AND s.organization_id = v_org
          AND (s.expires_at IS NULL OR s.expires_at > now())
    )
    SELECT array_agg(DISTINCT p.codename::text) INTO v_held FROM (
        SELECT g.permission_id FROM public.projects_resourcegrant g
        WHERE g.user_id = p_person AND g.content_object_id = p_resource
          AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION ALL
        SELECT g.permission_id FROM public.projects_resourcegroupgrant g JOIN mine USING (group_id)
        WHERE g.content_object_id = p_resource
          AND g.organization_id = v_org AND (g.expires_at IS NULL OR g.expires_at > now())
    ) held JOIN public.auth_permission p ON p.id = held.permission_id;
    IF v_project IS NOT NULL THEN
        v_held := v_held || public.roles_on_project(v_project, p_person, p_membership);
    END IF;
    RETURN v_held;
END $$;

-- Where a person holds a role: the workspaces, the projects (those of their workspaces too), and
-- the resources that are shared with them.
CREATE FUNCTION own_workspaces(p_person uuid, p_membership uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 AS $$
DECLARE v_org uuid := public.app_org(); v_groups uuid[] := public.groups_of(p_membership);
BEGIN
    RETURN QUERY
        SELECT g.content_object_id FROM public.projects_workspacegrant g
        WHERE g.user_id = p_person AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION
        SELECT g.content_object_id FROM public.projects_workspacegroupgrant g
        WHERE g.group_id = ANY (v_groups) AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now());
END $$;

CREATE FUNCTION own_projects(p_person uuid, p_membership uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 AS $$
DECLARE v_org uuid := public.app_org(); v_groups uuid[] := public.groups_of(p_membership);
BEGIN
    RETURN QUERY
        SELECT g.content_object_id FROM public.projects_projectgrant g
        WHERE g.user_id = p_person AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION
        SELECT g.content_object_id FROM public.projects_projectgroupgrant g
        WHERE g.group_id = ANY (v_groups) AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION
        SELECT r.id FROM public.projects_project r
        WHERE r.organization_id = v_org
          AND r.workspace_id IN (SELECT public.own_workspaces(p_person, p_membership));
END $$;

CREATE FUNCTION own_resources(p_person uuid, p_membership uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 AS $$
DECLARE v_org uuid := public.app_org(); v_groups uuid[] := public.groups_of(p_membership);
BEGIN
    RETURN QUERY
        SELECT g.content_object_id FROM public.projects_resourcegrant g
        WHERE g.user_id = p_person AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now())
        UNION
        SELECT g.content_object_id FROM public.projects_resourcegroupgrant g
        WHERE g.group_id = ANY (v_groups) AND g.organization_id = v_org
          AND (g.expires_at IS NULL OR g.expires_at > now());
END $$;

-- Every grant in force, of whatever kind; an organization's own id stands for the organization.
CREATE VIEW live_grant AS
    SELECT g.organization_id, 'organization' AS scope, g.content_object_id AS place_id,
           g.permission_id, NULL::uuid AS user_id, g.group_id, g.id, g.granted_by_id,
           g.granted_at, g.reason, g.expires_at
    FROM orgs_grouprole g WHERE g.expires_at IS NULL OR g.expires_at > now()
UNION ALL
    SELECT g.organization_id, 'workspace', g.content_object_id, g.permission_id, g.user_id, NULL,
           g.id, g.granted_by_id, g.granted_at, g.reason, g.expires_at
    FROM projects_workspacegrant g WHERE g.expires_at IS NULL OR g.expires_at > now()
UNION ALL
    SELECT g.organization_id, 'workspace', g.content_object_id, g.permission_id, NULL, g.group_id,
           g.id, g.granted_by_id, g.granted_at, g.reason, g.expires_at
    FROM projects_workspacegroupgrant g WHERE g.expires_at IS NULL OR g.expires_at > now()
UNION ALL
    SELECT g.organization_id, 'project', g.content_object_id, g.permission_id, g.user_id, NULL,
           g.id, g.granted_by_id, g.granted_at, g.reason, g.expires_at
    FROM projects_projectgrant g WHERE g.expires_at IS NULL OR g.expires_at > now()
UNION ALL
    SELECT g.organization_id, 'project', g.content_object_id, g.permission_id, NULL, g.group_id,
           g.id, g.granted_by_id, g.granted_at, g.reason, g.expires_at
    FROM projects_projectgroupgrant g WHERE g.expires_at IS NULL OR g.expires_at > now()
UNION ALL
    SELECT g.organization_id, 'resource', g.content_object_id, g.permission_id, g.user_id, NULL,
           g.id, g.granted_by_id, g.granted_at, g.reason, g.expires_at
    FROM projects_resourcegrant g WHERE g.expires_at IS NULL OR g.expires_at > now()
UNION ALL
    SELECT g.organization_id, 'resource', g.content_object_id, g.permission_id, NULL, g.group_id,
           g.id, g.granted_by_id, g.granted_at, g.reason, g.expires_at
    FROM projects_resourcegroupgrant g WHERE g.expires_at IS NULL OR g.expires_at > now();

-- How people come to hold roles: one row for each path. `via` is 'membership' (the organization
-- role), 'direct' or 'group'. Places, roles and memberships narrow it; NULL leaves it open.
-- The organization role counts where the organization's own id is among the places.
CREATE FUNCTION access_paths(p_places uuid[], p_roles text[], p_memberships uuid[])
RETURNS TABLE (
    membership_id uuid, role text, via text, scope text, place_id uuid, grant_id uuid,
    since timestamptz, granted_by_id uuid, reason text, expires_at timestamptz,
    group_id uuid, group_name text, seat_id uuid, seat_since timestamptz, seat_by_id uuid,
    seat_until timestamptz
) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_org uuid := public.app_org();
    v_permissions integer[] := ARRAY(
        SELECT p.id FROM public.auth_permission p WHERE p_roles IS NULL OR p.codename = ANY (p_roles)
    );
BEGIN
    RETURN QUERY
        SELECT m.id, m.role, 'membership', 'organization', m.organization_id, NULL::uuid,
               m.joined_at, m.invited_by_id, m.reason, m.expires_at,
               NULL::uuid, NULL::text, NULL::uuid, NULL::timestamptz, NULL::uuid, NULL::timestamptz
        FROM public.orgs_membership m
        WHERE m.organization_id = v_org
          AND (p_places IS NULL OR v_org = ANY (p_places))
          AND (p_roles IS NULL OR m.role = ANY (p_roles))
          AND (p_memberships IS NULL OR m.id = ANY (p_memberships))
          AND (m.expires_at IS NULL OR m.expires_at > now())
        UNION ALL
        SELECT m.id, p.codename::text, 'direct', g.scope, g.place_id, g.id, g.granted_at,
               g.granted_by_id, g.reason, g.expires_at,
               NULL, NULL, NULL, NULL, NULL, NULL
        FROM public.live_grant g
        JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
        JOIN public.auth_permission p ON p.id = g.permission_id
        WHERE g.organization_id = v_org
          AND (p_places IS NULL OR g.place_id = ANY (p_places))
          AND g.permission_id = ANY (v_permissions)
          AND (p_memberships IS NULL OR m.id = ANY (p_memberships))
          AND (m.expires_at IS NULL OR m.expires_at > now())
        UNION ALL
        SELECT m.id, p.codename::text, 'group', g.scope, g.place_id, g.id, g.granted_at,
               g.granted_by_id, g.reason, g.expires_at,
               t.id, t.name::text, s.id, s.added_at, s.added_by_id, s.expires_at
        FROM public.live_grant g
        JOIN public.orgs_groupmembership s ON s.group_id = g.group_id
        JOIN public.orgs_membership m ON m.id = s.membership_id
        JOIN public.orgs_group t ON t.id = g.group_id
        JOIN public.auth_permission p ON p.id = g.permission_id
        WHERE g.organization_id = v_org
          AND (p_places IS NULL OR g.place_id = ANY (p_places))
          AND g.permission_id = ANY (v_permissions)
          AND (p_memberships IS NULL OR s.membership_id = ANY (p_memberships))
          AND (s.expires_at IS NULL OR s.expires_at > now())
          AND (m.expires_at IS NULL OR m.expires_at > now());
END $$;

-- The people who hold one of these roles at one of these places: one page by name, after or
-- before a name, so that the paths are computed for those on the page and no others.
CREATE FUNCTION access_people(
    p_places uuid[], p_roles text[], p_via text, p_search text,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS TABLE (id uuid, sort_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    v_org uuid := public.app_org();
    v_permissions integer[] := ARRAY(
        SELECT p.id FROM public.auth_permission p WHERE p.codename = ANY (p_roles)
    );
BEGIN
    RETURN QUERY
        WITH found AS (
            SELECT m.id FROM public.orgs_membership m
            WHERE m.organization_id = v_org AND v_org = ANY (p_places) AND m.role = ANY (p_roles)
              AND p_via IN ('', 'membership')
            UNION
            SELECT m.id FROM public.live_grant g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            WHERE g.organization_id = v_org AND g.place_id = ANY (p_places)
              AND g.permission_id = ANY (v_permissions) AND p_via IN ('', 'direct')
            UNION
            SELECT s.membership_id FROM public.live_grant g
            JOIN public.orgs_groupmembership s ON s.group_id = g.group_id
            WHERE g.organization_id = v_org AND g.place_id = ANY (p_places)
              AND g.permission_id = ANY (v_permissions) AND p_via IN ('', 'group')
              AND (s.expires_at IS NULL OR s.expires_at > now())
        )
        SELECT m.id, m.sort_name FROM found JOIN public.orgs_membership m USING (id)
        WHERE (m.expires_at IS NULL OR m.expires_at > now())
          AND (p_search = '' OR public.search_words(m.name, m.email, m.login)
               @@ public.fold_name(p_search)::tsquery)
          AND CASE WHEN p_id IS NULL THEN true
                   WHEN p_backwards THEN (m.sort_name, m.id) < (p_name, p_id)
                   ELSE (m.sort_name, m.id) > (p_name, p_id) END
        ORDER BY CASE WHEN p_backwards THEN NULL ELSE m.sort_name END,
                 CASE WHEN p_backwards THEN NULL ELSE m.id END,
                 m.sort_name DESC, m.id DESC
        LIMIT p_size;
END $$;
"""

REVERSE = """
DROP FUNCTION access_people(uuid[], text[], text, text, boolean, text, uuid, integer);
DROP FUNCTION access_paths(uuid[], text[], uuid[]);
DROP VIEW live_grant;
DROP FUNCTION own_resources(uuid, uuid);
DROP FUNCTION own_projects(uuid, uuid);
DROP FUNCTION own_workspaces(uuid, uuid);
DROP FUNCTION roles_on_resource(uuid, uuid, uuid);
DROP FUNCTION roles_on_project(uuid, uuid, uuid);
DROP FUNCTION roles_on_workspace(uuid, uuid, uuid);
DROP FUNCTION groups_of(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_walls"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
