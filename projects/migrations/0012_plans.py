"""Decisions, lists and pages of access, planned once a connection and for the large organization.

Each of these functions is asked on almost every request, and planning one costs more than running
it; so a generic plan is made, and written so that it is the right one for few rows and for many.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

ACCESS = import_module("projects.migrations.0003_access")
PAGE = import_module("projects.migrations.0005_access_page")

_ONCE = "SET plan_cache_mode = force_generic_plan"
_LIVE = "(g.expires_at IS NULL OR g.expires_at > now())"
_SEATS = """
            SELECT s.group_id FROM public.orgs_groupmembership s
            WHERE s.membership_id = p_membership AND s.organization_id = v_org
              AND (s.expires_at IS NULL OR s.expires_at > now())
"""
_CODENAME = (
    "(SELECT p.codename::text FROM public.auth_permission p WHERE p.id = held.permission_id)"
)


def _held(scope: str, place: str) -> str:
    """What is held on one place: by the person, and by the groups that `me` names."""
    return f"""
            SELECT g.permission_id FROM public.projects_{scope}grant g
            WHERE g.user_id = p_person AND g.content_object_id = {place}
              AND g.organization_id = v_org AND {_LIVE}
            UNION ALL
            SELECT g.permission_id FROM public.projects_{scope}groupgrant g
            WHERE g.content_object_id = {place}
              AND g.group_id = ANY ((SELECT me.groups FROM me)::uuid[])
              AND g.organization_id = v_org AND {_LIVE}
"""


DECISIONS = f"""
CREATE OR REPLACE FUNCTION roles_on_workspace(p_workspace uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_org uuid := nullif(current_setting('app.organization', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        WITH me AS MATERIALIZED (SELECT ARRAY({_SEATS}) AS groups)
        SELECT {_CODENAME} FROM ({_held("workspace", "p_workspace")}) held
    );
END $$;

-- A group is found from the place and from the person at once, so it matters little how many
-- groups either has.
CREATE OR REPLACE FUNCTION roles_on_project(p_project uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_org uuid := nullif(current_setting('app.organization', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        WITH me AS MATERIALIZED (
            SELECT r.workspace_id, ARRAY({_SEATS}) AS groups
            FROM public.projects_project r WHERE r.id = p_project AND r.organization_id = v_org
        )
        SELECT {_CODENAME} FROM (
            {_held("project", "p_project")}
            UNION ALL
            {_held("workspace", "(SELECT me.workspace_id FROM me)")}
        ) held
    );
END $$;

CREATE OR REPLACE FUNCTION roles_on_resource(p_resource uuid, p_person uuid, p_membership uuid)
RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
DECLARE v_org uuid := nullif(current_setting('app.organization', true), '')::uuid;
BEGIN
    RETURN ARRAY(
        WITH me AS MATERIALIZED (
            SELECT x.project_id, r.workspace_id, ARRAY({_SEATS}) AS groups
            FROM public.projects_resource x
            LEFT JOIN public.projects_project r ON r.id = x.project_id
            WHERE x.id = p_resource AND x.organization_id = v_org
        )
        SELECT {_CODENAME} FROM (
            {_held("resource", "p_resource")}
            UNION ALL
            {_held("project", "(SELECT me.project_id FROM me)")}
            UNION ALL
            {_held("workspace", "(SELECT me.workspace_id FROM me)")}
        ) held
    );
END $$;
"""

_PLANNED = (
    "groups_of(uuid)",
    "own_workspaces(uuid, uuid)",
    "own_projects(uuid, uuid)",
    "own_resources(uuid, uuid)",
)

# Of few people the names are looked up; where there are many, the names of the organization are
# walked in order until a page of them is found, and who is not asked for is never looked at.
ACCESS_PAGE = f"""
CREATE OR REPLACE FUNCTION access_page(
    p_places uuid[], p_roles text[], p_via text, p_search text, p_viewer uuid,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
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
            FROM (
                SELECT m.id AS member, s.* FROM person m, LATERAL (
                    SELECT o.group_id, o.added_at, o.added_by_id, o.expires_at
                    FROM public.orgs_groupmembership o
                    WHERE o.membership_id = m.id AND (o.expires_at IS NULL OR o.expires_at > now())
                    OFFSET 0
                ) s
            ) s JOIN here g ON g.group_id = s.group_id
        ), shown AS MATERIALIZED (
            SELECT t.id, t.name, public.group_is_hidden(t.id, t.secret, p_viewer) AS hidden
            FROM (SELECT DISTINCT p.group_id FROM path p WHERE p.group_id IS NOT NULL) carried,
            LATERAL (
                SELECT o.id, o.name, o.secret FROM public.orgs_group o
                WHERE o.id = carried.group_id OFFSET 0
            ) t
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
PROJECT_PAGE = f"""
CREATE FUNCTION project_page(
    p_person uuid, p_membership uuid, p_own boolean, p_state text,
    p_backwards boolean, p_name text, p_id uuid, p_size integer
) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER {_ONCE} AS $$
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

_TABLES = {
    f"{scope}{kind}grant": (f"{scope}_{name}_by_object", grantee)
    for scope in ("workspace", "project", "resource")
    for kind, name, grantee in (("", "grant", "user"), ("group", "group", "group"))
}


def _counted_by_index(
    model: str, name: str, grantee: str
) -> list[migrations.operations.base.Operation]:
    """Who holds a role on a place is counted, and found, without a look at the table."""
    return [
        migrations.RemoveIndex(model_name=model, name=name),
        migrations.AddIndex(
            model_name=model,
            index=models.Index(
                fields=["content_object", grantee], include=["permission", "expires_at"], name=name
            ),
        ),
    ]


def _body(function: str, text: str) -> str:
    """One function as the migration that made it has it, to go back to."""
    start = text.index(f"CREATE FUNCTION {function}(")
    end = text.index("END $$;", start) + len("END $$;")
    return text[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


REVERSE = "\n".join(
    [
        "DROP FUNCTION project_page(uuid, uuid, boolean, text, boolean, text, uuid, integer);",
        _body("access_page", PAGE.FORWARD),
        *(
            _body(f"roles_on_{scope}", ACCESS.FORWARD)
            for scope in ("workspace", "project", "resource")
        ),
        *(f"ALTER FUNCTION {name} RESET ALL;" for name in _PLANNED),
    ]
)
FORWARD = "\n".join(
    [
        DECISIONS,
        ACCESS_PAGE,
        PROJECT_PAGE,
        *(f"ALTER FUNCTION {name} {_ONCE};" for name in _PLANNED),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("projects", "0011_former_parts_follow"), ("orgs", "0009_plans")]

    operations = [
        *(
            operation
            for model, (name, grantee) in _TABLES.items()
            for operation in _counted_by_index(model, name, grantee)
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
