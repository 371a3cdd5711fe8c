"""What ends and what has ended, of every kind, in one list; and in which organizations."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- Memberships, places in groups, roles of groups and shares of the bound organization that end
-- after `p_from` and no later than `p_until`: one page by time, after or before a row. The kinds
-- are 'membership', 'seat', 'role' (of a group) and 'share'. Read backwards it comes backwards.
CREATE FUNCTION access_ends(
    p_from timestamptz, p_until timestamptz, p_descending boolean,
    p_at timestamptz, p_id uuid, p_size integer
) RETURNS TABLE (
    kind text, scope text, place_id uuid, place_name text, place_kind text, role text, id uuid,
    membership_id uuid, member_name text, group_id uuid, group_name text,
    since timestamptz, by_id uuid, by_name text, reason text, expires_at timestamptz
) LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN QUERY
        WITH ending (
            kind, scope, place_id, role, id, membership_id, group_id, since, by_id, reason,
            expires_at
        ) AS (
            SELECT 'membership', 'organization', v_org, m.role, m.id, m.id, NULL::uuid,
                   m.joined_at, m.invited_by_id, m.reason, m.expires_at
            FROM public.orgs_membership m
            WHERE m.organization_id = v_org AND m.expires_at > p_from AND m.expires_at <= p_until
            UNION ALL
            SELECT 'seat', 'group', s.group_id, NULL, s.id, s.membership_id, s.group_id,
                   s.added_at, s.added_by_id, s.reason, s.expires_at
            FROM public.orgs_groupmembership s
            WHERE s.organization_id = v_org AND s.expires_at > p_from AND s.expires_at <= p_until
            UNION ALL
            SELECT 'role', 'organization', v_org, p.codename::text, g.id, NULL, g.group_id,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.orgs_grouprole g JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
            UNION ALL
            SELECT 'share', 'workspace', g.content_object_id, p.codename::text, g.id, m.id, NULL,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.projects_workspacegrant g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
            UNION ALL
            SELECT 'share', 'workspace', g.content_object_id, p.codename::text, g.id, NULL, g.group_id,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.projects_workspacegroupgrant g
            JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
            UNION ALL
            SELECT 'share', 'project', g.content_object_id, p.codename::text, g.id, m.id, NULL,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.projects_projectgrant g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
            UNION ALL
            SELECT 'share', 'project', g.content_object_id, p.codename::text, g.id, NULL, g.group_id,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.projects_projectgroupgrant g
            JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
            UNION ALL
            SELECT 'share', 'resource', g.content_object_id, p.codename::text, g.id, m.id, NULL,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.projects_resourcegrant g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
            UNION ALL
            SELECT 'share', 'resource', g.content_object_id, p.codename::text, g.id, NULL, g.group_id,
                   g.granted_at, g.granted_by_id, g.reason, g.expires_at
            FROM public.projects_resourcegroupgrant g
            JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.expires_at > p_from AND g.expires_at <= p_until
        ), page AS (
            SELECT * FROM ending e
            WHERE CASE WHEN p_id IS NULL THEN true
                       WHEN p_descending THEN (e.expires_at, e.id) < (p_at, p_id)
                       ELSE (e.expires_at, e.id) > (p_at, p_id) END
            ORDER BY CASE WHEN p_descending THEN NULL ELSE e.expires_at END,
                     CASE WHEN p_descending THEN NULL ELSE e.id END,
                     e.expires_at DESC, e.id DESC
            LIMIT p_size
        )
        SELECT e.kind, e.scope, e.place_id, coalesce(w.name, j.name, x.name, o.name)::text,
               coalesce(x.kind, e.scope), e.role, e.id, e.membership_id, m.name::text,
               e.group_id, t.name::text, e.since, e.by_id, b.name::text, e.reason, e.expires_at
        FROM page e
        LEFT JOIN public.projects_workspace w ON e.scope = 'workspace' AND w.id = e.place_id
        LEFT JOIN public.projects_project j ON e.scope = 'project' AND j.id = e.place_id
        LEFT JOIN public.projects_resource x ON e.scope = 'resource' AND x.id = e.place_id
        LEFT JOIN public.orgs_organization o ON e.scope = 'organization' AND o.id = e.place_id
        LEFT JOIN public.orgs_membership m ON m.id = e.membership_id
        LEFT JOIN public.orgs_group t ON t.id = e.group_id
        LEFT JOIN public.orgs_membership b ON b.organization_id = v_org AND b.id = e.by_id
        ORDER BY CASE WHEN p_descending THEN NULL ELSE e.expires_at END,
                 CASE WHEN p_descending THEN NULL ELSE e.id END,
                 e.expires_at DESC, e.id DESC;
END $$;

-- Where something ends until then, for a job that is bound to nothing and then binds each.
CREATE FUNCTION ends_due(p_until timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT due.organization_id FROM (
        SELECT organization_id FROM public.orgs_membership
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.orgs_groupmembership
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.orgs_grouprole
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.projects_workspacegrant
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.projects_workspacegroupgrant
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.projects_projectgrant
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.projects_projectgroupgrant
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.projects_resourcegrant
        WHERE expires_at > now() AND expires_at <= p_until
        UNION
        SELECT organization_id FROM public.projects_resourcegroupgrant
        WHERE expires_at > now() AND expires_at <= p_until
    ) due JOIN public.orgs_organization o ON o.id = due.organization_id
    WHERE o.state = 'open' AND (public.app_org() IS NULL OR o.id = public.app_org())
$$;

-- Where a request waits that nobody answered in time.
CREATE INDEX request_due ON projects_request (expires_at) WHERE state = 'pending';

CREATE FUNCTION requests_due(p_now timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT DISTINCT r.organization_id FROM public.projects_request r
    WHERE r.state = 'pending' AND r.expires_at <= p_now
      AND (public.app_org() IS NULL OR r.organization_id = public.app_org())
$$;
"""

REVERSE = """
DROP FUNCTION requests_due(timestamptz);
DROP INDEX request_due;
DROP FUNCTION ends_due(timestamptz);
DROP FUNCTION access_ends(timestamptz, timestamptz, boolean, timestamptz, uuid, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0008_promised_by"), ("orgs", "0007_ends")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
