"""One page of who can access a place, with every path, and one of what was given there.

Each is one round trip: the people of the page are found by name first, and the paths are
computed for those alone. Planning costs more than running, so each is planned once a connection.
A secret group keeps its name from whoever may not see it.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
-- May this member not see the group? NULL stands for somebody who sees every group.
CREATE FUNCTION group_is_hidden(p_group uuid, p_secret boolean, p_viewer uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN p_secret AND p_viewer IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.orgs_groupmembership s
        WHERE s.group_id = p_group AND s.membership_id = p_viewer
          AND s.organization_id = public.app_org()
          AND (s.expires_at IS NULL OR s.expires_at > now())
    );
END $$;

-- The people who hold one of these roles at one of these places, a page by name. OFFSET 0 keeps
-- a lookup by key a lookup: the plan is made once, and for a list of unknown length. The first of the
-- places is the one that is asked about: 'direct' means given there. `p_via` is '', 'direct',
-- 'group', 'organization' or the scope of a place above; `p_viewer` as for `group_is_hidden`.
CREATE FUNCTION access_page(
    p_places uuid[], p_roles text[], p_via text, p_search text, p_viewer uuid,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN (
        WITH here AS MATERIALIZED (
            SELECT g.*, p.codename::text AS role
            FROM public.live_grant g JOIN public.auth_permission p ON p.id = g.permission_id
            WHERE g.organization_id = v_org AND g.place_id = ANY (p_places)
              AND p.codename = ANY (p_roles)
        ), found AS (
            SELECT m.id FROM public.orgs_membership m
            WHERE m.organization_id = v_org AND v_org = ANY (p_places) AND m.role = ANY (p_roles)
              AND p_via IN ('', 'organization')
            UNION
            SELECT m.id FROM here g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            WHERE p_via IN ('', g.scope) OR (p_via = 'direct' AND g.place_id = p_places[1])
            UNION
            SELECT s.membership_id FROM here g
            JOIN public.orgs_groupmembership s ON s.group_id = g.group_id
            WHERE p_via IN ('', 'group', g.scope)
              AND (s.expires_at IS NULL OR s.expires_at > now())
        ), matched AS MATERIALIZED (
            SELECT found.id, m.sort_name FROM found, LATERAL (
                SELECT o.sort_name, o.expires_at FROM public.orgs_membership o
                WHERE o.id = found.id OFFSET 0
            ) m
            WHERE (m.expires_at IS NULL OR m.expires_at > now())
              AND (p_search = '' OR found.id IN (SELECT public.member_search(p_search)))
        ), page AS MATERIALIZED (
            SELECT m.id FROM matched m
            WHERE CASE WHEN p_id IS NULL THEN true
                       WHEN p_backwards THEN (m.sort_name, m.id) < (p_name, p_id)
                       ELSE (m.sort_name, m.id) > (p_name, p_id) END
            ORDER BY CASE WHEN p_backwards THEN NULL ELSE m.sort_name END,
                     CASE WHEN p_backwards THEN NULL ELSE m.id END,
                     m.sort_name DESC, m.id DESC
            LIMIT p_size
        ), person AS MATERIALIZED (
            SELECT m.* FROM page, LATERAL (
                SELECT * FROM public.orgs_membership o WHERE o.id = page.id OFFSET 0
            ) m
        ), path AS (
            SELECT m.id AS member, m.role, 'membership' AS via, 'organization' AS scope,
                   v_org AS place, NULL::uuid AS grant_id, m.joined_at AS since,
                   m.invited_by_id AS giver, m.reason, NULL::timestamptz AS until,
                   NULL::uuid AS group_id, NULL::timestamptz AS seat_since,
                   NULL::uuid AS seater, NULL::timestamptz AS seat_until
            FROM person m WHERE v_org = ANY (p_places) AND m.role = ANY (p_roles)
            UNION ALL
            SELECT m.id, g.role, 'direct', g.scope, g.place_id, g.id, g.granted_at,
                   g.granted_by_id, g.reason, g.expires_at, NULL, NULL, NULL, NULL
            FROM here g JOIN person m ON m.person_id = g.user_id
            UNION ALL
            SELECT m.id, g.role, 'group', g.scope, g.place_id, g.id, g.granted_at,
                   g.granted_by_id, g.reason, g.expires_at, g.group_id, s.added_at,
                   s.added_by_id, s.expires_at
            FROM person m
            JOIN public.orgs_groupmembership s ON s.membership_id = m.id
            JOIN here g ON g.group_id = s.group_id
            WHERE s.expires_at IS NULL OR s.expires_at > now()
        ), shown AS MATERIALIZED (
            SELECT t.id, t.name, public.group_is_hidden(t.id, t.secret, p_viewer) AS hidden
            FROM public.orgs_group t WHERE t.id IN (SELECT group_id FROM path)
        ), told AS (
            SELECT p.member, json_agg(json_build_object(
                'role', p.role, 'via', p.via, 'scope', p.scope, 'place', p.place,
                'grant', p.grant_id, 'reason', p.reason, 'until', p.until,
                'since', p.since,
                'by', (SELECT m.name FROM public.orgs_membership m WHERE m.id = p.giver),
                'group', CASE WHEN NOT t.hidden THEN t.id END,
                'group_name', CASE WHEN NOT t.hidden THEN t.name END,
                'seat_since', p.seat_since, 'seat_until', p.seat_until,
                'seat_by', (SELECT m.name FROM public.orgs_membership m WHERE m.id = p.seater)
            )) AS paths
            FROM path p LEFT JOIN shown t ON t.id = p.group_id
            GROUP BY p.member
        )
        SELECT json_build_object('total', (SELECT count(*) FROM matched), 'rows', coalesce((
            SELECT json_agg(json_build_object(
                'id', m.id, 'sort_name', m.sort_name, 'name', m.name,
                'known_as', coalesce(nullif(m.email, ''), m.login), 'role', m.role,
                'ends', m.expires_at, 'paths', told.paths
            ) ORDER BY m.sort_name, m.id)
            FROM person m JOIN told ON told.member = m.id
        ), '[]'))::text
    );
END $$;

-- What was given on this place itself, to people and to groups, ended or not: a page by name.
CREATE FUNCTION given_page(
    p_place uuid, p_search text, p_viewer uuid,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
SET plan_cache_mode = force_generic_plan AS $$
DECLARE v_org uuid := public.app_org();
BEGIN
    RETURN (
        WITH given AS MATERIALIZED (
            SELECT id, permission_id, user_id, NULL::uuid AS group_id, granted_by_id, granted_at,
                   reason, expires_at
            FROM public.projects_workspacegrant
            WHERE content_object_id = p_place AND organization_id = v_org
            UNION ALL
            SELECT id, permission_id, NULL, group_id, granted_by_id, granted_at, reason, expires_at
            FROM public.projects_workspacegroupgrant
            WHERE content_object_id = p_place AND organization_id = v_org
            UNION ALL
            SELECT id, permission_id, user_id, NULL, granted_by_id, granted_at, reason, expires_at
            FROM public.projects_projectgrant
            WHERE content_object_id = p_place AND organization_id = v_org
            UNION ALL
            SELECT id, permission_id, NULL, group_id, granted_by_id, granted_at, reason, expires_at
            FROM public.projects_projectgroupgrant
            WHERE content_object_id = p_place AND organization_id = v_org
            UNION ALL
            SELECT id, permission_id, user_id, NULL, granted_by_id, granted_at, reason, expires_at
            FROM public.projects_resourcegrant
            WHERE content_object_id = p_place AND organization_id = v_org
            UNION ALL
            SELECT id, permission_id, NULL, group_id, granted_by_id, granted_at, reason, expires_at
            FROM public.projects_resourcegroupgrant
            WHERE content_object_id = p_place AND organization_id = v_org
        ), matched AS MATERIALIZED (
            SELECT g.id, 'person' AS kind, m.id AS holder, m.name::text AS name,
                   m.sort_name::text AS sort_name,
                   coalesce(nullif(m.email, ''), m.login) AS known_as, m.expires_at AS ends,
                   m.last_active_at AS active, m.role AS member_role
            FROM given g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            WHERE p_search = '' OR m.id IN (SELECT public.member_search(p_search))
            UNION ALL
            SELECT g.id, 'group', CASE WHEN h.hidden THEN NULL ELSE t.id END,
                   CASE WHEN h.hidden THEN NULL ELSE t.name END,
                   CASE WHEN h.hidden THEN '' ELSE t.sort_name END,
                   NULL, NULL, NULL, NULL
            FROM given g JOIN public.orgs_group t ON t.id = g.group_id,
                 LATERAL (SELECT public.group_is_hidden(t.id, t.secret, p_viewer) AS hidden) h
            WHERE p_search = '' OR (NOT h.hidden AND public.search_words(t.name, '', '')
                  @@ public.fold_name(p_search)::tsquery)
        ), page AS (
            SELECT * FROM matched m
            WHERE CASE WHEN p_id IS NULL THEN true
                       WHEN p_backwards THEN (m.sort_name, m.id) < (p_name, p_id)
                       ELSE (m.sort_name, m.id) > (p_name, p_id) END
            ORDER BY CASE WHEN p_backwards THEN NULL ELSE m.sort_name END,
                     CASE WHEN p_backwards THEN NULL ELSE m.id END,
                     m.sort_name DESC, m.id DESC
            LIMIT p_size
        )
        SELECT json_build_object('total', (SELECT count(*) FROM matched), 'rows', coalesce((
            SELECT json_agg(json_build_object(
                'id', m.id, 'sort_name', m.sort_name, 'kind', m.kind, 'holder', m.holder,
                'name', m.name, 'known_as', m.known_as, 'ends', m.ends, 'active', m.active,
                'member_role', m.member_role,
                'people', CASE WHEN m.kind = 'group' THEN (
                    SELECT count(*) FROM public.orgs_groupmembership s
                    WHERE s.group_id = g.group_id
                      AND (s.expires_at IS NULL OR s.expires_at > now())
                ) END,
                'role', p.codename, 'since', g.granted_at,
                'by', (SELECT o.name FROM public.orgs_membership o WHERE o.id = g.granted_by_id),
                'reason', g.reason, 'until', g.expires_at
            ) ORDER BY m.sort_name, m.id)
            FROM page m JOIN given g USING (id)
            JOIN public.auth_permission p ON p.id = g.permission_id
        ), '[]'))::text
    );
END $$;
"""

REVERSE = """
DROP FUNCTION given_page(uuid, text, uuid, boolean, text, uuid, integer);
DROP FUNCTION access_page(uuid[], text[], text, text, uuid, boolean, text, uuid, integer);
DROP FUNCTION group_is_hidden(uuid, boolean, uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0004_effective")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
