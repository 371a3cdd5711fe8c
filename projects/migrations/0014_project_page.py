"""A page of projects with one's own role in each row: one function, planned once a connection.

Of few projects the names are looked up; for somebody with many, the organization's are walked in
order until a page of theirs is found.
"""

from __future__ import annotations

from django.db import migrations

_LIVE = "(g.expires_at IS NULL OR g.expires_at > now())"
_SEATS = """
            SELECT s.group_id FROM public.orgs_groupmembership s
            WHERE s.membership_id = p_membership AND s.organization_id = v_org
              AND (s.expires_at IS NULL OR s.expires_at > now())
"""
_STANDING = "\n".join(
    f"""
                (SELECT g.permission_id FROM public.projects_{scope}grant g
                 WHERE g.content_object_id = r.{key} AND g.user_id = p_person AND {_LIVE}),
                ARRAY(SELECT g.permission_id FROM public.projects_{scope}groupgrant g
                      WHERE g.content_object_id = r.{key} AND g.group_id = ANY (v_groups)
                        AND {_LIVE}),"""
    for scope, key in (("project", "id"), ("workspace", "workspace_id"))
)

# What the rows of a list of projects are made of, in the order that `project_list.py` reads.
FORWARD = f"""
CREATE OR REPLACE FUNCTION project_page(
    p_person uuid, p_membership uuid, p_own boolean, p_state text,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_org uuid := public.app_org();
    v_groups uuid[] := ARRAY({_SEATS});
    v_own uuid[];
    v_page uuid[];
BEGIN
    IF p_own THEN
        -- Grants of another organization are of its projects, which the page leaves out.
        v_own := ARRAY(
            SELECT g.content_object_id FROM public.projects_projectgrant g
            WHERE g.user_id = p_person AND {_LIVE}
            UNION ALL
            SELECT g.content_object_id FROM public.projects_projectgroupgrant g
            WHERE g.group_id = ANY (v_groups) AND {_LIVE}
            UNION ALL
            SELECT r.id FROM (
                SELECT g.content_object_id AS id FROM public.projects_workspacegrant g
                WHERE g.user_id = p_person AND {_LIVE}
                UNION
                SELECT g.content_object_id FROM public.projects_workspacegroupgrant g
                WHERE g.group_id = ANY (v_groups) AND {_LIVE}
            ) w, LATERAL (
                SELECT o.id FROM public.projects_project o WHERE o.workspace_id = w.id OFFSET 0
            ) r
        );
    END IF;
    IF p_own AND cardinality(v_own) <= 500 THEN
        v_page := ARRAY(
            SELECT r.id FROM (SELECT DISTINCT f.id FROM unnest(v_own) f (id)) f, LATERAL (
                SELECT o.id, o.sort_name FROM public.projects_project o
                WHERE o.id = f.id AND o.organization_id = v_org AND o.state = p_state OFFSET 0
            ) r
            WHERE CASE WHEN p_id IS NULL THEN true
                       WHEN p_backwards THEN (r.sort_name, r.id) < (p_name, p_id)
                       ELSE (r.sort_name, r.id) > (p_name, p_id) END
            ORDER BY CASE WHEN p_backwards THEN NULL ELSE r.sort_name END,
                     CASE WHEN p_backwards THEN NULL ELSE r.id END,
                     r.sort_name DESC, r.id DESC
            LIMIT p_size
        );
    ELSIF p_backwards THEN
        v_page := ARRAY(
            SELECT r.id FROM public.projects_project r
            WHERE r.organization_id = v_org AND r.state = p_state
              AND (r.sort_name, r.id) < (p_name, p_id)
              AND (NOT p_own OR r.id IN (SELECT unnest(v_own)))
            ORDER BY r.sort_name DESC, r.id DESC LIMIT p_size
        );
    ELSE
        v_page := ARRAY(
            SELECT r.id FROM public.projects_project r
            WHERE r.organization_id = v_org AND r.state = p_state
              AND (r.sort_name, r.id) > (
                  coalesce(p_name, ''), coalesce(p_id, '00000000-0000-0000-0000-000000000000'))
              AND (NOT p_own OR r.id IN (SELECT unnest(v_own)))
            ORDER BY r.sort_name, r.id LIMIT p_size
        );
    END IF;
    RETURN (
        SELECT json_agg(json_build_array(
            r.id, r.workspace_id, w.name, r.name, r.sort_name, r.description, r.is_product,
            r.environment, r.policies, r.prebuilds, r.state, r.deletes_at, r.created_at,
            {_STANDING.strip()}
            (SELECT count(*) FROM public.projects_projectgrant g
             WHERE g.content_object_id = r.id AND {_LIVE}),
            (SELECT count(*) FROM public.projects_projectgroupgrant g
             WHERE g.content_object_id = r.id AND {_LIVE})
        ) ORDER BY page.nth)
        FROM unnest(v_page) WITH ORDINALITY page (id, nth), LATERAL (
            SELECT * FROM public.projects_project o WHERE o.id = page.id OFFSET 0
        ) r
        LEFT JOIN LATERAL (
            SELECT o.name FROM public.projects_workspace o WHERE o.id = r.workspace_id OFFSET 0
        ) w ON true
    )::text;
END $$;
"""

REVERSE = "DROP FUNCTION project_page(uuid, uuid, boolean, text, boolean, text, uuid, integer)"


class Migration(migrations.Migration):
    dependencies = [("projects", "0013_access_page_of_thousands")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
