"""Who can access a place, quickly for thousands: takes the place of the function of 0005.

Of few people the names are looked up; where there are many, the names of the organization are
walked in order until a page of them is found, and who is not on it is never looked at.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

BEFORE = import_module("projects.migrations.0005_access_page").FORWARD

FORWARD = """
CREATE OR REPLACE FUNCTION access_page(
    p_places uuid[], p_roles text[], p_via text, p_search text, p_viewer uuid,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_org uuid := public.app_org();
    v_permissions integer[] := ARRAY(
        SELECT p.id FROM public.auth_permission p WHERE p.codename = ANY (p_roles)
    );
    v_here public.live_grant[];
    v_found uuid[];
    v_page uuid[];
    v_total bigint;
BEGIN
    v_here := ARRAY(
        SELECT g FROM public.live_grant g
        WHERE g.organization_id = v_org AND g.place_id = ANY (p_places)
          AND g.permission_id = ANY (v_permissions)
    );
    v_found := ARRAY(
        SELECT f.id FROM (
            SELECT m.id FROM public.orgs_membership m
            WHERE m.organization_id = v_org AND v_org = ANY (p_places) AND m.role = ANY (p_roles)
              AND p_via IN ('', 'organization')
            UNION
            SELECT m.id FROM unnest(v_here) g
            JOIN public.orgs_membership m ON m.organization_id = v_org AND m.person_id = g.user_id
            WHERE p_via IN ('', g.scope) OR (p_via = 'direct' AND g.place_id = p_places[1])
            UNION
            SELECT s.membership_id FROM unnest(v_here) g
            JOIN public.orgs_groupmembership s ON s.group_id = g.group_id
            WHERE p_via IN ('', 'group', g.scope)
              AND (s.expires_at IS NULL OR s.expires_at > now())
        ) f
        WHERE (p_search = '' OR f.id IN (SELECT public.member_search(p_search)))
          AND f.id NOT IN (
              SELECT m.id FROM public.orgs_membership m
              WHERE m.organization_id = v_org AND m.expires_at <= now()
          )
    );
    v_total := cardinality(v_found);
    IF v_total * v_total <= p_size * (
        SELECT o.member_count FROM public.orgs_organization o WHERE o.id = v_org
    ) THEN
        v_page := ARRAY(
            SELECT m.id FROM unnest(v_found) f (id), LATERAL (
                SELECT o.id, o.sort_name FROM public.orgs_membership o WHERE o.id = f.id OFFSET 0
            ) m
            WHERE CASE WHEN p_id IS NULL THEN true
                       WHEN p_backwards THEN (m.sort_name, m.id) < (p_name, p_id)
                       ELSE (m.sort_name, m.id) > (p_name, p_id) END
            ORDER BY CASE WHEN p_backwards THEN NULL ELSE m.sort_name END,
                     CASE WHEN p_backwards THEN NULL ELSE m.id END,
                     m.sort_name DESC, m.id DESC
            LIMIT p_size
        );
    ELSIF p_backwards THEN
        v_page := ARRAY(
            SELECT m.id FROM public.orgs_membership m
            WHERE m.organization_id = v_org AND (m.sort_name, m.id) < (p_name, p_id)
              AND (m.id IN (SELECT unnest(v_found))) IS TRUE
            ORDER BY m.sort_name DESC, m.id DESC LIMIT p_size
        );
    ELSE
        v_page := ARRAY(
            SELECT m.id FROM public.orgs_membership m
            WHERE m.organization_id = v_org
              AND (m.sort_name, m.id) > (
                  coalesce(p_name, ''), coalesce(p_id, '00000000-0000-0000-0000-000000000000'))
              AND (m.id IN (SELECT unnest(v_found))) IS TRUE
            ORDER BY m.sort_name, m.id LIMIT p_size
        );
    END IF;
    RETURN (
        WITH person AS MATERIALIZED (
            SELECT m.* FROM unnest(v_page) page (id), LATERAL (
                SELECT o.id, o.person_id, o.role, o.name, o.sort_name, o.email, o.login,
                       o.joined_at, o.invited_by_id, o.reason, o.expires_at
                FROM public.orgs_membership o WHERE o.id = page.id OFFSET 0
            ) m
        ), here AS MATERIALIZED (
            SELECT g.*, p.codename::text AS role
            FROM unnest(v_here) g, LATERAL (
                SELECT o.codename FROM public.auth_permission o
                WHERE o.id = g.permission_id OFFSET 0
            ) p
        ), seated AS MATERIALIZED (
            SELECT m.id AS member, s.* FROM person m, LATERAL (
                SELECT o.group_id, o.added_at, o.added_by_id, o.expires_at
                FROM public.orgs_groupmembership o
                WHERE o.membership_id = m.id AND (o.expires_at IS NULL OR o.expires_at > now())
                OFFSET 0
            ) s
        ), path AS MATERIALIZED (
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
            SELECT s.member, g.role, 'group', g.scope, g.place_id, g.id, g.granted_at,
                   g.granted_by_id, g.reason, g.expires_at, g.group_id, s.added_at,
                   s.added_by_id, s.expires_at
            FROM here g JOIN seated s ON s.group_id = g.group_id
        ), shown AS MATERIALIZED (
            SELECT t.id, t.name, public.group_is_hidden(t.id, t.secret, p_viewer) AS hidden
            FROM (SELECT DISTINCT p.group_id FROM path p WHERE p.group_id IS NOT NULL) carried,
            LATERAL (
                SELECT o.id, o.name, o.secret FROM public.orgs_group o
                WHERE o.id = carried.group_id OFFSET 0
            ) t
        ), namer AS MATERIALIZED (
            SELECT m.id, m.name FROM (
                SELECT p.giver AS id FROM path p UNION SELECT p.seater FROM path p
            ) named, LATERAL (
                SELECT o.id, o.name FROM public.orgs_membership o WHERE o.id = named.id OFFSET 0
            ) m
        ), told AS (
            SELECT p.member, json_agg(json_build_object(
                'role', p.role, 'via', p.via, 'scope', p.scope, 'place', p.place,
                'grant', p.grant_id, 'reason', p.reason, 'until', p.until,
                'since', p.since,
                'by', giver.name,
                'group', CASE WHEN NOT t.hidden THEN t.id END,
                'group_name', CASE WHEN NOT t.hidden THEN t.name END,
                'seat_since', p.seat_since, 'seat_until', p.seat_until,
                'seat_by', seater.name
            )) AS paths
            FROM path p LEFT JOIN shown t ON t.id = p.group_id
            LEFT JOIN namer giver ON giver.id = p.giver
            LEFT JOIN namer seater ON seater.id = p.seater
            GROUP BY p.member
        )
        SELECT json_build_object('total', v_total, 'rows', coalesce((
            SELECT json_agg(json_build_object(
                'id', m.id, 'sort_name', m.sort_name, 'name', m.name,
                'known_as', coalesce(nullif(m.email, ''), m.login), 'role', m.role,
                'ends', m.expires_at, 'paths', told.paths
            ) ORDER BY m.sort_name, m.id)
            FROM person m JOIN told ON told.member = m.id
        ), '[]'))::text
    );
END $$;
"""

_START = BEFORE.index("CREATE FUNCTION access_page(")
_END = BEFORE.index("END $$;", _START) + len("END $$;")
REVERSE = BEFORE[_START:_END].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


class Migration(migrations.Migration):
    dependencies = [("projects", "0012_decisions_planned")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
